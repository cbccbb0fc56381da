"""A dataset in words, for `divbench dataset info`."""

from __future__ import annotations

from typing import Any

from divbench.records.datasets.dataset import Dataset
from divbench.records.datasets.request import TRANSITIONS
from divbench.spec.text import format_size, format_table


def describe(dataset: Dataset) -> str:
    """What a dataset is, a line for each fact. The words of others in its card are shown as plain text."""
    card, counts = dataset.card, dataset.card["counts"]
    rows = [
        ("dataset", str(dataset.path)),
        ("task", card["task"]),
        ("physics", card["physics"]),
        ("level", card["level"] or "not said"),
        *(("policy", _policy(policy)) for policy in card["policies"]),
        ("seeds", ", ".join(map(str, card["seeds"])) or "none"),
        ("sizes", f"{dataset.sizes['observation']} numbers in an observation, {dataset.sizes['action']} in an action"),
        ("transitions", f"{counts['transitions']:,}, of them {counts['terminal']:,} terminal and "
                        f"{counts['truncated']:,} truncated"),
        ("episodes", f"{counts['episodes']:,}, of them {counts['finished_episodes']:,} finished"
                     if dataset.whole_episodes else f"parts of {counts['episodes']:,}"),
        ("returns", _returns(dataset)),
        ("rewards", "mean {mean:.6g}, from {min:.6g} to {max:.6g}".format(**card["rewards"])),
        *_origin(card),
        ("size", format_size(size(dataset))),
        ("checksum", dataset.checksum),
        ("files", f"{len(card['files'])} columns, as they were written"),
    ]
    return format_table(("", ""), [(name, _printable(text)) for name, text in rows]).lstrip("\n")


def size(dataset: Dataset) -> int:
    """Bytes of its files."""
    return sum(file.stat().st_size for file in dataset.path.iterdir() if file.is_file())


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _policy(policy: dict) -> str:
    rest = _words({key: value for key, value in policy.items() if key != "name"})
    return f"{policy['name']}: {rest}" if rest else policy["name"]


def _returns(dataset: Dataset) -> str:
    returns = dataset.card["returns"]
    if not dataset.whole_episodes:
        return "none: transitions were drawn singly"
    if not returns["episodes"]:
        return "none: no episode is finished"
    return "mean {mean:.6g}, sd {sd:.6g}, from {min:.6g} to {max:.6g}".format(**returns)


def _origin(card: dict) -> list[tuple[str, str]]:
    lines = []
    parent = card["parent"]
    while parent:
        drawn = "drawn singly" if parent["unit"] == TRANSITIONS else "drawn whole"
        lines.append(("subset", f"{parent['fraction']} of the {parent['unit']}, {drawn}, seed {parent['seed']}, of "
                                f"{parent['counts']['transitions']:,} transitions with checksum "
                                f"{parent['checksum']}"))
        parent = parent["parent"]
    if card["imported"]:
        facts = [f"{key.replace('_', ' ')}: {_words(value)}" for key, value in card["imported"].items()]
        lines += [("" if place else "imported", fact) for place, fact in enumerate(facts)]
    return lines


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    return ", ".join(map(_words, value)) or "none" if isinstance(value, list) else str(value)
