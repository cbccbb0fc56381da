"""What became of a lane: rules on its recorded series of Q-values, and their explanation in words."""

from divbench.verdict.rows import verdict_rows
from divbench.verdict.rules import KINDS, Verdict, judge

__all__ = ["KINDS", "Verdict", "judge", "verdict_rows"]
