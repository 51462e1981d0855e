"""Selectors, staleness, aggregation, operators, functions and errors of PromQL."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import QueryError
from incidentsim.telemetry import PromQL, SeriesStore, unknown_metrics
from tests.telemetry.helpers import S, by_labels, recorded, scraped, values


@pytest.fixture
def pods() -> SeriesStore:
    """Return four series of one metric and one of another."""
    return recorded(
        'load{pod="a",zone="x"} 1',
        'load{pod="b",zone="x"} 2',
        'load{pod="c",zone="y"} 4',
        'load{zone="y"} 8',
        'vllm:num_requests_running{pod="a"} 16',
    )


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ('load{pod="a"}', [1]),
        ('load{pod!="a"}', [2, 4, 8]),
        ('load{pod=~"a|b"}', [1, 2]),
        ('load{pod=~"."}', [1, 2, 4]),
        ('load{pod!~"a|b"}', [4, 8]),
        ('load{pod=""}', [8]),
        ('load{zone=~"x.+"}', []),
        ("vllm:num_requests_running", [16]),
        ('{__name__=~"vllm:.*"}', [16]),
        ('{__name__="load", pod="c"}', [4]),
        ("nothing", []),
    ],
)
def test_matchers(pods: SeriesStore, expr: str, expected: list[float]) -> None:
    """All four matchers are anchored, and an absent label is the empty string."""
    assert values(pods, expr, 0) == expected


def test_lookback_is_five_minutes_without_its_left_end() -> None:
    """A sample counts as present for just under five minutes."""
    store = recorded("x 7")
    assert values(store, "x", 299) == [7]
    assert values(store, "x", 300) == []


def test_a_stale_marker_ends_a_series_at_once() -> None:
    """After a stale marker the instant value is gone, while ranges still hold the samples before it."""
    store = recorded("x 1 2 stale")
    assert values(store, "x", 119) == [2]
    assert values(store, "x", 120) == []
    assert values(store, "count_over_time(x[10m])", 120) == [2]
    assert values(scraped({"a": [1, 2, None]}), "gateway_requests_total", 121) == []


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("sum by (zone) (load)", {"x": 3, "y": 12}),
        ("avg by (zone) (load)", {"x": 1.5, "y": 6}),
        ("min by (zone) (load)", {"x": 1, "y": 4}),
        ("max without (pod) (load)", {"x": 2, "y": 8}),
        ("count by (zone) (load)", {"x": 2, "y": 2}),
        ("quantile by (zone) (0.75, load)", {"x": 1.75, "y": 7}),
    ],
)
def test_aggregations(pods: SeriesStore, expr: str, expected: dict[str, float]) -> None:
    """Groups have exactly the labels asked for."""
    assert by_labels(pods, expr, 0) == {(("zone", zone),): value for zone, value in expected.items()}


def test_topk_and_bottomk_keep_labels(pods: SeriesStore) -> None:
    """The k best come first and keep their names; k below 1 gives nothing."""
    assert values(pods, "topk(2, load)", 0) == [8, 4]
    assert values(pods, "bottomk by (zone) (1, load)", 0) == [1, 4]
    assert values(pods, "topk(0, load)", 0) == []
    assert PromQL().instant(pods, "topk(1, load)", 0)[0].labels == {"__name__": "load", "zone": "y"}


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("2 ^ -2", 0.25),
        ("9 ^ 0.5", 3),
        ("-7 % 3", -1),
        ("7 % 0", math.nan),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("0 / 0", math.nan),
        ("3 > bool 2", 1),
        ("time()", 90),
        ("scalar(vector(4))", 4),
        ("scalar(nothing)", math.nan),
    ],
)
def test_scalars(expr: str, expected: float) -> None:
    """Scalar arithmetic follows Go's float rules."""
    assert values(recorded("x 1"), expr, 90) == [pytest.approx(expected, nan_ok=True)]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("load > 2", [4, 8]),
        ("2 < load", [4, 8]),
        ("load > bool 2", [0, 0, 1, 1]),
        ("load == 4 or load == 1", [4, 1]),
        ("load and on (zone) load{pod='a'}", [1, 2]),
        ("load unless on (zone) load{pod='a'}", [4, 8]),
        ("absent(load)", []),
        ("absent(nothing)", [1]),
        ("clamp(load, 2, 4)", [2, 2, 4, 4]),
        ("clamp(load, 4, 2)", []),
        ("clamp_min(load, 3)", [3, 3, 4, 8]),
        ("clamp_max(load, 3)", [1, 2, 3, 3]),
        ("abs(-load)", [1, 2, 4, 8]),
        ("ceil(load / 3)", [1, 1, 2, 3]),
        ("floor(load / 3)", [0, 0, 1, 2]),
        ("round(load / 2)", [1, 1, 2, 4]),
        ("round(load, 5)", [0, 0, 5, 10]),
        ("sort_desc(load)", [8, 4, 2, 1]),
    ],
)
def test_vector_functions(pods: SeriesStore, expr: str, expected: list[float]) -> None:
    """Filters keep the vector's values, functions map them."""
    assert values(pods, expr, 0) == expected


