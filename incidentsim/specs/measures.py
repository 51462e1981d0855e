"""The automatic measures that a rubric may give points for. A rubric file names them; `scoring.measures` makes
each, a test proves that it makes exactly these, and `score --explain` prints what stands here.

Every measure is a number from 0 to 1. Which weight it has is the rubric's business.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSpec:
    """One measure: what it is made of, in words and symbols that scoring.md explains, and why it counts."""

    id: str
    title: str
    formula: str
    why: str


_ALL = (
    MeasureSpec(
        id="saved-with-method", title="Harm to users averted, by method",
        formula="S·g, S clipped to 0–1: the share of what the reference saves, times the gate on evidence and "
                "diagnosis.",
        why="The outcome counts in full only when evidence and diagnosis carried it.",
    ),
    MeasureSpec(
        id="safe-saving", title="Helped without making things worse",
        formula="min(1, S/.3)·(1 − harm), 0 with any unsafe act or broken invariant.",
        why="A modest mitigation that breaks nothing is already worth something.",
    ),
    MeasureSpec(
        id="durable", title="Gone for good",
        formula="1 when every root cause was removed and nothing came back in a hidden run-on of ten minutes, "
                "else 0.",
        why="A masked cause pages the next person.",
    ),
    MeasureSpec(
        id="diagnosis", title="Diagnosis with evidence",
        formula="De; see `score --explain De`.",
        why="Precision first, honest probabilities, and evidence seen before the claim.",
    ),
    MeasureSpec(
        id="evidence-discipline", title="Evidence before claims and moves",
        formula="(moves with evidence before + right diagnoses with evidence before) / (moves + diagnoses); "
                "committed diagnoses (p ≥ .5) and moves that changed something count; a right diagnosis without "
                "evidence is left out, so that naming a right cause never costs.",
        why="Looking first is what separates a method from luck.",
    ),
    MeasureSpec(
        id="time-to-detect", title="Time to detect",
        formula="1 − ln(t/t_ref)/ln(t_max/t_ref) for the first look at harm, evidence or alerts, or the first "
                "acknowledgement; t from the onset, t_ref the reference's first effective move, t clamped to "
                "[t_ref, t_max].",
        why="Nothing helps users before somebody sees that they are harmed.",
    ),
    MeasureSpec(
        id="temporary-overrides", title="Temporary overrides undone or written down",
        formula="1 − left unrecorded / made. Overrides: limit, priority, shed, silence, drain. Settled by its "
                "undo, by lifting it (unlimited, 0%), or by a later status or note that names it; the same "
                "status again settles nothing. Those that changed nothing for users don't count. 1 without overrides.",
        why="A forgotten limit is the next incident.",
    ),
    MeasureSpec(
        id="verification", title="Verified after acting",
        formula="Share of moves followed within 180 s by a look at a signal they should change. Moves that "
                "changed nothing for users don't count.",
        why="A move that nobody checks may have done nothing, or harm.",
    ),
    MeasureSpec(
        id="safe-rollout", title="Risky verbs tried out first",
        formula="Share of risky moves with a dry run of the same verb and target before, or a canary or the same "
                "verb on one replica of the same pool before. Risky: destructive verbs, drain, failover, pin, "
                "rollback, route, shed, on more than one replica. 0 without a risky move (a share of nothing is 0).",
        why="A small step first limits what a mistake costs.",
    ),
    MeasureSpec(
        id="cadence", title="Acknowledged and kept people informed",
        formula="1 when the page was acknowledged within 5 min and no 15 min passed without a distinct truthful "
                "status while an objective burned, from the onset (T+0 at the earliest) to the end of the "
                "session; else 0.",
        why="Silence makes others guess, and act.",
    ),
    MeasureSpec(
        id="truthfulness", title="What was said was true",
        formula="Distinct truthful statuses / (those + claims that it is over while an objective burned). 0 when "
                "nothing was said.",
        why="Others act on what they are told.",
    ),
)  # fmt: skip

MEASURES: dict[str, MeasureSpec] = {spec.id: spec for spec in _ALL}
"""Every measure, by its id."""
