"""What a report says, before it is HTML, Markdown or JSON: the view model, `incidentsim-report/1`.

Made by `build.build_report`, read by the three renderers, which add nothing of their own. All text is cleaned
and in shown names; every number carries the transcript lines (`seqs`) and the rule behind it. A section that
does not apply, or that its reader may not see, is None or empty, so no renderer can leak it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA = "incidentsim-report/1"
"""Name of the JSON shape."""

Audience = Literal["interviewer", "candidate"]
"""Who reads it: everything, or what a candidate may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One statement, with the transcript lines that show it and the rule that made its number."""

    text: str
    seqs: tuple[int, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A heading with its sentences."""

    title: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One figure of the strip at the top: what it is, its value in words, and a word on it."""

    title: str
    value: str
    note: str
    seqs: tuple[int, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which play this is. `truth` says whether causes and verdicts are in it, `measured` whether effects are."""

    title: str
    scenario: str
    scenario_version: int
    level: str
    seed: int
    created_utc: str
    engine: str
    authority: str
    audience: Audience
    audience_note: str
    ended: str
    truth: bool
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One part of the score. `points` of `worth` on the practice index; None for a factor or a penalty."""

    key: str
    title: str
    value: str
    points: float | None
    worth: float | None
    rule: str
    inputs: tuple[tuple[str, str], ...]
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreView:
    """The practice index and its parts. `interval` is words: the interval, or that none is known."""

    index: float | None
    interval: str
    parts: tuple[PartRow, ...]
    strength: Sentence | None
    improvement: Sentence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """One milestone; `clock` is `not reached` when `t_us` is None."""

    key: str
    title: str
    t_us: int | None
    clock: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One action: what it was, what it did to users (`effect`), and the habits around it.

    `credit` is in weighted bad requests saved, negative for harm, None when not measured; `error` its standard
    error where known.
    """

    number: int
    t_us: int
    clock: str
    text: str
    because: str
    effect: str
    credit: float | None
    error: float | None
    causes: tuple[str, ...]
    evidence_before: bool
    hypothesis_before: bool
    verified: bool
    unsafe: bool
    undone: bool
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceItem:
    """One item of an evidence set; `seqs` empty when it was never looked at."""

    text: str
    clock: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One root cause, how harm went from it to users, and which evidence would have shown it.

    `named` is the committed probability of the right claim, None when the diagnosis did not hold it. Any one
    of `evidence` was enough; `carried` are the items seen of the first complete set.
    """

    id: str
    component: str
    fault: str
    why: str
    chain: tuple[str, ...]
    gone: bool
    removed: str
    named: float | None
    named_seqs: tuple[int, ...]
    evidence: tuple[tuple[EvidenceItem, ...], ...]
    carried: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One cause that was claimed; `verdict` and `evidence` are empty where the truth is not shown."""

    component: str
    fault: str
    p: float
    verdict: str
    evidence: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisRow:
    """One hypothesis: the cause it names, its probability over time, what became of it, and whether it was right."""

    number: int | None
    statement: str
    cause: str
    steps: str
    state: str
    verdict: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One update to others, and whether it was true when it was given (empty where the truth is not shown)."""

    clock: str
    text: str
    verdict: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRow:
    """A red or green flag: a proposal until a person confirms it; it carries no weight.

    `question` marks one that no rule can see in a transcript: `text` is what to ask.
    """

    colour: Literal["red", "green"]
    title: str
    text: str
    status: str
    question: bool
    rule: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """One line of an interview scorecard: points `got` of `most`, None while not measured or not marked.

    `mark` is a person's, 1 to 5, None on automatic lines and while nobody marked; `detail` says what the number
    was made from, or what the rubric and the rater say of the mark.
    """

    title: str
    by: Literal["rule", "person"]
    got: float | None
    most: float | None
    mark: int | None
    detail: str
    rule: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One domain of the interview scorecard with its lines."""

    title: str
    got: float | None
    most: float | None
    lines: tuple[ScoreLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewView:
    """The interview scorecard. `result` says in words what is known of the total; a person decides."""

    rubric: str
    rater: str
    domains: tuple[Domain, ...]
    result: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One line of a document's check: what it said, the verdict in words, what the record says."""

    kind: str
    text: str
    verdict: str
    detail: str
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemView:
    """The check of a postmortem: its summary and its lines."""

    summary: tuple[Sentence, ...]
    rows: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """What a rule of the score says, as `score --explain` prints it."""

    id: str
    title: str
    weight: str
    formula: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One line of the transcript in words. `truth`: the candidate could not see it while it happened."""

    seq: int
    clock: str
    who: str
    text: str
    truth: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a chart: (scenario µs, value or None for a gap). `kind` says how it is drawn."""

    title: str
    kind: Literal["recorded", "continued", "nothing"]
    points: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One strip of the chart with its own scale. `line` is the level that should not be passed."""

    key: str
    title: str
    unit: str
    curves: tuple[Curve, ...]
    line: float | None
    line_title: str
    band: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that lasted: a cause or an alert. `open` when it went on past the end."""

    lane: Literal["cause", "fault", "alert"]
    label: str
    text: str
    start_us: int
    end_us: int
    open: bool
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something the person did at one time. Actions have their number of the table and their credit."""

    lane: Literal["action", "thought", "word", "look"]
    t_us: int
    label: str
    text: str
    number: int | None
    credit: float | None
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The timeline from `start_us` to `end_us`; the record ends at `recorded_us`. `table` tells it in rows."""

    start_us: int
    end_us: int
    recorded_us: int
    panels: tuple[Panel, ...]
    spans: tuple[Span, ...]
    moments: tuple[Moment, ...]
    note: str
    table_columns: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report."""

    head: Head
    summary: tuple[Paragraph, ...]
    facts: tuple[Fact, ...]
    score: ScoreView | None
    times: tuple[TimeRow, ...]
    chart: Chart
    together: Sentence | None
    method: Sentence | None
    """how the effects of single actions were told apart"""
    moves: tuple[MoveRow, ...]
    causes: tuple[CauseRow, ...]
    herrings: tuple[str, ...]
    diagnosis: tuple[ClaimRow, ...]
    hypotheses: tuple[HypothesisRow, ...]
    never: tuple[Sentence, ...]
    statements: tuple[StatementRow, ...]
    flags: tuple[FlagRow, ...]
    interview: InterviewView | None
    postmortem: PostmortemView | None
    notes: tuple[Sentence, ...]
    limits: tuple[str, ...]
    rules: tuple[RuleView, ...]
    records: tuple[RecordRow, ...]
