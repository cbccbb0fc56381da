"""divbench: how a critic's values develop when soft actor-critic makes many updates per environment step.

`run` trains what a `RunSpec` describes, `load` reads the tables of a run folder, `load_policy` and `load_critic` bring
back the networks of one lane; `envs` has the tasks. Names are resolved on first use: importing this imports no jax.
"""

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from divbench import envs
    from divbench.execute.failures import RunFailed
    from divbench.execute.run import run
    from divbench.execute.trained_critic import load_critic
    from divbench.execute.trained_policy import load_policy
    from divbench.records.tables import load
    from divbench.spec.run_spec import RunSpec
    from divbench.spec.settings import SACSettings
    from divbench.spec.variants import Variant

    __version__: str

__all__ = ["RunFailed", "RunSpec", "SACSettings", "Variant", "__version__", "envs", "load", "load_critic",
           "load_policy", "run"]

_HOMES = {
    "RunFailed": "divbench.execute.failures",
    "RunSpec": "divbench.spec.run_spec",
    "SACSettings": "divbench.spec.settings",
    "Variant": "divbench.spec.variants",
    "load": "divbench.records.tables",
    "load_critic": "divbench.execute.trained_critic",
    "load_policy": "divbench.execute.trained_policy",
    "run": "divbench.execute.run",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = importlib.metadata.version("divbench")
    elif name == "envs":
        value = importlib.import_module("divbench.envs")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'divbench' has no attribute '{name}'; it has: {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
