"""Documentation, docstrings, comments and messages avoid phrases that a reader has to parse twice."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each with what to write instead.
PHRASES = {
    r"from when on": "the update at which; since when",
    r"mak(?:es?|ing) nothing of": "ignores",
    r"(?:is|are|was|were|be|been|being) told(?! apart)": "is reported; gets a message",
    r"hears?|heard": "is called with; receives",
    r"of its own accord": "by itself",
    r"what (?:becomes?|became) of": "the fate, the course or the verdict of",
    r"st(?:ands?|ood|anding) beside": "is next to; is listed with",
    r"had of": "obtained from",
    r"whatever the": "for every; independent of",
    r"go(?:es|ing)? on|went on": "resumes; continues; trains",
}
# No match in the names of code such as `goes_on`, nor in paths; over the end of a line.
PATTERNS = {phrase: re.compile(rf"(?<![\w/.-])(?:{phrase})(?![\w/-])".replace(" ", r"\s+"), re.IGNORECASE)
            for phrase in PHRASES}

PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")),
         *sorted((ROOT / "docs").glob("*.md")),
         *(path for path in sorted((ROOT / "divbench").rglob("*.js")) if ".min." not in path.name)]
MODULES = [path for folder in ("divbench", "envs", "experiments", "benchmarks")
           for path in sorted((ROOT / folder).rglob("*.py"))]


def words(source):
    """The strings and comments of a module; comments on lines that follow each other as one text."""
    found = [node.value for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("# ")
            if token.start[0] == last + 1:
                found[-1] += "\n" + text
            else:
                found.append(text)
            last = token.start[0]
    return found


def refused(texts):
    """The phrases found, each with some words around it and what to write instead."""
    return [f"'...{text[max(0, match.start() - 40):match.end() + 20]}...': {PHRASES[phrase]}"
            for text in texts for phrase, pattern in PATTERNS.items() for match in pattern.finditer(text)]


@pytest.mark.parametrize("text", ["The caller\nis told.", "A sink hears.", "The run\n  goes on.", "Whatever the size."])
def test_a_phrase_is_found(text):
    assert len(refused([text])) == 1


@pytest.mark.parametrize("text", ["`goes_on`", "They are told apart by dashes.", "a shear", "is_told"])
def test_other_words_pass(text):
    assert not refused([text])


def test_strings_and_comments_are_read():
    source = '"""Doc."""\nx = f"of {1} its"  # one\n# two\n\n# three\n'
    assert set(words(source)) == {"Doc.", "of ", " its", "one\ntwo", "three"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_avoid_the_phrases(page):
    assert not refused([page.read_text()])


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_avoid_the_phrases(module):
    assert not refused(words(module.read_text()))
