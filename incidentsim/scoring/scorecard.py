"""The scorecard: every number of a score with what it was made from, and its JSON form.

Made by `score.score`; read by the command line, reports, the debrief, certificates and sweeps. The shape of
`interview`, `hypotheses` and `flags` is described in `interview_card`. The JSON is
sorted and rounded to six decimals, so that the same play gives the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from incidentsim.exact import canonical_json
from incidentsim.scoring.interview_card import Flags, Hypotheses, Interview
from incidentsim.scoring.numbers import rounded

SCHEMA = "incidentsim-score/1"
"""Name of the JSON shape."""

Number = float | int | str | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the score. `value` is None where it needs a re-simulation that could not be made.

    `rule` is its entry in `explain`, `inputs` what the formula was given, `seqs` the records behind it.
    """

    value: float | None
    rule: str
    inputs: Mapping[str, Number]
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredMove:
    """One move with its credit (weighted bad requests saved; None when not re-simulated) and the habits
    around it.

    `credit_nano` is the same in thousand-millionths, rounded so that all of them add up to what the play saved;
    `credit_error` is the standard error of a credit made on one seed, None unless scored with siblings. `harmless`: its
    credit is negative, since on average over orders it would have hurt, but when it was made it made nothing worse.
    """

    seqs: tuple[int, ...]
    t_us: int
    verb: str
    target: str
    text: str
    act: bool
    credit: float | None
    bad_saved: tuple[tuple[str, int], ...]
    causes: tuple[str, ...]
    evidence_before: bool
    hypothesis_before: bool
    verified: bool
    counted: bool
    unsafe: bool
    undone: bool
    harmless: bool = False
    credit_nano: int | None = None
    credit_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """The same commands on another seed: what they would have scored, and the credit of each move there."""

    seed: int
    practice_index: float
    S: float
    g: float
    T: float
    harm: float
    credits: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenItem:
    """One item of listed evidence that was seen, first by `seq` at `t_us`; `explicit` when looked at
    itself."""

    item: str
    t_us: int
    seq: int
    explicit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedItem:
    """One item of listed evidence that was never looked at, and the root causes it would have supported."""

    item: str
    causes: tuple[str, ...]
    needed: bool
    """whether one of those causes was left without a complete evidence set"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredClaim:
    """One cause of the diagnosis: probability, whether right or one hop away, whether evidence had been
    seen."""

    component: str
    fault: str
    p: float
    verdict: str
    evidence: bool
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One time of the timeline; None when it was not reached."""

    t_us: int | None
    seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredStatement:
    """One distinct update: whether it claimed that the harm was over, and whether that was true."""

    seq: int
    t_us: int
    text: str
    claims_over: bool
    truthful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingItem:
    """Evidence for a right cause that was looked at before the cause was committed by record `named_seq`;
    `completes` when with it one of the cause's any-of sets had been seen."""

    cause: str
    item: str
    t_us: int
    seq: int
    completes: bool
    named_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """One place of the causal chain (`part`: trigger, root, propagation, impact), with the first look at it and the
    first act on it; None where there was none. `place` is as the session shows it."""

    part: str
    place: str
    looked_us: int | None
    looked_seq: int | None
    acted_us: int | None
    acted_seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The whole score of one play. `practice_index` is None when S, T, g and credit could not be measured."""

    scenario: str
    scenario_version: int
    scenario_digest: str
    seed: int
    authority: str
    practice_index: float | None
    parts: dict[str, Part]
    moves: tuple[ScoredMove, ...]
    bad_saved: tuple[tuple[str, int], ...]
    """Bad requests of each objective that all commands together saved; empty when not re-simulated."""
    evidence_seen: tuple[SeenItem, ...]
    evidence_missed: tuple[MissedItem, ...]
    times: dict[str, Milestone]
    diagnosis: tuple[ScoredClaim, ...]
    statements: tuple[ScoredStatement, ...]
    durable: bool | None
    never_looked_at: tuple[str, ...]
    notes: tuple[str, ...]
    interview: Interview = field(default_factory=lambda: Interview(measures={}))
    hypotheses: Hypotheses = field(default_factory=Hypotheses)
    flags: Flags = field(default_factory=Flags)
    credit_form: Mapping[str, Number] = field(default_factory=dict)
    """`form` exact or orders, how many `orders` of how many `moves` were averaged over how many `subsets`,
    whether `deep`; empty when not re-simulated."""
    errors: Mapping[str, float] = field(default_factory=dict)
    """Standard errors of practice_index, S, g, T and harm as made on one seed; empty unless scored with
    siblings."""
    siblings: tuple[Sibling, ...] = ()
    carrying: tuple[CarryingItem, ...] = ()
    chain: tuple[ChainStep, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the score as plain JSON values, numbers rounded to six decimals."""
        scenario = {"id": self.scenario, "version": self.scenario_version, "digest": self.scenario_digest}
        body: dict[str, Any] = {
            "schema": SCHEMA,
            "scenario": scenario,
            "seed": self.seed,
            "authority": self.authority,
            "practice_index": self.practice_index,
            "parts": {name: _fields(part) for name, part in self.parts.items()},
            "moves": [{**_fields(m), "bad_saved": dict(m.bad_saved)} for m in self.moves],
            "bad_saved": dict(self.bad_saved),
            "evidence": {
                "seen": [_fields(item) for item in self.evidence_seen],
                "missed": [_fields(item) for item in self.evidence_missed],
            },
            "times": {name: _fields(milestone) for name, milestone in self.times.items()},
            "diagnosis": [_fields(claim) for claim in self.diagnosis],
            "statements": [_fields(s) for s in self.statements],
            "durable": self.durable,
            "never_looked_at": self.never_looked_at,
            "notes": self.notes,
            "interview": self.interview,
            "hypotheses": self.hypotheses,
            "flags": self.flags,
            "credit_form": self.credit_form,
            "errors": self.errors,
            "siblings": [_fields(s) for s in self.siblings],
            "carrying": self.carrying,
            "chain": self.chain,
        }
        plain: dict[str, Any] = _plain(body)
        return plain

    def to_text(self) -> str:
        """Return the canonical JSON text: sorted keys, no spaces, the same bytes for the same play."""
        return canonical_json(self.to_json())


def _fields(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in sorted(fields(value), key=lambda f: f.name)}
    return rounded(value) if isinstance(value, float) else value
