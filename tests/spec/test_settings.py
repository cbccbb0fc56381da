"""Settings of SAC: published defaults, types, names."""

import dataclasses
import math

import pytest

from divbench.cli import settings_page
from divbench.spec import settings
from divbench.spec.errors import UsageError
from divbench.spec.kinds import EXPECTED
from divbench.spec.setting import ALGORITHMS
from divbench.spec.settings import SACSettings, parse_setting, with_values


def test_defaults_are_those_of_the_protocol():
    sac = SACSettings()
    assert (sac.critic_hidden, sac.actor_hidden) == ((256, 256), (256, 256))
    assert (sac.batch_size, sac.gamma, sac.tau) == (256, 0.99, 0.005)
    assert {sac.actor_lr, sac.critic_lr, sac.temperature_lr} == {3e-4}
    assert (sac.initialisation, sac.init_gain, sac.log_std_rule) == ("orthogonal", math.sqrt(2), "tanh")
    assert (sac.initial_temperature, sac.target_entropy_scale) == (1.0, 0.5)


def test_values_take_the_kind_of_their_field():
    sac = with_values(SACSettings(), {"gamma": 0, "hidden": [64, 32], "time_limit_bootstraps": False})
    assert (sac.gamma, sac.critic_hidden, sac.time_limit_bootstraps) == (0.0, (64, 32), False)
    assert isinstance(sac.gamma, float)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"gama": 0.9}, "unknown SAC setting 'gama'.*did you mean 'gamma'"),
        ({"gamma": "0.9"}, "gamma: expected a finite number"),
        ({"gamma": 1.0}, "gamma: expected a number from 0 to below 1"),
        ({"reward_scale": 0}, "reward_scale: expected more than 0, found 0.0"),
        ({"reward_scale": -1.0}, "reward_scale: expected more than 0, found -1.0"),
        ({"reward_shift": math.inf}, "reward_shift: expected a finite number"),
        ({"gamma": math.nan}, "gamma: expected a finite number"),
        ({"tau": 1.5}, "tau: expected a number from 0 to 1"),
        ({"batch_size": 1.5}, "batch_size: expected a whole number"),
        ({"batch_size": True}, "batch_size: expected a whole number"),
        ({"batch_size": 0}, "batch_size: expected at least 1"),
        ({"hidden": 256}, "hidden: expected whole numbers"),
        ({"critic_hidden": []}, "critic_hidden: expected positive"),
        ({"hidden": [256, "x"]}, "hidden: expected whole numbers"),
        ({"actor_hidden": [256, 0]}, "actor_hidden: expected positive"),
        ({"critic_lr": -1e-4}, "critic_lr: expected 0 or more"),
        ({"initialisation": "orthogonl"}, "unknown initialisation.*did you mean 'orthogonal'"),
        ({"log_std_rule": "none"}, "unknown log_std_rule"),
        ({"log_std_min": 3}, "log_std_min: expected at most log_std_max"),
        ({"initial_temperature": 0}, "initial_temperature: 0 has no logarithm"),
        ({"groupnorm_groups": 0}, "groupnorm_groups: expected at least 1"),
        ({"layernorm_layers": "3"}, "layernorm_layers: expected layers from 1 to 2, as many as are hidden, found 3"),
        *[({"layernorm_layers": text}, f"layernorm_layers: expected all, or hidden layers .* found '{text}'")
          for text in ("", "0", "first", "1,2", "2and1", "1and1", "1and", "01")],
        ({"layernorm_layers": 1}, "layernorm_layers: expected text, found 1"),
        ({"time_limit_bootstraps": 1}, "time_limit_bootstraps: expected true or false"),
    ],
)
def test_wrong_values(values, message):
    with pytest.raises(UsageError, match=message) as error:
        with_values(SACSettings(), values)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("text", "mask"), [
    ("all", (True, True, True)), ("1", (True, False, False)), ("1and3", (True, False, True)),
    ("1and2and3", (True, True, True))])
def test_layers_are_counted_from_one(text, mask):
    assert SACSettings(hidden=(8, 8, 8), layernorm_layers=text).layernorm_mask == mask


def test_hidden_sets_both_widths():
    assert dataclasses.replace(SACSettings(actor_hidden=(4,)), hidden=(8,)) == SACSettings(hidden=(8,))
    for sac in (SACSettings(hidden=[8]), with_values(SACSettings(), {"hidden": [8]})):
        assert sac == SACSettings(critic_hidden=(8,), actor_hidden=(8,)) == dataclasses.replace(sac)
    with pytest.raises(UsageError, match="hidden: sets critic_hidden and actor_hidden, found critic_hidden beside it"):
        with_values(SACSettings(), {"hidden": [8], "critic_hidden": [8]})


def test_layers_are_those_of_the_critics():
    assert SACSettings(critic_hidden=(8, 8), actor_hidden=(8,), layernorm_layers="2").layernorm_mask == (False, True)
    with pytest.raises(UsageError, match="expected layers from 1 to 1"):
        SACSettings(critic_hidden=(8,), layernorm_layers="2")


def test_temperature_fixed_at_zero():
    sac = with_values(SACSettings(), {"initial_temperature": 0, "temperature_lr": 0})
    assert (sac.initial_temperature, sac.temperature_lr) == (0.0, 0.0)


@pytest.mark.parametrize("field", dataclasses.fields(SACSettings), ids=lambda field: field.name)
def test_every_field_is_read_back_from_its_text(field):
    value = getattr(SACSettings(), field.name)
    written = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    assert parse_setting(field.name, written, field.name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gamma", "x"),
        ("gamma", "nan"),
        ("gamma", "inf"),
        ("gamma", ""),
        ("batch_size", "0"),
        ("hidden", "256y256"),
        ("time_limit_bootstraps", "yes"),
    ],
)
def test_texts_that_are_no_values(name, text):
    with pytest.raises(UsageError, match="^--sac: "):
        parse_setting(name, text, "--sac")


def test_the_page_has_a_row_for_every_setting_and_a_section_for_every_topic():
    page = settings_page.page()
    for name, declared in settings.DECLARED.items():
        assert page.count(f"\n| `{name}` | ") == 1 and f"\n## {declared.topic}\n" in page
        assert declared.meaning and set(declared.algorithms) <= set(ALGORITHMS)
        assert declared.switches_on == "" or getattr(SACSettings, name) in (0.0, 1.0)


def test_every_kind_of_field_is_explained():
    assert set(settings.FIELDS.values()) == set(EXPECTED)


@pytest.mark.parametrize(("name", "value"), [
    ("critic_eps", 1e-46), ("gamma", 0.99999999), ("critic_b1", 1.0 - 2.0**-26), ("critic_lr", 10**400),
    ("reward_scale", 1e39)])
def test_numbers_that_float32_cannot_hold_are_refused(name, value):
    with pytest.raises(UsageError, match=f"^{name}: "):
        SACSettings(**{name: value})


def test_the_nearest_numbers_that_float32_holds_are_taken():
    settings = SACSettings(gamma=0.9999999, critic_eps=1e-44, reward_scale=3.4e38)
    assert (settings.gamma, settings.critic_eps, settings.reward_scale) == (0.9999999, 1e-44, 3.4e38)
