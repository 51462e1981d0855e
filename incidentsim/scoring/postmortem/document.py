"""A postmortem's Markdown as sections of sentences with their lines, and its action items.

Comments (`<!-- … -->`), table rules and lines of the empty form say nothing. A sentence ends at a full stop, at
the end of a list item, table row or paragraph. Called by `check`; knows nothing of incidents.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["story", "timeline", "impact", "lessons", "actions"]
"""What a section is for. Causal claims are read in `story` and `impact` only, controls in `actions` only."""

MAX_SENTENCES = 400
"""Sentences that are read; a longer text is cut, and the report says so."""

MAX_SENTENCE = 600
"""Code points of a sentence that are read: nobody reads longer ones, and patterns take time with the square."""

_HEADINGS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("actions", ("action", "follow-up", "follow up", "prevent", "next step", "remediation")),
    ("timeline", ("timeline", "chronolog", "sequence of events", "what we did")),
    ("lessons", ("went well", "went badly", "lucky", "lesson", "learn", "went wrong", "well", "badly", "detection")),
    ("impact", ("impact", "customers", "affected")),
)

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"(\s*)(?:[-*+•]|\d{1,3}[.)])\s+(.*)$")
_RULE = re.compile(r"\s*\|?[\s:|-]{3,}\|?\s*$")
_CONTROL = re.compile(r"[`*\s]*controls?[`*\s]*:\s*[`*]*(.*?)[`\s]*$", re.IGNORECASE)
_FENCE = re.compile(r"\s*(```|~~~)")
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
_SHORT = re.compile(r"\b(?:e\.g|i\.e|approx|ca|vs|etc|resp|incl|min|sec|no|fig)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence: its text without Markdown marks, the line it begins on (from 1), its section's kind.

    `follows`: the sentence before it is of the same paragraph, item or section, so that "this" may mean it.
    """

    text: str
    line: int
    section: Kind
    follows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An action item: its text, its line, the texts of its `control:` lines, and the YAML blocks below it."""

    text: str
    line: int
    controls: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A postmortem as it is read."""

    sentences: tuple[Sentence, ...]
    items: tuple[Item, ...]
    cut: bool = False


@dataclass(slots=True)
class _Open:
    """An action item while its lines come in."""

    text: str
    line: int
    controls: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)


def read(text: str, given: Collection[str] = ()) -> Document:
    """Return what a postmortem says. `given`: lines that the empty form held already, which count for nothing."""
    blank = uncommented(text)
    skip = {line.strip() for line in given if line.strip()}
    section: Kind = "story"
    sentences: list[Sentence] = []
    items: list[_Open] = []
    paragraph: list[str] = []
    began = 0
    fence: list[str] | None = None
    fresh = True

    def close() -> None:
        nonlocal paragraph, fresh
        for part in _sentences(" ".join(paragraph)):
            sentences.append(Sentence(text=part[:MAX_SENTENCE], line=began, section=section, follows=not fresh))
            fresh = False
        paragraph = []

    for number, raw in enumerate(blank.split("\n"), start=1):
        if _FENCE.match(raw):
            close()
            if fence is not None and section == "actions" and items:
                items[-1].blocks.append("\n".join(fence))
            fence = [] if fence is None else None
            continue
        if fence is not None:
            fence.append(raw)
            continue
        heading = _HEADING.match(raw)
        if heading:
            close()
            section, fresh = _kind(heading[1]), True
            continue
        if not raw.strip() or _RULE.match(raw) or raw.strip() in skip:
            close()
            continue
        item, cell = _ITEM.match(raw), raw.strip().startswith("|")
        body = item[2] if item else re.sub(r"\s*\|\s*", ": ", raw.strip().strip("|").strip())
        control = _CONTROL.match(body)
        if control and section == "actions":
            close()
            if not items:
                items.append(_Open(text="", line=number))
            items[-1].controls.append(control[1].strip("` "))
            continue
        if item or cell:
            close()
        if section == "actions" and (item or cell):
            items.append(_Open(text=plain(body), line=number))
            inline = re.search(r"[(\[,;–—-]?\s*[`*]*\bcontrols?[`*]*\s*:\s*[`*]*([^`)\]]+)", body, re.IGNORECASE)
            if inline:
                items[-1].controls.append(inline[1].strip("` ."))
                items[-1].text = plain(body[: inline.start()])
                body = body[: inline.start()]
        if not paragraph:
            began = number
        paragraph.append(body)
    close()
    return Document(
        sentences=tuple(sentences[:MAX_SENTENCES]),
        items=tuple(
            Item(text=i.text, line=i.line, controls=tuple(i.controls), blocks=tuple(i.blocks))
            for i in items if i.text or i.controls or i.blocks
        ),
        cut=len(sentences) > MAX_SENTENCES,
    )  # fmt: skip


def uncommented(text: str) -> str:
    """Return a text with its comments blanked, so that lines keep their numbers."""
    return _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def plain(text: str) -> str:
    """Return a line without emphasis, code marks and link targets."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"[*`]+|(?<!\w)_+|_+(?!\w)", "", text)).strip()


def _kind(heading: str) -> Kind:
    lowered = heading.casefold()
    for kind, marks in _HEADINGS:
        if any(mark in lowered for mark in marks):
            return kind
    return "story"


def _sentences(paragraph: str) -> list[str]:
    out: list[str] = []
    for part in _END.split(plain(paragraph)):
        if out and _SHORT.search(out[-1]):
            out[-1] = f"{out[-1]} {part}"
        elif part.strip():
            out.append(part.strip())
    return out
