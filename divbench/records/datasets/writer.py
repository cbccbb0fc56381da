"""Writing a dataset: transitions in their order, to columns in a temporary folder that takes its name at the end.

A writer holds the rows it is given and one block of 16 MiB at most; statistics need a few numbers for each episode.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.records.card import versions
from divbench.records.datasets import card as cards
from divbench.records.datasets.columns import (
    COLUMNS,
    HEADER_SIZE,
    Advanced,
    as_column,
    check_extent,
    check_sizes,
    counted,
    untold,
)
from divbench.records.datasets.dataset import Dataset
from divbench.records.datasets.statistics import measure
from divbench.records.dialects.outputs import parents_of, refuse_existing
from divbench.records.durable import hidden_beside, sync
from divbench.records.manifest import file_digest
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


class DatasetWriter:
    """Writes one dataset. A context manager: what is not finished when it is left is removed.

        with DatasetWriter("cheetah-run-medium", observation_size=17, action_size=6) as writer:
            writer.append(obs=..., action=..., reward=..., next_obs=..., terminal=..., truncated=...)
            dataset = writer.finish({"task": "cheetah-run", "physics": "host", "policies": [...], "seeds": [0]})
    """

    def __init__(self, path: str | os.PathLike, *, observation_size: int, action_size: int,
                 whole_episodes: bool = True) -> None:
        """Begin a dataset.

        Args:
          path: the folder to be made; it must not exist, or be empty.
          observation_size, action_size: numbers in one of each.
          whole_episodes: False for transitions that were drawn singly, whose episodes have gaps.

        Raises:
          UsageError: the place is taken or cannot be written.
        """
        self.path = Path(path)
        self.sizes = {"observation": observation_size, "action": action_size}
        self.rows = 0
        self._whole = whole_episodes
        self._last, self._ended = 0, False  # number of the newest transition's episode, and whether it is over
        check_sizes(self.sizes, str(path))
        refuse_existing(self.path)
        self._temporary = hidden_beside(self.path)
        self._files = {}
        self._parents = contextlib.ExitStack()
        try:
            self._parents.enter_context(parents_of(self.path))
            self._temporary.mkdir()
        except OSError as error:
            self._parents.close()
            raise self._unwritable(error) from None
        try:
            for name, column in COLUMNS.items():
                self._files[name] = open(self._temporary / column.file, "xb")
                self._files[name].write(bytes(HEADER_SIZE))
        except OSError as error:
            self.abandon()
            raise self._unwritable(error) from None

    def append(self, *, obs: ArrayLike, action: ArrayLike, reward: ArrayLike, next_obs: ArrayLike, terminal: ArrayLike,
               truncated: ArrayLike, episode: ArrayLike | None = None) -> None:
        """Append transitions, in their order; one episode or any part or number of them.

        Args:
          obs: `[n, O]`.
          action: `[n, A]`.
          reward: `[n]`.
          next_obs: `[n, O]`, the observation that each led to, before any reset.
          terminal: `[n]`, whether the task ended there.
          truncated: `[n]`, whether a time limit or the like ended the episode there.
          episode: `[n]` whole numbers that never fall, or None: counted from the last one on, the next beginning after
            a transition that ended one.

        Raises:
          UsageError: shapes, types, numbers that are not finite, or episodes out of order; nothing is appended then.
            A dataset that grows too large, or a folder that cannot be written.
        """
        import numpy as np

        what = f"{self.path}"
        given = {"obs": obs, "action": action, "reward": reward, "next_obs": next_obs, "terminal": terminal,
                 "truncated": truncated}
        arrays: dict[str, np.ndarray] = {}
        for name, values in given.items():
            rows = len(arrays["obs"]) if arrays else None
            arrays[name] = as_column(COLUMNS[name], values, rows, self.sizes, self.rows, what)
        rows = len(arrays["obs"])
        if not rows:
            return
        check_extent(self.rows + rows, self.sizes, what)
        ended = arrays["terminal"] | arrays["truncated"]
        if episode is None:
            after = np.concatenate([[self._ended], ended[:-1]])
            arrays["episode"] = self._last + np.cumsum(after, dtype=np.int64)
        else:
            arrays["episode"] = as_column(COLUMNS["episode"], episode, rows, self.sizes, self.rows, what)
            self._check_episodes(arrays["episode"], ended)
        try:
            for name, array in arrays.items():
                self._files[name].write(array.astype(COLUMNS[name].kind, copy=False).data)
        except OSError as error:
            raise self._unwritable(error) from None
        self.rows += rows
        self._last, self._ended = int(arrays["episode"][-1]), bool(ended[-1])

    def end_episode(self) -> None:
        """The next transition begins another episode, though nothing ended the one before: recording stopped."""
        self._ended = self.rows > 0

    def _check_episodes(self, episode: np.ndarray, ended: np.ndarray) -> None:
        import numpy as np

        before = np.concatenate([[self._last if self.rows else episode[0]], episode[:-1]])
        falls = np.flatnonzero(episode < before)
        if len(falls) or episode[0] < 0:
            place = self.rows + (int(falls[0]) if len(falls) else 0)
            raise UsageError(f"{self.path}: 'episode' falls in transition {place:,}, expected numbers from 0 that "
                             f"never do")
        over = np.concatenate([[self._ended and self.rows > 0], ended[:-1]])
        goes_on = np.flatnonzero(over & (episode == before))
        if self._whole and len(goes_on):
            raise UsageError(f"{self.path}: episode {episode[goes_on[0]]} continues in transition "
                             f"{self.rows + int(goes_on[0]):,} after it had ended")

    def finish(self, description: Mapping, advanced: Advanced = untold) -> Dataset:
        """Complete the columns, measure them, write the card and give the folder its name.

        Args:
          description: the card's entries that cannot be measured: `task`, `physics`, `policies`, `seeds`; `level`,
            `parent` and `imported` where there is such (`divbench.records.datasets.card`).
          advanced: called with the number of transitions measured.

        Raises:
          UsageError: no transition, a description that does not fit, a folder that cannot be written. Nothing is left
            behind once the `with` block is left.
        """
        described = cards.check_description(description)
        if not self.rows:
            raise UsageError(f"{self.path}: expected transitions, found none")
        try:
            for name, column in COLUMNS.items():
                file = self._files[name]
                file.seek(0)
                file.write(column.header(self.rows, self.sizes))
                file.flush()
                os.fsync(file.fileno())
                file.close()
            files = {column.file: file_digest(self._temporary / column.file) for column in COLUMNS.values()}
            written = Dataset(self._temporary, {"counts": {"transitions": self.rows}, "sizes": self.sizes})
            measured = measure(counted(written.blocks(), "measuring", self.rows, advanced), self._whole)
            card = {"format": cards.FORMAT, "format_version": cards.FORMAT_VERSION, **described,
                    "versions": versions(), "sizes": self.sizes, **measured,
                    "whole_episodes": self._whole, "files": files, "checksum": cards.checksum(files)}
            with open(self._temporary / cards.CARD, "xb") as file:
                file.write(cards.to_bytes(card))
                file.flush()
                os.fsync(file.fileno())
            sync(self._temporary)
            os.rename(self._temporary, self.path)  # onto a folder with something in it this fails
            sync(self.path.parent)
        except OSError as error:
            raise self._unwritable(error) from None
        return Dataset(self.path, cards.read_card(self.path))

    def abandon(self) -> None:
        """Remove what was written; nothing after `finish`."""
        for file in self._files.values():
            with contextlib.suppress(OSError):  # a full disk, of which `append` has told; closing writes what is left
                file.close()
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._parents.close()

    def __enter__(self) -> DatasetWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.abandon()

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(f"--out: '{self.path}' cannot be made ({error.strerror})")
