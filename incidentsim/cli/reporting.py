"""One transcript to its report: scores it, takes the runs that scoring kept, replays its signals, builds the model.

Called by `report`. Where this engine can't run the record, the report is made of what needs no world.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from incidentsim.cli.progress import Tell
from incidentsim.errors import DigestMismatch, TranscriptError, UsageError
from incidentsim.report.build import build_report
from incidentsim.report.inputs import Extras, Runs, Signal
from incidentsim.report.model import Audience, Report, Sentence
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.debrief import Line, debrief
from incidentsim.scoring.debrief_names import as_shown
from incidentsim.scoring.play import names_of, read_play
from incidentsim.scoring.protocol import RUN_ON_US, Plan
from incidentsim.session.judging import judge
from incidentsim.session.resimulation import resimulator
from incidentsim.session.signals import replayed_signals
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import clean_values

MAX_BYTES = 4_000_000
"""Largest score or check that is read."""

_NEEDED = ("cast", "scenario", "seed", "engine")
"""Header fields without which nothing can be scored; a candidate's copy of a transcript lacks them."""


def report_of(
    transcript: Transcript, scenario: Scenario, path: Path, *, audience: Audience, cache: Path | None,
    progress: Tell | None = None, scored: Path | None = None, postmortem: Path | None = None,
) -> Report:  # fmt: skip
    """Return the report of a transcript, from a score and a postmortem's check on file where they are given.

    Raises TranscriptError when the transcript is of another scenario or version, UsageError for a file that is not
    what it should be, or not of this play.
    """
    kept = _kept_score(scored, transcript) if scored is not None else None
    check = _json_of(postmortem, "incidentsim-postmortem/1") if postmortem is not None else None
    card = judge(transcript, scenario, cache=cache, progress=progress)
    runs: Runs | None = None
    signals: tuple[Signal, ...] = ()
    if card.practice_index is not None:
        runs = _runs(transcript, scenario, cache)
        signals = _signals(transcript, scenario, path, cache)
    shown = as_shown(card, transcript)
    told = {section.title: section.lines[0] for section in debrief(shown)}
    extras = Extras(
        runs=runs, signals=signals,
        strength=_sentence(told, "Strength"), improvement=_sentence(told, "To improve"), postmortem=check,
    )  # fmt: skip
    try:
        return build_report(kept or card.to_json(), transcript, scenario, audience=audience, extras=extras)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        if kept is None and check is None:
            raise
        files = " or ".join(str(path) for path in (scored, postmortem) if path is not None)
        raise UsageError(f"{files} is not of this version's shape ({wrong!r}); write it again") from wrong


def check_whole(transcript: Transcript, path: Path) -> None:
    """Raise TranscriptError when a transcript is a candidate's copy, which nothing can be scored from."""
    missing = [name for name in _NEEDED if name not in transcript.header]
    if missing:
        raise TranscriptError(
            f"{path}: the header has no {missing[0]}: this is a candidate's copy; a report needs the host's transcript"
        )


def _kept_score(path: Path, transcript: Transcript) -> dict[str, Any]:
    """Return a score on file. Raises UsageError when it is not one of this play."""
    card = _json_of(path, "incidentsim-score/1")
    scenario, wanted = card.get("scenario"), transcript.header["scenario"]
    issued = {record.seq for record in transcript.records if record.type == "accepted"}
    try:
        same = isinstance(scenario, dict) and scenario.get("digest") == wanted["digest"]
        same = same and card.get("seed") == transcript.header["seed"]
        same = same and all(seq in issued for move in card["moves"] for seq in move["seqs"])
    except (KeyError, TypeError) as wrong:
        raise UsageError(f"{path} is not of this version's shape ({wrong!r}); score the transcript again") from wrong
    if not same:
        raise UsageError(f"{path} is the score of another play; make it with `incidentsim score TRANSCRIPT --json`")
    return card


def _json_of(path: Path, schema: str) -> dict[str, Any]:
    """Return a file's JSON object, its text cleaned. Raises UsageError when it is not one of this schema."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES:,} bytes")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as wrong:
        raise UsageError(f"{path} can't be read as JSON: {wrong}") from wrong
    if not isinstance(value, dict) or value.get("schema") != schema:
        raise UsageError(f"{path} is not a {schema}; make it with --json")
    cleaned: dict[str, Any] = clean_values(value)
    return cleaned


def _runs(transcript: Transcript, scenario: Scenario, cache: Path | None) -> Runs:
    """Return the two runs that scoring made already: with a cache they are read, not run again."""
    cast = Cast.from_json(transcript.header["cast"])
    play = read_play(transcript.records, names_of(cast, scenario))
    given = tuple(issued.timed() for issued in play.given())
    plans = [
        Plan(commands=(), end_us=scenario.duration),
        Plan(commands=given, end_us=scenario.duration, run_on_us=RUN_ON_US),
    ]
    with resimulator(scenario, int(transcript.header["seed"]), cast, cache=cache) as resimulate:
        nothing, played = resimulate(plans)
    return Runs(nothing=nothing.series, played=played.series)


def _signals(transcript: Transcript, scenario: Scenario, path: Path, cache: Path | None) -> tuple[Signal, ...]:
    try:
        found = replayed_signals(transcript, scenario, path, cache=cache)
    except DigestMismatch:
        return ()
    return tuple(Signal(**asdict(signal)) for signal in found)


def _sentence(told: dict[str, Line], title: str) -> Sentence | None:
    line = told.get(title)
    return None if line is None else Sentence(text=line.text, seqs=line.seqs)
