"""`divbench list` names everything there is."""

from divbench.envs.names import ALL_TASKS
from divbench.spec.built_in import BUILT_IN
from divbench.spec.catalogue import describe
from divbench.spec.naming import PATTERNS
from divbench.spec.suites import SUITES


def names(kind):
    return [line.split()[0] for line in describe(kind).splitlines()[1:] if line]


def test_all_names_are_listed():
    assert names("tasks") == [*ALL_TASKS]
    assert names("variants") == [*BUILT_IN, *PATTERNS]
    assert names("suites")[: len(SUITES)] == list(SUITES)
