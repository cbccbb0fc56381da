"""The counts that a commit is compared by: what is counted, and what is not."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "divbench/__init__.py": "",
    "divbench/learn/__init__.py": "",
    "divbench/learn/agents/__init__.py": '"""Agents."""\n',
    "divbench/learn/agents/sac.py": "import optax\nfrom divbench.learn import losses\n"
                                    "from divbench.learn.replay import Batch\n",
    "divbench/learn/agents/td3.py": "import flax.linen as nn\nfrom divbench.learn.agents import sac\n",
    "divbench/learn/losses.py": "def loss():\n    from flax import linen\n    import divbench.learn.keys\n",
    "divbench/learn/keys.py": "import flaxen\n",
    "divbench/learn/replay/__init__.py": "from divbench.learn.replay.base import Batch\n",
    "divbench/learn/replay/base.py": "from divbench.spec import plan\n",
    "divbench/spec/plan.py": "import chexmate\n",
    "envs/toys.py": "from chex import dataclass\n",
    "experiments/one.py": "",
    "tests/test_one.py": "import flax, chex, optax\n",
}


@pytest.fixture
def counts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import counts

    yield counts
    del sys.modules["counts"]


def test_counts_of_a_small_checkout(counts, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = counts.counts(tmp_path)
    agents, learn = "divbench/learn/agents", "divbench/learn"
    assert found["files that import flax"] == (2, [f"{agents}/td3.py", f"{learn}/losses.py"])
    assert found["files that import chex"] == (1, ["envs/toys.py"])
    assert found["files that import optax"] == (1, [f"{agents}/sac.py"])
    assert found["lines of learn/"][0] == 3 + 2 + 3 + 1 + 1 + 1 + 1
    assert found["files that sac.update reads"] == (5, [
        f"{agents}/sac.py", f"{learn}/keys.py", f"{learn}/losses.py", f"{learn}/replay/__init__.py",
        f"{learn}/replay/base.py"])
    text = counts.as_markdown({"before": found, "after": found}, files=True)
    assert "| files that sac.update reads | 5 | 5 |" in text and "- divbench/learn/keys.py" in text


def test_the_update_of_this_checkout_reads_its_critic_and_no_other_algorithm(counts):
    _, files = counts.counts(ROOT)["files that sac.update reads"]
    assert "divbench/learn/agents/critic.py" in files and "divbench/learn/replay/base.py" in files
    assert not {"divbench/learn/agents/td3.py", "divbench/learn/trainer.py"} & set(files)
