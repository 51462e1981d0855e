"""The figures and names of a postmortem against the record: each right, wrong or unsupported.

Times may differ by 60 s, other figures by a tenth (scoring.md §4). A figure is wrong only where it is surely about
something the record knows and says otherwise; where the record knows nothing of it, it is unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import inventory
from incidentsim.scoring.postmortem.document import Sentence
from incidentsim.scoring.postmortem.known import Known
from incidentsim.scoring.postmortem.ledger import Ledger
from incidentsim.scoring.postmortem.numbers import Quantity, quantities
from incidentsim.scoring.postmortem.stems import stems

TIME_TOLERANCE_US = 60_000_000
"""How far a time may be off: 60 s."""

TOLERANCE_PPM = 100_000
"""How far another figure may be off: a tenth."""

FactVerdict = Literal["right", "wrong", "unsupported"]

_IDENTIFIER = re.compile(r"\b(?:[a-z][a-z0-9]*-)+\d+\b|\bnode-\d+\b|\btenant\.[a-z0-9-]+\b|\bchg-\w+\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:,—–]|\s-\s|\band\b|\bbut\b|\bwhile\b|\bthen\b")
_SAVED = re.compile(r"\b(?:saved|prevented|avoided|spared|would have|could have|should|aim|target|goal)\b")
_AFFECTED = re.compile(
    r"\b(?:affected|harmed|hit|hurt|suffer\w*|impacted|complain\w*|waited|slow for|errors for|late for)\b"
)
_UNHARMED = re.compile(
    r"\b(?:not|un|in|never|no)[ -]?\w*\s?(?:affected|harmed|hit|impacted)\b|\bunaffected\b|\bspared\b"
)


_HARM: dict[bool | None, tuple[FactVerdict, str]] = {
    True: ("right", "its objective was missed, or failed twice as often as before"),
    False: ("wrong", "it was served as before throughout"),
    None: ("unsupported", "somewhat worse than before, within its objectives"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One figure or name of the text. `said` is what the text says, `known` the record's, empty when it has none."""

    line: int
    said: str
    kind: str
    verdict: FactVerdict
    known: str = ""
    seqs: tuple[int, ...] = ()


def check_facts(
    sentences: Sequence[Sentence], book: Ledger, scenario: Scenario, cast: Cast, *, zero_us: int | None, truth: bool
) -> tuple[Fact, ...]:
    """Return every figure and name of the text, in order. `truth`: the scenario's own times count as known."""
    known = [k for k in book.known if truth or not k.truth]
    names = _known_names(scenario, cast)
    out: list[Fact] = []
    for sentence in sentences:
        lowered = sentence.text.casefold()
        if not _SAVED.search(lowered):
            for quantity in quantities(sentence.text, zero_us):
                fact = _judged(quantity, sentence, known)
                if fact is not None:
                    out.append(fact)
        out += _names(sentence, lowered, names, book)
    return tuple(dict.fromkeys(out))


def _judged(q: Quantity, sentence: Sentence, known: Sequence[Known]) -> Fact | None:
    """Return the verdict on one quantity, None for a number that counts nothing."""
    if q.kind == "count" and not _counts_something(q):
        return None
    clause = _clause(sentence.text, q)
    kinds = ("moment", "length") if q.kind in ("moment", "length") else (q.kind,)
    candidates = [k for k in known if k.kind in kinds]
    here, whole = frozenset(stems(clause)), frozenset(stems(sentence.text))
    about = [k for k in candidates if k.about(whole)]
    fitting = [k for k in about if any(_close(q, value, k) for value in q.values)]
    if fitting:
        best = max(fitting, key=lambda k: (bool(k.heads & here), len(k.tails & here), len(k.tails & whole), k.strict,
                                           -abs(q.values[0] - k.value)))  # fmt: skip
        return _fact(q, sentence, "right", best)
    # surely about it: a head and a tail in the same clause, and nothing else of the record fits
    sure = [k for k in about if k.strict and k.kind == q.kind and k.heads & here and k.tails & here - k.heads]
    if sure:
        best = max(sure, key=lambda k: (len(k.tails & here), len(k.heads & here)))
        return _fact(q, sentence, "wrong", best)
    return _fact(q, sentence, "unsupported", None)