def test_names_are_dropped_by_arithmetic_and_kept_by_filters(pods: SeriesStore) -> None:
    """A computed value is no longer the metric; a filtered one still is."""
    named = {expr: "__name__" in PromQL().instant(pods, expr, 0)[0].labels for expr in (
        "load > 0", "load * 1", "load > bool 0", "-load", "abs(load)",
        "avg_over_time(load[1m])", "last_over_time(load[1m])",
    )}  # fmt: skip
    assert [expr for expr, has_name in named.items() if has_name] == ["load > 0", "last_over_time(load[1m])"]


@pytest.fixture
def methods() -> SeriesStore:
    """Return the data of the vector-matching example in Prometheus' documentation."""
    return recorded(
        'errors{method="get",code="500"} 24',
        'errors{method="get",code="404"} 30',
        'errors{method="put",code="501"} 3',
        'errors{method="post",code="500"} 6',
        'errors{method="post",code="404"} 21',
        'requests{method="get"} 600',
        'requests{method="del"} 34',
        'requests{method="post"} 120',
    )


def test_one_to_one_matching_as_documented(methods: SeriesStore) -> None:
    """errors of code 500 over requests: get 0.04, post 0.05; methods without a partner drop out."""
    result = by_labels(methods, 'errors{code="500"} / ignoring(code) requests', 0)
    assert result == {(("method", "get"),): 0.04, (("method", "post"),): 0.05}


def test_many_to_one_matching_as_documented(methods: SeriesStore) -> None:
    """With group_left every error series finds its method's requests and keeps its labels."""
    left = by_labels(methods, "errors / ignoring(code) group_left requests", 0)
    assert left == {
        (("code", "500"), ("method", "get")): 0.04,
        (("code", "404"), ("method", "get")): 0.05,
        (("code", "500"), ("method", "post")): 0.05,
        (("code", "404"), ("method", "post")): 0.175,
    }
    right = by_labels(methods, "requests / on(method) group_right errors", 0)
    assert right[(("code", "500"), ("method", "get"))] == 25


def test_group_left_copies_labels_of_the_one_side() -> None:
    """Labels named in group_left come from the one side, or vanish when it has none."""
    store = recorded('a{pod="p",team="old"} 2', 'info{pod="p",team="new"} 1')
    assert by_labels(store, "a * on(pod) group_left(team) info", 0) == {(("pod", "p"), ("team", "new")): 2}


def test_ambiguous_matches_are_errors(methods: SeriesStore) -> None:
    """Many-to-one must be said, and the one side must be unique."""
    with pytest.raises(QueryError, match="group_left"):
        values(methods, "errors / ignoring(code) requests", 0)
    with pytest.raises(QueryError, match="right-hand side"):
        values(methods, "requests / ignoring(code) errors", 0)


def test_label_replace_uses_anchored_groups() -> None:
    """A full match sets the label from its groups, no match leaves the series alone."""
    store = recorded('x{pod="decode-3"} 1', 'x{pod="gateway"} 2')
    result = by_labels(store, 'label_replace(x, "n", "${2}/$1", "pod", "(\\\\w+)-(\\\\d+)")', 0)
    assert (("__name__", "x"), ("n", "3/decode"), ("pod", "decode-3")) in result
    assert (("__name__", "x"), ("pod", "gateway")) in result


def test_over_time_functions() -> None:
    """Windows exclude their left end."""
    store = recorded("x 9 1 2 6")
    expected = {"avg": 3, "min": 1, "max": 6, "sum": 9, "count": 3, "last": 6}
    assert {name: values(store, f"{name}_over_time(x[3m])", 180)[0] for name in expected} == expected
    assert values(store, "quantile_over_time(0.25, x[3m])", 180) == [1.5]


