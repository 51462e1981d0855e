"""The gate g, the time score T and the practice index, exactly as scoring.md §2 writes them.

Called by `score`. Pure arithmetic; every input is kept beside its result in the scorecard.
"""

from __future__ import annotations

from incidentsim.exact import det_log
from incidentsim.scoring.numbers import clip

WEIGHTS = {"S": 0.35, "De": 0.25, "P": 0.20, "T": 0.10, "C": 0.10}
"""Weights of the parts of the practice index; S and T are multiplied by the gate g."""

LEAST_REFERENCE_US = 1_000_000
"""A reference that acts at the onset itself still leaves one second, so that the logarithm exists."""


def gate(evidenced_share: float, de: float) -> float:
    """Return g = (.30 + .70·share of positive credit with prior evidence)·(.5 + .5·De)."""
    return (0.30 + 0.70 * clip(evidenced_share)) * (0.5 + 0.5 * clip(de))


def time_score(t_us: int | None, *, onset_us: int | None, t_ref_us: int | None, end_us: int) -> float:
    """Return T = 1 − ln(t/t_ref)/ln(t_max/t_ref), all counted from the onset, t clamped to [t_ref, t_max].

    0 without an effective move, an onset, or a reference.
    """
    if t_us is None or onset_us is None or t_ref_us is None:
        return 0.0
    reference = max(LEAST_REFERENCE_US, t_ref_us - onset_us)
    latest = end_us - onset_us
    if latest <= reference:
        return 1.0 if t_us - onset_us <= reference else 0.0
    t = min(max(t_us - onset_us, reference), latest)
    return clip(1.0 - det_log(t / reference) / det_log(latest / reference))


def practice_index(
    *, s: float, g: float, de: float, p: float, t: float, c: float, penalty: float, hints: int = 0
) -> float:
    """Return 100·max(0, .35·S·g + .25·De + .20·P + .10·T·g + .10·C − H), S clipped to [0, 1].

    `hints` is the price of the hints taken, in points of the index: it comes off, down to 0.
    """
    w = WEIGHTS
    gained = w["S"] * clip(s) * g + w["De"] * de + w["P"] * p + w["T"] * t * g + w["C"] * c
    return max(0.0, 100.0 * max(0.0, gained - penalty) - hints)