def _clause(text: str, q: Quantity) -> str:
    """Return the clause around a quantity; one that begins or ends with it takes in the neighbour."""
    cuts = [0, *(m.start() for m in _CLAUSE.finditer(text) if not q.start <= m.start() < q.end), len(text)]
    low = max(c for c in cuts if c <= q.start)
    high = min(c for c in cuts if c >= q.end)
    inside = text[low:high]
    if len(stems(inside.replace(q.text, " "))) < 2:
        later = [c for c in cuts if c > high]
        inside = text[low : later[0] if later else len(text)]
        if len(stems(inside.replace(q.text, " "))) < 2:
            return text
    return inside


def _close(q: Quantity, value: int, known: Known) -> bool:
    if q.kind in ("moment", "length"):
        return abs(value - known.value) <= TIME_TOLERANCE_US and (known.strict or known.kind in (q.kind, "moment"))
    if known.quoted:
        return value == known.value
    if known.value < 12_000 and known.kind == "count" and known.value % 1000 == 0:
        return value == known.value
    return abs(value - known.value) * 1_000_000 <= TOLERANCE_PPM * max(abs(known.value), 1)


def _counts_something(q: Quantity) -> bool:
    """Say whether a number stands before what it counts, and is no version, name or ordinal."""
    if q.text.casefold() == "one":
        return False
    return q.after == "$" or bool(
        re.match(
            r"\s+(?:\w+\s+){0,2}(?:request|customer|tenant|user|replica|pod|answer|error|alert|call|token|minute|engine|status|update|shopper|recommendation)",
            q.after,
        )
    )


def _fact(q: Quantity, sentence: Sentence, verdict: FactVerdict, known: Known | None) -> Fact:
    said = f"{q.text}{_unit(q)}"
    return Fact(line=sentence.line, said=said, kind={"moment": "time", "length": "duration"}.get(q.kind, q.kind),
                verdict=verdict, known=known.text if known else "", seqs=known.seqs if known else ())  # fmt: skip


def _unit(q: Quantity) -> str:
    if q.kind != "count" or q.after == "$":
        return ""
    match = re.match(r"\s+\w+(?:\s+\w+)?", q.after)
    return match[0] if match else ""


def _known_names(scenario: Scenario, cast: Cast) -> frozenset[str]:
    known = inventory(scenario)
    ids = [*known.components, *known.replicas, *(e.change.id for e in scenario.timeline if e.change)]
    return frozenset(n.casefold() for i in ids for n in (i, cast.shown(i)))


def _names(sentence: Sentence, lowered: str, names: frozenset[str], book: Ledger) -> list[Fact]:
    """Return the names that don't exist, and the tenants that are said to be harmed."""
    out: list[Fact] = []
    for match in _IDENTIFIER.finditer(lowered):
        word = match[0]
        if word in names:
            out.append(Fact(line=sentence.line, said=word, kind="name", verdict="right", known="part of this incident"))
        elif word.startswith(("node-", "tenant.", "chg-")) or word.rpartition("-")[0] in names:
            out.append(
                Fact(line=sentence.line, said=word, kind="name", verdict="wrong", known="there is nothing of this name")
            )
    if sentence.section != "actions" and _AFFECTED.search(lowered) and not _UNHARMED.search(lowered):
        subject = lowered if "only" in lowered else lowered.partition(" by ")[0]
        for tenant, was in book.harmed.items():
            if tenant.casefold() in subject or tenant.replace("-", " ").casefold() in subject:
                verdict, text = _HARM[was]
                said = f"{tenant} affected"
                out.append(Fact(line=sentence.line, said=said, kind="tenant", verdict=verdict, known=text))
    return out
