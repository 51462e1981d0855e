"""Exact arithmetic: keyed draws, logarithm and exponential, quantile tables, digests."""

from __future__ import annotations

import json
import math
import struct
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incidentsim.exact import (
    Draws,
    QuantileTable,
    RollingDigest,
    bits64,
    canonical_json,
    det_exp,
    det_log,
    format_clock,
    isqrt_ps,
    sha256_hex,
    stream_key,
)

SEEDS = st.integers(-(2**63), 2**63)
INDEXES = st.integers(0, 2**40)

PINNED_SIZES = [8229, 464, 5820, 9449, 463, 48670, 412]

PINNED_GAPS = [
    "3feaa2359022120e",
    "3fe3eb8e480ec3ff",
    "3fe92dad3a531bee",
    "3feb65863503d5de",
    "3fe3ddcc830cfad3",
    "4002d045254be410",
    "3fe0ec31846c301d",
]


def ulp_bits(value: float) -> str:
    """Return the bits of a float as hex, for exact comparison."""
    return struct.pack(">d", value).hex()


def test_splitmix64_reference_values() -> None:
    """The bits are those of the published splitmix64 generator started at the key."""
    expected = [0x599ED017FB08FC85, 0x2C73F08458540FA5, 0x883EBCE5A3F27C77]
    assert [bits64(1_234_567, index) for index in range(3)] == expected


def test_draws_are_pinned() -> None:
    """A draw of a given seed, entity and purpose has had the same value since the first version."""
    draws = Draws(7, "gateway", "jitter")
    assert draws.key == stream_key(7, "gateway", "jitter")
    assert [draws.below(index, 1000) for index in range(5)] == [127, 423, 518, 555, 115]


@given(SEEDS, st.text(max_size=10), st.text(max_size=10), INDEXES)
def test_draws_depend_only_on_their_key_and_index(seed: int, entity: str, purpose: str, index: int) -> None:
    """Two sources of one key agree in any order of asking, and stay in their ranges."""
    one, two = Draws(seed, entity, purpose), Draws(seed, entity, purpose)
    two.u(index + 1)
    assert one.u(index) == two.u(index)
    assert 0.0 <= one.u(index) < 1.0
    assert 0 <= one.below(index, 7) < 7
    assert one.exponential(index) >= 0.0


@given(SEEDS, st.lists(st.one_of(st.integers(0, 200), INDEXES), max_size=60), st.integers(1, 2**40))
@example(1, [*range(100), 64, 31, 32, 128, 99, 100], 7)
def test_all_draws_follow_from_their_64_bits(seed: int, indexes: list[int], n: int) -> None:
    """In any order of asking, also in long rows, every draw is what its definition says of `bits64`."""
    table = QuantileTable([(0, 3), (250_000, 40), (250_001, 41), (999_999, 7_000), (1_000_000, 90_000)])
    draws = Draws(seed, "tenant", "gap")
    for index in indexes:
        bits = bits64(draws.key, index)
        assert draws.bits(index) == bits
        assert draws.below(index, n) == bits * n >> 64
        assert draws.u(index) == (bits >> 11) / 2**53
        assert draws.exponential(index) == -det_log(1.0 - (bits >> 11) / 2**53)
        assert draws.quantile(index, table) == table.at_bits(bits >> 32)


def test_later_draws_are_pinned() -> None:
    """Sizes and gaps of a given seed have had the same values since the first version."""
    draws = Draws(7, "tenant.a", "prompt")
    table = QuantileTable([(0, 10), (500_000, 500), (1_000_000, 60_000)])
    assert [draws.quantile(i, table) for i in range(70)][::10] == PINNED_SIZES
    assert [ulp_bits(draws.exponential(i)) for i in range(70)][::10] == PINNED_GAPS


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_the_logarithm_is_its_series(x: float) -> None:
    """Written out, the series gives the bits of a plain loop over its fourteen terms."""
    m, e = math.frexp(x)
    if m < 0.7071067811865476:
        m, e = m * 2.0, e - 1
    s = (m - 1.0) / (m + 1.0)
    p = 0.0
    for k in reversed(range(14)):
        p = p * (s * s) + 1.0 / (2 * k + 1)
    assert ulp_bits(det_log(x)) == ulp_bits(e * 0.6931471805599453 + 2.0 * s * p)


@given(st.lists(st.integers(1, 999_999), max_size=5, unique=True), st.integers(0, 2**32), st.data())
def test_a_quantile_is_linear_between_its_points(inner: list[int], bits: int, data: st.DataObject) -> None:
    """At any probability the value is the floor of the straight line between the points around it."""
    ppm = [0, *sorted(inner), 1_000_000]
    values = sorted(data.draw(st.lists(st.integers(0, 10**6), min_size=len(ppm), max_size=len(ppm))))
    table = QuantileTable(list(zip(ppm, values, strict=True)))
    at = Fraction(bits * 1_000_000, 2**32)
    (p0, v0), (p1, v1) = next(pair for pair in reversed(list(pairwise(table.points))) if pair[0][0] <= at)
    assert table.at_bits(bits) == math.floor(v0 + (v1 - v0) * (at - p0) / (p1 - p0))


def test_draws_of_other_entities_differ() -> None:
    """Seed, entity and purpose each give another stream, and can't run into each other."""
    keys = {
        stream_key(seed, entity, purpose)
        for seed in (1, 2, 12)
        for entity in ("a", "ab", "2a")
        for purpose in ("b", "bb", "")
    }
    assert len(keys) == 27


