"""PromQL's functions one by one, with values worked out by hand from Prometheus' documentation."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.telemetry import PromQL, SeriesStore
from incidentsim.telemetry.promql import AGGREGATIONS, FUNCTIONS
from incidentsim.telemetry.promql.arithmetic import number_text, variance
from tests.telemetry.helpers import S, by_labels, recorded, values


@pytest.fixture
def curve() -> SeriesStore:
    """Return one series over four minutes; its line of least squares rises by 0.5 a minute through 3.6."""
    return recorded("x 1 2 4 3 3")


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("changes(x[5m])", 3),
        ("resets(x[5m])", 1),
        ("idelta(x[5m])", 0),
        ("idelta(x[5m] offset 1m)", -1),
        ("irate(x[5m] offset 1m)", 3 / 60),  # a counter that fell began anew at 0
        ("delta(x[2m])", 0),
        ("stdvar_over_time(x[5m])", 1.04),
        ("stddev_over_time(x[5m])", math.sqrt(1.04)),
        ("mad_over_time(x[5m])", 1),
        ("deriv(x[5m])", 0.5 / 60),
        ("predict_linear(x[5m], 60)", 4.1),
        ("predict_linear(x[5m] offset 1m, 0)", 4.5),  # 1 2 4 3: 2.5 in the middle, 0.8 a minute, 2.5 min on
        ("double_exponential_smoothing(x[5m], 0.5, 0.5)", 3.84375),
        ("first_over_time(x[5m])", 1),
        ("last_over_time(x[5m])", 3),
        ("present_over_time(x[5m])", 1),
        ("ts_of_first_over_time(x[5m])", 0),
        ("ts_of_last_over_time(x[5m])", 240),
        ("ts_of_max_over_time(x[5m])", 120),
        ("ts_of_min_over_time(x[5m])", 0),
        ("ts_of_max_over_time(x[2m])", 240),  # of equal values the last one
        ("quantile_over_time(0.5, x[5m])", 3),
    ],
)
def test_functions_of_ranges(curve: SeriesStore, expr: str, expected: float) -> None:
    """Each gives what its definition gives by hand."""
    assert values(curve, expr, 240) == [pytest.approx(expected)]


def test_trends_need_two_samples(curve: SeriesStore) -> None:
    """One sample has no slope; the function yields nothing then."""
    for expr in ("deriv(x[1m])", "predict_linear(x[1m], 60)", "idelta(x[1m])", "rate(x[1m])"):
        assert values(curve, expr, 240) == []


def test_a_constant_series_has_no_slope_and_no_deviation() -> None:
    """Rounding must not invent a trend where there is none."""
    store = recorded("x 0.1 0.1 0.1 0.1")
    assert values(store, "deriv(x[5m])", 180) == [0]
    assert values(store, "predict_linear(x[5m], 1e9)", 180) == [0.1]
    assert values(store, "stddev_over_time(x[5m])", 180) == [0]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("sgn(vector(-3))", -1),
        ("sgn(vector(0))", 0),
        ("sgn(vector(0.1))", 1),
        ("sqrt(vector(9))", 3),
        ("sqrt(vector(-1))", math.nan),
        ("exp(vector(0))", 1),
        ("exp(vector(2.5))", math.exp(2.5)),
        ("exp(vector(705))", math.exp(705)),
        ("exp(vector(2000))", math.inf),
        ("exp(vector(-2000))", 0),
        ("ln(vector(10))", math.log(10)),
        ("ln(vector(0))", -math.inf),
        ("ln(vector(-1))", math.nan),
        ("ln(vector(Inf))", math.inf),
        ("log2(vector(8))", 3),
        ("log2(vector(0.3))", math.log2(0.3)),
        ("log10(vector(1000))", 3),
        ("deg(vector(pi()))", 180),
        ("rad(vector(180))", math.pi),
        ("ceil(vector(-0.5))", 0),
        ("floor(vector(-0.5))", -1),
    ],
)
def test_functions_of_values(expr: str, expected: float) -> None:
    """Elementary functions agree with libm to rounding and have Go's results at the edges."""
    assert values(recorded("x 1"), expr, 0) == [pytest.approx(expected, rel=1e-13, nan_ok=True)]


def test_minimum_and_maximum_over_time_skip_nan() -> None:
    """A NaN counts only where there is nothing else."""
    store = recorded("x 0 2 0 4")
    assert values(store, "min_over_time((4 / x * x)[5m:1m])", 180) == [4]
    assert values(store, "max_over_time((x / x)[5m:1m])", 180) == [1]
    assert values(store, "max_over_time((x / x)[1m:1m])", 120) == [pytest.approx(math.nan, nan_ok=True)]


