"""Measures how long the sentences of README, docs/ and CHANGELOG are, page by page.

    python benchmarks/prose.py
    python benchmarks/prose.py docs/gate.md --longest 5

Prints a Markdown table: sentences, longest sentence in words, share of sentences over 25 words. Code blocks, tables,
headings, pictures and the addresses of links are not counted. A code span is one word. A list item is a paragraph of
its own. Fewer than three words are a run-in heading, not a sentence.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 25  # words

FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
SPAN = re.compile(r"`[^`]*`")
ITEM = re.compile(r"^ *(?:[-*]|\d+\.) +")
END = re.compile(r"(?<!\bal)(?<!\be\.g)(?<!\bi\.e)[.!?][)\"*_]*\s+")


def paragraphs(text: str) -> list[str]:
    """The paragraphs and list items of a page, each on one line, without what is not prose."""
    for pattern, other in ((FENCE, "\n"), (PICTURE, ""), (LINK, r"\1"), (SPAN, "Code")):
        text = pattern.sub(other, text)
    found, open_paragraph = [], False
    for line in text.splitlines():
        indented_code = not open_paragraph and line.startswith("    ")
        if not line.strip() or indented_code or line.lstrip().startswith(("#", "|")):
            open_paragraph = False
        elif open_paragraph and not ITEM.match(line):
            found[-1] += " " + line.strip()
        else:
            found.append(ITEM.sub("", line).strip())
            open_paragraph = True
    return found


def sentence_lengths(text: str) -> list[tuple[int, str]]:
    """Words of each sentence of a page, and the sentence."""
    sentences = [sentence for paragraph in paragraphs(text) for sentence in END.split(paragraph)]
    counted = [(sum(bool(re.search(r"\w", word)) for word in sentence.split()), sentence) for sentence in sentences]
    return [(words, sentence) for words, sentence in counted if words > 2]


def table(pages: list[Path]) -> str:
    """A Markdown table with a row for each page."""
    lines = ["| page | sentences | longest, words | over 25 words |", "|---|---:|---:|---:|"]
    for page in pages:
        lengths = [words for words, _ in sentence_lengths(page.read_text())]
        over = sum(words > LIMIT for words in lengths) / max(1, len(lengths))
        name = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page
        lines.append(f"| {name} | {len(lengths)} | {max(lengths, default=0)} | {over:.0%} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, help="Markdown files; by default all pages")
    parser.add_argument("--longest", type=int, default=0, help="also print so many of each page's longest sentences")
    options = parser.parse_args()
    pages = [page.resolve() for page in options.pages]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CHANGELOG.md"]
    print(table(pages))
    for page in pages if options.longest else ():
        for words, sentence in sorted(sentence_lengths(page.read_text()), reverse=True)[:options.longest]:
            print(f"\n{page.name}, {words} words: {sentence}")


if __name__ == "__main__":
    main()
