"""Home, briefing and debrief as rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from incidentsim.client_api import SessionInfo, Snapshot
from incidentsim.specs.levels import LEVELS
from incidentsim.specs.verbs import VERBS
from incidentsim.tui.presenters.numbers import clock, minutes
from incidentsim.tui.presenters.rows import Row, fit, markdown_rows, paragraphs, row, span
from incidentsim.tui.provider import Debrief, GalleryEntry, RecentEntry

_MARKS = {"good": ("✓ ", "ok"), "bad": ("✖ ", "bad"), "": ("· ", "dim")}


SCORED = (
    "Scored are effects, not names: harm to users that you end and how soon, the right diagnosis with what you saw of "
    "its evidence, a hypothesis before and a check after what you do, and true updates. Harm that you do takes points.",
    "Looking costs nothing but time. What you ask for counts as seen: a query, a log filter, a component, a change, a "
    "question. Tiles, alerts and lines that pass by do not. The clock runs, and you may pause it.",
)
"""What every debrief is about, said before it counts (docs/scoring.md)."""

MOST_LINKS = 4
"""Transcript numbers shown behind a line; Enter shows the records of all."""


def gallery_rows(entries: tuple[GalleryEntry, ...], width: int) -> list[Row]:
    """Return one row a scenario: title, level, length, best result."""
    title_cells = max(16, min(60, width - 30))
    return [
        row(
            span(f"{fit(e.title, title_cells)} ", "strong"),
            span(f"{fit(e.level, 7)} ", "accent"),
            span(f"{minutes(e.duration_us):>7}  ", "dim"),
            span(e.best_result or "not played", "ok" if e.best_result else "dim"),
            key=e.id,
        )
        for e in entries
    ]


def matching(entries: tuple[GalleryEntry, ...], wanted: str) -> tuple[GalleryEntry, ...]:
    """Return the scenarios of which every word in `wanted` is part of the name, texts, level, skills or shapes.

    `new` finds those that were never finished.
    """
    words = wanted.casefold().split()

    def told(entry: GalleryEntry) -> str:
        played = "" if entry.best_result else "new"
        parts = (entry.id, entry.title, entry.summary, entry.level, played, *entry.skills, *entry.shapes)
        return "\n".join(parts).casefold()

    return tuple(entry for entry in entries if all(word in told(entry) for word in words))


def gallery_detail(entry: GalleryEntry, preset: str = "") -> list[Row]:
    """Return what is known of a scenario before playing it, and of the level preset that it would be played at."""
    how = LEVELS[preset].help if preset else "As it is written."
    played_at = (span(" · played at ", "dim"), span(preset, "accent")) if preset else ()
    return [
        row(span(entry.title, "heading")),
        row(span(f"{entry.id} · {entry.level} · {minutes(entry.duration_us)} from the page", "dim"), *played_at),
        *paragraphs(entry.summary),
        row(),
        row(span("Skills       ", "dim"), ", ".join(entry.skills) or "–", indent=13),
        row(span("Exercise     ", "dim"), ", ".join(entry.shapes) or "–", indent=13),
        row(span("Best result  ", "dim"), entry.best_result or "not played yet", indent=13),
        row(span("Played at    ", "dim"), span(f"{preset}: ", "accent") if preset else "", how, indent=13),
        row(),
        row(span("Enter", "key"), " starts it: first the briefing, then the pager."),
    ]


def recent_rows(entries: tuple[RecentEntry, ...]) -> list[Row]:
    """Return one row a session on disk."""
    rows: list[Row] = []
    for e in entries:
        resumable = e.state == "resumable"
        rows.append(
            row(
                span("▶ resume   " if resumable else "✓ finished ", "warn" if resumable else "ok"),
                span(f"{e.scenario}  ", "strong"),
                span(f"{e.when}  ", "dim"),
                e.result,
                key=e.session_id,
                indent=11,
            )
        )
    return rows


def briefing_rows(info: SessionInfo) -> list[Row]:
    """Return the whole briefing: page, text, diagram, objectives, team, rules, what is recorded."""
    rows = [
        row(span(info.title, "heading"), span(f"   {info.level} · {minutes(info.duration_us)}", "dim")),
        row(),
        row(span("☎ The page", "bad")),
        *paragraphs("  " + info.page.replace("\n", "\n  "), "strong", indent=2),
        row(),
        *markdown_rows(info.briefing),
    ]
    if info.diagram:
        rows += [row(), row(span("The stack", "heading"))]
        rows += [row(span("  " + line, "accent"), drawing=True) for line in info.diagram]
    if info.objectives:
        rows += [row(), row(span("What users were promised", "heading"))]
        rows += [
            row(
                span(f"  {o.name:<16} ", "strong"),
                o.text,
                indent=19,
            )
            for o in info.objectives
        ]
    if info.team:
        rows += [row(), row(span("Your team", "heading"))]
        rows += [
            row(span(f"  {name:<16} ", "strong"), role, span(f"  {reach_text(name, how)}", "dim"), indent=19)
            for name, role, how in info.team
        ]
    rows += [row(), row(span("Rules, and what is scored", "heading"))]
    rows += [row(f"  • {rule}", indent=4) for rule in (*info.rules, *SCORED)]
    if info.hints:
        prices = ", ".join(str(price) for price in info.hints)
        rows += [row(), row(span(f"{len(info.hints)} hints", "heading"))]
        told = f" takes the next one, for {prices} points of the practice index"
        rows += [row("  ", span("hint", "key"), told, indent=4)]
    rows += [row(), row(span(f"Recorded in {info.transcript_path}", "dim"), indent=12)]
    return rows


def with_commands(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, those that write a command as code with it as their key, after their number."""
    out: list[Row] = []
    for number, line in enumerate(rows):
        code = [part.text.strip() for part in line.spans if part.role == "accent"]
        found = next((text for text in code if text.split(" ")[0] in VERBS and text.split(" ")[0] != text), "")
        out.append(replace(line, key=f"{number} {found}") if found else line)
    return out


