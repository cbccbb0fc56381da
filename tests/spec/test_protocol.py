"""Protocols count steps and updates exactly."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from divbench.spec.protocol import Phase, build_protocol, offline_protocol

UTDS = st.one_of(st.integers(1, 64).map(Fraction), st.integers(1, 64).map(lambda k: Fraction(1, k)))


def test_online():
    protocol = build_protocol(steps=500_000, random_steps=10_000, prime_updates=0, utd=Fraction(8))
    assert [phase.kind for phase in protocol.phases] == ["random", "policy"]
    assert (protocol.env_steps, protocol.updates) == (500_000, 3_920_000)


def test_priming():
    protocol = build_protocol(steps=21_000, random_steps=1_000, prime_updates=100_000, utd=Fraction(1))
    assert [(p.kind, p.env_steps, p.updates) for p in protocol.phases] == [
        ("random", 1_000, 0),
        ("priming", 0, 100_000),
        ("policy", 20_000, 20_000),
    ]


def test_a_phase_without_work_is_left_out():
    protocol = build_protocol(steps=1_000, random_steps=1_000, prime_updates=500, utd=Fraction(1))
    assert [phase.kind for phase in protocol.phases] == ["random", "priming"]


def test_half_an_update_per_step():
    phase = Phase("policy", 5, 2, Fraction(1, 2))
    assert [phase.updates_after(steps) for steps in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [phase.steps_until(updates) for updates in range(3)] == [0, 2, 4]


@given(UTDS, st.integers(0, 10**6))
def test_steps_until_is_the_first_step_with_so_many_updates(utd, updates):
    phase = Phase("policy", 0, 0, utd)
    steps = phase.steps_until(updates)
    assert phase.updates_after(steps) >= updates
    assert steps == 0 or phase.updates_after(steps - 1) < updates


@given(UTDS, st.integers(0, 10**6))
def test_updates_after_is_floored(utd, steps):
    updates = Phase("policy", 0, 0, utd).updates_after(steps)
    assert updates <= utd * steps < updates + 1


@given(UTDS, st.integers(1, 10**5), st.integers(0, 10**5), st.integers(0, 10**5))
def test_totals(utd, random_steps, policy_steps, prime_updates):
    protocol = build_protocol(
        steps=random_steps + policy_steps, random_steps=random_steps, prime_updates=prime_updates, utd=utd
    )
    assert protocol.env_steps == random_steps + policy_steps
    assert protocol.updates == prime_updates + Phase("policy", 0, 0, utd).updates_after(policy_steps)


@given(UTDS, st.integers(1, 1_000), st.integers(0, 1_000), st.integers(0, 1_000), st.data())
def test_updates_without_acting_are_those_of_priming_at_any_utd(utd, random_steps, policy_steps, prime_updates, data):
    protocol = build_protocol(
        steps=random_steps + policy_steps, random_steps=random_steps, prime_updates=prime_updates, utd=utd
    )
    assert protocol.updates_without_acting(random_steps, 0) == 0
    primed = data.draw(st.integers(0, prime_updates))
    assert protocol.updates_without_acting(random_steps, primed) == primed
    acted = data.draw(st.integers(0, policy_steps))
    update = prime_updates + Phase("policy", 0, 0, utd).updates_after(acted)
    assert protocol.updates_without_acting(random_steps + acted, update) == prime_updates


def test_updates_without_acting_are_all_that_an_offline_lane_makes():
    assert offline_protocol(500).updates_without_acting(0, 120) == 120
