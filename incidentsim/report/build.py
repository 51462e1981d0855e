"""A score, a transcript and a scenario to the view model of a report. Pure: nothing is run and nothing is read.

Called by the command line and by tests. What a reader may not see never enters the model: a candidate's report
has no interview points, flags, marks or interviewer's notes, and, until the session has ended, no truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from incidentsim.exact import format_clock
from incidentsim.report import findings, interview, postmortem, story, timeline
from incidentsim.report.inputs import Extras
from incidentsim.report.model import Audience, Head, PostmortemView, Report, RuleView, Sentence
from incidentsim.report.phrases import clock, count, tidy, voice_of
from incidentsim.report.records import record_rows, said_by_interviewer
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import recorded_series
from incidentsim.scoring.explain import RULES
from incidentsim.text import listed
from incidentsim.transcript.model import Record, Transcript

_STANDING_RULES = ("credit", "P", "De", "C", "evidence", "times", "index")
"""Rules that captions of tables name, whatever is in them."""

_AUTHORITY = {
    "host": "recorded by the host of the session",
    "self": "recorded by the player alone: nobody else vouches for it",
    "imported": "imported: nobody here vouches for it",
}
_FOR_INTERVIEWERS = "Interviewer's version: it may hold marks, flags and notes that are not for the candidate."
_FOR_CANDIDATE = "Candidate's version: interview points, flags, people's marks and notes are not in it."
_NO_TRUTH = "The session has not ended, so causes, verdicts and scores are left out; they come when it has."


def build_report(
    card: Mapping[str, Any], transcript: Transcript, scenario: Scenario, *, audience: Audience = "interviewer",
    extras: Extras | None = None,
) -> Report:  # fmt: skip
    """Return the report of one play. `card` is the score's JSON (`incidentsim-score/1`)."""
    extras = extras or Extras()
    cast = Cast.from_json(transcript.header["cast"])
    records = transcript.records
    ended = next((r for r in reversed(records) if r.type in ("end", "abandon")), None)
    truth = audience == "interviewer" or ended is not None
    private = audience == "interviewer"
    voice = voice_of(audience)
    end_us = ended.t_us if ended is not None else max((r.t_us for r in records), default=0)
    recorded = recorded_series(records)
    times = findings.time_rows(card, truth=truth)
    by_key = {row.key: row for row in times}
    moves = findings.move_rows(card, scenario, truth=truth)
    claims = findings.claim_rows(card, cast, truth=truth)
    statements = findings.statement_rows(card, truth=truth)
    causes = findings.cause_rows(card, scenario, cast, records) if truth else ()
    summary = [
        story.happened(scenario, cast, records, truth=truth),
        story.did(
            voice,
            records,
            moves,
            claims,
            statements,
            ended=ended,
            method=findings.method(card, moves) if truth else None,
        ),
    ]
    if truth:
        summary.append(story.users_felt(scenario, cast, records, recorded, end_us, by_key, extras.runs,
                                        causes, card.get("durable")))  # fmt: skip
    report = Report(
        head=_head(transcript, scenario, cast, card, audience, ended=ended, truth=truth),
        summary=tuple(summary),
        facts=findings.facts(card, by_key) if truth else (),
        score=findings.score_view(card, extras) if truth else None,
        times=times,
        chart=timeline.chart(scenario=scenario, cast=cast, records=records, recorded=recorded, end_us=end_us,
                             moves=moves, extras=extras, truth=truth),
        together=findings.together(card, scenario, moves) if truth else None,
        method=findings.method(card, moves) if truth else None,
        moves=moves,
        causes=causes,
        herrings=tuple(tidy(cast.render(text)) for text in scenario.herrings) if truth else (),
        diagnosis=claims,
        hypotheses=interview.hypothesis_rows(card, records, cast, truth=truth),
        never=findings.never_rows(card, scenario, cast) if truth else (),
        statements=statements,
        flags=interview.flag_rows(card) if private else (),
        interview=interview.interview_view(card) if private else None,
        postmortem=_postmortem(extras, audience) if truth else None,
        notes=story.interviewer_notes([r for r in records if said_by_interviewer(r)]) if private else (),
        limits=_limits(card, transcript, truth=truth),
        rules=(),
        records=(),
    )  # fmt: skip
    return _with_records(report, records, cast, truth=truth, private=private)


