"""Words of a text, reduced so that forms of one word are equal: what concepts and facts are matched on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

_WORD = re.compile(r"[^\W_]+(?:['’](?:s|t|re|ve|ll|d)\b)?")
_ENDINGS = ("ational", "ingly", "edly", "ings", "ing", "ed", "es", "s", "ly")
_SHORTEST = 3
_TYPO_FROM = 6
"""Letters from which on a word may hold a typing error; shorter ones are too like each other."""
_TYPO_SCORE = 88
"""Least similarity (rapidfuzz ratio, of 100) of a misspelt word to a known one: one letter in eight."""

EMPTY_WORDS = frozenset(
    {
        "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "and", "or", "with", "from", "that", "this", "it",
        "its", "was", "were", "is", "are", "be", "been", "has", "had", "have", "as", "so", "not", "no", "we", "our",
        "they", "their", "them", "then", "than", "which", "who", "all", "about", "after", "before", "into", "us",
        "i", "you", "out", "up", "only", "also", "very", "more", "most", "some", "any", "each", "one", "will", "would",
    }
)  # fmt: skip
"""Words that say nothing about what a sentence is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word: as written in lower case, its stem, and where it stands in its sentence."""

    text: str
    stem: str
    start: int
    end: int


def stem(word: str) -> str:
    """Return the part that the forms of an English word share: `queues`, `queued`, `queueing` give `queu`."""
    w = word.casefold()
    for mark in ("'s", "’s"):
        w = w.removesuffix(mark)
    if len(w) <= _SHORTEST or not w.isalpha():
        return w
    if w.endswith("ies"):
        w = w[:-3] + "y"
    else:
        for ending in _ENDINGS:
            if w.endswith(ending) and len(w) - len(ending) >= _SHORTEST and not (ending == "s" and w.endswith("ss")):
                w = w[: -len(ending)]
                break
    w = w[:-1] if w.endswith("e") and len(w) > _SHORTEST else w
    w = w[:-1] + "i" if w.endswith("y") and len(w) > _SHORTEST else w
    return w[:-1] if len(w) > _SHORTEST and w[-1] == w[-2] else w


def words(text: str) -> tuple[Word, ...]:
    """Return the words of a text in order; `chat-pool` is two."""
    return tuple(
        Word(text=m[0].casefold(), stem=stem(m[0]), start=m.start(), end=m.end()) for m in _WORD.finditer(text)
    )


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words that say something, each once, in order."""
    return tuple(dict.fromkeys(w.stem for w in words(text) if w.text not in EMPTY_WORDS))


def corrected(found: Iterable[Word], known: Collection[str]) -> tuple[Word, ...]:
    """Return the words, those that are a known stem but for a typing error with that stem."""
    choices = sorted(known)
    out = []
    for word in found:
        if word.stem in known or len(word.stem) < _TYPO_FROM or not word.stem.isalpha():
            out.append(word)
            continue
        best = process.extractOne(word.stem, choices, scorer=fuzz.ratio, score_cutoff=_TYPO_SCORE)
        out.append(word if best is None else Word(text=word.text, stem=best[0], start=word.start, end=word.end))
    return tuple(out)
