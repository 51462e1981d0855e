"""Sessions that take over from a moment of an earlier one: opened here, and compared with it when they are over.

Called by `play --rewind`, the debrief screen and `score`.
"""

from __future__ import annotations

from pathlib import Path

from incidentsim.cli.library import load, set_pace
from incidentsim.cli.progress import Tell
from incidentsim.config import Config
from incidentsim.errors import TranscriptError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.debrief import Section
from incidentsim.scoring.futures import future, two_futures
from incidentsim.scoring.protocol import RUN_ON_US, Plan
from incidentsim.session.again import rewind
from incidentsim.session.host import IncidentSession
from incidentsim.session.resimulation import resimulator
from incidentsim.session.store import list_sessions, new_session_path, session_path
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.queries import commands, of_type
from incidentsim.transcript.recovery import read


def rewind_session(config: Config, sid: str, t_us: int) -> IncidentSession:
    """Open a new session that stands paused at a moment of the one called `sid`. Raises UsageError."""
    transcript = read(session_path(config.data_dir, sid))
    scenario = load(str(transcript.header["scenario"]["id"]), config.scenarios_dir)
    session = rewind(transcript, scenario, new_session_path(config.data_dir, scenario.id), t_us=t_us)
    set_pace(config, session)
    return session


def taken_over(transcript: Transcript) -> tuple[str, str, int] | None:
    """Return (parent's sid, its head, moment in µs) of a session that was rewound, else None."""
    for record in of_type(transcript, "rewound"):
        parent = record.body["parent"]
        return str(parent["sid"]), str(parent["head"]), int(record.body["t_us"])
    return None


def futures_of(
    transcript: Transcript, scenario: Scenario, *, data: Path, cache: Path | None, progress: Tell | None = None
) -> Section | None:
    """Return the comparison with the session this one was taken over from; None when it wasn't, or that one is gone."""
    came_from = taken_over(transcript)
    if came_from is None:
        return None
    sid, head, t_us = came_from
    parent = _parent(data, sid, head)
    if parent is None:
        return None
    end_us = scenario.duration
    # with the run-on that scoring asks for: its runs are in the cache then
    plans = [Plan(commands=commands(t), end_us=end_us, run_on_us=RUN_ON_US) for t in (parent, transcript)]
    cast, seed = Cast.from_json(transcript.header["cast"]), int(transcript.header["seed"])
    with resimulator(scenario, seed, cast, cache=cache, progress=progress) as resimulate:
        before, now = resimulate(plans)
    return two_futures(future(before, scenario, t_us), future(now, scenario, t_us), t_us)


def _parent(data: Path, sid: str, head: str) -> Transcript | None:
    """Return the session with this id whose chain ended, or went on, at `head`."""
    for stored in list_sessions(data):
        if stored.state == "broken":
            continue
        try:
            transcript = read(stored.path)
        except TranscriptError:
            continue
        if transcript.header["sid"] == sid and any(record.link == head for record in transcript.records):
            return transcript
    return None
