"""Where two runs part: the first checkpoint, and whose state differs there."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

import pytest

from incidentsim.events import CheckpointTaken
from incidentsim.exact import canonical_json
from incidentsim.scenario.model import Scenario
from incidentsim.session.divergence import first_parting
from incidentsim.session.replay import replay, verify
from incidentsim.transcript.recovery import read
from incidentsim.world.checkpoints import Checkpoint
from incidentsim.world.stack.pools.pool import Pool
from tests.session.fake_world import FakeWorld
from tests.session.plays import play_headless
from tests.session.stage import scenario
from tests.world.worlds import SECOND, Run, small

NAMES = ("faults", "chat", "gateway", "node-9")


def taken(t_s: int, dyn: str, parts: str = "0000aaaabbbb", tel: str = "t") -> CheckpointTaken:
    """Return a checkpoint with these digests."""
    return CheckpointTaken(t_us=t_s * SECOND, dyn=dyn, tel=tel, sli={}, cost_microdollars=0, parts=parts)


def test_the_first_checkpoint_that_differs_names_its_components() -> None:
    """Of several checkpoints that differ the first counts, with the parts whose digests differ and no others."""
    one = [taken(10, "a"), taken(20, "b"), taken(30, "c")]
    two = [taken(10, "a"), taken(20, "x", "0000aaaabbbc"), taken(30, "y", "ffffffffffff")]
    parting = first_parting(one, two, NAMES)
    assert parting is not None
    assert (parting.t_us, parting.parts, parting.telemetry) == (20 * SECOND, ("gateway",), False)
    assert str(parting) == "first checkpoint that differs: T+00:20, in the state of gateway"


def test_equal_runs_and_one_that_ended_early_do_not_part() -> None:
    """Nothing is found where one series is the other, or its beginning."""
    one = [taken(10, "a"), taken(20, "b")]
    assert first_parting(one, list(one), NAMES) is None
    assert first_parting(one, one[:1], NAMES) is None


@pytest.mark.parametrize(
    ("other", "parts", "words"),
    [
        (taken(10, "a", tel="u"), (), "in telemetry only"),
        (taken(10, "x"), (), "in the commands given, or in a state that is equal again"),
        (taken(10, "x", ""), (), "the record does not say in whose state"),
        (taken(10, "x", "0000aaaabbbbcccc"), ("node-9",), "in the state of node-9"),
    ],
)
def test_a_parting_says_what_it_knows(other: CheckpointTaken, parts: tuple[str, ...], words: str) -> None:
    """Telemetry alone, other commands, a record without parts, and a component that only one run has."""
    parting = first_parting([taken(10, "a")], [other], NAMES)
    assert parting is not None
    assert parting.parts == parts
    assert words in str(parting)


def test_a_component_that_behaves_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that run at another speed from some moment on part at the next checkpoint, in the state of their pool."""
    run = Run(scenario=small(duration=40 * SECOND))
    honest = run.play()
    assert first_parting(honest.checkpoints(), run.play().checkpoints(), honest.world.part_names()) is None
    true = Pool.jitter_ppm

    def later(pool: Pool, index: int) -> int:
        late = pool._kernel.now > 12 * SECOND
        return true(pool, index) + (3_000 if late else 0)

    monkeypatch.setattr(Pool, "jitter_ppm", later)
    parting = first_parting(honest.checkpoints(), run.play().checkpoints(), honest.world.part_names())
    assert parting is not None
    assert parting.t_us == 20 * SECOND
    assert run.scenario.stack.pools[0].id in parting.parts
    assert not {"faults", "settings", "team", "organisation"} & {*parting.parts}


def test_parts_and_the_digested_whole_are_the_same_text() -> None:
    """What `dyn` digests is the canonical JSON of time, state, indicators and cost, as it was before parts."""
    played = Run(scenario=small(duration=10 * SECOND)).play()
    stack, sli = played.stack, played.world.sli()
    checkpoint = Checkpoint(stack, sli, 7)
    assert checkpoint.frame().decode() == canonical_json([stack.kernel.now, stack.state(), sli, 7])
    assert len(checkpoint.parts()) == 4 * len(played.world.part_names())


def test_a_replay_names_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verifying in a world that serves otherwise says at which checkpoint and in whose state it parts."""
    path = play_headless(tmp_path / "s.jsonl")
    true = FakeWorld._beat

    def slower(world: FakeWorld, t_us: int) -> None:
        true(world, t_us)
        world.replicas += t_us == 33_000_000

    monkeypatch.setattr(FakeWorld, "_beat", slower)
    verdict = verify(path, load, world_factory=FakeWorld)
    assert verdict.replay is not None
    assert verdict.replay.parting is not None
    assert verdict.replay.parting.t_us == 40 * SECOND
    assert "settings" in verdict.replay.parting.parts
    assert "first checkpoint that differs: T+00:40, in the state of " in verdict.problem


def test_records_without_parts_still_verify(tmp_path: Path) -> None:
    """A record of an earlier version, whose checkpoints name no parts, has the same behaviour."""
    transcript = read(play_headless(tmp_path / "s.jsonl"))
    old = tuple(
        changed(r, body={k: v for k, v in r.body.items() if k != "parts"}) if r.type == "checkpoint" else r
        for r in transcript.records
    )
    assert old != transcript.records
    result = replay(changed(transcript, records=old), scenario(), world_factory=FakeWorld)
    assert result.same
    assert result.parting is None
    assert result.behaviour_digest == replay(transcript, scenario(), world_factory=FakeWorld).recorded_digest


def load(scenario_id: str) -> Scenario:
    """Return the one scenario there is."""
    assert scenario_id == "fake-queue"
    return scenario()
