"""What changes the hash of a function, and what does not."""

import types

import pytest

from divbench.spec.fingerprint import fingerprint

FILE = '''"""A module."""
import jax.numpy as jnp
from math import pi

SCALE = 2.0
OTHER = 3.0


def helper(x):
    """Twice."""
    return SCALE * x


def loss(terms):
    return jnp.mean(helper(terms.q))


def apart(x):
    return OTHER * pi * x


class Critic:
    width = 3

    def __call__(self, x):
        return helper(x) * self.width


if __name__ == "__main__":
    print(loss)
'''


@pytest.fixture
def of(tmp_path):
    """The fingerprint of a name in a text."""
    count = iter(range(1_000))

    def make(text, name):
        path = tmp_path / f"m{next(count)}.py"
        path.write_text(text)
        module = types.ModuleType("m")
        module.__file__ = str(path)
        return fingerprint(module, name)

    return make


@pytest.mark.parametrize(("old", "new", "moved"), [
    ("return SCALE * x", "return x * SCALE", {"loss", "helper", "Critic"}),
    ("SCALE = 2.0", "SCALE = 4.0", {"loss", "helper", "Critic"}),
    ("OTHER = 3.0", "OTHER = 4.0", {"apart"}),
    ("from math import pi", "from math import e as pi", {"apart"}),
    ("import jax.numpy as jnp", "import numpy as jnp", {"loss"}),
    ("width = 3", "width = 4", {"Critic"}),
    ("print(loss)", "print(helper)", set()),
    ('"""A module."""', '"""Another text."""', set()),
    ("OTHER = 3.0\n", "OTHER = 3.0  # why\n\n# a remark\n", set()),
    ("OTHER = 3.0", "OTHER = 3.0\nUNUSED = 1", set()),
])
def test_only_what_a_thing_is_made_of_counts(of, old, new, moved):
    names = {"loss", "helper", "apart", "Critic"}
    assert FILE.count(old) == 1
    assert {name for name in names if of(FILE, name) != of(FILE.replace(old, new), name)} == moved


@pytest.mark.parametrize("line", [
    "from math import *", "for name in (1, 2):\n    pass", "try:\n    import numpy\nexcept ImportError:\n    pass",
    "SCALE = 5.0", "helper.note = 1"])
def test_where_it_cannot_be_told_the_whole_file_counts(of, line):
    """A loop, a name bound twice, a star: then another function's text counts too."""
    text = f"{FILE}\n{line}\n"
    assert of(text, "loss") != of(text.replace("OTHER = 3.0", "OTHER = 4.0"), "loss")


def test_a_call_at_the_top_level_counts_for_all(of):
    text = f"{FILE}\nprint(helper(OTHER))\n"
    assert of(text, "loss") != of(FILE, "loss")
    assert of(text, "loss") != of(text.replace("OTHER = 3.0", "OTHER = 4.0"), "loss")


def test_a_name_that_is_not_there_by_a_statement_is_the_whole_file(of):
    assert of(FILE, "made_later") != of(FILE.replace("OTHER = 3.0", "OTHER = 4.0"), "made_later")


def test_without_a_source_there_is_one_fingerprint():
    import math

    assert fingerprint(math, "sin") == fingerprint(types.ModuleType("m"), "loss")
