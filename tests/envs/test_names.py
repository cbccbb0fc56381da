"""Names, errors, and what importing the package costs."""

import subprocess
import sys

import pytest

from divbench.envs import SIMULATED, TASKS, make, task_info
from divbench.envs.oracle import Oracle


def test_importing_the_package_and_its_names_imports_no_jax_or_mujoco(tmp_path):
    code = (
        "import sys, divbench.envs, divbench.envs.names;"
        "divbench.envs.TASKS, divbench.envs.PHYSICS;"
        "sys.exit(any(name in sys.modules for name in ('jax', 'mujoco', 'numpy', 'dm_control')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("cheeta-run",), "did you mean 'cheetah-run'"),
        (("finger_spin",), "did you mean 'finger-spin'"),
        (("zzz",), "known: acrobot-swingup"),
        (("dog-trott",), "did you mean 'dog-trot'"),
        (("cheetah-run", "mjxx"), "did you mean 'mjx'"),
    ],
)
def test_unknown_names_get_one_line_with_the_nearest(arguments, expected):
    with pytest.raises(ValueError, match=expected) as caught:
        make(*arguments)
    assert "\n" not in str(caught.value)


def test_every_export_exists_and_no_other():
    import divbench.envs

    for name in divbench.envs.__all__:
        assert getattr(divbench.envs, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = divbench.envs.nonsense


def test_the_tables_agree_with_one_another_and_with_dm_control():
    for name in SIMULATED:
        info = TASKS[name]
        assert task_info(name) is info and name == f"{info.domain}-{info.task}"
        reference = Oracle(name).environment
        size = sum(int(spec.shape[0]) if spec.shape else 1 for spec in reference.observation_spec().values())
        assert (size, reference.action_spec().shape) == (info.observation_size, (info.action_size,))
        assert reference._step_limit == info.episode_length
        environment = make(name, "host")
        assert environment is make(name, "host")
        assert environment.substeps == reference._n_sub_steps
        assert environment.control_timestep == pytest.approx(reference.control_timestep())
        assert (environment.action_low == reference.action_spec().minimum).all()
        assert (environment.action_high == reference.action_spec().maximum).all()
