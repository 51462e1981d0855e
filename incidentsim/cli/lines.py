"""Events of a session as sentences, one a line: for plain mode and for printing a transcript.

Words only, no glyphs and no colour: a screen reader speaks what a terminal shows. What only drives a screen
(views, clocks, checkpoints) has no line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from incidentsim.exact import format_clock

Body = dict[str, Any]


def event_line(type_: str, t_us: int, body: Body, *, own: bool = True) -> str:
    """Return the line of one event, `T+04:12 …`, or an empty text when it has none.

    `own` tells whether to repeat what the person did themselves: a live player just typed it, a reader of a
    transcript did not.
    """
    tell = _TOLD.get(type_) or (_OWN.get(type_) if own else None)
    return f"{format_clock(t_us)} {tell(body)}" if tell else ""


def ppm_text(ppm: int) -> str:
    """Return a probability in parts per million as a percentage."""
    return f"{ppm / 10_000:g} %"


def _effect(body: Body) -> str:
    return f"#{body['ref']} {body['stage']}: {body['text']}"


def _alert_fired(body: Body) -> str:
    quiet = ", silenced" if body.get("silenced") else ""
    return f"alert {body['alert']} firing ({body['severity']}{quiet}): {body['summary']}"


def _message(body: Body) -> str:
    answer = f", on #{body['ref']}" if body.get("ref") else ""
    return f"{body['who']} writes{answer}: {body['text']}"


def _accepted(body: Body) -> str:
    dry = " [dry run]" if body.get("dry_run") else ""
    return f"you: {body.get('text') or body['verb']}{dry}"


def _look(body: Body) -> str:
    arguments = " ".join(str(value) for value in body.get("args", {}).values())
    return f"you look: {body['verb']} {arguments}".rstrip() + f" ({body['lines']} lines)"


def _hypothesis(body: Body) -> str:
    cause = f", cause {body['cause']}" if body.get("cause") else ""
    return f"hypothesis {body['number']}: {body['statement']} ({ppm_text(body['p_ppm'])}{cause})"


def _diagnosis(body: Body) -> str:
    return f"diagnosis: {body['fault']} of {body['component']} ({ppm_text(body['p_ppm'])})"


def _clock(body: Body) -> str:
    speed = body["speed_milli"] / 1000
    return f"speed {speed:g}" if speed else "speed: as fast as possible"


_TOLD: dict[str, Callable[[Body], str]] = {
    "page": lambda body: f"PAGE from {body['source']}: {body['text']}",
    "alert_fired": _alert_fired,
    "alert_cleared": lambda body: f"alert {body['alert']} cleared",
    "message": _message,
    "change": lambda body: f"change {body['change']} by {body['actor']}: {body['summary']}",
    "effect": _effect,
    "end": lambda body: f"the incident is over ({body['reason']})",
    "abandon": lambda body: "the incident was given up",
    "recovered": lambda body: "the session was recovered",
}
"""What a person could not know without being told."""

_OWN: dict[str, Callable[[Body], str]] = {
    "accepted": _accepted,
    "rejected": lambda body: f"not done: {body['text']} ({body['reason']})",
    "look": _look,
    "undone": lambda body: f"#{body['ref']} undone by #{body['by']}",
    "hypothesis": _hypothesis,
    "rule_out": lambda body: f"ruled out: {body['text']}",
    "diagnosis": _diagnosis,
    "note": lambda body: f"note: {body['text']}",
    "ack": lambda body: "page acknowledged",
    "severity": lambda body: f"{body['severity']} declared",
    "hint": lambda body: f"hint {body['number']} taken, for {body['price']} points: {body['text']}",
    "status": lambda body: f"status: {body['text']}",
    "pause": lambda body: "paused",
    "resume": lambda body: "resumed",
    "clock": _clock,
}
"""What a person did themselves."""
