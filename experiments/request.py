"""What `divbench reproduce` was asked for: names and scales. Reads and refuses; which runs a name stands for is said in
`divbench.experiments`."""

from __future__ import annotations

import dataclasses
from typing import Any

from divbench.envs.names import PHYSICS, check_installed
from divbench.spec.errors import UsageError, choose, refusing

NAMES = ("priming-length", "priming-nikishin", "initialisation", "moments", "optimizers", "regularisers",
         "out-of-distribution-targets", "ofn-priming", "reward-informativeness", "single-critic",
         "divergence-in-training", "utd32", "actor-reset", "dmc15", "dog", "kernel-width", "kernel-depth",
         "homogeneity", "crash-step", "adam-growth", "toy-walk", "theorem-2", "preqn", "seem-gamma", "seem-surge",
         "seem-among-measures", "offline-normalisers", "ema-or-copy", "layernorm-or-cloning", "layernorm-plugged-in",
         "optimiser-or-pessimism", "layernorm-placement", "critical-point",
         "reward-shaping")
SCALES = ("quick", "full")
CLAIMS = "results/runs/claims"  # where outcomes go, below the current directory; committed ones are in results/claims


@dataclasses.dataclass(frozen=True)
class ReproduceRequest:
    """An experiment to be carried out.

    Attributes:
      name: one of `NAMES`; None with `list`.
      scale: `quick` or `full`.
      out: the folder of outcomes; the experiment's own lies in it.
      physics: for every run; `auto` by default.
      plan: only say what would be run.
      so_far: train nothing, decide by the runs that are finished.
      list: only list the experiments.
      quiet, json: how progress and outcome are printed.
    """

    name: str | None = None
    scale: str = "quick"
    out: str = CLAIMS
    physics: str = "auto"
    plan: bool = False
    so_far: bool = False
    list: bool = False
    quiet: bool = False
    json: bool = False


def make_request(**fields: Any) -> ReproduceRequest:
    """The request of these fields.

    Raises:
      UsageError: an unknown name, scale or physics, or neither a name nor `--list`.
    """
    request = ReproduceRequest(**fields)
    if request.list:
        if request.name is not None:
            raise UsageError(f"--list: lists all experiments, and '{request.name}' names one; leave one of them out")
        return request
    if request.name is None:
        raise UsageError("reproduce: expected the name of an experiment; 'divbench reproduce --list' shows them")
    choose("experiment", request.name, NAMES)
    if request.plan and request.so_far:
        raise UsageError("--so-far: decides by what is there, and --plan decides nothing; leave one of them out")
    choose("scale", request.scale, SCALES)
    choose("physics", request.physics, PHYSICS)
    with refusing("--physics"):
        check_installed(request.physics)
    return request
