"""What was said, and whether it was true: C (scoring.md §2).

Called by `score`. C = distinct truthful statuses / 4, at most 1, ×.3 unless there is a move and De > 0. A
status or a resolve that says users are well again while an objective still burns counts −1. The same words
twice are one update, told when they were first said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scoring.burn import BurnCurve
from incidentsim.scoring.numbers import clip
from incidentsim.scoring.play import Said

ENOUGH_STATUSES = 4
"""Distinct truthful updates for full marks: about one in eight minutes of a half-hour incident."""

WORDS_ALONE = 0.3
"""Words without a move or without a diagnosis are worth this share."""

_DONE = frozenset(("resolved", "recovered", "mitigated", "fixed", "restored", "solved", "healthy"))
_DONE_PHRASES = (("back", "to", "normal"), ("all", "clear"), ("incident", "over"), ("incident", "is", "over"))
_NOT_YET = frozenset(
    ("not", "no", "never", "isn't", "aren't", "hasn't", "haven't", "wasn't", "won't", "can't", "cannot",
     "until", "till", "once", "when", "if", "unless", "before", "will", "would", "should", "could", "may",
     "might", "expect", "expected", "expecting", "hope", "hoping", "hopefully", "partially", "partly",
     "almost", "nearly", "being", "trying", "working", "towards", "toward", "yet")
)  # fmt: skip
_REACH = 4
"""How many words back, inside one clause, a word like `not` or `until` takes a claim away."""

_CLAUSE = re.compile(r"[.,;:!?()\n]|\bbut\b|\band\b")
_WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One distinct thing said to others: when first, and whether it claimed that the harm was over."""

    t_us: int
    seq: int
    kind: str
    text: str
    claims_over: bool
    truthful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    """C with the statements it was made from."""

    statements: tuple[Statement, ...]
    truthful: int
    false: int
    c: float


def communication(said: Sequence[Said], curve: BurnCurve, *, acted: bool, diagnosed: bool) -> Communication:
    """Return C. `acted`: there is a move that changed something; `diagnosed`: De > 0."""
    statements: dict[tuple[str, bool], Statement] = {}
    for s in said:
        words = tuple(w.casefold() for w in _WORD.findall(s.text))
        key = (" ".join(words), s.kind == "resolve" and not words)
        if s.kind == "note" or key in statements or (not words and s.kind != "resolve"):
            continue
        over = s.kind == "resolve" or claims_over(s.text)
        statements[key] = Statement(
            t_us=s.t_us, seq=s.seq, kind=s.kind, text=s.text, claims_over=over,
            truthful=not (over and curve.burning(s.t_us)),
        )  # fmt: skip
    kept = tuple(statements.values())
    truthful = len([s for s in kept if s.truthful and s.text])
    false = len([s for s in kept if not s.truthful])
    c = clip((truthful - false) / ENOUGH_STATUSES, -1.0, 1.0)
    if c > 0.0 and not (acted and diagnosed):
        c *= WORDS_ALONE
    return Communication(statements=kept, truthful=truthful, false=false, c=c)


def claims_over(text: str) -> bool:
    """Return whether `text` says that the harm is over; `not yet`, `until`, `should be` take the claim
    away."""
    for clause in _CLAUSE.split(text.casefold().replace("’", "'")):
        words = _WORD.findall(clause)
        for i in range(len(words)):
            said = words[i] in _DONE or any(tuple(words[i : i + len(p)]) == p for p in _DONE_PHRASES)
            if said and not any(w in _NOT_YET for w in words[max(0, i - _REACH) : i]):
                return True
    return False
