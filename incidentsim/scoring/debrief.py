"""A scorecard told in sentences: what helped, what was missed, one strength, one improvement.

The debrief screen, plain mode and reports show it. Every line carries the transcript numbers it rests on;
names are those the person typed. Nothing is computed here that the scorecard does not hold.
"""

from __future__ import annotations

from collections.abc import Callable

from incidentsim.exact import format_clock
from incidentsim.scoring.debrief_story import carrying_lines, chain_lines, flag_lines, standing_lines
from incidentsim.scoring.index import WEIGHTS
from incidentsim.scoring.numbers import clip
from incidentsim.scoring.scorecard import Scorecard, ScoredMove
from incidentsim.scoring.section import Line, Section
from incidentsim.text import listed

__all__ = ["Line", "Section", "debrief", "move_line"]

_TITLES = {
    "detect": "Detected", "acknowledge": "Acknowledged", "engage": "Engaged", "identify": "Cause identified",
    "mitigate": "Users well again, by an action that helped", "resolve": "Causes gone, temporary measures settled",
}  # fmt: skip


def debrief(card: Scorecard) -> tuple[Section, ...]:
    """Return the sections of a debrief, in reading order. Sections without a point are left out."""
    sections = (
        Section(title="Result", lines=(_result(card),)),
        Section(title="Strength", lines=(_strength(card),)),
        Section(title="To improve", lines=(_improvement(card),)),
        Section(title="What your actions did to users", lines=_actions(card)),
        Section(title="The causal chain, and when you were there", lines=chain_lines(card)),
        Section(title="Diagnosis", lines=_diagnosis(card)),
        Section(title="What carried the diagnosis", lines=carrying_lines(card)),
        Section(title="How your belief moved", lines=standing_lines(card)),
        Section(title="Times", lines=_times(card)),
        Section(title="Words", lines=_words(card)),
        Section(title="Hints", lines=_hints(card)),
        Section(title="What you never looked at", lines=_never(card)),
        Section(title="Flags proposed, without weight", lines=flag_lines(card)),
        Section(title="What this score can't tell", lines=tuple(Line(text=note) for note in card.notes)),
    )
    return tuple(section for section in sections if section.lines)


def move_line(move: ScoredMove) -> Line:
    """Return what one move did, in plain words, its options left out.

    Such as `limit acme tokens 300k (seq 31, T+05:12) saved 812 bad requests`.
    """
    said = move.text.partition(" --")[0]
    where = f"{said} (seq {move.seqs[0]}, {format_clock(move.t_us)})"
    credit = 0.0 if move.harmless else move.credit or 0.0
    return Line(text=f"{where} {_effect(move)}", seqs=move.seqs,
                mark="good" if credit > 0 else "bad" if credit < 0 else "")  # fmt: skip


def _actions(card: Scorecard) -> tuple[Line, ...]:
    """Return what all actions did together, then each one's part of it."""
    alone = tuple(move_line(m) for m in card.moves)
    if len(card.moves) < 2 or not card.bad_saved:
        return alone
    together = _counted(card.bad_saved) or "changed nothing for users"
    text = f"Together your actions {together}. Below, what each changed on average over orders of the actions."
    return (Line(text=text, seqs=tuple(seq for m in card.moves for seq in m.seqs)), *alone)


def _effect(move: ScoredMove) -> str:
    if move.credit is None:
        return "was not measured: the world could not be run again"
    tail = ", its undo included" if move.undone else ""
    if move.harmless:
        tail += "; when you did it, it made nothing worse, so it is no harm"
    counted = _counted(move.bad_saved)
    if move.credit_error:
        tail += f" (weighted credit {move.credit:,.0f} ± {move.credit_error:,.0f})"
    if not counted:
        if move.credit == 0.0:
            return "changed nothing for users" + tail
        return ("lowered" if move.credit > 0 else "raised") + " the cost and changed nothing for users" + tail
    return counted + tail


def _counted(bad_saved: tuple[tuple[str, int], ...]) -> str:
    """Return `saved 2 bad requests of ttft but caused 1 bad request of other`; empty when none changed."""
    parts: list[str] = []
    for verb, sign in (("saved", 1), ("caused", -1)):
        counts = [(slo, saved * sign) for slo, saved in bad_saved if saved * sign > 0]
        if len(counts) == 1 and len(bad_saved) == 1:
            parts.append(f"{verb} {_requests(counts[0][1])}")
        elif counts:
            (slo, first), *others = counts
            told = [f"{_requests(first)} of {slo}", *(f"{n:,} of {slo}" for slo, n in others)]
            parts.append(f"{verb} {listed(told)}")
    return " but ".join(parts)


def _requests(count: int) -> str:
    return f"{count:,} bad request" + ("" if count == 1 else "s")


