"""Facts of a critic from outside before it is trained: how its kernel is measured, where its features are."""

from __future__ import annotations

from typing import Any

from divbench.execute.programs import structure_for
from divbench.learn.agents import critic as critics
from divbench.learn.agents import kernel
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.plan import Group, make_groups
from divbench.spec.run_spec import RunSpec

NOT_MEASURED = "not measured"


def facts_of(group: Group, data: Any = None) -> dict[str, dict[str, str]]:
    """Of the lanes of a group that have a critic from outside, by variant; texts by `critic`, `kernel` and `features`.

    The kernel is measured `layer by layer`, or `formed: ` names the parameters whose gradients are formed pair by pair.
    Features are what a layer reads, or the reason why they are not known.

    Args:
      data: what an offline run learns from (`divbench.execute.offline.OfflineData`).
    """
    text = group.lanes[0].variant.critic
    if not text:
        return {}
    structure = structure_for(group, data)
    module = critics.module_of(structure)
    heads = ", ".join("/".join(path) for path in module.heads)
    known = f"what {heads} reads" if heads else "what the module stores as hidden"
    facts = {"critic": text, "kernel": kernel.method(structure),
             "features": f"{NOT_MEASURED}: {module.unread}" if module.unread else known}
    return {lane.variant.name: facts for lane in group.lanes}


def facts_of_variant(name: str) -> dict[str, str]:
    """The facts of a variant that has a critic from outside.

    Raises:
      UsageError: it has none, or it is no variant.
    """
    variant = find_variant(name)
    if not variant.critic:
        raise UsageError(f"explain: expected a metric, a column or a critic of your own, found variant '{name}'")
    group = make_groups(RunSpec(suite="smoke", variants=(variant,)), fused=False)[0]
    return facts_of(group)[variant.name]


def described(facts: dict[str, str]) -> str:
    """A line for each fact."""
    return "\n".join(f"{what:<8}  {fact}" for what, fact in facts.items())
