"""Rate limits and shedding, in exact integers."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.specs.knobs import UNLIMITED
from incidentsim.world.stack.edge.limits import Shedder, ShedRule, TokenBucket

MINUTE = 60_000_000


@settings(max_examples=60, deadline=None)
@given(
    rate=st.integers(0, 5_000),
    start=st.integers(-900_000_000, 0),
    steps=st.lists(st.tuples(st.integers(0, 2 * MINUTE), st.integers(1, 6_000)), max_size=30),
)
def test_a_bucket_admits_what_every_window_allows(rate: int, start: int, steps: list[tuple[int, int]]) -> None:
    """A take is granted iff no window ending now has been granted more than one minute's rate plus its own length.

    That is the definition of a token bucket that starts full, checked over all windows by brute force.
    """
    bucket = TokenBucket(rate)
    now = start
    granted: list[tuple[int, int]] = []
    for gap, amount in steps:
        now += gap
        fits = amount <= rate
        window = amount
        for t, taken in reversed(granted):
            window += taken
            fits = fits and window <= rate + Fraction(rate * (now - t), MINUTE)
        assert bucket.take(amount, now) == fits
        if fits:
            granted.append((now, amount))


def test_a_bucket_is_full_at_the_start_of_the_prelude() -> None:
    """A limit that holds from the beginning grants a minute's worth although scenario time is negative."""
    bucket = TokenBucket(100)
    bucket.set_rate(100, -12 * MINUTE)
    assert bucket.take(100, -12 * MINUTE)
    assert not bucket.take(1, -12 * MINUTE)


def test_no_limit_takes_everything() -> None:
    """An unlimited bucket never refuses, and limiting it grants one minute's worth first."""
    bucket = TokenBucket(UNLIMITED)
    assert bucket.take(10**12, 0)
    bucket.set_rate(60, MINUTE)
    assert bucket.take(60, MINUTE)
    assert not bucket.take(1, MINUTE)
    assert bucket.take(1, MINUTE + 1_000_000)


def test_a_rate_of_zero_blocks() -> None:
    """A limit of 0 refuses everything, for ever."""
    bucket = TokenBucket(UNLIMITED)
    bucket.set_rate(0, 0)
    assert not bucket.take(1, 100 * MINUTE)


def test_setting_the_same_rate_changes_nothing() -> None:
    """A no-op change neither grants nor takes tokens."""
    plain, touched = TokenBucket(600), TokenBucket(600)
    for bucket in (plain, touched):
        assert bucket.take(600, 0)
    touched.set_rate(600, 20_000_000)
    for bucket in (plain, touched):
        assert not bucket.take(301, 30_000_000)
        assert bucket.take(300, 30_000_000)


def test_a_lower_rate_caps_what_was_saved() -> None:
    """Lowering a limit leaves at most one minute of the new rate."""
    bucket = TokenBucket(1_000)
    bucket.set_rate(10, MINUTE)
    assert bucket.take(10, MINUTE)
    assert not bucket.take(1, MINUTE)


def test_shedding_is_keyed() -> None:
    """The same request is always treated alike, and a larger share refuses a superset."""
    few, many, again = Shedder(7), Shedder(7), Shedder(7)
    few.put(ShedRule(selector="all", share_ppm=200_000))
    again.put(ShedRule(selector="all", share_ppm=200_000))
    many.put(ShedRule(selector="all", share_ppm=500_000))
    keys = range(4_000)
    small = [k for k in keys if few.refuses("a", "standard", 1, k)]
    large = {k: many.refuses("a", "standard", 1, k) for k in keys}
    assert small == [k for k in keys if again.refuses("a", "standard", 1, k)]
    assert all(large[k] for k in small)
    assert abs(len(small) - 800) < 100


def test_rules_select() -> None:
    """Tenant, tier and prompt selectors shed exactly what they name."""
    shedder = Shedder(1)
    whole = 1_000_000
    shedder.put(ShedRule(selector="tenant=a", share_ppm=whole, tenant="a"))
    assert shedder.refuses("a", "standard", 10, 1)
    assert not shedder.refuses("b", "standard", 10, 1)
    shedder.put(ShedRule(selector="tier=batch", share_ppm=whole, tier="batch"))
    assert shedder.refuses("b", "batch", 10, 1)
    shedder.put(ShedRule(selector="prompt_tokens>1000", share_ppm=whole, prompt_over=1_000))
    assert shedder.refuses("b", "standard", 1_001, 1)
    assert not shedder.refuses("b", "standard", 1_000, 1)


def test_one_rule_per_selector() -> None:
    """A second rule for a selector replaces the first, and a share of 0 removes it."""
    shedder = Shedder(1)
    shedder.put(ShedRule(selector="all", share_ppm=1_000_000))
    shedder.put(ShedRule(selector="all", share_ppm=10_000))
    assert list(shedder.rules) == ["all"]
    assert shedder.rules["all"].share_ppm == 10_000
    shedder.put(ShedRule(selector="all", share_ppm=0))
    assert not shedder.rules
    assert not shedder.refuses("a", "standard", 1, 1)
