"""Every catalogue row: its symptoms show in the reported signals, its right move helps, its wrong one does not."""

from __future__ import annotations

import pytest

from benchmarks.signatures.case import Case, measure
from benchmarks.signatures.rows import CASES


@pytest.mark.parametrize("case", CASES, ids=[f"{case.row}-{case.name}" for case in CASES])
def test_a_row_behaves_as_in_the_catalogue(case: Case) -> None:
    """The sick world shows every symptom and the well one not all; the moves change the loss as the row says."""
    m = measure(case)
    assert all(m.seen.values()), f"not seen: {[text for text, there in m.seen.items() if not there]}"
    assert not all(m.seen_when_well.values()), "the well world shows the same signature"
    assert m.nothing > m.well, f"the fault harms nobody: {m}"
    assert m.share(m.right) <= case.help_at_most, f"the right move leaves {m.share(m.right):.0%} of the loss"
    assert m.share(m.wrong) >= case.hurt_at_least, f"the wrong move leaves only {m.share(m.wrong):.0%}"
    assert m.causes_left == (), "the right move removes the cause at its root"
