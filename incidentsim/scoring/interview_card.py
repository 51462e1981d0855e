"""What a scorecard says beyond the practice index: interview points, hypotheses over time, proposed flags.

`score` makes measures, hypotheses and flags of every play; `interview.appraise` adds points once a rubric is
named. Reports and the command line read the JSON, whose shape is this (keys as the fields below, times in
scenario µs, `seqs` numbers of transcript records, null where something is not known):

    "interview": {
      "measures": {"verification": {"value": 0.5, "inputs": {"moves": 4, ...}, "seqs": [31, 40]}, ...},
      "earned": true, "siblings": [{"earned": true, "values": {"durable": 1.0, ...}}, ...] with --deep,
      "rubric": null or {"id": "default", "title": ..., "version": 1, "digest": "sha256..."},
      "rater": "",
      "domains": [{"id": "reliability", "title": ..., "weight": 30, "points": 24.1 or null,
        "automatic": [{"measure": "durable", "most": 3, "value": 1.0, "points": 3.0}, ...],
        "human": [{"id": "mitigation", "title": ..., "most": 6, "mark": 4 or null, "points": 4.5 or null,
                   "anchor": "what the rubric says of that mark", "note": "", "seqs": [31]}, ...]}],
      "automatic": {"points": 30.2 or null, "most": 44}, "human": {"points": null, "most": 56},
      "total": null, "standard_error": null, "missing": ["mitigation", ...],
      "unsupported": ["clarity"],
      "suggestion": null or "pass" or "no pass" or "borderline, discuss", "why": ["..."]}
    "hypotheses": {
      "rows": [{"number": 1 or null, "text": "as typed", "cause": "gateway:x" or "", "state": "open",
        "verdict": "right" | "one hop away" | "wrong" | "names no cause",
        "steps": [{"t_us": 70000000, "seq": 12, "kind": "stated", "p": 0.6}, ...]}, ...],
      "standing": [{"t_us": ..., "seq": ..., "top": "gateway:x", "p": 0.6, "right": true,
                    "brier": 1.4, "skill": 0.2}, ...],
      "identified": {"t_us": ... or null, "seq": ...},
      "committed": 2, "mean_p": 0.95 or null, "share_right": 1.0 or null}
    "flags": {
      "proposed": [{"id": "acts-before-looking", "colour": "red", "title": ..., "text": ..., "seqs": [4],
                    "verdict": "unconfirmed" | "confirmed" | "rejected"}, ...],
      "for_people": [{"id": ..., "colour": ..., "title": ..., "question": ...}, ...]}

`state` is open, ruled out or committed; `kind` is stated, ruled out or committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Number = float | int | str | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One automatic measure from 0 to 1, before any weight. None where it needs a run that could not be made."""

    value: float | None
    inputs: Mapping[str, Number]
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiblingMeasures:
    """The measures that runs decide, for the same commands on another seed; the others are the same there."""

    earned: bool
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricName:
    """Which rubric gave the points; `digest` is of what it says, so that an edited one is another."""

    id: str
    title: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticPoints:
    """Points of one measure: `most`·value, 0 without a move that earned credit, None when not measured."""

    measure: str
    most: float
    value: float | None
    points: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanPoints:
    """Points of one criterion: `most`·(mark − 1)/4; None while a person has not marked it."""

    id: str
    title: str
    most: float
    mark: int | None
    points: float | None
    anchor: str = ""
    note: str = ""
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPoints:
    """One domain of the rubric; `points` is None while one of its parts has none."""

    id: str
    title: str
    weight: float
    points: float | None
    automatic: tuple[AutomaticPoints, ...]
    human: tuple[HumanPoints, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Points earned of `most`; None while one of them is missing."""

    points: float | None
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """Measures, and with a rubric the points. Without one, `rubric` is None and the rest is empty.

    `earned` says whether a move earned credit (None where that was not measured); without, every automatic part
    is 0. `missing` are criteria without a mark, `unsupported` those whose mark (other than 3) names no record.
    `why` says in sentences what the suggestion rests on, or why there is none.
    """

    measures: Mapping[str, Measure]
    earned: bool | None = None
    siblings: tuple[SiblingMeasures, ...] = ()
    rubric: RubricName | None = None
    rater: str = ""
    domains: tuple[DomainPoints, ...] = ()
    automatic: Sum = Sum(points=None, most=0.0)
    human: Sum = Sum(points=None, most=0.0)
    total: float | None = None
    standard_error: float | None = None
    missing: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    suggestion: str | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStep:
    """A hypothesis stated, ruled out or committed: with what probability from then on."""

    t_us: int
    seq: int
    kind: str
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One cause that was held (or one statement that named none), with its confidence over time.

    `cause` is `component:fault` in stable ids; `number` that of its first hypothesis, None when it was
    committed without one.
    """

    number: int | None
    text: str
    cause: str
    state: str
    verdict: str
    steps: tuple[LedgerStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was believed after one step: the top cause, and the Brier score over the closed vocabulary.

    `brier` is Σ (p − y)² (0 is perfect, the number of causes is knowing nothing), `skill` is 1 − brier /
    brier of the base rate.
    """

    t_us: int
    seq: int
    top: str
    p: float
    right: bool
    brier: float
    skill: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifiedAt:
    """When the top belief became right and stayed right; None when it never did."""

    t_us: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypotheses:
    """The ledger of hypotheses with calibration. `mean_p` and `share_right` are over committed causes: close
    together when the person was as sure as they were right."""

    rows: tuple[LedgerRow, ...] = ()
    standing: tuple[Standing, ...] = ()
    identified: IdentifiedAt = IdentifiedAt()
    committed: int = 0
    mean_p: float | None = None
    share_right: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFlag:
    """A flag that a rule proposes, with the records that made it. Until a person confirms it, it says nothing."""

    id: str
    colour: str
    title: str
    text: str
    seqs: tuple[int, ...]
    verdict: str = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagForPeople:
    """A flag that no rule can see in a transcript, with the question that lets a person see it."""

    id: str
    colour: str
    title: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Proposals of rules, and what only people can judge. Neither changes a score."""

    proposed: tuple[ProposedFlag, ...] = ()
    for_people: tuple[FlagForPeople, ...] = ()
