"""The result of checking a postmortem, as data and as JSON (`incidentsim-postmortem/1`).

Made by `check.check`; read by the command line, the editor screen and benchmarks. What is missing from the causal
chain is told to interviewers only: a candidate who revises a text should find it, not copy it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from incidentsim.exact import canonical_json
from incidentsim.scoring.numbers import rounded
from incidentsim.scoring.postmortem.causality import WRONG, Causality
from incidentsim.scoring.postmortem.facts import Fact
from incidentsim.scoring.postmortem.prevention import Measure, Preventions

SCHEMA = "incidentsim-postmortem/1"
"""Name of the JSON shape."""

Audience = Literal["candidate", "interviewer"]

RUBRIC = (("root-cause clarity", 40), ("prevention", 30), ("operational impact", 20), ("communication", 10))
"""What people mark, in points (scoring.md §4); nothing here is a mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One strength or improvement with its evidence: the lines of the text and the records behind it."""

    text: str
    lines: tuple[int, ...] = ()
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemCheck:
    """Everything measured of one text. `names` are shown names of the concepts that claims and edges name by id."""

    scenario: str
    digest: str
    """SHA-256 of the text"""
    facts: tuple[Fact, ...]
    causality: Causality
    prevention: Preventions
    strength: Remark
    improvement: Remark
    names: Mapping[str, str]
    audience: Audience
    notes: tuple[str, ...] = ()

    def counted(self, verdict: str) -> int:
        """Return how many facts have this verdict."""
        return len([f for f in self.facts if f.verdict == verdict])

    def contradicted(self) -> bool:
        """Say whether the record or the model contradicts something that the text says."""
        return self.counted("wrong") > 0 or any(c.verdict in WRONG for c in self.causality.claims)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, numbers rounded to six decimals; for candidates without what is missing."""
        chain, prevention = self.causality, self.prevention
        body = {
            "schema": SCHEMA,
            "scenario": self.scenario,
            "digest": self.digest,
            "audience": self.audience,
            "facts": {
                **{verdict: self.counted(verdict) for verdict in ("right", "wrong", "unsupported")},
                "lines": [_fields(fact) for fact in self.facts],
            },
            "causality": {
                "score": chain.score, "precision": chain.precision, "recall": chain.recall,
                "edges": len(chain.edges), "roots_named": len(chain.named), "missing_count": len(chain.missing),
                "missing": [self._edge(edge) for edge in chain.missing] if self.audience == "interviewer" else None,
                "claims": [
                    {**_fields(c), "cause": self._name(c.cause), "effect": self._name(c.effect)} for c in chain.claims
                ],
                "crowded": [{"line": line, "text": text} for line, text in chain.crowded],
            },
            "prevention": {
                "share": prevention.share,
                "together": _measure(prevention.together),
                "items": [{**_fields(i), "measure": _measure(i.measure)} for i in prevention.items],
            },
            "strength": _fields(self.strength),
            "improvement": _fields(self.improvement),
            "for_a_person": [{"domain": domain, "points": points} for domain, points in RUBRIC],
            "notes": self.notes,
        }  # fmt: skip
        plain: dict[str, Any] = _plain(body)
        return plain

    def to_text(self) -> str:
        """Return the canonical JSON text."""
        return canonical_json(self.to_json())

    def _name(self, concept: str) -> str:
        return self.names.get(concept, concept)

    def _edge(self, edge: tuple[str, str]) -> list[str]:
        return [self._name(edge[0]), self._name(edge[1])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What a revision changed: later minus earlier. None where either was not measured."""

    causality: float
    right: int
    wrong: int
    unsupported: int
    prevention: float | None
    edges_found: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain: dict[str, Any] = _plain(_fields(self))
        return plain


def delta(before: Mapping[str, Any], after: Mapping[str, Any]) -> Delta:
    """Return what changed between two checks, given as `to_json` wrote them. Raises KeyError for other shapes."""
    old, new = before["causality"], after["causality"]
    shares = before["prevention"]["share"], after["prevention"]["share"]
    facts = {v: int(after["facts"][v]) - int(before["facts"][v]) for v in ("right", "wrong", "unsupported")}
    return Delta(
        causality=rounded(new["score"] - old["score"]),
        prevention=None if shares[0] is None or shares[1] is None else rounded(shares[1] - shares[0]),
        edges_found=int(old["missing_count"]) - int(new["missing_count"]),
        **facts,
    )


def _measure(measure: Measure | None) -> dict[str, Any] | None:
    return None if measure is None else _fields(measure)


def _fields(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return rounded(value) if isinstance(value, float) else value
