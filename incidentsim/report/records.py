"""Lines of the transcript in words: what the numbers of a report link to.

What only drives a screen or a digest (views, clocks, checkpoints) has no line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from incidentsim.exact import format_clock
from incidentsim.report.model import RecordRow
from incidentsim.report.phrases import count, tidy
from incidentsim.scenario.cast import Cast
from incidentsim.transcript.model import Record

Body = dict[str, Any]


def record_rows(
    records: Sequence[Record], cast: Cast, *, truth: bool, private: bool, linked: frozenset[int] = frozenset()
) -> tuple[RecordRow, ...]:
    """Return the lines this reader may see.

    `truth` admits the ground truth, `private` what only interviewers see. `linked` are lines that the report
    points to: they are there even when a reader would not miss them.
    """
    rows = []
    for record in records:
        hidden = "c" not in record.vis
        if hidden and not ((truth and "g" in record.vis) or (private and "i" in record.vis)):
            continue
        tell = _TOLD.get(record.type)
        if tell is not None:
            text = tell(record.body, cast)
        elif record.seq in linked:
            text = record.type.replace("_", " ")
        else:
            continue
        rows.append(
            RecordRow(seq=record.seq, clock=format_clock(record.t_us), who=tidy(record.actor, 80),
                      text=tidy(text), truth=hidden)
        )  # fmt: skip
    return tuple(rows)


def said_by_interviewer(record: Record) -> bool:
    """Say whether a record is an interviewer's own note, which a candidate never sees."""
    return "i" in record.vis and "c" not in record.vis and "g" not in record.vis and "text" in record.body


def _accepted(body: Body, _: Cast) -> str:
    because = f" because “{body['because']}”" if body.get("because") else ""
    said = str(body.get("text") or body.get("verb", "")).partition(" --because")[0]
    dry = "preview: " if body.get("dry_run") else ""
    return f"{dry}{said}{because}"


def _look(body: Body, _: Cast) -> str:
    arguments = " ".join(str(value) for value in body.get("args", {}).values())
    return f"looked: {body.get('verb', '')} {arguments}".rstrip() + f" ({count(int(body.get('lines', 0)), 'line')})"


def _hypothesis(body: Body, _: Cast) -> str:
    cause = f", cause {body['cause']}" if body.get("cause") else ""
    return f"hypothesis {body.get('number', '')}: {body.get('statement', '')} ({_percent(body)}{cause})"


def _diagnosis(body: Body, _: Cast) -> str:
    return f"diagnosis: {body.get('fault', '')} of {body.get('component', '')} ({_percent(body)})"


def _percent(body: Body) -> str:
    ppm = body.get("p_ppm")
    return "no probability" if ppm is None else f"{int(ppm) / 10_000:g} %"


def _fault(body: Body, cast: Cast) -> str:
    return f"truth: {body.get('kind', '')} of {cast.shown(str(body.get('component', '')))} {body.get('state', '')}"


def _message(body: Body, _: Cast) -> str:
    answer = f" on #{body['ref']}" if body.get("ref") else ""
    return f"{body.get('who', '')} writes{answer}: {body.get('text', '')}"


def _end(body: Body, _: Cast) -> str:
    text = f": {body['text']}" if body.get("text") else ""
    return f"the session ended ({body.get('reason', '')}){text}"


_TOLD: dict[str, Callable[[Body, Cast], str]] = {
    "page": lambda body, _: f"page: {body.get('text', '')}",
    "alert_fired": lambda body, _: f"alert {body.get('alert', '')} fired: {body.get('summary', '')}",
    "alert_cleared": lambda body, _: f"alert {body.get('alert', '')} cleared",
    "message": _message,
    "change": lambda body, _: f"change {body.get('change', '')} by {body.get('actor', '')}: {body.get('summary', '')}",
    "effect": lambda body, _: f"effect of #{body.get('ref', '')}, {body.get('stage', '')}: {body.get('text', '')}",
    "fault": _fault,
    "accepted": _accepted,
    "rejected": lambda body, _: f"not done: {body.get('text', '')} ({body.get('reason', '')})",
    "look": _look,
    "undone": lambda body, _: f"#{body.get('ref', '')} undone by #{body.get('by', '')}",
    "hypothesis": _hypothesis,
    "rule_out": lambda body, _: f"ruled out hypothesis {body.get('number', '')}: {body.get('text', '')}",
    "diagnosis": _diagnosis,
    "note": lambda body, _: f"note: {body.get('text', '')}",
    "ack": lambda body, _: "acknowledged the page",
    "hint": lambda body, _: f"took hint {body.get('number', '')} for {body.get('price', '')} points",
    "severity": lambda body, _: f"declared {body.get('severity', '')}",
    "status": lambda body, _: f"status: {body.get('text', '')}",
    "resolve": lambda body, _: f"declared it over: {body.get('text', '')}",
    "end": _end,
    "abandon": lambda body, _: "gave the incident up",
    "recovered": lambda body, _: "the session was recovered after a break",
    "rebased": lambda body, _: f"run again on another engine, from a record of compat {body.get('compat', '')}",
}
