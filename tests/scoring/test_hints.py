"""Hints taken come off the practice index at their recorded price, and nothing else changes."""

from __future__ import annotations

from incidentsim.scoring.debrief import debrief
from incidentsim.scoring.explain import explain
from tests.scoring.plays import EXPERT
from tests.scoring.test_score import index, scored


def test_a_hint_costs_its_recorded_price_and_nothing_else() -> None:
    """Two hints of 7 points lower the index by 14; every other part stays, and the debrief says so."""
    plain, helped = scored(*EXPERT), scored(*EXPERT, (20, "hint"), (30, "hint"))
    assert plain.practice_index is not None and helped.practice_index is not None
    assert round(plain.practice_index - helped.practice_index, 6) == 14
    assert "hints" not in plain.parts
    part = helped.parts["hints"]
    assert (part.value, part.inputs, len(part.seqs)) == (14.0, {"taken": 2, "points": 14}, 2)
    assert {k: p.value for k, p in plain.parts.items()} == {
        k: p.value for k, p in helped.parts.items() if k != "hints"
    }  # fmt: skip
    (section,) = (s for s in debrief(helped) if s.title == "Hints")
    assert section.lines[0].text == "2 hints were taken, for 14 points of the practice index."


def test_the_index_never_falls_below_zero() -> None:
    """Hints taken by someone who did nothing leave the index at 0."""
    assert index((10, "hint"), (20, "hint")) == 0.0


def test_the_price_of_hints_is_explained() -> None:
    """There is a rule for hints, and the index's formula names it."""
    assert "prices of the hints" in explain("hints").formula
    assert "hints" in explain("index").formula
