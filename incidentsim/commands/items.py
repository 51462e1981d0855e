"""What completion offers, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from incidentsim.specs.verbs import Danger

MAX_ITEMS = 30
"""Longest list offered: what fits in a dropdown of a 36-line terminal with some scrolling."""

_HISTORY_LINES = 50
"""Former lines that move names up the list; older ones say little about the present step."""

_NAME_BREAKS = "-_.:= >{("
_WORD = re.compile(r"[A-Za-z_:][\w:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionItem:
    """One offer. `kind` says what it is (`verb`, `knob`, `metric`, …), `danger` how risky it is."""

    text: str
    help: str = ""
    danger: Danger = "none"
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer to one key: replace `[start, end)` of the line by an item's text.

    `usage` is the verb's signature with the current argument between » and «, then a hint on that argument.
    `problem` says what is wrong with the line so far, empty while it can still become a command.
    """

    start: int
    end: int
    items: tuple[CompletionItem, ...] = ()
    usage: str = ""
    problem: str = ""


def rank(items: Iterable[CompletionItem], typed: str, recent: Mapping[str, int]) -> list[CompletionItem]:
    """Return the items that `typed` can become, the best first, each text once.

    Order: what begins with it, then what has a part that begins with it, then what contains it, then what
    contains its letters in order; within each, names from recent lines, then the given order.
    """
    folded = typed.casefold()
    keyed: dict[str, tuple[int, int, int, CompletionItem]] = {}
    for index, item in enumerate(items):
        quality = _quality(item.text.casefold(), folded)
        if quality >= 0 and item.text not in keyed:
            keyed[item.text] = (quality, recent.get(item.text, _HISTORY_LINES), index, item)
    return [entry[3] for entry in sorted(keyed.values(), key=lambda entry: entry[:3])]


def recency(history: Sequence[str]) -> dict[str, int]:
    """Return how many lines ago each word was last used; 0 is the latest line."""
    recent: dict[str, int] = {}
    for age, line in enumerate(reversed(history[-_HISTORY_LINES:])):
        for word in (*line.split(), *_WORD.findall(line)):
            recent.setdefault(word, age)
    return recent


def _quality(text: str, typed: str) -> int:
    """Return 0 (prefix) to 3 (letters in order), or -1 when `typed` does not fit."""
    if text.startswith(typed):
        return 0
    at = text.find(typed)
    while at > 0:
        if text[at - 1] in _NAME_BREAKS:
            return 1
        at = text.find(typed, at + 1)
    if typed in text:
        return 2
    letters = iter(text)
    return 3 if all(letter in letters for letter in typed) else -1
