"""Rows of styled text: the one form in which presenters hand data to widgets.

A span names a *role* (what the text means), never a colour; widgets map roles to theme colours. Text is
cleaned when a span is made, so a widget can write it to the terminal as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from incidentsim.client_api import Health
from incidentsim.text import clean

ROLES = (
    "plain", "dim", "strong", "heading", "accent", "ok", "warn", "bad", "unknown", "key", "you", "hit",
    "band", "objective", "axis", "cursor",
    "series-0", "series-1", "series-2", "series-3", "series-4", "series-5",
)  # fmt: skip
"""Everything a piece of text can mean on screen."""

HEALTH_GLYPH: dict[Health, str] = {"ok": "●", "warn": "▲", "bad": "✖", "unknown": "?"}
"""Health by shape, beside colour and word."""

HEALTH_WORD: dict[Health, str] = {"ok": "ok", "warn": "warn", "bad": "bad", "unknown": "no data"}
"""Health by word."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text with one role. Make it with `span`, which cleans."""

    text: str
    role: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list. `key` identifies it for choosing; `indent` is kept when wrapping.

    A `drawing` is never folded, which would leave nothing of it: `beside` shows as much of it as there is room for.
    """

    spans: tuple[Span, ...] = ()
    key: str = ""
    indent: int = 0
    drawing: bool = False

    @property
    def text(self) -> str:
        """Return the row without roles."""
        return "".join(part.text for part in self.spans)


def span(text: str, role: str = "plain") -> Span:
    """Return a span of cleaned text."""
    return Span(clean(text), role)


def row(*parts: Span | str, key: str = "", indent: int = 0, drawing: bool = False) -> Row:
    """Return a row of spans; a bare str becomes a plain span."""
    spans = tuple(span(part) if isinstance(part, str) else part for part in parts)
    return Row(spans=spans, key=key, indent=indent, drawing=drawing)


def paragraphs(text: str, role: str = "plain", *, indent: int = 0) -> list[Row]:
    """Return one row for each line of `text`."""
    return [row(span(line, role), indent=indent) for line in text.split("\n")]


def markdown_rows(text: str) -> list[Row]:
    """Return rows for the little Markdown that runbooks and briefings use: headings, bullets, code."""
    rows: list[Row] = []
    fenced = False
    for line in _joined(text.strip("\n").split("\n")):
        bare = line.strip()
        if bare.startswith("```"):
            fenced = not fenced
        elif fenced:
            rows.append(row(span("  " + line, "accent"), indent=2))
        elif bare.startswith("#"):
            rows.append(row(span(bare.lstrip("#").strip(), "heading")))
        elif bare.startswith(("- ", "* ")):
            lead = len(line) - len(line.lstrip())
            rows.append(row(*_inline(" " * lead + "• " + bare[2:]), indent=lead + 2))
        elif _is_numbered(bare):
            rows.append(row(*_inline(line), indent=len(line) - len(line.lstrip()) + bare.index(". ") + 2))
        else:
            rows.append(row(*_inline(line)))
    return rows


def _joined(lines: Iterable[str]) -> list[str]:
    """Return lines with those of one paragraph made one, so that it folds at any width."""
    out: list[str] = []
    fenced = open_ = False
    for line in lines:
        bare = line.strip()
        starts = bare.startswith(("#", "- ", "* ", "```", "|")) or _is_numbered(bare)
        fenced ^= bare.startswith("```")
        if open_ and bare and not starts and not fenced:
            out[-1] += " " + bare
        else:
            out.append(line)
        open_ = bool(bare) and not fenced and not bare.startswith(("#", "```", "|"))
    return out


def _is_numbered(bare: str) -> bool:
    return bare[:1].isdigit() and ". " in bare[:4]


def _inline(line: str) -> list[Span]:
    parts = line.replace("**", "").split("`")
    if len(parts) % 2 == 0:
        return [span(line)]
    return [span(part, "accent" if i % 2 else "plain") for i, part in enumerate(parts) if part]


def fit(text: str, width: int) -> str:
    """Return cleaned `text` in exactly `width` cells, cut with an ellipsis or padded."""
    text = clean(text)
    if width <= 0:
        return ""
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)


def pad_between(left: Sequence[Span], right: Sequence[Span], width: int) -> tuple[Span, ...]:
    """Return left and right spans with the space between them filled, cut to `width` cells."""
    used = cell_len("".join(s.text for s in left)) + cell_len("".join(s.text for s in right))
    return cut((*left, Span(" " * max(1, width - used)), *right), width)


def cut(spans: Iterable[Span], width: int) -> tuple[Span, ...]:
    """Return the spans cut to `width` cells, with an ellipsis where something is missing."""
    out: list[Span] = []
    left = width
    for part in spans:
        cells = cell_len(part.text)
        if not cells:
            continue
        if cells > left:
            if left > 0:
                out.append(Span(fit(part.text, left), part.role))
            elif out:
                last = out.pop()
                keep = cell_len(last.text) - 1
                out.append(Span(set_cell_size(last.text, max(0, keep)) + "…", last.role))
            break
        out.append(part)
        left -= cells
    return tuple(out)


def beside(line: Row, shift: int, width: int) -> Row:
    """Return the `width` cells of a drawing that begin `shift` cells from its left, with … where it goes on."""
    out: list[Span] = []
    for part in line.spans:
        away = min(shift, cell_len(part.text))
        shift -= away
        out.append(Span(part.text[len(_split(part.text, away)[0]) if away else 0 :], part.role))
    return Row(spans=cut(out, width), key=line.key, drawing=True)


def wrap(line: Row, width: int) -> list[Row]:
    """Return `line` folded at spaces into rows of at most `width` cells; later ones are indented.

    A word longer than the width is split. Every character of the line is in the result, in order, but for
    the spaces at which it was folded.
    """
    width = max(2, width)
    indent = min(line.indent, width // 2)
    if cell_len(line.text) <= width:
        return [line]
    out: list[Row] = []
    current: list[Span] = []
    used = 0
    for word in _words_of(line):
        cells = sum(cell_len(part.text) for part in word)  # exact: ints
        if used + cells > width and used > (indent if out else 0):
            out.append(Row(spans=tuple(current), key=line.key))
            current, used = [Span(" " * indent)], indent
            word = _without_lead(word)
        for part in word:
            text = part.text
            while used + cell_len(text) > width:
                head, rest = _split(text, width - used)
                if used + cell_len(head) <= width or used == (indent if out else 0):
                    current.append(Span(head, part.role))
                    text = rest
                out.append(Row(spans=tuple(current), key=line.key))
                current, used = [Span(" " * indent)], indent
            if text:
                current.append(Span(text, part.role))
                used += cell_len(text)
    if any(part.text for part in current):
        out.append(Row(spans=tuple(current), key=line.key))
    return out


def _words_of(line: Row) -> list[list[Span]]:
    """Return the words of a line, each with the spaces before it; one may go on through several spans."""
    words: list[list[Span]] = []
    for part in line.spans:
        for i, text in enumerate(_words(part.text)):
            if not text:
                continue
            if i == 0 and words and not text.startswith(" "):
                words[-1].append(Span(text, part.role))
            else:
                words.append([Span(text, part.role)])
    return words


def _without_lead(word: list[Span]) -> list[Span]:
    """Return a word without the spaces before it, which may be a span of their own."""
    out: list[Span] = []
    for part in word:
        text = part.text if out else part.text.lstrip(" ")
        if text:
            out.append(Span(text, part.role))
    return out


def _words(text: str) -> list[str]:
    """Return the words of `text`, each with the spaces before it."""
    words: list[str] = []
    start = 0
    for i in range(1, len(text)):
        if text[i] == " " and text[i - 1] != " ":
            words.append(text[start:i])
            start = i
    words.append(text[start:])
    return words


def _split(word: str, width: int) -> tuple[str, str]:
    """Return the longest beginning of `word` within `width` cells (at least one character), and the rest."""
    used = 0
    for i, char in enumerate(word):
        used += cell_len(char)
        if used > width and i:
            return word[:i], word[i:]
    return word, ""
