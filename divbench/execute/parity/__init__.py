"""`divbench parity`: what was asked for, and the physics measured beside dm_control's."""
