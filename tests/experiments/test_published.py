"""Published numbers as outcomes state them: the same words, wherever the numbers are read."""

import pytest

from divbench.experiments import published
from divbench.report.published import published_return


def test_returns_of_the_result_files_as_whole_numbers():
    assert published.SAC_500K == {"quadruped-run": (515.0, 189.0, 749.0), "humanoid-stand": (428.0, 87.0, 537.0),
                                  "humanoid-run": (105.0, 25.0, 112.0)}
    assert published.TDMPC2_DOG_1M == {"dog-stand": 799.0, "dog-walk": 494.0, "dog-trot": 500.0, "dog-run": 170.0}
    assert published.SAC_DOG_1M == {"dog-stand": 113.0, "dog-walk": 15.0, "dog-trot": 11.0, "dog-run": 12.0}


def test_the_words_are_as_ever():
    assert published.sac_in_words()[2] == (
        "published, humanoid-run, 500k steps: SAC UTD 1 105, UTD 32 25, UTD 32 with resets 112 "
        "(Nikishin et al., 2205.07802, result files)")
    assert published.dog_in_words()[0] == (
        "published, dog-stand, 1M steps: TD-MPC2 799, SAC 113 (Hansen et al., TD-MPC2, result files)")


@pytest.mark.parametrize("task", ["no-such-task", "quadruped-run"])  # nothing published, and several rows
def test_a_number_that_is_not_one_row_is_refused(task):
    with pytest.raises(ValueError, match=f"expected one published return of SAC on {task} at 500000, found [04]"):
        published_return("rl_with_resets", "SAC", task, 500_000)
