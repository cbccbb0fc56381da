"""`divbench render`: what was asked for, and the film of an episode."""
