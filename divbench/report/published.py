"""Published returns and curves, for texts, comparisons and pages beside a run."""

from __future__ import annotations

from divbench.records.published import PublishedCurve, curves, lookup, read_published


def published_return(repository: str, method: str, task: str, env_step: int, *, utd: str | None = None,
                     resets: str | None = None) -> float:
    """The mean return of the one row that fits, as a whole number.

    Args:
      repository, method, task, env_step, utd, resets: as in `divbench.records.published.lookup`.

    Raises:
      ValueError: no row fits, or several do. A mistake of the program, not of its user.
    """
    found = lookup(task, repository=repository, method=method, utd=utd, resets=resets, env_step=env_step)
    if len(found) != 1:
        raise ValueError(f"expected one published return of {method} on {task} at {env_step}, found {len(found)}")
    return float(round(found[0].mean))


def published_curves() -> list[PublishedCurve]:
    """The published curves of every task, in the order of the file."""
    return [curve for task in dict.fromkeys(row.task for row in read_published()) for curve in curves(task)]
