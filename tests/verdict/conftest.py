"""Rows of the table of values, with the columns that verdicts look at."""

import pytest


@pytest.fixture(scope="session")
def make_rows():
    """`make_rows(q, ...)`: one row per entry of `q`, the mean Q of all three kinds unless they are given, every 100
    updates from update `first` on; at update 0 the network is untrained.

    `columns` adds further columns by name, one number per row; without them rows are those of an older table.
    """

    def make(q, *, policy=None, random=None, high=100.0, low=0.0, earned=None, rollout=None, columns=None,
             first=0):
        policy, random = policy or q, random or q
        earned, rollout = earned or [0.0] * len(q), rollout or [0.0] * len(q)
        columns = columns or {}
        return [{"env_step": 1_000, "update": first + 100 * index, "q_replay_mean": q[index],
                 "q_policy_mean": policy[index],
                 "q_random_mean": random[index], "q_bound": high, "q_bound_low": low,
                 "mc_return_mean": earned[index], "mc_q_mean": rollout[index], "nonfinite": "",
                 "nonfinite_step": -1, "nonfinite_update": -1,
                 **{name: series[index] for name, series in columns.items()}} for index in range(len(q))]

    return make
