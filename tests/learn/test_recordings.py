"""The learner computes what it did before its networks became modules: recorded states, one update and many on end."""

import numpy as np
import pytest

from tests.learn import recordings

ONE, MANY = 1e-5, 1e-4  # relative error of a norm, after one update and after many on end
NOTES = 1e-3  # of what PreQN notes down: the condition number of a float32 kernel is known no better
IN_EVERY_RUN = ("ofn", "layernorm", "batchnorm+adam-eps", "preqn")  # each is a program of its own
VARIANTS = [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.slow) for name in recordings.VARIANTS]


def distance(found, expected) -> float:
    """|found - expected| / |expected|; 0 where both are 0."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    away = np.linalg.norm(found - expected)
    return float(away / np.linalg.norm(expected)) if away else 0.0


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_update_is_what_it_was(variant):
    recorded, update = recordings.load(variant), recordings.updating(variant)
    for place, number in enumerate(recordings.UPDATES):
        found = recordings.results(update(*recordings.given(variant, recorded, place)))
        compared = {name for name in recorded if name.split("/")[0] in ("loss", "q", "after", "gradient")}
        assert found.keys() == compared
        for name, part in found.items():
            limit = NOTES if name.startswith("after/notes/") else ONE
            assert distance(part, recorded[name][place]) < limit, (number, name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_many_updates_on_end_lead_where_they_did(variant):
    recorded = recordings.load(variant)
    learner, last = recordings.run_on_end(variant, recorded)
    assert distance(last.q, recorded["end/q"]) < MANY
    for found, expected in zip(recordings.norms(learner), recorded["end/norms"], strict=True):
        assert distance(found, expected) < MANY


def test_q_under_dropout_has_the_mean_and_variance_that_it_had():
    """Masks are drawn anew: means within 4.5 standard errors, variances within a quarter."""
    recorded = recordings.load("dropout")
    learner, _, _ = recordings.given("baseline", recordings.load("baseline"), -1)
    mean, variance = recordings.dropped_q(learner, recordings.DROPOUT)
    errors = (mean - recorded["mean"]) / np.sqrt((variance + recorded["variance"]) / recordings.MASKS)
    assert np.max(np.abs(errors)) < 4.5 and np.sqrt(np.mean(np.square(errors))) < 1.5
    np.testing.assert_allclose(variance, recorded["variance"], rtol=0.25)
    assert np.min(recorded["variance"]) > 1e-4


def test_a_sketch_keeps_distances():
    draw = np.random.default_rng(3)
    for size in (65, 5000):
        one, other = draw.normal(size=(2, size))
        between = np.linalg.norm(recordings.sketch(one) - recordings.sketch(other)) / np.linalg.norm(one - other)
        assert 0.6 < between < 1.4


def test_networks_are_drawn_as_they_were():
    """Their last bits depend on the compiler: `test_shared_weights` holds them to the rule that they are drawn by."""
    recorded = recordings.load("draws")
    for name, variant in recordings.DRAWS:
        for leaf, array in recordings.named(recordings.drawn(variant, name)).items():
            expected = recorded.pop(f"{name}/{leaf}")
            np.testing.assert_allclose(np.ravel(array), np.ravel(expected), rtol=0.0, atol=1e-6, err_msg=leaf)
    assert not recorded
