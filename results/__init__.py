"""Committed evidence: tables and figures of finished runs, and cited numbers. Holds data, no code.

Runs in progress land in `results/runs/` below the current directory; git ignores it and the wheel leaves
it out.
"""
