"""`divbench dataset make`: what was asked for, the agents that are trained for it, and the transitions they collect."""
