"""Published numbers that outcomes are set beside, each with where it comes from. Numbers only.

Returns task by task are read from `results/published/returns.csv`, as whole numbers; aggregates, which it does not
hold, are written here.

Returns of SAC come from the result files of the public code of Nikishin et al. (2205.07802,
`evgenii-nikishin/rl_with_resets`, 10 seeds) and of D'Oro et al. (ICLR 2023,
`proceduralia/high_replay_ratio_continuous_control`, 5 seeds): means over seeds of the evaluation nearest at or before
500,000 env steps, action repeat 1. Those of TD-MPC2 come from `nicklashansen/tdmpc2/results`, 3 seeds, action repeat
2.
"""

from __future__ import annotations

from divbench.report.published import published_return

PRIMACY = "Nikishin et al., 2205.07802, result files"
SR_SAC = "D'Oro et al., ICLR 2023, result files"
TDMPC2 = "Hansen et al., TD-MPC2, result files"

# SAC at 500,000 env steps: UTD 1, UTD 32, UTD 32 with a reset every 200,000 env steps.
SAC_500K = {task: tuple(published_return("rl_with_resets", "SAC", task, 500_000, utd=utd, resets=resets)
                        for utd, resets in (("1", "none"), ("32", "none"), ("32", "full")))
            for task in ("quadruped-run", "humanoid-stand", "humanoid-run")}
# Interquartile means over the 10 tasks of Nikishin et al. with 95% intervals, in the same order.
PRIMACY_IQM_500K = ((335, 298, 368), (231, 187, 272), (520, 487, 554))
# SR-SAC (a full reset every 2,560,000 updates) on DMC15 at 500,000 env steps, by replay ratio.
SR_SAC_IQM_500K = {8: (628, 589, 663), 32: (692, 667, 717)}
# TD-MPC2 at 1,000,000 env steps.
TDMPC2_DOG_1M, SAC_DOG_1M = ({task: published_return("tdmpc2", method, task, 1_000_000)
                              for task in ("dog-stand", "dog-walk", "dog-trot", "dog-run")}
                             for method in ("TD-MPC2", "SAC"))


def sac_in_words() -> tuple[str, ...]:
    """Published returns of SAC at UTD 1 and 32 with and without resets, a line for each task and one for all ten."""
    lines = [f"published, {task}, 500k steps: SAC UTD 1 {low:.0f}, UTD 32 {high:.0f}, UTD 32 with resets {reset:.0f} "
             f"({PRIMACY})" for task, (low, high, reset) in SAC_500K.items()]
    iqm = ", ".join(f"{name} {mean} [{low}, {high}]" for name, (mean, low, high) in
                    zip(("UTD 1", "UTD 32", "UTD 32 with resets"), PRIMACY_IQM_500K, strict=True))
    return (*lines, f"published, IQM of ten tasks, 500k steps: SAC {iqm} ({PRIMACY})")


def sr_sac_in_words() -> tuple[str, ...]:
    """Published interquartile means of SAC with resets on DMC15."""
    return tuple(f"published, IQM of DMC15, 500k steps: SAC with resets UTD {utd} {mean} [{low}, {high}] ({SR_SAC})"
                 for utd, (mean, low, high) in SR_SAC_IQM_500K.items())


def dog_in_words() -> tuple[str, ...]:
    """Published returns on the dog."""
    return tuple(f"published, {task}, 1M steps: TD-MPC2 {score:.0f}, SAC {SAC_DOG_1M[task]:.0f} ({TDMPC2})"
                 for task, score in TDMPC2_DOG_1M.items())
