"""Runs of the command line with a mistake in the learner that no setting makes, for `gate_power.py --planted`.

    python benchmarks/gate_mistakes.py reward-negated run --suite smoke --seeds 12 --seed-start 100 --out negated
    python benchmarks/gate_mistakes.py entropy-sign run --suite smoke --seeds 12 --seed-start 100 --out entropy

Each mistake replaces SAC's `td_target` before anything is compiled, in this process alone. The card of such a run does
not say that its learner is wrong: keep it away from other results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from divbench.learn.agents.choice import AGENTS


def reward_negated(target: Callable) -> Callable:
    """Targets learn from -r."""

    def wrong(agent, learner, batch, *rest, **named):
        return target(agent, learner, batch._replace(reward=-batch.reward), *rest, **named)

    return wrong


def entropy_sign(target: Callable) -> Callable:
    """Targets add temperature * log pi(a'|s') instead of subtracting it."""

    def wrong(agent, *given, **named):
        return target(agent._replace(entropy_weight=lambda *at: -agent.entropy_weight(*at)), *given, **named)

    return wrong


MISTAKES = {"reward-negated": reward_negated, "entropy-sign": entropy_sign}


def main(words: list[str]) -> int:
    """Plant the mistake that the first word names, and run the command line with the others."""
    from divbench import cli

    if len(words) < 2 or words[0] not in MISTAKES:
        print(f"expected one of {', '.join(MISTAKES)} and a command of divbench, found '{' '.join(words)}'",
              file=sys.stderr)
        return 2
    sac = AGENTS["sac"]
    AGENTS["sac"] = sac._replace(td_target=MISTAKES[words[0]](sac.td_target))
    return cli.main(words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
