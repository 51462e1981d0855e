"""Counterfactual runs: outcomes of plans, the same serially, in processes, and from the cache."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError, IncidentSimError
from incidentsim.scenario.cast import Cast, plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Plan
from incidentsim.session.resimulation import PROCESS_FROM, Resimulator
from incidentsim.transcript import queries
from incidentsim.transcript.model import TimedCommand
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.plays import play_headless
from tests.session.stage import scenario

LIMIT = TimedCommand(
    t_us=33_000_000, k=0, ref=5, command=Command(verb="limit", args={"tenant": "strategic", "rate": "1"})
)
END_US = 60_000_000


def resimulator(**options: Any) -> Resimulator:
    """Return a resimulator of the fake incident."""
    what = scenario()
    fields: dict[str, Any] = {"world_factory": FakeWorld, **options}
    return Resimulator(scenario=what, seed=7, cast=plain_cast(what), **fields)


def test_an_outcome_counts_what_the_world_counted(tmp_path: Path) -> None:
    """The outcome of the recorded commands is the record's last checkpoint; doing nothing is worse."""
    transcript = read(play_headless(tmp_path / "s.jsonl"))
    commands = queries.commands(transcript)
    played, idle = resimulator()([Plan(commands=commands, end_us=120_000_000), Plan(commands=(), end_us=120_000_000)])
    last = queries.last_checkpoint(transcript)
    assert last is not None
    assert {key: list(pair) for key, pair in played.sli.items()} == last.sli
    assert played.cost_microdollars == last.cost_microdollars
    assert idle.sli["ttft/strategic"][0] == played.sli["ttft/strategic"][0]
    assert idle.sli["ttft/strategic"][1] > played.sli["ttft/strategic"][1]


def test_marks_and_root_causes_are_followed_through_the_run_on() -> None:
    """Marks come every 10 s to the end of the run-on; a cause is removed since the mark that saw it gone."""
    limited, idle = resimulator()(
        [Plan(commands=(LIMIT,), end_us=END_US, run_on_us=20_000_000), Plan(commands=(), end_us=END_US)]
    )
    marks = limited.series["ttft"]
    assert [mark[0] for mark in marks] == list(range(-50_000_000, 80_000_001, 10_000_000))
    assert all(a[1] <= b[1] and a[2] <= b[2] for a, b in pairwise(marks))
    assert limited.removed_at_us == {"image": 40_000_000}
    assert limited.present_after == ()
    assert idle.removed_at_us == {"image": None}
    assert idle.present_after == ("image",)


def test_a_question_from_a_script_gets_its_topic() -> None:
    """Commands that were never recorded, as those of reference scripts, can be run as well."""
    ask = TimedCommand(
        t_us=9_000_000, k=0, ref=1, command=Command(verb="ask", args={"who": "platform", "question": "why?"})
    )
    asked, idle = resimulator()([Plan(commands=(ask,), end_us=END_US), Plan(commands=(), end_us=END_US)])
    assert asked.sli == idle.sli


def test_processes_give_what_one_process_gives() -> None:
    """A pool returns the outcomes of a serial run, in order, and equal plans once."""
    plans = [Plan(commands=(LIMIT,) * (n % 2), end_us=END_US + n * 1_000_000) for n in range(PROCESS_FROM)]
    told: list[tuple[int, int]] = []
    serial = resimulator(workers=1)([*plans, plans[0]])
    pooled = resimulator(workers=2, progress=lambda done, total: told.append((done, total)))([*plans, plans[0]])
    assert pooled == serial
    assert serial[0] == serial[-1]
    assert told == [(n, PROCESS_FROM) for n in range(PROCESS_FROM + 1)]


class Refusing(FakeWorld):
    """Finds fault with every command."""

    def submit(self, command: Command, *, t_us: int, k: int, ref: int) -> None:
        """Refuse it."""
        raise CommandError(f"{command.verb}: not today")


def refusing(scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool = True) -> Refusing:
    """Make one, in any process."""
    return Refusing(scenario, seed=seed, cast=cast, telemetry=telemetry)


def dying(scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool = True) -> FakeWorld:
    """End the process instead."""
    os._exit(9)


def test_what_goes_wrong_in_a_process_is_raised_here() -> None:
    """The error of a branch travels; a process that dies is an error that says so, and may be tried again."""
    plans = [Plan(commands=(LIMIT,) * (n % 2), end_us=END_US) for n in range(PROCESS_FROM)]
    with resimulator(world_factory=refusing) as one, pytest.raises(CommandError, match="limit: not today"):
        one(plans)
    with resimulator(world_factory=dying) as one:
        for _ in range(2):
            with pytest.raises(IncidentSimError, match="died; try again"):
                one(plans)
        one.close()


def test_the_process_is_kept_and_outcomes_are_remembered() -> None:
    """A second call runs only what is new, in the same process, also a single plan and one that acts earlier."""
    plans = [Plan(commands=(LIMIT,) * (n % 2), end_us=END_US + n) for n in range(4)]
    earlier = Plan(commands=(replace(LIMIT, t_us=-40_000_000),), end_us=END_US)
    told: list[tuple[int, int]] = []
    with resimulator(progress=lambda done, total: told.append((done, total))) as one:
        found = [*one(plans[:2]), *one(plans[1:3]), *one([plans[3]]), *one([earlier])]
    assert told == [(0, 2), (1, 2), (2, 2), (1, 2), (2, 2), (0, 1), (1, 1), (0, 1), (1, 1)]
    assert found == resimulator(workers=1)([*plans[:2], *plans[1:3], plans[3], earlier])


def test_an_interrupted_call_keeps_what_was_finished(tmp_path: Path) -> None:
    """Ctrl+C in the middle: the finished runs are on disk, and the next call makes only the others."""
    plans = [Plan(commands=(LIMIT,) * (n % 2), end_us=END_US + n) for n in range(6)]

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with resimulator(cache=tmp_path, progress=interrupt) as one, pytest.raises(KeyboardInterrupt):
        one(plans)
    assert len(list(tmp_path.glob("*.json"))) == 2
    told: list[tuple[int, int]] = []
    with resimulator(cache=tmp_path, progress=lambda done, total: told.append((done, total))) as one:
        found = one(plans)
    assert told == [(n, 6) for n in range(2, 7)]
    assert found == resimulator(workers=1)(plans)


def test_without_fork_a_pool_runs_every_plan_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the platform can't fork, fresh processes give the same outcomes."""
    plans = [Plan(commands=(LIMIT,) * (n % 2), end_us=END_US + n) for n in range(4)]
    monkeypatch.delattr(os, "fork", raising=False)
    assert resimulator(workers=2)(plans) == resimulator(workers=1)(plans)


def test_the_cache_answers_only_what_it_was_asked(tmp_path: Path) -> None:
    """A second run reads from disk, damaged entries are run again, and another seed is another entry."""
    plan = Plan(commands=(LIMIT,), end_us=END_US)
    first = resimulator(cache=tmp_path)([plan])
    files = list(tmp_path.iterdir())
    assert len(files) == 1
    assert resimulator(cache=tmp_path, world_factory=None)([plan]) == first, "no world was made"
    files[0].write_bytes(files[0].read_bytes().replace(b'"sli"', b'"slo"'))
    assert resimulator(cache=tmp_path)([plan]) == first
    what = scenario()
    Resimulator(scenario=what, seed=8, cast=plain_cast(what), world_factory=FakeWorld, cache=tmp_path)([plan])
    assert len(list(tmp_path.iterdir())) == 2
