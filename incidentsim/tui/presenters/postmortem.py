"""A checked postmortem, and what stands beside one that is not checked yet, as rows. Pure."""

from __future__ import annotations

from incidentsim.tui.presenters.pages import links
from incidentsim.tui.presenters.rows import Row, Span, row, span
from incidentsim.tui.provider import CheckedLine, PostmortemReport

_MARKS = {"good": ("✓ ", "ok"), "bad": ("✖ ", "bad"), "": ("· ", "dim")}


def unchecked_rows() -> list[Row]:
    """Return what is shown before the first check."""
    return [
        row(
            span("Ctrl+S", "key"),
            " saves and checks: figures and names against the record, causal claims against what happened.",
            indent=7,
        ),
        row("Write what made what, one step a sentence, with figures. The comments of the form say what is read."),
    ]


def report_rows(report: PostmortemReport, prove: str) -> list[Row]:
    """Return the findings; one about a line of the text has the line's number as key."""
    rows = [
        _finding(report.strength, span("Strength     ", "ok"), 13),
        _finding(report.improvement, span("Improve next ", "warn"), 13),
    ]
    for part in report.parts:
        rows += [row(), row(span(part.title, "heading"))]
        for found in part.lines:
            glyph, role = _MARKS[found.mark]
            rows.append(_finding(found, span(f"  {glyph}", role), 4))
    rows += [row(), row(span("Would the action items have helped? The command line runs the incident again:", "dim"))]
    rows.append(row(span(f"  {prove}", "accent"), indent=2))
    return rows


def _finding(found: CheckedLine, lead: Span, indent: int) -> Row:
    where = [span(f"line {found.line}  ", "dim")] if found.line else []
    link = [span("  " + links(found.seqs), "accent")] if found.seqs else []
    return row(lead, *where, found.text, *link, key=str(found.line or ""), indent=indent)
