"""What a run sets for its process."""

import os
import subprocess
import sys

import pytest

DRAW = """
import hashlib
import jax
import numpy as np
from divbench.execute import device
from divbench.learn.networks import ensemble
from divbench.learn.networks.mlp import MLPCritic

device.prepare("highest")
critic = ensemble.draw(MLPCritic(), jax.random.key(0), 2, 78, 12, 2.0**0.5)
print(hashlib.sha256(b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(critic))).hexdigest())
"""


def drawn(threads: str) -> str:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": threads}
    done = subprocess.run([sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True, timeout=240)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.mark.skipif(os.cpu_count() < 2, reason="one core leaves LAPACK no choice")
def test_initial_weights_do_not_depend_on_the_number_of_cores():
    """They did: LAPACK splits a decomposition among as many threads as there are cores, and rounds accordingly."""
    assert drawn("1") == drawn("2")
