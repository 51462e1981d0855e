"""Transcript events as lines a person reads: the timeline, the channel, and marks on charts. Pure.

Event types are those of the transcript; one this module has never heard of still gets a line when it
carries a readable text, so a newer engine loses nothing on an older terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from incidentsim.client_api import ClientEvent
from incidentsim.specs.verbs import VERBS
from incidentsim.tui.presenters.numbers import clock
from incidentsim.tui.presenters.plot import Marker
from incidentsim.tui.presenters.rows import Row, Span, row, span

_HIDDEN = {
    "start", "pause", "resume", "clock", "recovered", "participants", "consent", "checkpoint", "view",
    "query", "view_opened", "view_closed", "witness", "rejected", "log_expanded", "trace_opened",
    "change_diffed", "runbook_opened", "fault", "telemetry",
}  # fmt: skip
"""Types that would only repeat what the screen already shows, or that a candidate never receives."""

_TEXT_FIELDS = ("text", "summary", "statement", "line", "command", "question", "answer", "message", "note")

_FACT_FIELDS = ("component", "fault", "number", "severity", "screen", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that happened. `group` is command, effect, alert, page, message, change, thought or other."""

    seq: int
    t_us: int
    group: str
    glyph: str
    who: str
    text: str
    role: str = "plain"
    ref: int = 0


def command_text(body: dict[str, Any]) -> str:
    """Return the command line of an accepted command, from its text or from verb and arguments."""
    for name in ("text", "line", "command"):
        value = body.get(name)
        if isinstance(value, str) and value:
            return value
    verb = str(body.get("verb", ""))
    arguments = body.get("args", body.get("arguments", {}))
    values = [str(v) for v in arguments.values()] if isinstance(arguments, dict) else []
    return " ".join((verb, *values)).strip()


def _readable(body: dict[str, Any]) -> str:
    return next((str(body[name]) for name in _TEXT_FIELDS if body.get(name)), "")


def describe(event: ClientEvent) -> Item | None:
    """Return the line for one event, or None when it has no place on the timeline."""
    kind, body = event.type, event.body
    common: dict[str, Any] = {"seq": event.seq, "t_us": event.t_us}
    if kind in _HIDDEN:
        return None
    if kind == "accepted":
        verb = str(body.get("verb", "")) or command_text(body).partition(" ")[0]
        spec = VERBS.get(verb)
        group = "thought" if spec is not None and spec.group == "think" else "command"
        if spec is not None and spec.group == "look" and verb != "ask":
            group = "look"
        return Item(group=group, glyph="›", who="you", text=command_text(body), role="you", **common)
    if kind == "effect":
        stage = str(body.get("stage", ""))
        glyph = "✖" if stage == "failed" else "✓" if stage == "done" else "…"
        role = "bad" if stage == "failed" else "ok" if stage == "done" else "dim"
        ref = int(body.get("ref", 0) or 0)
        return Item(
            group="effect",
            glyph=glyph,
            who=f"#{ref}" if ref else "",
            text=str(body.get("text", stage)),
            role=role,
            ref=ref,
            **common,
        )
    if kind == "alert_fired":
        quiet = " (silenced)" if body.get("silenced") else ""
        text = f"{body.get('alert', '')} fired{quiet}: {body.get('summary', '')}".rstrip(": ")
        role = "bad" if str(body.get("severity", "")) in ("page", "critical", "sev1", "sev2") else "warn"
        return Item(group="alert", glyph="✖" if role == "bad" else "▲", who="", text=text, role=role, **common)
    if kind == "alert_cleared":
        return Item(group="alert", glyph="●", who="", text=f"{body.get('alert', '')} cleared", role="ok", **common)
    if kind == "page":
        return Item(group="page", glyph="☎", who="page", text=_readable(body), role="bad", **common)
    if kind == "message":
        ref = int(body.get("ref", 0) or 0)
        who = str(body.get("who", event.actor))
        return Item(group="message", glyph="◂", who=who, text=_readable(body), role="accent", ref=ref, **common)
    if kind == "change":
        text = f"{body.get('change', '')} {body.get('summary', '')}".strip()
        return Item(group="change", glyph="◆", who=str(body.get("actor", "")), text=text, role="accent", **common)
    if kind in ("end", "abandon"):
        text = _readable(body) or "the incident is over"
        return Item(group="other", glyph="■", who="", text=text, role="heading", **common)
    text = _readable(body)
    if not text:
        return None
    who = "you" if event.actor in ("candidate", "you") else event.actor
    return Item(group="other", glyph="·", who=who, text=f"{kind.replace('_', ' ')}: {text}", **common)


