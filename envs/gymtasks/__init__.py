"""gymnasium's MuJoCo tasks, version 4: a module for each task, their resets, and how two kinds of physics step them.

Nothing is imported here. The tasks are made as all others are, by `divbench.envs.make("hopper")`.
"""
