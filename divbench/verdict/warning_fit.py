"""The early warning's coefficients, and the lanes that they were fitted on.

Written by benchmarks/warning_calibration.py, results/baselines/warning.md has the rest; `warning` says what is what.
"""

# Intercept first, then in the order of `warning.FEATURES`.
COEFFICIENTS = (-0.752096, 3.64982, 7.30435)
# Where: updates between measurements at least, variants, networks, UTDs of lanes that act, the
# latest update by protocol.
SPACING = 100
VARIANTS = (
    "actor-reset-25k-updates",
    "baseline",
    "layernorm",
    "ofn",
    "ofn+actor-reset-25k-updates",
    "reset",
    "reset-100k-updates",
    "reset-25k-updates",
)
NETWORKS = (
    "mlp 256x256",
)
UTD = (1, 32)
UPDATES = {"acting": 470_016, "primed": 45_000}
