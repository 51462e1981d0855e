"""Quantities are read in the forms people write them."""

from __future__ import annotations

import pytest

from incidentsim.scoring.postmortem.numbers import clock_zero, quantities, value_of

S = 1_000_000
M = 60 * S

TIMES = [
    ("At T+12:30 we acted.", "moment", 12 * M + 30 * S),
    ("T+1:02:03 it was over", "moment", 62 * M + 3 * S),
    ("it began at T-03:00", "moment", -3 * M),
    ("T−3m it began", "moment", -3 * M),
    ("T+55s we changed it", "moment", 55 * S),
    ("T+0 the page", "moment", 0),
    ("12m30s in, we acted", "moment", 12 * M + 30 * S),
    ("twelve minutes in", "moment", 12 * M),
    ("Twenty-five minutes into the incident", "moment", 25 * M),
    ("8 minutes after the page", "moment", 8 * M),
    ("three minutes before the page", "moment", -3 * M),
    ("at minute 12 it was better", "moment", 12 * M),
    ("after about ten minutes it was over", "moment", 10 * M),
    ("at 2:35 we asked", "moment", 2 * M + 35 * S),
    ("it lasted 9 min 20 s", "length", 9 * M + 20 * S),
    ("it lasted nine and a half minutes", "length", 9 * M + 30 * S),
    ("for half an hour", "length", 30 * M),
    ("an hour and a half of trouble", "length", 90 * M),
    ("a minute and a half of silence", "length", 90 * S),
    ("within 2,5 s", "length", 2_500_000),
    ("1 h 5 min of harm", "length", 65 * M),
]

OTHERS = [
    ("1,200 requests", "count", 1_200_000),
    ("1 200 requests", "count", 1_200_000),
    ("1.2k requests", "count", 1_200_000),
    ("1'200 requests", "count", 1_200_000),
    ("84,717.5 points", "count", 84_717_500),
    ("three customers", "count", 3_000),
    ("two hundred requests", "count", 200_000),
    ("a bill of $12.40", "count", 12_400),
    ("12 % of requests", "share", 120_000),
    ("12,5 % of requests", "share", 125_000),
    ("4.5 percent failed", "share", 45_000),
    ("one in five requests", "share", 200_000),
    ("3 out of 4 answers", "share", 750_000),
    ("half of all requests", "share", 500_000),
    ("two thirds of the users", "share", 666_667),
]


@pytest.mark.parametrize(("text", "kind", "value"), TIMES + OTHERS, ids=lambda v: str(v)[:30])
def test_a_quantity_is_read(text: str, kind: str, value: int) -> None:
    """The sentence has one quantity, of this kind, whose first reading is this value."""
    found = quantities(text)
    assert [(q.kind, q.values[0]) for q in found] == [(kind, value)]


def test_an_ambiguous_mark_gives_both_readings() -> None:
    """1.200 may be one point two or twelve hundred, 1,200 the other way round first."""
    assert value_of("1.200") == (1_200, 1_200_000)
    assert value_of("1,200") == (1_200_000, 1_200)
    assert value_of("0.125") == (125,)


def test_names_and_versions_are_no_quantities() -> None:
    """Numbers inside names, versions and paths count nothing."""
    assert quantities("chg-2107 on node-3 with v0.11.0, a second look, tens of thousands") == ()


def test_a_text_can_define_its_clock() -> None:
    """With T+0 at 14:05, 14:17:30 is T+12:30; without, 14:17 is fourteen minutes in."""
    zero = clock_zero("All times are UTC; T+0 = 14:05.")
    assert zero == (14 * 60 + 5) * M
    assert quantities("At 14:17:30 we acted", zero)[0].values == (12 * M + 30 * S,)
    assert quantities("At 14:17 we acted", None)[0].values == (14 * M + 17 * S,)
    assert clock_zero("We were paged at 14:05 (T+0).") == zero
    assert clock_zero("Nobody looked at a clock.") is None
