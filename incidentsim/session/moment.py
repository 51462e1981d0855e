"""A recorded session as it stood at a moment: the same screens over the record, for reading only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.levels import at_level, level_of
from incidentsim.scenario.model import Scenario
from incidentsim.session.host import HEADLESS_SLICE_US, IncidentSession
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.session.recorder import Recorder
from incidentsim.session.resume import check_same
from incidentsim.session.state import SessionState
from incidentsim.transcript import queries
from incidentsim.transcript.model import Transcript


def open_at(
    transcript: Transcript,
    scenario: Scenario,
    path: Path,
    at_us: int,
    *,
    world_factory: WorldFactory = real_world,
) -> IncidentSession:
    """Return the session as it stood at `at_us`, for reading only; its record holds what was known by then.

    Raises TranscriptError for another scenario's record, DigestMismatch for another engine's.
    """
    check_same(transcript.header, scenario)
    scenario = at_level(scenario, level_of(transcript.header))
    until_us = min(max(at_us, -scenario.prelude), queries.end_us(transcript))
    state = SessionState(most_causes=len(scenario.root_causes) + 1)
    known = tuple(r for r in transcript.records if r.t_us <= until_us)
    recorder = Recorder.reopen(path, replace(transcript, records=known), state, writable=False)
    cast = Cast.from_json(transcript.header["cast"])
    world = world_factory(scenario, seed=transcript.header["seed"], cast=cast)
    for timed in queries.commands(transcript):
        if timed.t_us <= until_us:
            world.submit(timed.command, t_us=timed.t_us, k=timed.k, ref=timed.ref)
    while world.now_us < until_us:
        world.advance(min(world.now_us + HEADLESS_SLICE_US, until_us))
        world.facts()  # they are in the record already
    state.ended = state.ended or "replay"
    return IncidentSession(scenario, cast, world, recorder)
