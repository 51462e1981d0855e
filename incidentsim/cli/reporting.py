"""One transcript to its report: scores it, takes the runs that scoring kept, replays its signals, builds the model.

Called by `report`. Where this engine can't run the record, the report is made of what needs no world.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from incidentsim.cli.judge import judge
from incidentsim.cli.progress import Tell
from incidentsim.errors import DigestMismatch, TranscriptError
from incidentsim.report.build import build_report
from incidentsim.report.inputs import Extras, Runs, Signal
from incidentsim.report.model import Audience, Report, Sentence
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.debrief import Line, debrief
from incidentsim.scoring.play import names_of, read_play
from incidentsim.scoring.protocol import RUN_ON_US, Plan
from incidentsim.session.resimulation import resimulator
from incidentsim.session.signals import replayed_signals
from incidentsim.transcript.model import Transcript

_NEEDED = ("cast", "scenario", "seed", "engine")
"""Header fields without which nothing can be scored; a candidate's copy of a transcript lacks them."""


def report_of(
    transcript: Transcript, scenario: Scenario, path: Path, *, audience: Audience, cache: Path | None,
    progress: Tell | None = None,
) -> Report:  # fmt: skip
    """Return the report of a transcript. Raises TranscriptError when it is of another scenario or version."""
    card = judge(transcript, scenario, cache=cache, progress=progress)
    runs: Runs | None = None
    signals: tuple[Signal, ...] = ()
    if card.practice_index is not None:
        runs = _runs(transcript, scenario, cache)
        signals = _signals(transcript, scenario, path, cache)
    told = {section.title: section.lines[0] for section in debrief(card)}
    extras = Extras(
        runs=runs, signals=signals,
        strength=_sentence(told, "Strength"), improvement=_sentence(told, "To improve"),
    )  # fmt: skip
    return build_report(card.to_json(), transcript, scenario, audience=audience, extras=extras)


def check_whole(transcript: Transcript, path: Path) -> None:
    """Raise TranscriptError when a transcript is a candidate's copy, which nothing can be scored from."""
    missing = [name for name in _NEEDED if name not in transcript.header]
    if missing:
        raise TranscriptError(
            f"{path}: the header has no {missing[0]}: this is a candidate's copy; a report needs the host's transcript"
        )


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
