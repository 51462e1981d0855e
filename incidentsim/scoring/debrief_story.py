"""The story parts of a debrief: the chain and when you were there, what carried the diagnosis, how belief moved,
which flags are proposed.

Called by `debrief`. Each line is short enough for one row of 80 columns where names allow it.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.exact import format_clock
from incidentsim.scoring.interview_card import Standing
from incidentsim.scoring.scorecard import CarryingItem, ChainStep, Scorecard
from incidentsim.scoring.section import Line

MOST_STEPS = 8
"""Steps of belief that are told; of more, those at which the top cause changed, then the newest."""

MOST_FLAG_SEQS = 6
"""Transcript numbers shown with a flag; the scorecard has all."""

FLAG_TEXT = 110
"""Longest reason of a flag that is told, in code points: with its title two rows of 80 columns."""

_PARTS = {"trigger": "trigger", "root": "root cause", "propagation": "spread", "impact": "impact"}


def chain_lines(card: Scorecard) -> tuple[Line, ...]:
    """Return one line per place of the chain: what it is, the first look at it, the first act on it."""
    measured = card.practice_index is not None
    return tuple(_chain_line(step, measured=measured) for step in card.chain)


def _chain_line(step: ChainStep, *, measured: bool) -> Line:
    acted = "first help" if step.part == "impact" else "acted"
    looked = "never looked at" if step.looked_us is None else f"looked {format_clock(step.looked_us)}"
    did = f"not {acted} on"
    if step.part == "impact":
        did = "nothing helped" if measured else "help not measured"
    if step.acted_us is not None:
        did = f"{acted} {format_clock(step.acted_us)}"
    return Line(
        text=f"{_PARTS[step.part]:<10} {step.place}: {looked}, {did}",
        seqs=tuple(seq for seq in (step.looked_seq, step.acted_seq) if seq is not None),
    )


def carrying_lines(card: Scorecard) -> tuple[Line, ...]:
    """Return, for each right cause that was committed, what was seen of its evidence until it was enough."""
    by: dict[str, list[CarryingItem]] = {}
    for item in card.carrying:
        by.setdefault(item.cause, []).append(item)
    out: list[Line] = []
    for cause, items in by.items():
        enough = next((i for i, item in enumerate(items) if item.completes), None)
        for item in items if enough is None else items[: enough + 1]:
            tail = ", which made it enough" if item.completes else ", not enough" if enough is None else ""
            named = f"{cause}: " if len(by) > 1 else ""
            seen = item.item.replace(":", " ", 1)
            out.append(Line(text=f"{named}{seen} at {format_clock(item.t_us)}{tail}", seqs=(item.seq,)))
    return tuple(out)


def standing_lines(card: Scorecard) -> tuple[Line, ...]:
    """Return when the right cause came out on top, each step of belief with its Brier score, and the calibration."""
    told = card.hypotheses
    if not told.standing:
        return ()
    out = [_on_top(card)]
    out += [_standing(step) for step in _chosen(told.standing)]
    if told.mean_p is not None and told.share_right is not None:
        causes = "1 cause" if told.committed == 1 else f"{told.committed} causes"
        text = (
            f"Committed: {causes} at {100 * told.mean_p:.0f} % on average; {100 * told.share_right:.0f} % were right."
        )
        out.append(Line(text=text, seqs=tuple(claim.seq for claim in card.diagnosis)))
    return tuple(out)


def _on_top(card: Scorecard) -> Line:
    told = card.hypotheses
    if told.identified.t_us is not None:
        seqs = () if told.identified.seq is None else (told.identified.seq,)
        return Line(text=f"A right cause was on top from {format_clock(told.identified.t_us)} on.", seqs=seqs)
    right = next((step for step in told.standing if step.right), None)
    if right is None:
        return Line(text="No right cause was ever on top.")
    return Line(text=f"A right cause was on top at {format_clock(right.t_us)}, and did not stay.", seqs=(right.seq,))


def _standing(step: Standing) -> Line:
    top = f"{step.top.replace(':', ' ', 1)} {100 * step.p:.0f} %" if step.top else "nothing held"
    verdict = ("right" if step.right else "not right") if step.top else "no cause"
    return Line(text=f"{format_clock(step.t_us)} {top}: {verdict}, Brier {step.brier:.2f}", seqs=(step.seq,))


def _chosen(steps: Sequence[Standing]) -> list[Standing]:
    """Return at most MOST_STEPS steps, in order; the first and the last are always among them."""
    if len(steps) <= MOST_STEPS:
        return list(steps)
    turns = [i for i in range(1, len(steps) - 1) if steps[i].top != steps[i - 1].top]
    rest = [i for i in range(len(steps) - 2, 0, -1) if i not in turns]
    inner = [*turns, *rest][: MOST_STEPS - 2]
    return [steps[i] for i in sorted((0, *inner, len(steps) - 1))]


def flag_lines(card: Scorecard) -> tuple[Line, ...]:
    """Return the proposals, red ones first, after the line that says what they are."""
    flags = [f for f in card.flags.proposed if f.verdict != "rejected"]
    if not flags:
        return ()
    head = Line(text="Rules propose these from the record. They move no points; a person confirms or drops each.")
    ordered = sorted(flags, key=lambda f: f.colour != "red")
    return (
        head,
        *(
            Line(text=f"{f.colour:<5} {f.title}: {_shortened(f.text)}", seqs=f.seqs[:MOST_FLAG_SEQS])
            for f in ordered
        ),
    )  # fmt: skip


def _shortened(text: str) -> str:
    return text if len(text) <= FLAG_TEXT else text[: FLAG_TEXT - 1].rstrip() + "…"