def record_text(event: ClientEvent) -> str:
    """Return what a transcript record says, also one that has no place on the timeline, such as a look."""
    item = describe(event)
    if item is not None:
        return f"{item.who} {item.text}".strip()
    if event.type == "look":
        return f"you looked: {command_text(event.body)}"
    facts = " ".join(str(event.body[name]) for name in _FACT_FIELDS if event.body.get(name))
    return f"{event.type.replace('_', ' ')} {facts}".strip()


def timeline_rows(items: Sequence[Item], *, limit: int = 400) -> list[Row]:
    """Return the newest `limit` items that belong on the timeline, oldest first."""
    shown = [i for i in items if i.group != "look" and not (i.group == "effect" and i.glyph == "…")]
    return [_line(item) for item in shown[-limit:]]


def channel_rows(items: Sequence[Item], *, limit: int = 400) -> list[Row]:
    """Return messages, pages, questions and status updates: the incident channel."""
    verbs = ("ask", "status", "page", "declare", "severity", "ack", "resolve")
    shown = [
        i
        for i in items
        if i.group in ("message", "page") or (i.who == "you" and i.text.partition(" ")[0].rstrip(":") in verbs)
    ]
    return [_line(item) for item in shown[-limit:]]


def thought_rows(items: Sequence[Item], *, limit: int = 200) -> list[Row]:
    """Return what the person wrote down: hypotheses, rulings-out, diagnoses, notes."""
    return [_line(item) for item in items if item.group == "thought"][-limit:]


def _line(item: Item) -> Row:
    parts: list[Span] = [span(f"{clock(item.t_us)} ", "dim"), span(f"{item.glyph} ", item.role)]
    if item.who:
        parts.append(span(f"{item.who} ", "you" if item.who == "you" else "strong"))
    parts.append(span(item.text, item.role if item.group in ("alert", "page") else "plain"))
    return Row(spans=tuple(parts), key=str(item.seq), indent=9)


def notice_spans(item: Item) -> tuple[Span, ...]:
    """Return one line that says what just came: a message or the end of an effect."""
    who = (span(f"{item.who} ", "strong"),) if item.who else ()
    return (span(f"{item.glyph} ", item.role), *who, span(item.text))


def markers(items: Sequence[Item], start_us: int, end_us: int) -> list[Marker]:
    """Return the marks of commands, alerts and changes for a chart over [start, end], alerts on top."""
    found: list[Marker] = []
    span_us = max(1, end_us - start_us)
    for wanted, glyph, role in (("change", "◆", "accent"), ("command", "▲", "you"), ("alert", "✖", "bad")):
        for item in items:
            cleared = wanted == "alert" and item.role == "ok"
            if item.group == wanted and not cleared and start_us <= item.t_us <= end_us:
                found.append(Marker(at=(item.t_us - start_us) / span_us, glyph=glyph, role=role))
    return found


def marker_legend() -> Row:
    """Return the one-line explanation of the marks."""
    return row(span("▲", "you"), span(" command  ", "dim"), span("✖", "bad"), span(" alert  ", "dim"),
               span("◆", "accent"), span(" change", "dim"))  # fmt: skip