def test_exponential_has_mean_one() -> None:
    """The exponential draws of one key have mean 1 within three standard errors."""
    draws = Draws(1, "tenant", "arrivals")
    mean = math.fsum(draws.exponential(index) for index in range(20_000)) / 20_000
    assert abs(mean - 1.0) < 3 / math.sqrt(20_000)


@given(st.floats(min_value=5e-324, max_value=1.7e308))
@example(1.0)
@example(5e-324)
@example(0.7071067811865476)
def test_log_matches_libm(x: float) -> None:
    """The logarithm agrees with libm to 1e-15 relative or 2e-16 absolute."""
    assert det_log(x) == pytest.approx(math.log(x), rel=1e-15, abs=2e-16)


@given(st.floats(-700.0, 700.0))
@example(0.0)
@example(-700.0)
@example(700.0)
def test_exp_matches_libm(x: float) -> None:
    """The exponential agrees with libm to 2e-13 relative; at the ends the argument itself loses bits."""
    assert det_exp(x) == pytest.approx(math.exp(x), rel=2e-13)


@given(st.floats(0.001, 1000.0))
def test_exp_inverts_log(x: float) -> None:
    """The exponential of the logarithm gives the number back, to 1e-14."""
    assert det_exp(det_log(x)) == pytest.approx(x, rel=1e-14)


@pytest.mark.parametrize(
    ("x", "bits"), [(2.0, "3fe62e42fefa39ef"), (10.0, "40026bb1bbb55515"), (0.5, "bfe62e42fefa39ef")]
)
def test_log_bits_are_pinned(x: float, bits: str) -> None:
    """The logarithm has the same bits everywhere."""
    assert ulp_bits(det_log(x)) == bits


@st.composite
def tables(draw: st.DrawFn) -> QuantileTable:
    """Draw a quantile table of two to six points."""
    inner = sorted(draw(st.sets(st.integers(1, 999_999), max_size=4)))
    ppm = [0, *inner, 1_000_000]
    values = sorted(draw(st.lists(st.integers(-1000, 10**6), min_size=len(ppm), max_size=len(ppm))))
    return QuantileTable(list(zip(ppm, values, strict=True)))


@given(tables(), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_quantiles_rise_and_stay_inside(table: QuantileTable, a: int, b: int) -> None:
    """A higher probability never gives a lower value, and every value lies between the ends."""
    low, high = sorted((a, b))
    assert table.points[0][1] <= table.at_bits(low) <= table.at_bits(high) <= table.points[-1][1]
    assert table.points[0][1] <= table.mean() <= table.points[-1][1]


@given(tables())
def test_quantiles_meet_their_points(table: QuantileTable) -> None:
    """At the probability of a point, the table gives the point's value, cut to the 32 bits of a draw."""
    for (p0, v0), (p1, v1) in zip(table.points, table.points[1:], strict=False):
        bits = -(-(p0 << 32) // 1_000_000)
        slack = (v1 - v0) * 1_000_000 // ((p1 - p0) << 32) + 1
        assert v0 <= table.at_bits(bits) <= v0 + slack


def test_mean_of_draws_is_the_mean_of_the_table() -> None:
    """Draws from a table have the table's mean, within one part in a hundred."""
    table = QuantileTable([(0, 0), (500_000, 1_000), (1_000_000, 10_000)])
    draws = Draws(3, "tenant", "prompt")
    mean = math.fsum(draws.quantile(index, table) for index in range(20_000)) / 20_000
    assert table.mean() == 3_000.0
    assert mean == pytest.approx(table.mean(), rel=0.02)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0, 1)],
        [(1, 1), (1_000_000, 2)],
        [(0, 1), (999_999, 2)],
        [(0, 2), (1_000_000, 1)],
        [(0, 1), (0, 1), (1_000_000, 2)],
    ],
)
def test_bad_tables_are_refused(points: list[tuple[int, int]]) -> None:
    """A table without its ends, with falling values or with a repeated probability is refused."""
    with pytest.raises(ValueError, match=r"quantile"):
        QuantileTable(points)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_integer_hypotenuse(a: int, b: int) -> None:
    """The integer root is the largest whose square does not exceed a² + b²."""
    root = isqrt_ps(a, b)
    assert root**2 <= a * a + b * b < (root + 1) ** 2


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_canonical_json_ignores_order(value: object) -> None:
    """Canonical JSON reads back to the value and does not depend on the order of keys."""
    text = canonical_json(value)
    assert json.loads(text) == value
    if isinstance(value, dict):
        assert canonical_json(dict(reversed(value.items()))) == text


def test_canonical_json_refuses_nan() -> None:
    """What JSON can't say exactly is refused rather than written."""
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_digest_separates_frames() -> None:
    """The same bytes cut into other frames give another digest, and reading does not end a digest."""
    one, two = RollingDigest(), RollingDigest()
    one.add(b"ab")
    one.add(b"c")
    two.add(b"a")
    before = two.hex()
    assert before == two.hex()
    two.add(b"bc")
    assert one.hex() != two.hex()
    assert sha256_hex("ä") == sha256_hex("ä".encode())


@pytest.mark.parametrize(
    ("t_us", "text"),
    [(0, "T+00:00"), (252_999_999, "T+04:12"), (-180_000_000, "T-03:00"), (3_661_000_000, "T+1:01:01")],
)
def test_format_clock(t_us: int, text: str) -> None:
    """Scenario time is written relative to the page."""
    assert format_clock(t_us) == text
