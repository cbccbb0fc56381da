"""Programs compiled ahead of time for accelerators that are not there: do they fit, of how many kernels are they, how
long would a run take.

Nothing is executed. Facts of accelerators are in `divbench.targets.facts`.
"""
