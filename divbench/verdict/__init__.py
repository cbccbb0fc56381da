"""What became of a lane: rules on its recorded series of Q-values, what went first, and their explanation in words."""

from divbench.verdict.first_cause import FirstCause, first_cause
from divbench.verdict.rows import verdict_rows
from divbench.verdict.rules import KINDS, Verdict, judge
from divbench.verdict.warning import divergence_probability

__all__ = ["KINDS", "FirstCause", "Verdict", "divergence_probability", "first_cause", "judge", "verdict_rows"]
