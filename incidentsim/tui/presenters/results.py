"""Answers to commands as rows: acknowledgement, view, request waterfall, later effects. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidentsim.client_api import Ack, View
from incidentsim.client_api import Span as TraceSpan
from incidentsim.specs.verbs import VERBS, VerbSpec
from incidentsim.tui.feed import Result
from incidentsim.tui.presenters.numbers import clock, clock_tenths
from incidentsim.tui.presenters.rows import Row, Span, markdown_rows, row, span
from incidentsim.tui.presenters.timeline import Item

KEPT_RESULTS = 40
"""Answers kept on screen; all of them are in the transcript."""

_BAR_CELLS = 36
"""Width of the bars of a waterfall."""

DANGER_GLYPH = {"none": "", "caution": "▲ caution", "destructive": "✖ destructive"}
"""How the danger of a verb is marked in completion, palette, confirmation and help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a person is asked before a risky verb is submitted."""

    danger: str
    text: str


def confirmation(line: str) -> Confirmation | None:
    """Return the question before a risky command line without `--yes` or `--dry-run`, else None."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    spec: VerbSpec | None = VERBS.get(words[0]) if words else None
    if spec is not None and spec.name == "resolve":
        return Confirmation(danger="caution", text="Enter again to end the session, Esc cancels · the debrief follows")
    if spec is None or spec.danger == "none" or "--yes" in words or "--dry-run" in words:
        return None
    facts = ["Enter again to confirm, Esc cancels", DANGER_GLYPH[spec.danger]]
    if spec.duration:
        facts.append(f"takes {spec.duration}")
    facts.append(f"undo: {spec.inverse}" if spec.inverse else "can't be undone")
    if spec.name == "undo":
        facts.pop()
    return Confirmation(danger=spec.danger, text=" · ".join(facts))


def waterfall_rows(spans: Sequence[TraceSpan]) -> list[Row]:
    """Return one bar for each span of a request, on a common time axis."""
    if not spans:
        return []
    start = min(s.start_us for s in spans)
    length = max(1, max(s.end_us for s in spans) - start)
    names = max(len(s.name) + 2 * s.depth for s in spans)
    rows: list[Row] = []
    for entry in spans:
        left = (entry.start_us - start) * _BAR_CELLS // length
        cells = max(1, (entry.end_us - entry.start_us) * _BAR_CELLS // length)
        bar = (" " * left + "█" * cells)[:_BAR_CELLS].ljust(_BAR_CELLS, "·")
        took = (entry.end_us - entry.start_us) / 1000
        rows.append(
            row(
                span(f"{'  ' * entry.depth + entry.name:<{names}} "),
                span(bar, "accent"),
                span(f" {took:>9,.1f} ms", "strong"),
                span(f"  {entry.service}", "dim"),
                indent=names + 1,
            )
        )
    return rows


def view_rows(view: View) -> list[Row]:
    """Return a view's readable lines, and its waterfall when it has one. A runbook's lines are wrapped anew."""
    if view.kind == "runbook" and view.title:
        return [
            Row(spans=(Span("  "), *made.spans), indent=made.indent + 2)
            for made in markdown_rows("\n".join(view.lines))
        ]
    rows = [row(span("  " + line), indent=4) for line in view.lines]
    rows += [
        Row(spans=(Span("  "), *waterfall.spans), indent=waterfall.indent) for waterfall in waterfall_rows(view.spans)
    ]
    if not rows:
        rows.append(row(span("  nothing found", "dim")))
    return rows


def answer_line(ack: Ack) -> tuple[Span, ...]:
    """Return the one-line answer: number, verdict by glyph and word, text."""
    if not ack.accepted:
        return (Span("✖ not done: ", "bad"), span(ack.text, "bad"))
    plain = "answered above" if ack.view is not None else f"applies at T{clock_tenths(ack.t_us)}"
    return (Span(f"✓ #{ack.seq} ", "ok"), span(_said(ack) or plain))


def _said(ack: Ack) -> str:
    """Return the text of an answer without its own number, which stands before it."""
    return ack.text.removeprefix(f"#{ack.seq} ")


def answer_key(place: int) -> str:
    """Return the key of the heading of the answer at `place` in the list of all answers."""
    return f"answer-{place}"


def result_rows(results: Sequence[Result], effects: Mapping[int, Sequence[Item]]) -> list[Row]:
    """Return the newest answers, oldest first: the command with its number, the answer, what followed."""
    rows: list[Row] = []
    first = max(0, len(results) - KEPT_RESULTS)
    for place, result in enumerate(results[first:], first):
        ack = result.ack
        if rows:
            rows.append(row())
        number = f"#{ack.seq}" if ack.accepted else "–"
        heading = [span(f"{number} ", "accent"), span(f"T{clock(ack.t_us)} ", "dim"), span("› ", "you")]
        rows.append(row(*heading, span(result.command, "strong"), key=answer_key(place), indent=4))
        if not ack.accepted:
            rows.append(row(span("  ✖ not done: ", "bad"), span(ack.text, "bad"), indent=4))
        elif ack.text:
            rows.append(row(span("  ✓ ", "ok"), _said(ack), indent=4))
        if ack.view is not None:
            rows += view_rows(ack.view)
        for item in effects.get(ack.seq, ()) if ack.accepted else ():
            rows.append(
                row(
                    span(f"  {item.glyph} ", item.role),
                    span(f"{clock(item.t_us)} ", "dim"),
                    span(item.text),
                    indent=4,
                )
            )
    return rows
