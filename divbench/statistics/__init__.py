"""Statistics of lanes, seeds and tasks: estimates with intervals, bootstraps, exact tests. No other wing is imported.

Numbers in, numbers out: tasks, lanes, variants and claims are unknown here. numpy and scipy are imported inside the
functions, so that importing a module of this package is cheap.
"""
