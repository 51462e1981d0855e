"""Rows that look alike at first: what a person can see tells them apart."""

from __future__ import annotations

from benchmarks.signatures.case import Case, play, seen
from benchmarks.signatures.rows import CASES


def case_of(row: int) -> Case:
    """Return the case of a catalogue row."""
    return next(case for case in CASES if case.row == row)


def test_a_retry_storm_is_not_a_noisy_tenant() -> None:
    """Retries of requests that were asked once mark the storm; one tenant's share of tokens and queue the neighbour."""
    storm, neighbour = case_of(3), case_of(15)
    in_storm, beside = play(storm.sick()), play(neighbour.sick())
    multiplied, *_ = storm.symptoms
    holds, tokens, _ = neighbour.symptoms
    assert list(seen(in_storm, (multiplied, holds, tokens)).values()) == [True, False, False]
    assert list(seen(beside, (multiplied, holds, tokens)).values()) == [False, True, True]
