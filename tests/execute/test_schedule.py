"""The schedule: known answers, and what holds for every protocol and however a run is cut."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.execute.schedule import Due, Position, Schedule
from divbench.spec import estimate
from divbench.spec.protocol import build_protocol


def make(
    *,
    steps,
    random_steps,
    utd,
    prime_updates=0,
    eval_every=5_000,
    measure_every=5_000,
    resets=None,
    episode_length=1_000,
) -> Schedule:
    protocol = build_protocol(
        steps=steps, random_steps=random_steps, prime_updates=prime_updates, utd=Fraction(utd)
    )
    return Schedule(protocol, eval_every, measure_every, resets or {}, episode_length)


def walk(schedule: Schedule) -> list[tuple[Position, Due]]:
    """Every stop with what is due there, the start included."""
    stops = [schedule.start()]
    while not schedule.finished(stops[-1]):
        stops.append(schedule.next_stop(stops[-1]))
    return [(at, schedule.due(at)) for at in stops]


def evaluations(schedule: Schedule) -> list[tuple[int, int]]:
    return [(at.env_step, at.update) for at, due in walk(schedule) if due.evaluate]


def measurements(schedule: Schedule) -> list[tuple[int, int]]:
    return [(at.env_step, at.update) for at, due in walk(schedule) if due.measure]


def resets(schedule: Schedule, name: str) -> list[int]:
    return [at.update for at, due in walk(schedule) if name in due.resets]


def test_online():
    schedule = make(steps=30_000, random_steps=10_000, utd=1)
    assert evaluations(schedule) == [
        (0, 0),
        (5_000, 0),
        (10_000, 0),
        (15_000, 5_000),
        (20_000, 10_000),
        (25_000, 15_000),
        (30_000, 20_000),
    ]
    assert measurements(schedule) == [
        (10_000, 0),
        (15_000, 5_000),
        (20_000, 10_000),
        (25_000, 15_000),
        (30_000, 20_000),
    ]


def test_priming():
    schedule = make(steps=2_000, random_steps=1_000, utd=1, prime_updates=15_000, measure_every=5_000)
    assert evaluations(schedule) == [(0, 0), (1_000, 15_000), (2_000, 16_000)]
    assert measurements(schedule) == [
        (1_000, 0),
        (1_000, 5_000),
        (1_000, 10_000),
        (1_000, 15_000),
        (2_000, 16_000),
    ]


def test_priming_at_an_evaluation():
    """The same env step is evaluated before and after the updates in which nobody acts."""
    schedule = make(steps=2_000, random_steps=1_000, utd=1, prime_updates=500, eval_every=1_000)
    assert evaluations(schedule) == [(0, 0), (1_000, 0), (1_000, 500), (2_000, 1_500)]


def test_half_an_update_per_step():
    schedule = make(steps=1_100, random_steps=100, utd="1/2", measure_every=200, resets={"r": 120})
    assert measurements(schedule) == [(100, 0), (500, 200), (900, 400), (1_100, 500)]
    assert resets(schedule, "r") == [120, 240, 360, 480]
    assert [at.env_step for at, due in walk(schedule) if due.resets] == [340, 580, 820, 1_060]


def test_eight_updates_per_step():
    """An interval that is no multiple of 8 is due after the env step that reached it."""
    schedule = make(steps=200, random_steps=100, utd=8, measure_every=100, resets={"r": 300})
    assert measurements(schedule)[:4] == [(100, 0), (113, 104), (125, 200), (138, 304)]
    assert resets(schedule, "r") == [304, 600]
    assert walk(schedule)[-1][0] == Position(1, 100, 200, 800)


def test_everything_due_at_once():
    """One stop, and no reset at the very end."""
    schedule = make(
        steps=2_000, random_steps=1_000, utd=1, eval_every=500, measure_every=500, resets={"r": 500}
    )
    at = [entry for entry in walk(schedule) if entry[0].env_step == 1_500]
    assert at == [(Position(1, 500, 1_500, 500), Due(True, True, ("r",)))]
    assert walk(schedule)[-1][1] == Due(True, True, ())


def test_nothing_but_random_steps():
    schedule = make(steps=1_000, random_steps=1_000, utd=1)
    assert evaluations(schedule) == [(0, 0), (1_000, 0)]
    assert measurements(schedule) == [(1_000, 0)]


def test_no_update_is_due():
    """A policy phase too short for its UTD."""
    schedule = make(steps=103, random_steps=100, utd="1/8")
    assert measurements(schedule) == [(100, 0), (103, 0)]


def test_new_episodes_are_stops():
    stops = {at.env_step for at, _ in walk(make(steps=500, random_steps=120, utd=1, episode_length=50))}
    assert stops >= set(range(0, 501, 50))


ratios = st.sampled_from([Fraction(1), Fraction(2), Fraction(3), Fraction(8), Fraction(1, 2), Fraction(1, 3)])
schedules = st.builds(
    make,
    random_steps=st.integers(1, 60),
    utd=ratios,
    prime_updates=st.integers(0, 90),
    eval_every=st.integers(1, 70),
    measure_every=st.integers(1, 120),
    resets=st.dictionaries(st.sampled_from("ab"), st.integers(1, 130)),
    episode_length=st.integers(1, 60),
    steps=st.integers(60, 150),
)


def positions(schedule: Schedule) -> list[Position]:
    """Where a run passes if each chunk is as short as can be: one env step, or one update while priming."""
    found = [schedule.start()]
    for index, phase in enumerate(schedule.protocol.phases):
        start = Position(index, 0, found[-1].env_step, found[-1].update)
        length = phase.updates if phase.kind == "priming" else phase.env_steps
        found += [schedule.advance(start, amount) for amount in range(1, length + 1)]
    return found


@given(schedules)
@settings(max_examples=100, deadline=None)
def test_stops_are_where_something_is_due(schedule):
    """No stop is skipped: work is due at no position that is not a stop."""
    stops = [at for at, _ in walk(schedule)]
    assert len(set(stops)) == len(stops)
    assert set(stops) >= {at for at in positions(schedule) if schedule.due(at)}


@given(schedules, st.data())
@settings(max_examples=100, deadline=None)
def test_cuts_do_not_matter(schedule, data):
    """Chunks of any length lead to the same stops with the same work."""
    at, found = schedule.start(), [schedule.start()]
    while not schedule.finished(at):
        stop = schedule.next_stop(at)
        if stop.phase != at.phase:
            at = Position(stop.phase, 0, at.env_step, at.update)
        while at.done < stop.done:
            at = schedule.advance(at, data.draw(st.integers(1, stop.done - at.done)))
            assert at == stop or schedule.next_stop(at) == stop
        assert at == stop
        found.append(at)
    assert [(at, schedule.due(at)) for at in found] == walk(schedule)


@given(schedules)
@settings(max_examples=100, deadline=None)
def test_evaluations_appear_once(schedule):
    """Each multiple by acting, the start, the end of priming, the end of the run; nothing twice."""
    steps, updates = schedule.protocol.env_steps, schedule.protocol.updates
    found = evaluations(schedule)
    assert len(set(found)) == len(found) and found[0] == (0, 0) and found[-1] == (steps, updates)
    primes = [phase.updates for phase in schedule.protocol.phases if phase.kind == "priming"]
    after_priming = [(schedule.protocol.phases[0].env_steps, updates) for updates in primes]
    assert [entry for entry in found if entry in after_priming] == after_priming
    acted = [step for step, update in found if (step, update) not in after_priming]
    for multiple in range(schedule.eval_every, steps + 1, schedule.eval_every):
        assert acted.count(multiple) == 1 or (primes and multiple == steps == after_priming[0][0])


@given(schedules)
@settings(max_examples=100, deadline=None)
def test_all_updates_are_made(schedule):
    end = walk(schedule)[-1][0]
    assert (end.env_step, end.update) == (schedule.protocol.env_steps, schedule.protocol.updates)


@given(schedules)
@settings(max_examples=100, deadline=None)
def test_measurements(schedule):
    """Once before anything learns, once for each multiple (or all those within one env step), at the end."""
    first = schedule.protocol.phases[0].env_steps, 0
    last = schedule.protocol.env_steps, schedule.protocol.updates
    assert measurements(schedule) == list(
        dict.fromkeys([first, *reached(schedule, schedule.measure_every), last])
    )


@given(schedules)
@settings(max_examples=100, deadline=None)
def test_resets(schedule):
    """At each multiple of the interval, or after the env step that reached it, but for the end of the run."""
    last = schedule.protocol.env_steps, schedule.protocol.updates
    for name, interval in schedule.reset_intervals.items():
        expected = [update for step, update in reached(schedule, interval) if (step, update) != last]
        assert resets(schedule, name) == expected
    assert not walk(schedule)[-1][1].resets


def reached(schedule: Schedule, every: int) -> list[tuple[int, int]]:
    """Env step and update of the first position at or past each multiple of `every` updates."""
    passed = [(at.env_step, at.update) for at in positions(schedule)]
    firsts = (
        next(place for place in passed if place[1] >= multiple)
        for multiple in range(every, schedule.protocol.updates + 1, every)
    )
    return list(dict.fromkeys(firsts))


def test_the_end_has_no_successor():
    schedule = make(steps=20, random_steps=10, utd=1)
    with pytest.raises(IndexError):
        schedule.next_stop(walk(schedule)[-1][0])


@settings(max_examples=200, deadline=None)
@given(steps=st.integers(1, 300), random_steps=st.integers(1, 300), prime_updates=st.integers(0, 300),
       utd=st.sampled_from(["1/3", "1/2", 1, 2, 8]), eval_every=st.integers(1, 120), measure_every=st.integers(1, 120))
def test_a_plan_foretells_how_often_a_lane_is_looked_at(steps, random_steps, prime_updates, utd, eval_every,
                                                        measure_every):
    schedule = make(steps=steps, random_steps=min(random_steps, steps), utd=utd, prime_updates=prime_updates,
                    eval_every=eval_every, measure_every=measure_every, episode_length=100)
    assert len(evaluations(schedule)) == estimate.evaluations(schedule.protocol, eval_every)
    assert len(measurements(schedule)) == estimate.measurements(schedule.protocol, measure_every)