def _head(
    transcript: Transcript, scenario: Scenario, cast: Cast, card: Mapping[str, Any], audience: Audience, *,
    ended: Record | None, truth: bool,
) -> Head:  # fmt: skip
    header = transcript.header
    engine = header.get("engine", {})
    authority = str(header.get("authority", "self"))
    note = _FOR_INTERVIEWERS if audience == "interviewer" else _FOR_CANDIDATE
    return Head(
        title=tidy(cast.render(scenario.title)), scenario=scenario.id, scenario_version=scenario.version,
        level=scenario.level, seed=int(header.get("seed", 0)), created_utc=_day(header),
        engine=tidy(f"incidentsim {engine.get('version', '?')}, compat {engine.get('compat', '?')}", 80),
        authority=_AUTHORITY.get(authority, tidy(authority, 40)), audience=audience,
        audience_note=note if truth else f"{note} {_NO_TRUTH}",
        ended="not ended" if ended is None else f"ended at {format_clock(ended.t_us)} of {clock(scenario.duration)}",
        truth=truth, measured=truth and card.get("practice_index") is not None,
    )  # fmt: skip


def _day(header: Mapping[str, Any]) -> str:
    """Return when it was played as people write it: `2026-11-21 07:12 UTC`."""
    written = tidy(header.get("created_utc", ""), 40)
    day, t, rest = written.partition("T")
    return f"{day} {rest[:5]} UTC" if t and rest.endswith("Z") else written


def _limits(card: Mapping[str, Any], transcript: Transcript, *, truth: bool) -> tuple[str, ...]:
    if not truth:
        return (_NO_TRUTH,)
    lost = [r for r in transcript.records if r.type == "recovered"]
    notes = [tidy(note) for note in card.get("notes", ())]
    if lost:
        clocks = listed([format_clock(r.t_us) for r in lost])
        notes.append(f"The session was interrupted and recovered {count(len(lost), 'time')}, at {clocks}.")
    if transcript.header.get("authority", "self") == "self":
        notes.append("The record's authority is the player alone: its chain shows edits, but not a file written anew.")
    return tuple(notes)


def _rules(report: Report) -> tuple[RuleView, ...]:
    """Return the rules that the report names, and those of its tables, in the order of their declaration."""
    named = {*_STANDING_RULES, *linked_rules(report)}
    return tuple(
        RuleView(id=r.id, title=r.title, weight=r.weight, formula=r.formula, why=r.why)
        for r in RULES.values()
        if r.id in named
    )


def _postmortem(extras: Extras, audience: Audience) -> PostmortemView | None:
    return postmortem.postmortem_view(extras.postmortem, audience) if extras.postmortem else None


def _with_records(report: Report, records: Sequence[Record], cast: Cast, *, truth: bool, private: bool) -> Report:
    """Return the report with the rules and transcript lines it links to, and all other lines that say something."""
    linked = frozenset(linked_seqs(report))
    rows = record_rows(records, cast, truth=truth, private=private, linked=linked)
    return replace(report, records=rows, rules=_rules(report) if truth else ())


def linked_seqs(value: Any) -> list[int]:
    """Return every transcript number in a report, in the order of its fields."""
    if isinstance(value, Sentence):
        return list(value.seqs)
    if isinstance(value, tuple):
        return [seq for item in value for seq in linked_seqs(item)]
    out = [] if not hasattr(value, "seqs") else list(value.seqs)
    for name in getattr(value, "__slots__", ()):
        if name not in ("seqs", "records"):
            out += linked_seqs(getattr(value, name))
    return out


def linked_rules(value: Any) -> list[str]:
    """Return every rule that a report names, in the order of its fields."""
    if isinstance(value, tuple):
        return [rule for item in value for rule in linked_rules(item)]
    out = [value.rule] if getattr(value, "rule", "") else []
    for name in getattr(value, "__slots__", ()):
        out += linked_rules(getattr(value, name))
    return out
