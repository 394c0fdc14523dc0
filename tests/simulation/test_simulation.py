"""The simulation itself: it repeats exactly, says what failed, and sees what happens at the gate."""

from __future__ import annotations

import random

import pytest

from tests.simulation.__main__ import main
from tests.simulation.ending import differing, run
from tests.simulation.gate import CALM, Died, Gate, History, Weather
from tests.simulation.promises import Moments
from tests.simulation.runs import CHUNK, series
from tests.simulation.simulation import Simulation
from tests.simulation.variants import NoReread, Variant
from tests.world import START, VirtualClock


@pytest.mark.parametrize("seed", [1, 10, 25])
def test_a_seed_repeats_exactly(seed: int) -> None:
    """The same seed gives the same history, line by line, whatever ran before it."""
    first = run(seed, keep_history=True)
    run(seed + 1)
    assert run(seed, keep_history=True).history == first.history
    assert len(first.history) > 20


def test_a_few_schedules_end_well() -> None:
    """Runs over two processes and in this one come to the same, and Genesys Cloud equals Okta in each."""
    told: list[str] = []
    one = series(500, 6, "", told.append, processes=1)
    two = series(500, 6, "", told.append, processes=2)
    assert one.failed == two.failed == []
    assert one.counts == two.counts
    assert one.runs == 6


def test_a_series_that_keeps_going_runs_every_seed() -> None:
    """A failing seed ends nothing: every seed is run and counted, also those behind it in the same block."""
    told = series(1, CHUNK + 5, NoReread.name, lambda _line: None, keep_going=True, processes=1)
    assert told.runs == CHUNK + 5
    assert len(told.failed) > 1


def test_a_failing_run_is_told_so_that_it_can_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, what is wrong, a history with names, and the command that runs it again."""
    assert main(["--seed", "1", "--runs", "40", "--variant", NoReread.name, "--processes", "1"]) == 1
    said = capsys.readouterr().out
    assert "ends wrong" in said
    assert "ADMIN" in said
    assert "make simulate SEED=" in said
    assert "VARIANT=no-reread" in said


def test_a_run_that_ends_well_shows_its_history_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0."""
    assert main(["--seed", "1", "--runs", "1", "--history"]) == 0
    said = capsys.readouterr().out
    assert "--- the faults end ---" in said
    assert "no promise was broken" in said


def test_the_address_of_an_ended_person_keeps_another_one_waiting() -> None:
    """A new e-mail in Okta frees the address of somebody who is there, and none of somebody whose access has ended."""
    simulation = Simulation(2, Variant())
    okta = simulation.world.okta
    holder = next(iter(simulation.company.accounts))
    email = str(okta.users.current[holder].profile["email"])
    with okta.quietly():
        okta.update_profile(holder, {"email": "new.address@example.com"})
        second = simulation.world.person("Second Test")
        okta.update_profile(second, {"email": email})
        assert any(second in line for line in differing(simulation))
        okta.deactivate(holder)
    assert not any(second in line for line in differing(simulation))


def _gate(weather: Weather) -> Gate:
    clock = VirtualClock()
    gate = Gate(clock, random.Random(1), History(clock))  # noqa: S311 - repeatable
    gate.weather = weather
    return gate


def test_a_process_that_dies_before_an_effect_leaves_it_undone_and_after_it_done() -> None:
    """With certain death, half of it before the effect: each effect happens wholly or not at all."""
    done: list[int] = []
    fates = set()
    gate = _gate(Weather(death=1.0))
    for number in range(40):
        before = len(done)
        try:
            gate.do("effect", lambda number=number: done.append(number))  # type: ignore[misc] # bound now
        except Died as died:
            fates.add((str(died).split()[0], len(done) - before))
    assert fates == {("before", 0), ("after", 1)}


def test_a_function_that_ran_into_its_time_out_makes_no_further_effect() -> None:
    """The effect under way takes place, the next one does not."""
    gate = _gate(CALM)
    with gate.process():
        gate.do("first", lambda: gate.clock.advance(121))
        with pytest.raises(Died):
            gate.do("second", lambda: None)
    assert gate.depth == 0


def test_moments_know_what_was_true_lately() -> None:
    """Anyone who became untrue was true until then; who has been true for ever was never untrue."""
    moments = Moments()
    moments.note({"ada"}, START)
    moments.last_untrue.clear()
    assert moments.was_true("ada", START)
    assert not moments.was_untrue("ada", START)
    assert moments.was_untrue("bea", START)
    moments.note(set(), START.replace(hour=10))
    assert moments.was_true("ada", START.replace(hour=10))
    assert not moments.was_true("ada", START.replace(hour=11))
    assert moments.was_untrue("ada", START.replace(hour=11))
