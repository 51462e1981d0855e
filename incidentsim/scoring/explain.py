"""What each rule of the score says: formula, weights, and the section of the design it comes from.

`incidentsim score --explain RULE` prints one; every part of a scorecard names its rule. Those of the
practice index are declared here, those of the interview scorecard in `explain_interview`.
"""

from __future__ import annotations

from difflib import get_close_matches

from incidentsim.errors import UsageError
from incidentsim.scoring.explain_interview import INTERVIEW_RULES
from incidentsim.scoring.rule import Rule

__all__ = ["RULES", "Rule", "explain"]


_ALL = (
    Rule(
        id="S", title="Budget saved", section="§1", weight=".35·S·g",
        formula="S = (B(nothing) − B(play)) / (B(nothing) − B(reference)), shown raw, clipped to 0–1 for "
                "points; "
                "B = Σ weight·bad + λ·(cost − cost of nothing), bad over all offered requests, to the "
                "scenario's end.",
        why="Effects on users, measured against doing nothing and against a known good response.",
    ),
    Rule(
        id="credit", title="Credit of a move", section="§1", weight="through g, T and H",
        formula="φ = mean over orders of the moves of B(with the moves before it) − B(with it as well), on the same "
                "draws: the Shapley value. All orders up to five moves; beyond, two drawn orders and their reverses "
                "(one from eleven moves on), 24 with --deep. All φ add up to B(nothing) − B(play). Same verb and "
                "target within 60 s is one move; an undo belongs to what it undoes.",
        why="Moves that can stand in for each other, or need each other, share what they did. Open-loop: a move's "
            "commands are kept or left out, the others stay at their times. A command that leaves the world as it "
            "is (a setting given again, a question without consequence) is no move: it earns exactly 0.",
    ),
    Rule(
        id="g", title="Gate on method", section="§2", weight="factor on S and T",
        formula="g = (.30 + .70·share of positive credit with prior evidence)·(.5 + .5·De)",
        why="A lucky fix is worth little: the outcome counts in full only when evidence and diagnosis "
            "carried it.",
    ),
    Rule(
        id="De", title="Diagnosis with evidence", section="§2", weight=".25",
        formula="D = max(0, ½·F0.5 + ½·Brier skill); De = D·(.35 + .65·share of committed causes with "
                "evidence seen "
                "before), the best over leaving right causes out. Exact or alias counts 1, one hop away .35; "
                "committed from p = .5; the base rate is causes / |vocabulary|.",
        why="Precision first, so that naming everything is worth nothing; honest probabilities pay.",
    ),
    Rule(
        id="P", title="Process", section="§2", weight=".20",
        formula="P = .75·mean over moves(.45 evidence before + .30 hypothesis before + .25 verified within "
                "180 s) + "
                ".25·coverage·(½ + ½·efficiency); without moves .25·coverage·efficiency. Moves with credit "
                "exactly 0 "
                "are not in the mean.",
        why="Look, say what you think, act, check. Looking at everything is not free.",
    ),
    Rule(
        id="T", title="Time to the first effective move", section="§2", weight=".10·T·g",
        formula="T = 1 − ln(t/t_ref)/ln(t_max/t_ref) of the first move that saved ≥ 10 % of what the "
                "reference saves, "
                "by its credit or when it joined the moves before it (t_ref: joining); t from the onset, clamped to "
                "[t_ref, t_max].",
        why="Faster than the reference earns nothing more, so that haste before looking is not rewarded.",
    ),
    Rule(
        id="C", title="Communication", section="§2", weight=".10",
        formula="C = (distinct truthful statuses − false claims) / 4, between −1 and 1; ×.3 unless there is "
                "a move and "
                "De > 0. Saying that it is over while an objective burns is a false claim.",
        why="Others act on what they are told.",
    ),
    Rule(
        id="H", title="Penalty for harm", section="§2", weight="− H",
        formula="H = min(.5, .5·harm + .08·unsafe); harm = the smaller of Σ max(0, −φ) and of what moves cost when "
                "they came, each on top of those before it, / (B(nothing) − B(reference)), at most 1; "
                "unsafe = destructive moves without a dry run or evidence before, and protected invariants "
                "broken.",
        why="First do no harm.",
    ),
    Rule(
        id="hints", title="Hints taken", section="§2", weight="− their prices",
        formula="the sum of the prices of the hints taken, as the transcript holds them, in points of the index",
        why="A hint that was paid for beats giving up; the price was on the briefing before it was taken.",
    ),
    Rule(
        id="evidence", title="Evidence seen", section="§2", weight="through De, P, g and H",
        formula="Any of a cause's sets, every item seen before the claim: queried, filtered, inspected, "
                "opened, "
                "answered. A screen counts after 2 s, and only beside an explicit look at another item of "
                "the set. "
                "metric:NAME@LABEL needs `by (LABEL)` or a matcher on it; change:ID needs that change "
                "opened.",
        why="A claim should rest on something its author saw.",
    ),
    Rule(
        id="times", title="Times", section="§2", weight="shown, not weighted",
        formula="detect: first look at harm, evidence or alerts, or an acknowledgement. acknowledge: first "
                "ack. engage: "
                "first look, command or hypothesis. identify: the top hypothesis became right and stayed. "
                "mitigate: "
                "burn ≤ 1 for 120 s after a move with credit. resolve: every root cause removed, temporary "
                "measures "
                "undone or written down.",
        why="Scenario time, from T+0; unreached stays \"not reached\".",
    ),
    Rule(
        id="index", title="Practice index", section="§2", weight="100",
        formula="100·max(0, .35·S·g + .25·De + .20·P + .10·T·g + .10·C − H) − prices of hints taken, at least 0",
        why="For solo practice; it is not the result of an interview.",
    ),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.id: rule for rule in (*_ALL, *INTERVIEW_RULES)}
"""Every rule, by its id: those of the practice index first."""


def explain(rule: str) -> Rule:
    """Return a rule by its id, in any case. Raises UsageError with a suggestion for an unknown one."""
    by_case = {name.casefold(): found for name, found in RULES.items()}
    found = by_case.get(rule.casefold())
    if found is None:
        near = get_close_matches(rule.casefold(), list(by_case), n=1)
        hint = f"; did you mean {by_case[near[0]].id!r}?" if near else ""
        raise UsageError(f"there is no rule {rule!r}{hint} Rules: {', '.join(RULES)}")
    return found
