"""Protocols: who acts, for how many env steps, with how many updates. Counting only; one loop serves all."""

from __future__ import annotations

import dataclasses
from fractions import Fraction


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Attributes:
      kind: `random` (uniform actions), `policy` (the learner acts), `priming` (nobody acts) or `offline` (nobody acts,
        the transitions are a dataset's).
      env_steps: env steps of one lane; 0 where nobody acts.
      updates: gradient updates of one lane in the whole phase.
      utd: updates per env step of the policy; 0 for all other kinds.
    """

    kind: str
    env_steps: int
    updates: int
    utd: Fraction = Fraction(0)

    @property
    def acts(self) -> bool:
        """Whether it makes env steps; if not, its length is in updates."""
        return self.kind in ("random", "policy")

    def updates_after(self, env_steps: int) -> int:
        """Updates due once `env_steps` steps of this (acting) phase are done: floor(utd * steps)."""
        return (env_steps * self.utd.numerator) // self.utd.denominator

    def updates_at(self, done: int) -> int:
        """Updates of the step that led to `done` > 0 of this phase: of that env step, or 1 where nobody acts."""
        return self.updates_after(done) - self.updates_after(done - 1) if self.acts else 1

    def steps_until(self, updates: int) -> int:
        """The fewest env steps of this phase after which at least `updates` updates are done (utd > 0)."""
        return -((-updates * self.utd.denominator) // self.utd.numerator)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A list of phases; phases without any work are left out."""

    phases: tuple[Phase, ...]

    @property
    def env_steps(self) -> int:
        """Env steps of one lane over all phases."""
        return sum(p.env_steps for p in self.phases)

    @property
    def updates(self) -> int:
        """Gradient updates of one lane over all phases."""
        return sum(p.updates for p in self.phases)

    def updates_without_acting(self, env_step: int, update: int) -> int:
        """Of the `update` updates of a lane at `env_step`, those of phases in which nobody acts: priming, offline.

        Lanes of another UTD have as many at the same env step.
        """
        acted = begun = 0
        for phase in self.phases:
            if phase.acts:
                acted += phase.updates_after(min(max(env_step - begun, 0), phase.env_steps))
                begun += phase.env_steps
        return update - acted


def build_protocol(*, steps: int, random_steps: int, prime_updates: int, utd: Fraction) -> Protocol:
    """[random, priming, policy]: uniform actions, updates without acting, then the policy with updates.

    Args:
      steps: env steps of all phases together.
      random_steps: uniform actions at the start; at most `steps`.
      prime_updates: updates after them in which nobody acts; 0 for online training.
      utd: updates per env step of the policy phase.
    """
    policy_steps = steps - random_steps
    policy = Phase("policy", policy_steps, (policy_steps * utd.numerator) // utd.denominator, utd)
    phases = (Phase("random", random_steps, 0), Phase("priming", 0, prime_updates), policy)
    return Protocol(tuple(p for p in phases if p.env_steps or p.updates))


def offline_protocol(updates: int) -> Protocol:
    """[offline]: so many updates on a dataset."""
    return Protocol((Phase("offline", 0, updates),))
