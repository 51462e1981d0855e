"""The dropdown and the usage line of a prompt, and what accepting an offer does to the line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.commands.items import Completion, CompletionItem
from incidentsim.tui.presenters.rows import Row, Span, cut, fit, span

_DANGER = {"none": ("  ", "plain"), "caution": ("▲ ", "warn"), "destructive": ("✖ ", "bad")}
_JOINED = ("metric", "label", "label value", "function", "aggregation", "duration", "history")
"""Kinds of offers inside an expression: what follows them may touch them, so no space is added."""


def completion_rows(items: Sequence[CompletionItem], chosen: int, width: int, height: int) -> list[Row]:
    """Return `height` rows of offers with the chosen one in view and marked, danger by glyph and colour."""
    first = max(0, min(chosen - height // 2, len(items) - height))
    names = min(max((len(i.text) for i in items), default=0), max(12, width // 2))
    rows: list[Row] = []
    for number, item in enumerate(items[first : first + height], first):
        glyph, role = _DANGER[item.danger]
        pointer = Span("▶ ", "accent") if number == chosen else Span("  ")
        word = f" {item.danger}: " if item.danger != "none" else " "
        more = len(items) - first - height
        tail = f"  +{more} more" if more > 0 and number == first + height - 1 else ""
        parts = (
            pointer,
            Span(glyph, role),
            Span(fit(item.text, names), "strong" if number == chosen else "plain"),
            Span(word, role),
            span(item.help, "dim"),
        )
        rows.append(Row(spans=(*cut(parts, width - len(tail)), Span(tail, "dim"))))
    return rows


def usage_spans(completion: Completion) -> tuple[Span, ...]:
    """Return the problem of the line when there is one, else the usage with the current argument marked."""
    if completion.problem:
        return (Span("✖ ", "bad"), span(completion.problem, "bad"))
    before, mark, rest = completion.usage.partition("»")
    if not mark:
        return (span(completion.usage, "dim"),)
    current, _, after = rest.partition("«")
    return (span(before, "dim"), span(f"<{current}>", "accent"), span(after, "dim"))


def accepted(text: str, completion: Completion, item: CompletionItem) -> tuple[str, int]:
    """Return the line with the offer in it, and the cursor after it; a finished word gets a space."""
    before, after = text[: completion.start], text[completion.end :]
    word = item.text
    if item.kind not in _JOINED and not after and (word[-1:].isalnum() or word[-1:] in "\"'%"):
        word += " "
    return before + word + after, len(before) + len(word)