@pytest.fixture
def pods() -> SeriesStore:
    """Return three pods, two of them with the same value."""
    return recorded('v{pod="a",zone="x"} 1', 'v{pod="b",zone="x"} 1', 'v{pod="c",zone="y"} 0.5')


def test_count_values_makes_a_label_of_the_value(pods: SeriesStore) -> None:
    """Elements are counted by value, alone or within groups."""
    assert by_labels(pods, 'count_values("n", v)', 0) == {(("n", "1"),): 2, (("n", "0.5"),): 1}
    grouped = {(("n", "1"), ("zone", "x")): 2, (("n", "0.5"), ("zone", "y")): 1}
    assert by_labels(pods, 'count_values by (zone) ("n", v)', 0) == grouped
    assert by_labels(pods, 'count_values without (pod) ("n", v)', 0) == grouped


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("group by (zone) (v)", {"x": 1, "y": 1}),
        ("stdvar by (zone) (v * v)", {"x": 0, "y": 0}),
        ("stddev by (zone) (v - 1)", {"x": 0, "y": 0}),
    ],
)
def test_group_and_deviations(pods: SeriesStore, expr: str, expected: dict[str, float]) -> None:
    """group is 1 whatever the values; equal values do not deviate."""
    assert by_labels(pods, expr, 0) == {(("zone", zone),): value for zone, value in expected.items()}


def test_deviations_over_series(pods: SeriesStore) -> None:
    """1, 1 and 0.5 have the mean 5/6 and the population variance 1/18."""
    assert values(pods, "stdvar(v)", 0) == [pytest.approx(1 / 18)]
    assert values(pods, "stddev(v)", 0) == [pytest.approx(math.sqrt(1 / 18))]


def test_label_join_joins_in_the_order_given(pods: SeriesStore) -> None:
    """Absent labels count as empty, the name stays, and an empty result removes the label."""
    joined = PromQL().instant(pods, 'label_join(v, "all", "/", "zone", "gone", "pod")', 0)
    assert [sample.labels["all"] for sample in joined] == ["x//a", "x//b", "y//c"]
    assert joined[0].labels["__name__"] == "v"
    assert "pod" not in PromQL().instant(recorded('v{pod="a"} 1'), 'label_join(v, "pod", "-")', 0)[0].labels


def test_absent_over_time_knows_the_labels_asked_for(pods: SeriesStore) -> None:
    """1 with the labels of the `=` matchers, or nothing when there was a sample in the range."""
    assert by_labels(pods, 'absent_over_time(w{pod="a",zone=~"x"}[5m])', 0) == {(("pod", "a"),): 1}
    assert values(pods, "absent_over_time(v[5m])", 60) == []
    assert values(pods, "absent_over_time(v[1m])", 60) == [1]
    assert by_labels(pods, 'absent_over_time((v{pod="z"} > 0)[5m:1m])', 0) == {(): 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.25, "-0.25"),
        (1e21, "1" + "0" * 21),
        (1e-7, "0.0000001"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_as_labels(value: float, text: str) -> None:
    """Values become labels without an exponent."""
    assert number_text(value) == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40), st.sampled_from([1.0, 1e9, 0.001]))
def test_variance_agrees_with_exact_arithmetic(numbers: list[int], scale: float) -> None:
    """The one-pass variance is that of the definition, whatever the size of the values."""
    exact = float(statistics.pvariance([number * scale for number in numbers]))
    assert variance([number * scale for number in numbers]) == pytest.approx(exact, rel=1e-9, abs=1e-9 * scale)


def test_every_function_and_aggregation_is_listed_once() -> None:
    """What world.md asks for is there, for completion and for messages."""
    text = """rate irate increase delta idelta deriv histogram_quantile absent absent_over_time clamp clamp_min
    clamp_max label_replace label_join abs ceil floor round sgn sort sort_desc scalar vector time timestamp changes
    resets predict_linear avg_over_time min_over_time max_over_time sum_over_time count_over_time quantile_over_time
    stddev_over_time stdvar_over_time last_over_time present_over_time mad_over_time"""
    wanted = text.split()
    assert [name for name in wanted if name not in FUNCTIONS] == []
    assert len(dict.fromkeys(FUNCTIONS)) == len(FUNCTIONS)
    text = "sum avg min max count quantile topk bottomk group stddev stdvar count_values"
    assert sorted(AGGREGATIONS) == sorted(text.split())


def test_results_at_one_moment_do_not_depend_on_the_way_of_asking(curve: SeriesStore) -> None:
    """A range query has, at each step, what the instant query has there."""
    for expr in ("deriv(x[3m])", "predict_linear(x[3m], 30)", "stddev_over_time(x[3m])", "timestamp(x)"):
        [series] = PromQL().range(curve, expr, 120 * S, 240 * S, 30 * S)
        assert [value for _, value in series.points] == [values(curve, expr, t)[0] for t in range(120, 241, 30)]
