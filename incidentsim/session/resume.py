"""Bringing a session back from its record: repair, run the world again, compare, go on paused.

A session that is over is only read, scored and taken over from, none of which looks at its world: that is not run
again, so that its debrief opens at once (`verify` compares).

The world is run from the start of the prelude with the recorded commands, up to the last moment the record
knows of. Every fact it reports must be the recorded one, checkpoints with their digests among them; facts
that the killed process had not written yet are written now.
"""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

from incidentsim.errors import DigestMismatch, TranscriptError
from incidentsim.events import Fact, as_body
from incidentsim.exact import format_clock
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.levels import at_level, level_of
from incidentsim.scenario.model import Scenario
from incidentsim.session.engine import ENGINE_COMPAT, TICK_US
from incidentsim.session.host import HEADLESS_SLICE_US, IncidentSession
from incidentsim.session.ports import WorldFactory, WorldPort
from incidentsim.session.recorder import Recorder
from incidentsim.session.state import SessionState
from incidentsim.transcript import queries
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import recover


class AtRest:
    """The world of a session that is over: its stack as it is built, at the time of the end. Nothing was run in it."""

    def __init__(self, world: WorldPort, now_us: int) -> None:
        self.now_us = now_us
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


def resume(path: Path, scenario: Scenario, *, world_factory: WorldFactory) -> IncidentSession:
    """Return the session whose record is at `path`, paused; an ended one is opened for reading.

    Raises TranscriptError when the record can't be read or is another scenario's, DigestMismatch when this
    engine needs not behave as the recorded one, or, for one that goes on, does not.
    """
    recovered = recover(path)
    transcript = recovered.transcript
    check_same(transcript.header, scenario)
    scenario = at_level(scenario, level_of(transcript.header))
    ended = queries.has_ended(transcript)
    cast = Cast.from_json(transcript.header["cast"])
    state = SessionState(most_causes=len(scenario.root_causes) + 1)
    recorder = Recorder.reopen(path, transcript, state, writable=not ended)
    try:
        world = world_factory(scenario, seed=transcript.header["seed"], cast=cast)
        missing: list[Fact] = []
        if ended:
            world = typing.cast(WorldPort, AtRest(world, queries.end_us(transcript)))
        else:
            missing = _run_again(world, transcript, _processed_until(transcript))
        session = IncidentSession(scenario, cast, world, recorder)
        if not ended:
            for fact in missing:
                recorder.append(fact.type, fact.t_us, as_body(fact), actor="world", vis=fact.vis)
            last = queries.last_checkpoint(recorder.transcript())
            body = {
                "checkpoint_t": last.t_us if last else -scenario.prelude,
                "lost_tail_bytes": len(transcript.torn_tail),
            }
            session.record("recovered", body, actor="host")
    except BaseException:
        recorder.close()
        raise
    return session


def check_same(header: dict[str, Any], scenario: Scenario) -> None:
    """Raise when a record of this header can't be run again with this scenario on this engine."""
    recorded = header["scenario"]
    if recorded["id"] != scenario.id or recorded["digest"] != scenario.digest:
        wanted = f"{recorded['id']} version {recorded['version']} ({recorded['digest'][:12]})"
        given = f"{scenario.id} version {scenario.version} ({scenario.digest[:12]})"
        raise TranscriptError(f"the record is of {wanted}, not of {given}; use the scenario files it was made with")
    compat = header["engine"]["compat"]
    if compat != ENGINE_COMPAT:
        raise DigestMismatch(
            f"the record needs an engine with compat {compat}; this one has {ENGINE_COMPAT} "
            "(`replay --rebase OUT` runs its commands on today's engine)"
        )


def _processed_until(transcript: Transcript) -> int:
    """Return the time up to which the recorded world surely ran: a command gets the tick after its moment."""
    latest = max((timed.t_us - TICK_US for timed in queries.commands(transcript)), default=0)
    return max(queries.end_us(transcript), latest)


def _run_again(world: WorldPort, transcript: Transcript, until_us: int) -> list[Fact]:
    """Bring the world to `until_us`; return the facts that were not recorded yet."""
    for timed in queries.commands(transcript):
        world.submit(timed.command, t_us=timed.t_us, k=timed.k, ref=timed.ref)
    facts: list[Fact] = []
    while world.now_us < until_us:
        world.advance(min(world.now_us + HEADLESS_SLICE_US, until_us))
        facts += world.facts()
    recorded = queries.facts(transcript)
    for place, (was, now) in enumerate(zip(recorded, facts, strict=False)):
        given = queries.reported(now)
        if was != given:
            raise DigestMismatch(
                f"running the record again differs at fact {place}, {format_clock(was.t_us)}: recorded "
                f"{was.type} {was.body}, now {given.type} {given.body}; "
                "`incidentsim verify` says whether the file was changed"
            )
    if len(recorded) > len(facts):
        raise DigestMismatch(
            f"running the record again gives {len(facts)} facts up to {format_clock(until_us)}, "
            f"the record has {len(recorded)}"
        )
    return facts[len(recorded) :]
