"""Ctrl-C and SIGTERM: handled between chunks, so that a run leaves a checkpoint behind."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupted(Exception):
    """A signal, whose number it holds, came; what was running has been left where it can be resumed."""


class Signals:
    """While active as a context manager, SIGINT and SIGTERM set a flag instead of ending the process.

    A second SIGINT is no stronger than the first: the checkpoint is written in any case. Outside the main thread
    signals cannot be caught; there it only carries the flag.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, object] = {}

    def raised(self) -> bool:
        """Whether a signal came; its number is in `number`."""
        return self.number is not None

    def check(self) -> None:
        """Raise `Interrupted` if a signal came."""
        if self.raised():
            raise Interrupted(self.number)

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *error: object) -> None:
        handler: Any  # as `signal.signal` gave it
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _hear(self, number: int, frame: object) -> None:
        self.number = number
