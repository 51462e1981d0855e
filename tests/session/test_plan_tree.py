"""Branches against full runs, on the real stack: random plans, random ends, the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import Cast, plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Plan
from incidentsim.session.branching import can_fork
from incidentsim.session.plan_runs import Stage, run_plan
from incidentsim.session.resimulation import Resimulator
from incidentsim.transcript.model import TimedCommand
from incidentsim.world.world import World
from tests.world.worlds import SECOND, small

LINES = (
    (1, "set gateway.admission tokens"),
    (4, 'ask platform "what changed on the gateway?"'),
    (9, "limit strategic tokens 90k"),
    (10, "page account-manager"),
    (10, "scale chat-pool 4"),
    (11, "restart chat-pool-1"),
    (14, "drain chat-pool-7"),
    (20, "priority newsroom batch"),
    (20, "waiver expire chg-2107 --in 5s"),
    (28, "silence TTFTBurnRateFast"),
)
"""What a plan may hold, at seconds of scenario time; the drain always fails."""

SEED = 3


class Telling(World):
    """The real world, with the digest of its dynamics among what an outcome holds."""

    def violations(self) -> tuple[str, ...]:
        """Return the digest and the time as well."""
        return (*super().violations(), self.dyn_digest(), str(self.now_us))


def telling(scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool = True) -> Telling:
    """Make one, in any process."""
    return Telling(scenario, seed=seed, cast=cast, telemetry=telemetry)


STAGE = Stage(
    scenario=small(rate=4_000, duration=40 * SECOND), seed=SEED,
    cast=plain_cast(small()), world_factory=telling,
)  # fmt: skip


def commands() -> tuple[TimedCommand, ...]:
    """Return every command of LINES at its tick; questions have no topic yet."""
    words = telling(STAGE.scenario, seed=SEED, cast=STAGE.cast, telemetry=False).vocabulary()
    words = replace(words, replicas=(*words.replicas, "chat-pool-7"), changes=("chg-2107",), waivers=("chg-2107",))
    return tuple(
        TimedCommand(t_us=t * SECOND, k=k, ref=k + 1, command=parse(line, words)) for k, (t, line) in enumerate(LINES)
    )


COMMANDS = commands()


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan: any of the commands, any end, with or without a run-on."""
    kept = draw(st.lists(st.booleans(), min_size=len(COMMANDS), max_size=len(COMMANDS)))
    return Plan(
        commands=tuple(command for command, keep in zip(COMMANDS, kept, strict=True) if keep),
        end_us=draw(st.sampled_from((20, 25, 30, 40))) * SECOND + draw(st.sampled_from((0, 1, 99_999))),
        run_on_us=draw(st.sampled_from((0, 0, 7 * SECOND))),
    )


@pytest.fixture(scope="module")
def resimulate() -> Iterator[Resimulator]:
    """Return one re-simulator for all examples, so that its process is kept between calls."""
    with Resimulator(scenario=STAGE.scenario, seed=SEED, cast=STAGE.cast, world_factory=telling) as one:
        yield one


@pytest.mark.skipif(not can_fork(), reason="there is no os.fork here")
@settings(max_examples=8)
@given(wanted=st.lists(plans(), min_size=2, max_size=6))
def test_a_tree_of_branches_gives_what_full_runs_give(resimulate: Resimulator, wanted: list[Plan]) -> None:
    """Whatever plans share and wherever they part, each outcome, dyn digest included, is that of a full run."""
    assert list(resimulate(wanted)) == [run_plan(STAGE, plan) for plan in wanted]


def test_every_command_left_out_in_turn(resimulate: Resimulator) -> None:
    """Leave-one-out, as scoring asks for it: all runs differ from the whole, and equal full runs."""
    end_us = 40 * SECOND
    kept = [tuple(c for c in COMMANDS if c is not out) for out in (None, *COMMANDS)]
    wanted = [Plan(commands=some, end_us=end_us, run_on_us=0 if i else 5 * SECOND) for i, some in enumerate(kept)]
    found = list(resimulate(wanted))
    assert found == [run_plan(STAGE, plan) for plan in wanted]
    assert len({outcome.violations for outcome in found}) == len(wanted)


def test_a_plan_that_acts_before_the_process_stands_is_run_all_the_same(resimulate: Resimulator) -> None:
    """Plans that end within the prelude need an earlier world than the one that is kept."""
    resimulate([Plan(commands=COMMANDS[:1], end_us=15 * SECOND), Plan(commands=(), end_us=15 * SECOND)])
    early = [Plan(commands=(), end_us=-15 * SECOND), Plan(commands=COMMANDS[1:2], end_us=-9 * SECOND + 1)]
    assert list(resimulate(early)) == [run_plan(STAGE, plan) for plan in early]
