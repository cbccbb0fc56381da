"""What a lane's networks are called in tables."""

import pytest

from divbench.spec.networks import network_of
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec, completed
from divbench.spec.settings import SACSettings
from divbench.spec.variants import Variant

SIMBA = "tests.learn.critic_examples:SimBa(width=8)"
OWN = Variant("own", "", "", critic=SIMBA)
ACTING = Variant("acting", "", "", actor="tests.learn.own_examples:Linear")


def lane_of(variant="baseline", **sac):
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants=(variant,), seeds=1, sac=SACSettings(**sac))
    return make_groups(spec, fused=False)[0].lanes[0]


@pytest.mark.parametrize(("variant", "sac", "name"), [
    ("baseline", {}, "mlp 256x256"),
    ("ofn", {"hidden": (64,)}, "mlp 64"),
    ("baseline", {"actor_hidden": (128, 128)}, "mlp 256x256, actor 128x128"),
    ("baseline", {"critic_hidden": (512, 512)}, "mlp 512x512, actor 256x256"),
    (OWN, {}, SIMBA),
    (OWN, {"critic_hidden": (8,)}, SIMBA),
    (OWN, {"actor_hidden": (8,)}, f"{SIMBA}, actor 8"),
    (ACTING, {}, "mlp 256x256, actor tests.learn.own_examples:Linear"),
])
def test_names(variant, sac, name):
    assert network_of(lane_of(variant, **sac)) == name


def test_lanes_of_a_group_have_one_network():
    spec = RunSpec(suite="smoke", tasks="cheetah-run", seeds=2, variants=("baseline", "ofn", OWN, Variant(
        "wide", "", "", settings={"critic_hidden": (8, 8)})))
    for group in make_groups(spec, fused=True):
        assert len({network_of(lane) for lane in group.lanes}) == 1


def test_cards_that_have_one_width_for_both_are_read():
    spec = RunSpec(suite="smoke", sac=SACSettings(hidden=(64, 32)))
    settings = spec.settings()
    older = {name: value for name, value in settings["sac"].items() if "hidden" not in name}
    card = {**settings, "sac": {**older, "hidden": [64, 32]}}
    assert RunSpec.from_settings(card).sac == spec.sac
    assert card == settings and completed(card)["sac"]["actor_hidden"] == [64, 32]
