"""Rehearsals: unattended runs of changed scenarios, with or without alert rules."""

from __future__ import annotations

from pathlib import Path

from incidentsim.scenario.cast import plain_cast
from incidentsim.scoring.postmortem.protocol import Trial
from incidentsim.scoring.protocol import Plan
from incidentsim.session.rehearsal import Rehearsal
from incidentsim.session.resimulation import Resimulator
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario


def rehearsal(**options: object) -> Rehearsal:
    """Return a rehearsal on the fake world."""
    return Rehearsal(cast=plain_cast(scenario()), world_factory=FakeWorld, **options)  # type: ignore[arg-type]


def test_a_trial_is_the_scenario_left_alone() -> None:
    """Without watched alerts the outcome is that of an empty plan, per seed."""
    what = scenario()
    for seed in (1, 2):
        (trial,) = rehearsal()([Trial(scenario=what, seed=seed)])
        run = Resimulator(scenario=what, seed=seed, cast=plain_cast(what), world_factory=FakeWorld)
        assert trial.outcome == run([Plan(commands=(), end_us=what.duration)])[0]
        assert trial.fired_us == {}


def test_a_watched_alert_says_when_it_fired() -> None:
    """An alert that is asked for gives its first time, in the same outcome; one that never fires none."""
    what = scenario()
    both = [Trial(scenario=what, seed=7), Trial(scenario=what, seed=7, watch=("QueueDepth", "No"))]
    plain, watched = rehearsal(workers=1)(both)
    assert list(watched.fired_us) == ["QueueDepth"]
    assert 0 < watched.fired_us["QueueDepth"] < what.duration
    assert watched.outcome.sli == plain.outcome.sli


def test_progress_counts_every_trial(tmp_path: Path) -> None:
    """Whoever watches is told of each finished trial; a second rehearsal reads the runs from the cache."""
    told: list[tuple[int, int]] = []
    what = scenario()
    trials = [Trial(scenario=what, seed=seed) for seed in (1, 2)]
    many = rehearsal(workers=1, cache=tmp_path, progress=lambda done, total: told.append((done, total)))
    first = many(trials)
    assert told == [(0, 2), (1, 2), (2, 2)]
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == 2
    assert many(trials) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


def test_trials_in_processes_come_back_in_order() -> None:
    """Two processes at once give the same outcomes in the same places."""
    what = scenario()
    trials = [Trial(scenario=what, seed=seed) for seed in (3, 1, 2)]
    assert rehearsal(workers=2)(trials) == rehearsal(workers=1)(trials)
