"""The verdict on a lane, by rules on its recorded series of Q-values; its first cause, and an explanation in words."""

from divbench.verdict.critical_point import CriticalPoint, critical_point, critical_points
from divbench.verdict.first_cause import FirstCause, first_cause
from divbench.verdict.rows import verdict_rows
from divbench.verdict.rules import KINDS, Verdict, judge
from divbench.verdict.warning import divergence_probability

__all__ = ["KINDS", "CriticalPoint", "FirstCause", "Verdict", "critical_point", "critical_points",
           "divergence_probability", "first_cause", "judge", "verdict_rows"]
