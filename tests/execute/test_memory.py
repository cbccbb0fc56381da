"""What does not fit is refused before anything is allocated or written."""

import os
import subprocess
import sys

import pytest

from divbench import cli
from divbench.execute import memory
from divbench.spec.errors import UsageError
from divbench.spec.estimate import estimate
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec

DOG = ("--tasks", "dog-run", "--seeds", "100", "--steps", "1M", "--variants", "baseline")


def test_the_largest_number_of_lanes_that_fits_is_named(monkeypatch):
    spec = RunSpec(tasks="dog-run", seeds=100, steps=1_000_000, variants="baseline")
    (group,) = make_groups(spec, fused=False)
    counted = estimate(spec, group)
    assert counted.memory_bytes == 100 * counted.lane_bytes
    monkeypatch.setattr(memory, "device_memory", lambda: 7 * counted.lane_bytes + 1)
    with pytest.raises(UsageError, match=r"needs 99\.\d GiB of memory, 7\.\d GiB are there; 7 of its 100 lanes fit"):
        memory.refuse_what_does_not_fit(spec, [group])
    monkeypatch.setattr(memory, "device_memory", lambda: counted.memory_bytes)
    memory.refuse_what_does_not_fit(spec, [group])
    monkeypatch.setattr(memory, "device_memory", lambda: counted.lane_bytes - 1)
    with pytest.raises(UsageError, match="not even one lane fits: expected a smaller"):
        memory.refuse_what_does_not_fit(spec, [group])


def test_a_dataset_is_there_once(monkeypatch):
    spec = RunSpec(suite="smoke", tasks="cheetah-run", seeds=4, variants="baseline")
    (group,) = make_groups(spec, fused=False)
    counted = estimate(spec, group, transitions=1_000_000)
    shared = counted.memory_bytes - 4 * counted.lane_bytes
    monkeypatch.setattr(memory, "device_memory", lambda: shared + 3 * counted.lane_bytes)
    with pytest.raises(UsageError, match="3 of its 4 lanes fit"):
        memory.refuse_what_does_not_fit(spec, [group], transitions=1_000_000)


@pytest.mark.parametrize("words", [("plan", *DOG), ("run", *DOG, "--out", "there"),
                                   ("run", "--suite", "smoke", "--batch-size", "1M", "--out", "there")])
def test_plan_and_run_refuse_in_one_line(words, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory, "device_memory", lambda: 8 << 30)
    assert cli.main(list(words)) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "GiB of memory, 8.0 GiB are there" in told.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("platform", "said"), [
    pytest.param("cuda", 'JAX_PLATFORMS=cuda: no such device; expected the extra cuda (pip install "divbench[cuda]")',
                 marks=pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="this machine has an NVIDIA GPU")),
    ("cdua", "JAX_PLATFORMS=cdua: no such device; expected cpu, cuda or tpu; did you mean 'cuda'?")])
def test_a_device_that_is_not_there_is_one_line(platform, said):
    """In processes of their own, as JAX starts once."""
    environment = os.environ | {"JAX_PLATFORMS": platform}
    for words in (("run", "--suite", "smoke"), ("plan", "--suite", "smoke"), ("doctor",)):
        done = subprocess.run([sys.executable, "-m", "divbench", *words], env=environment, capture_output=True,
                              text=True, timeout=120)
        told = done.stdout + done.stderr
        assert done.returncode == (1 if words == ("doctor",) else 2), told
        assert "Traceback" not in told
        found, _, expected = said.partition("; ")
        assert all(part in told for part in ((found, expected) if words == ("doctor",) else (said,)))
        if words != ("doctor",):
            assert done.stderr.count("\n") == 1


def test_an_environment_that_no_run_works_under_is_made_harmless(tmp_path):
    environment = os.environ | {"JAX_ENABLE_X64": "1", "JAX_NUMPY_DTYPE_PROMOTION": "strict", "JAX_DEBUG_NANS": "1",
                                "JAX_NUMPY_RANK_PROMOTION": "raise"}
    words = ("run --suite smoke --tasks constant-reward --variants baseline --steps 120 --prime-samples 100 "
             "--prime-updates 4 --hidden 8,8 --batch-size 8 --eval-episodes 1 --quiet --out run").split()
    done = subprocess.run([sys.executable, "-m", "divbench", *words], env=environment, capture_output=True, text=True,
                          timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
