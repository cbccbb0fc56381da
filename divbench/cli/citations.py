"""`divbench cite`: BibTeX of the papers behind variants, experiments and protocols, an entry each.

The entries are in `references.bib`; here is which of them a citation in words means. Which paper a variant comes from,
its record says (`built_in`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from divbench.spec.naming import find_variant
from divbench.spec.variants import Variant


@dataclasses.dataclass(frozen=True)
class Paper:
    """An entry of BibTeX.

    Attributes:
      key: by which it is cited: first author, year, first word of the title.
      kind: `article`, `inproceedings`, or `misc` for a paper on arXiv only, or whose venue was not checked.
      fields: names and values in the order of the entry. Values are written in LaTeX, capitals that must stay in
        braces.
      marks: a citation in words that holds any of these means this paper: its arXiv number, or what it is called
        where none is given.
    """

    key: str
    kind: str
    fields: tuple[tuple[str, str], ...]
    marks: tuple[str, ...]

    def entry(self) -> str:
        """The entry, with a line break at its end."""
        width = max(len(name) for name, _ in self.fields)
        lines = [f"  {name:<{width}} = {{{value}}},\n" for name, value in self.fields]
        return f"@{self.kind}{{{self.key},\n{''.join(lines)}}}\n"


def _read(text: str) -> tuple[Paper, ...]:
    """The entries of a BibTeX file that has one field a line."""
    papers = []
    for kind, key, body in re.findall(r"^@(\w+)\{(\w+),\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        fields = dict(re.findall(r"^  (\w+) *= \{(.*)\},$", body, re.MULTILINE))
        marks = (*fields.pop("keywords", "").split(", "), fields.get("eprint", ""))
        papers.append(Paper(key, kind, tuple(fields.items()), tuple(filter(None, marks))))
    return tuple(papers)


PAPERS = _read(Path(__file__).with_name("references.bib").read_text(encoding="utf-8"))
BY_KEY = {paper.key: paper for paper in PAPERS}

# What every table of divbench rests on: the algorithm, the protocols, the tasks, their simulator, the statistics.
SHARED = ("haarnoja2018applications", "doro2023sample", "hussing2024dissecting", "nikishin2022primacy",
          "tassa2018deepmind", "tunyasuvunakool2020dmcontrol", "todorov2012mujoco", "agarwal2021deep")
# The source of the unit in which resets are counted, for every scope of a reset.
_RESETS = {"updates": "doro2023sample", "env_steps": "nikishin2022primacy"}


def papers_named(text: str) -> tuple[Paper, ...]:
    """The papers that a citation in words means, in the order of `PAPERS`; none if it names none that is known."""
    return tuple(paper for paper in PAPERS if any(mark in text for mark in paper.marks))


def papers_of(variant: Variant) -> tuple[Paper, ...]:
    """The papers behind a variant, each once: those its record names, and the one that its resets are counted as in."""
    papers = papers_named(variant.citation)
    if variant.reset is not None:
        papers += (BY_KEY[_RESETS[variant.reset.unit]],)
    return tuple(dict.fromkeys(papers))


def bibtex(names: Sequence[str] = ()) -> str:
    """Entries of the papers behind the named variants, each once, after a comment that says which belong to which.

    Args:
      names: of variants, as `--variants` takes them; without any, what divbench's suites and protocols rest on.

    Returns:
      BibTeX with a line break at its end. A record of one's own whose citation names no known paper has a comment that
      holds that citation.

    Raises:
      UsageError: an unknown variant.
    """
    comments: list[str] = []
    papers: dict[str, Paper] = {}
    for variant in {variant.name: variant for variant in map(find_variant, names)}.values():
        behind = papers_of(variant)
        papers |= {paper.key: paper for paper in behind}
        what = ", ".join(paper.key for paper in behind) or f"no entry for: {_comment(variant.citation)}"
        comments.append(f"% {variant.name}: {what}\n")
    if not names:
        comments = ["% algorithm, protocols, tasks, simulator and statistics of divbench\n"]
        papers = {key: BY_KEY[key] for key in SHARED}
    return "\n".join(["".join(comments), *(paper.entry() for paper in papers.values())])


def _comment(text: str) -> str:
    """On one line, without the sign that would begin an entry."""
    return " ".join(text.replace("@", "(at)").split()) or "nothing is cited"