def reach_text(name: str, how: str) -> str:
    """Return how a team-mate is reached, as what to type."""
    if how == "page":
        return f"Not in the channel: page {name}, then ask."
    return "Reads the channel." if how == "channel" else f"Reached by {how}."


def prelude_progress(info: SessionInfo, snapshot: Snapshot) -> float:
    """Return the share of the prelude that is simulated, 0 to 1."""
    if snapshot.phase != "prelude" or info.prelude_us <= 0:
        return 1.0
    return min(1.0, max(0.0, 1 + snapshot.t_us / info.prelude_us))


def progress_row(share: float, text: str, width: int) -> Row:
    """Return a bar with a percentage and a text."""
    cells = max(8, min(40, width - 46))
    filled = int(share * cells)
    return row(
        span("█" * filled + "░" * (cells - filled), "accent"),
        span(f" {share * 100:3.0f} %  ", "strong"),
        span(text, "dim"),
    )


def debrief_rows(debrief: Debrief) -> list[Row]:
    """Return the debrief; a line with a link has its number as key."""
    rows: list[Row] = []
    label = max((len(h.label) for h in debrief.headlines), default=0)
    value = max((len(h.value) for h in debrief.headlines), default=0)
    for h in debrief.headlines:
        rows.append(
            row(
                span(f"{h.label:<{label}}  "),
                span(f"{h.value:>{value}}  ", "heading"),
                span(h.note, "dim"),
                indent=label + value + 4,
            )
        )
    rows += [row(), row(span("Strength     ", "ok"), debrief.strength or "–", indent=13)]
    rows.append(row(span("Improve next ", "warn"), debrief.improvement or "–", indent=13))
    for section in debrief.sections:
        rows += [row(), row(span(section.title, "heading"))]
        for line in section.lines:
            glyph, role = _MARKS[line.mark]
            named = bool(line.seqs) and f"(seq {line.seqs[0]}," in line.text
            link = [] if named else [span("  " + links(line.seqs), "accent")] if line.seqs else []
            key = " ".join(str(seq) for seq in line.seqs)
            rows.append(row(span(f"  {glyph}", role), line.text, *link, key=key, indent=4))
        if not section.lines:
            rows.append(row(span("  nothing to report", "dim")))
    return rows


def links(seqs: Sequence[int]) -> str:
    """Return transcript numbers as text; of many, the first few and how many more there are."""
    shown = " ".join(f"#{seq}" for seq in seqs[:MOST_LINKS])
    return shown + (f" +{len(seqs) - MOST_LINKS}" if len(seqs) > MOST_LINKS else "")


def evidence_rows(seq: int, found: str, t_us: int | None) -> list[Row]:
    """Return what the transcript holds at a number."""
    if t_us is None:
        return [row(span(f"#{seq} is not in the part of the transcript you may see.", "dim"))]
    return [row(span(f"#{seq} T{clock(t_us)}  ", "accent"), found, indent=4)]