def _hints(card: Scorecard) -> tuple[Line, ...]:
    """Return what the hints taken cost; nothing when there were none."""
    part = card.parts.get("hints")
    if part is None:
        return ()
    taken, points = int(part.inputs["taken"] or 0), int(part.inputs["points"] or 0)
    what = "1 hint was" if taken == 1 else f"{taken} hints were"
    return (Line(text=f"{what} taken, for {points} points of the practice index.", seqs=part.seqs),)


def _result(card: Scorecard) -> Line:
    if card.practice_index is None:
        return Line(text="No practice index: the world could not be run again.")
    saved = card.parts["S"].value or 0.0
    lasting = "The cause is gone for good." if card.durable else "The cause was not removed for good."
    error = f" ± {card.errors['practice_index']:.0f}" if "practice_index" in card.errors else ""
    return Line(
        text=f"Practice index {card.practice_index:.0f}{error} of 100. You saved {100 * saved:.0f} % of what the "
        f"reference response saves. {lasting}",
        seqs=card.parts["S"].seqs,
    )


def _points(card: Scorecard) -> list[tuple[str, float, float]]:
    """Return (part, points earned, points there were) of what was measured, in a fixed order."""
    gated = card.parts["g"].value
    out: list[tuple[str, float, float]] = []
    for name, weight in WEIGHTS.items():
        value = card.parts[name].value
        if value is None:
            continue
        factor = (gated or 0.0) if name in ("S", "T") else 1.0
        out.append((name, 100 * weight * clip(value, -1.0, 1.0) * factor, 100 * weight))
    return out


def _strength(card: Scorecard) -> Line:
    """Return the part with the largest share of its points, with what shows it."""
    name, got, _ = max(_points(card), key=lambda p: (round(p[1] / p[2], 1), p[2]))
    if got <= 0.0:
        return Line(text="No strength showed in this play; a first look and a first hypothesis would be a start.")
    return _STRENGTHS[name](card)


def _improvement(card: Scorecard) -> Line:
    """Return the largest loss of points, harm first, with what shows it."""
    penalty = card.parts["H"].value or 0.0
    losses = [(whole - got, name) for name, got, whole in _points(card)]
    lost, name = max(losses, key=lambda loss: loss[0])
    if penalty * 100 >= lost:
        return _harmful(card)
    return _IMPROVEMENTS[name](card)


def _harmful(card: Scorecard) -> Line:
    worst = min(
        (m for m in card.moves if m.unsafe or ((m.credit or 0.0) < 0.0 and not m.harmless)),
        key=lambda m: m.credit or 0.0,
        default=None,
    )
    if worst is None:
        broken = card.parts["H"].inputs["invariants_broken"]
        return Line(text=f"Keep what must not be broken, whatever the pressure: {broken}.")
    advice = "preview a destructive verb with --dry-run, or look first" if worst.unsafe else "undo what does not help"
    line = move_line(worst)
    return Line(text=f"{line.text}. Next time, {advice}.", seqs=line.seqs)


def _best_move(card: Scorecard) -> Line:
    best = max(card.moves, key=lambda m: m.credit or 0.0)
    line = move_line(best)
    return Line(text=f"Your most useful action: {line.text}.", seqs=line.seqs)


def _right_diagnosis(card: Scorecard) -> Line:
    right = [c for c in card.diagnosis if c.verdict == "right"]
    named = ", ".join(f"{c.component} {c.fault}" for c in right) or "nothing wrong"
    return Line(text=f"Your diagnosis held: {named}.", seqs=tuple(c.seq for c in right))


def _good_process(card: Scorecard) -> Line:
    sound = [m for m in card.moves if m.evidence_before and m.counted]
    if not sound:
        seen = tuple(item.seq for item in card.evidence_seen if item.explicit)
        return Line(text=f"You looked in the right places: {len(seen)} listed signals seen.", seqs=seen)
    return Line(
        text=f"You looked before you acted: {len(sound)} of {len(card.moves)} actions rested on evidence.",
        seqs=tuple(seq for m in sound for seq in m.seqs),
    )


def _good_words(card: Scorecard) -> Line:
    told = [s for s in card.statements if s.truthful]
    return Line(text=f"You kept people informed: {len(told)} true updates.", seqs=tuple(s.seq for s in told))


def _more_saved(card: Scorecard) -> Line:
    gate = card.parts["g"]
    if (card.parts["S"].value or 0.0) > (gate.value or 0.0):
        bare = tuple(seq for m in card.moves if (m.credit or 0.0) > 0.0 and not m.evidence_before for seq in m.seqs)
        evidenced, de = gate.inputs.get("credit_with_evidence"), gate.inputs.get("De")
        return Line(text=_uncarried(_number(evidenced), _number(de)), seqs=bare)
    if not card.moves:
        return Line(text="You changed nothing while users were harmed: a reversible mitigation buys time to look.")
    return Line(
        text="Much of the harm went on: after each action, check whether users recover; else change course.",
        seqs=tuple(m.seqs[0] for m in card.moves),
    )


