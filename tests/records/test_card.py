import json
import os
import socket
import types

import pytest

from divbench.records.card import command_line, gather_card, key_generation
from divbench.spec.plan import KEY_GENERATION

SPEC = types.SimpleNamespace(seed_list=(3, 4), precision="highest")


def test_states_versions_device_physics_precision_and_seeds():
    card = gather_card(SPEC, device="cpu", physics="host", argv=["/usr/bin/divbench", "run"])
    assert card["seeds"] == [3, 4] and card["device"] == "cpu" and card["physics"] == "host"
    assert card["precision"] == "highest" and card["command"] == "divbench run"
    assert {"python", "jax", "jaxlib", "mujoco", "mujoco-mjx", "numpy"} <= card["versions"].keys()
    assert json.loads(json.dumps(card)) == card


def test_names_no_user_host_or_place():
    argv = [os.path.abspath(__file__), "--out", os.path.expanduser("~/runs/mine")]
    text = json.dumps(gather_card(SPEC, device="cpu", physics="host", argv=argv))
    for private in (socket.gethostname(), os.getcwd(), os.path.expanduser("~") + "/"):
        assert private not in text


@pytest.mark.parametrize("argument, shown", [
    ("/home/someone/runs/mine", "mine"),
    ("--out=/home/someone/runs/mine", "--out=mine"),
    ("~/runs/mine", "mine"),
    ("results/runs/mine", "results/runs/mine"),
    ("./mine", "./mine"),
    ("1/2,8", "1/2,8"),
    ("reset-100k-updates", "reset-100k-updates"),
])
def test_a_command_keeps_all_but_absolute_folders(argument, shown):
    assert command_line(["divbench", argument]) == f"divbench {shown}"


def test_a_card_names_its_key_generation():
    card = gather_card(SPEC, device="cpu", physics="host")
    assert key_generation(card) == card["key_generation"] == KEY_GENERATION == 2
    assert key_generation({"settings": {}}) == 1
    assert key_generation({"settings": {}, "imported": {}}) is None
