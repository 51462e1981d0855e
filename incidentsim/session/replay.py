"""Running a record again, and saying whether it gives the same bits.

`verify` is `incidentsim verify`: chain, engine and scenario, then every fact and checkpoint in turn. The
first difference is reported with the one line that reproduces it, and with the components whose state differs at the
first checkpoint that does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.errors import DigestMismatch, TranscriptError
from incidentsim.events import CheckpointTaken
from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.levels import at_level, level_of
from incidentsim.scenario.model import Scenario
from incidentsim.session.divergence import Parting, first_parting
from incidentsim.session.host import HEADLESS_SLICE_US
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.session.resume import check_same
from incidentsim.transcript import chain, queries
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.queries import ReportedFact
from incidentsim.transcript.recovery import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first thing a replay did otherwise; `recorded` or `replayed` is empty where there was nothing."""

    t_us: int
    recorded: str
    replayed: str
    reproduce: str = ""

    def __str__(self) -> str:
        was, now = self.recorded or "nothing", self.replayed or "nothing"
        text = f"at {format_clock(self.t_us)}: recorded {was}, replayed {now}"
        return f"{text}; reproduce with: {self.reproduce}" if self.reproduce else text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What a replay came to. `dyn` and `tel` are the world's digests at `end_us`.

    `parting` is the first checkpoint that differs, with the components whose state does.
    """

    behaviour_digest: str
    recorded_digest: str
    dyn: str
    tel: str
    end_us: int
    checkpoints: int
    first_divergence: Divergence | None
    parting: Parting | None = None

    @property
    def same(self) -> bool:
        """Say whether the replay was bit-identical."""
        return self.first_divergence is None and self.behaviour_digest == self.recorded_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The verdict on one file: the chain always, the replay where this engine can run it."""

    chain: chain.ChainReport
    replay: ReplayResult | None
    problem: str
    """Why it does not verify; empty when it does."""

    @property
    def ok(self) -> bool:
        """Say whether chain and replay are both right."""
        return not self.problem


def replay(
    transcript: Transcript, scenario: Scenario, *, path: str = "", world_factory: WorldFactory = real_world
) -> ReplayResult:
    """Run the recorded commands in a fresh world, to the recorded end.

    Raises TranscriptError for another scenario's record, DigestMismatch for another engine's.
    """
    check_same(transcript.header, scenario)
    scenario = at_level(scenario, level_of(transcript.header))
    end_us = queries.end_us(transcript)
    timed = queries.commands(transcript)
    cast = Cast.from_json(transcript.header["cast"])
    world = world_factory(scenario, seed=transcript.header["seed"], cast=cast)
    for command in timed:
        world.submit(command.command, t_us=command.t_us, k=command.k, ref=command.ref)
    reported: list[ReportedFact] = []
    taken: list[CheckpointTaken] = []
    while world.now_us < end_us:
        world.advance(min(world.now_us + HEADLESS_SLICE_US, end_us))
        facts = world.facts()
        reported += (queries.reported(fact) for fact in facts)
        taken += (fact for fact in facts if isinstance(fact, CheckpointTaken))
    recorded = queries.facts(transcript)
    if not queries.has_ended(transcript):
        # a killed session may have simulated more than it had written
        reported = reported[: len(recorded)]
    given = [c for c in timed if c.t_us <= end_us]
    checkpoints = queries.checkpoints(transcript)
    return ReplayResult(
        behaviour_digest=queries.behaviour_of(transcript.header, given, reported),
        recorded_digest=queries.behaviour_of(transcript.header, given, recorded),
        dyn=world.dyn_digest(),
        tel=world.tel_digest(),
        end_us=end_us,
        checkpoints=len(checkpoints),
        first_divergence=_first_difference(recorded, tuple(reported), path),
        parting=first_parting(checkpoints, taken, world.part_names()),
    )


def verify(path: Path, scenario_of: Any, *, world_factory: WorldFactory = real_world) -> Verification:
    """Check a file in every way this engine can; `scenario_of` loads a scenario by its id.

    Never raises for what the file holds.
    """
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise TranscriptError(f"{path}: {wrong.strerror}") from wrong
    report = chain.verify(data)
    if not report.ok:
        return Verification(chain=report, replay=None, problem=f"the chain is broken: {report.broken}")
    try:
        transcript = read(path)
        scenario = scenario_of(str(transcript.header["scenario"]["id"]))
        result = replay(transcript, scenario, path=str(path), world_factory=world_factory)
    except (TranscriptError, DigestMismatch) as wrong:
        return Verification(chain=report, replay=None, problem=str(wrong))
    problem = "" if result.same else f"the replay differs {result.first_divergence}"
    if not result.same and result.parting is not None:
        problem += f"; {result.parting}"
    return Verification(chain=report, replay=result, problem=problem)


def _first_difference(
    recorded: tuple[ReportedFact, ...], replayed: tuple[ReportedFact, ...], path: str
) -> Divergence | None:
    for place in range(max(len(recorded), len(replayed))):
        was = recorded[place] if place < len(recorded) else None
        now = replayed[place] if place < len(replayed) else None
        if was == now:
            continue
        t_us = min(fact.t_us for fact in (was, now) if fact is not None)
        clock = max(t_us, 0) // 1_000_000
        line = f"incidentsim replay {path} --at {clock}s --plain" if path else ""
        return Divergence(t_us=t_us, recorded=_shown(was), replayed=_shown(now), reproduce=line)
    return None


def _shown(fact: ReportedFact | None) -> str:
    return "" if fact is None else f"{fact.type} {fact.body}"
