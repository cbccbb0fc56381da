"""The examples of docs/variants.md, and runs of them."""

import contextlib
import re
from pathlib import Path

import pytest

from divbench import cli

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "variants.md").read_text()


def example(part):
    """The first example with that text in it."""
    return next(code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if part in code)


@contextlib.contextmanager
def trained(place, files, flags):
    """The folder of a finished run among these files, by name their code."""
    for name, code in files.items():
        (place / name).write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert cli.main(["run", *flags, "--out", str(place / "run")]) == 0
        yield place / "run"
