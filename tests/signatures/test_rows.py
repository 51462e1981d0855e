"""Every catalogue row: its symptoms show in the reported signals, its right move helps, its wrong one does not.

Rows that look alike are told apart in the same plays, so that nothing is simulated twice.
"""

from __future__ import annotations

import pytest

from benchmarks.signatures.case import Case, measure
from benchmarks.signatures.pairs import PAIRS, asked_of, case_of
from benchmarks.signatures.rows import CASES


def _param(case: Case) -> object:
    return pytest.param(case, id=f"{case.row}-{case.name}", marks=[pytest.mark.long] if case.extra else [])


@pytest.mark.parametrize("case", [_param(case) for case in CASES])
def test_a_row_behaves_as_in_the_catalogue(case: Case) -> None:
    """The sick world shows all symptoms, the well one not; moves change the loss; look-alikes answer otherwise."""
    asked = asked_of(case)
    m = measure(case, also=tuple(asked))
    assert m.broken(case) == []
    assert m.answers == {question.text: answer for question, answer in asked.items()}


def test_all_look_alikes_of_the_catalogue_are_told_apart() -> None:
    """Each of the catalogue's pairs has, for any two of its rows, a question that only one of them answers with yes."""
    named = {(1, 27), (2, 21), (10, 12, 6), (19, 23), (3, 15), (16, 24)}
    assert {pair.rows for pair in PAIRS} == named
    for pair in PAIRS:
        for one in pair.rows:
            others = [row for row in pair.rows if row != one]
            assert all(any((one in c.yes) != (other in c.yes) for c in pair.checks) for other in others), pair.alike
            assert not case_of(one).extra, "its answers are checked where its row is"


def test_every_row_has_a_case_of_its_own() -> None:
    """A case that only runs in the long tests is one more case of a row that is in the short ones, or has no row."""
    short = {case.row for case in CASES if not case.extra}
    assert {case.row for case in CASES if case.extra} <= short | {0}
    assert short >= {*range(1, 8), 9, 10, *range(12, 32), 33} - {8, 11}