def test_subquery_evaluates_on_multiples_of_its_step() -> None:
    """max_over_time over a subquery sees the expression at each step."""
    store = recorded("x 1 5 2 3")
    assert values(store, "max_over_time((x * 2)[3m:1m])", 180) == [10]


def test_range_query_leaves_out_steps_without_a_value() -> None:
    """Points exist where the instant query has a value; series come sorted by labels."""
    store = recorded('x{a="2"} 1 stale 3', 'x{a="1"} 5')
    curves = PromQL().range(store, "x", 0, 120 * S, 60 * S)
    assert [curve.labels["a"] for curve in curves] == ["1", "2"]
    assert curves[1].points == ((0, 1.0), (120 * S, 3.0))


def test_selections_follow_new_series() -> None:
    """A cached plan sees series that appear later."""
    engine, store = PromQL(), recorded("x 1")
    assert len(engine.instant(store, "x", 0)) == 1
    store.record("x", {"a": "b"}, 0, 2)
    assert len(engine.instant(store, "x", 0)) == 2


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("", "empty"),
        ("rate(x)", r"expected type matrix.*did you mean 'rate\(x\[5m\]\)'"),
        ("sum(x", r"did you mean 'sum\(x\)'"),
        ("ratee(x[5m])", "did you mean 'rate'"),
        ("x[5m]", r"did you mean 'rate\(x\[5m\]\)'"),
        ("hour(x)", "no calendar"),
        ("sin(x)", "trigonometry differs"),
        ("histogram_count(x)", "classic ones"),
        ("holt_winters(x[5m], 0.5, 0.5)", "did you mean 'double_exponential_smoothing'"),
        ("double_exponential_smoothing(x[5m:1m], 1, 0.5)", "two factors between 0 and 1"),
        ("limitk(1, x)", "aggregations are sum, avg"),
        ("x @ y", "seconds since T\\+0"),
        ("x @ 1e12", "too far away"),
        ("x offset 100000000y", "too long"),
        ('count_values("0", x)', "not a valid label name"),
        ('label_join(x, "a", ",", "b c")', "not a valid label name"),
        ('"text"', "a text alone"),
        ('x{a=~"(a+)+"}', "repeated group"),
        ('x{a=~"(a|aa)*b"}', "repeated group"),
        ('x{a=~".*.*.*.*.*x"}', "open repetitions"),
        ('x{a=~".{0,9}.{0,9}.{0,9}.{0,9}.{0,9}x"}', "open repetitions"),
        ('label_replace(x, "a", "", "b", "(?=x)")', "look-around"),
        ("(" * 200 + "x" + ")" * 200, "levels deep"),
        ("x" * 3_000, "characters"),
        ('{__name__=~"x|y"} * 1', "the same labels"),
    ],
)
def test_errors_say_what_to_do(expr: str, message: str) -> None:
    """What can't be parsed or evaluated is a QueryError with a reason and, where possible, a remedy."""
    with pytest.raises(QueryError, match=message):
        values(recorded("x 1", "y 2"), expr, 0)


def test_unknown_metrics_come_with_the_closest_name(pods: SeriesStore) -> None:
    """An unknown metric evaluates to nothing, and can be explained."""
    expr = "rate(vllm:num_request_running[5m]) / load"
    assert unknown_metrics(expr, pods) == [("vllm:num_request_running", "vllm:num_requests_running")]


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(0, 10**6), min_size=1))
def test_sums_of_groups_add_up_to_the_total(cells: dict[tuple[str, str], int]) -> None:
    """Summing by a label and then over it is the total, for any grouping."""
    store = recorded(*(f'x{{a="{a}",b="{b}"}} {value}' for (a, b), value in cells.items()))
    total = values(store, "sum(x)", 0)
    assert values(store, "sum(sum by (a) (x))", 0) == total
    assert values(store, "sum(sum without (a) (x))", 0) == total


_WORDS = ["x", "y", "rate", "sum", "by", "(", ")", "[5m]", "{", "}", "a=", '"b"', "+", "^", "offset",
          "1m", "-", ",", "topk", "and", "on", "bool", ">", "1e400", ":", "@", "label_replace", "group_left",
          "\x00", "é"]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=10).map(" ".join))
def test_any_text_gives_a_result_or_a_query_error(text: str) -> None:
    """Nothing that a person types ends in another exception."""
    try:
        values(recorded('x{a="b"} 1 2', "y 3"), text, 60)
    except QueryError as error:
        assert str(error)