def _better_diagnosis(card: Scorecard) -> Line:
    needed = [item.item for item in card.evidence_missed if item.needed]
    wrong = [c for c in card.diagnosis if c.verdict != "right" or not c.evidence]
    hint = f" Evidence you never looked at: {', '.join(needed[:3])}." if needed else ""
    start = "Commit the causes you can support, with honest probabilities." if card.diagnosis else (
        "No diagnosis was committed: say what you think broke, with a probability."
    )  # fmt: skip
    return Line(text=start + hint, seqs=tuple(c.seq for c in wrong))


def _better_process(card: Scorecard) -> Line:
    counted = [m for m in card.moves if m.counted]
    habits = (
        ("look at the evidence before you act", [m for m in counted if not m.evidence_before]),
        ("say which cause you suspect before you act", [m for m in counted if not m.hypothesis_before]),
        ("check on users within three minutes of acting", [m for m in counted if not m.verified]),
    )
    advice, lacking = max(habits, key=lambda habit: len(habit[1]))
    if not lacking:
        missed = ", ".join(item.item for item in card.evidence_missed[:3])
        return Line(text=f"Look wider: {missed or 'fewer signals that tell nothing'}.")
    return Line(text=f"Next time, {advice}.", seqs=tuple(seq for m in lacking for seq in m.seqs))


def _faster(card: Scorecard) -> Line:
    reference = card.parts["T"].inputs.get("t_ref_us")
    known = f" The reference acted at {format_clock(reference)}." if isinstance(reference, int) else ""
    return Line(text=f"The first action that helped came late or not at all.{known}", seqs=card.parts["T"].seqs)


def _better_words(card: Scorecard) -> Line:
    false = [s for s in card.statements if not s.truthful]
    if false:
        said = false[0].text or "resolve"
        text = f"“{said}” was said while users were still harmed: check the objective first."
        return Line(text=text, seqs=tuple(s.seq for s in false))
    return Line(text="Tell people more often: what is known, what is being done, when they will hear again.")


_HELD = 0.5
"""From this on a diagnosis with evidence carries more of what it may than it lacks."""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _uncarried(evidenced: float, de: float) -> str:
    """Return what lacked where the gate takes off most.

    `evidenced` is the share of the credit whose moves had evidence before them, `de` the diagnosis with evidence.
    """
    some = evidenced > 0.0
    if de >= _HELD:
        if evidenced >= 1.0:
            return "What you did helped, and counts in full with a surer diagnosis: name every cause, with evidence."
        return (f"You knew what broke, but {'some of ' if some else ''}what helped came before you had seen why: look "
                "first, then act.")  # fmt: skip
    carried = "the diagnosis carried little of it" if de > 0.0 else "no diagnosis carried it"
    if evidenced >= 1.0:
        return f"You looked before you acted, and it helped, but {carried}: name every cause, with evidence."
    return (f"What you did helped, but {'some of it ' if some else ''}before you had looked, and {carried}: look, then "
            "say what broke.")  # fmt: skip


_STRENGTHS: dict[str, Callable[[Scorecard], Line]] = {
    "S": _best_move, "De": _right_diagnosis, "P": _good_process, "T": _best_move, "C": _good_words,
}  # fmt: skip
_IMPROVEMENTS: dict[str, Callable[[Scorecard], Line]] = {
    "S": _more_saved, "De": _better_diagnosis, "P": _better_process, "T": _faster, "C": _better_words,
}  # fmt: skip


def _diagnosis(card: Scorecard) -> tuple[Line, ...]:
    return tuple(
        Line(
            text=f"{c.component} {c.fault} at {100 * c.p:.0f} %: {c.verdict}"
            + (", evidence seen before" if c.evidence else ", no evidence seen before" if c.verdict == "right" else ""),
            seqs=(c.seq,),
            mark="good" if c.verdict == "right" and c.evidence else "bad" if c.verdict == "wrong" else "",
        )
        for c in card.diagnosis
    )


def _times(card: Scorecard) -> tuple[Line, ...]:
    return tuple(
        Line(
            text=f"{_TITLES[name]}: " + ("not reached" if m.t_us is None else format_clock(m.t_us)),
            seqs=() if m.seq is None else (m.seq,),
        )
        for name, m in card.times.items()
    )


def _words(card: Scorecard) -> tuple[Line, ...]:
    return tuple(
        Line(
            text=f"{format_clock(s.t_us)} “{s.text or 'resolve'}”: "
            + ("true" if s.truthful else "users were still harmed"),
            seqs=(s.seq,),
        )
        for s in card.statements
    )  # fmt: skip


def _never(card: Scorecard) -> tuple[Line, ...]:
    needed = [Line(text=f"{item.item} (evidence for {', '.join(item.causes)})")
              for item in card.evidence_missed if item.needed]  # fmt: skip
    return (*needed, *(Line(text=area) for area in card.never_looked_at))
