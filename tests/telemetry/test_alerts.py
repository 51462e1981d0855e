"""Alert and recording rules: states, texts, silences, errors."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.errors import QueryError
from incidentsim.telemetry import PromQL, RuleSet, SeriesStore, Transition
from incidentsim.telemetry.humanize import humanize
from incidentsim.telemetry.templates import render
from tests.telemetry.helpers import S

MINUTE = 60 * S


def one(rule: Any) -> Any:
    """Return a rule file with one rule."""
    return {"groups": [{"name": "g", "rules": [rule]}]}


def rules(**extra: Any) -> RuleSet:
    """Return one alert on `load` above 5 for two minutes, evaluated each minute."""
    rule = {
        "alert": "HighLoad",
        "expr": "load > 5",
        "for": "2m",
        "labels": {"severity": "page"},
        "annotations": {"summary": "{{ $labels.pod }} at {{ $value | humanize }}"},
        **extra,
    }
    return RuleSet.from_mapping({"groups": [{"name": "g", "interval": "1m", "rules": [rule]}]})


def play(rule_set: RuleSet, loads: list[float | None]) -> tuple[SeriesStore, list[Transition]]:
    """Evaluate once a minute while `load{pod="a"}` takes the given values."""
    store, out = SeriesStore(), []
    for minute, load in enumerate(loads):
        store.record("load", {"pod": "a"}, minute * MINUTE, float("nan") if load is None else load)
        out += rule_set.evaluate(store, minute * MINUTE)
    return store, out


def steps(transitions: list[Transition]) -> list[tuple[int, str, str]]:
    """Return (minute, before, after) of each."""
    return [(t.t_us // MINUTE, t.before, t.after) for t in transitions]


def test_pending_then_firing_then_inactive() -> None:
    """The condition must hold for two minutes; when it ends the alert clears at once."""
    _, out = play(rules(), [1, 6, 7, 8, 1])
    assert steps(out) == [(1, "inactive", "pending"), (3, "pending", "firing"), (4, "firing", "inactive")]
    assert out[1].labels == {"pod": "a", "severity": "page", "alertname": "HighLoad"}
    assert (out[1].summary, out[1].value, out[1].severity) == ("a at 8", 8, "page")


def test_a_dip_starts_the_wait_again() -> None:
    """A pending alert whose condition ends never fired."""
    _, out = play(rules(), [6, 6, 1, 6, 6, None])
    assert [after for _, _, after in steps(out)] == ["pending", "inactive", "pending", "inactive"]


def test_without_for_it_fires_at_once() -> None:
    """A rule without `for` goes from inactive to firing in one evaluation."""
    _, out = play(rules(**{"for": 0}), [6])
    assert steps(out) == [(0, "inactive", "firing")]


def test_keep_firing_for_bridges_a_dip() -> None:
    """A firing alert outlives its condition by keep_firing_for, counted anew after each dip."""
    _, out = play(rules(**{"for": "0s", "keep_firing_for": "2m"}), [6, 1, 6, 1, 1, 1])
    assert steps(out) == [(0, "inactive", "firing"), (5, "firing", "inactive")]


def test_alerts_series_follows_the_state() -> None:
    """ALERTS is 1 under the present state only, and ends when the alert clears."""
    store, _ = play(rules(), [6, 6, 6, 1])
    engine = PromQL()
    states = [
        [s.labels["alertstate"] for s in engine.instant(store, 'ALERTS{alertname="HighLoad"}', minute * MINUTE)]
        for minute in range(4)
    ]
    assert states == [["pending"], ["pending"], ["firing"], []]


def test_silenced_alerts_still_change_state() -> None:
    """A silence marks transitions and rows, and nothing else."""
    rule_set = rules(**{"for": 0})
    rule_set.silence("HighLoad")
    _, out = play(rule_set, [6])
    assert [t.silenced for t in out] == [True]
    assert [row.silenced for row in rule_set.status()] == [True]
    rule_set.unsilence("HighLoad")
    assert not rule_set.silenced("HighLoad")
    with pytest.raises(QueryError, match="did you mean 'HighLoad'"):
        rule_set.silence("HighLoads")


def test_status_shows_idle_rules_too() -> None:
    """Every rule has a row: idle ones with their expression, active ones first."""
    mapping = {"groups": [{"name": "g", "rules": [
        {"alert": "Never", "expr": "load > 99"}, {"alert": "Now", "expr": "load > 5"},
    ]}]}  # fmt: skip
    rule_set = RuleSet.from_mapping(mapping)
    play(rule_set, [6])
    assert [(row.name, row.state, row.expr) for row in rule_set.status()] == [
        ("Now", "firing", "load > 5"),
        ("Never", "inactive", "load > 99"),
    ]


def test_groups_wait_for_their_interval() -> None:
    """Evaluating more often than the interval changes nothing."""
    rule_set, store = rules(), SeriesStore()
    store.record("load", {}, 0, 9)
    assert len(rule_set.evaluate(store, 0)) == 1
    store.record("load", {}, 30 * S, 0)
    assert rule_set.evaluate(store, 30 * S) == []
    assert len(rule_set.evaluate(store, 60 * S)) == 1


def test_recording_rules_feed_later_rules_and_end() -> None:
    """A recorded series is visible to the next rule, and goes stale when its source does."""
    rule_set = RuleSet.from_mapping({"groups": [{"name": "g", "interval": "1m", "rules": [
        {"record": "job:load:sum", "expr": "sum(load)", "labels": {"job": "x"}},
        {"alert": "Sum", "expr": "job:load:sum > 5"},
    ]}]})  # fmt: skip
    store, out = play(rule_set, [6, None])
    assert steps(out) == [(0, "inactive", "firing"), (1, "firing", "inactive")]
    assert store.latest("job:load:sum", {"job": "x"}) is None


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ([], "a mapping with a list `groups:`"),
        ({"groups": [{"rules": []}]}, "group 1 has no name"),
        ({"groups": [{"name": "g", "rules": [{"expr": "x"}]}]}, "needs `alert:` or `record:`"),
        (one({"alert": "A", "expr": "sum(x"}), "'g', alert 'A': can't parse"),
        (one({"alert": "A", "expr": "x", "fro": "1m"}), "did you mean 'for'"),
        (one({"alert": "A", "expr": "x", "for": "soon"}), "not a duration"),
        (one({"record": "a b", "expr": "x"}), "not a valid name"),
        (
            {"groups": [{"name": "g", "rules": [
                {"alert": "A", "expr": "x", "annotations": {"summary": "{{ query }}"}}]}]},
            r"'A': template '\{\{ query \}\}' is not supported",
        ),
        ({"groups": [{"name": "g", "rules": []}, {"name": "g", "rules": []}]}, "appears twice"),
    ],
)  # fmt: skip
def test_wrong_rules_name_group_and_alert(mapping: Any, message: str) -> None:
    """A wrong rule file says where and what."""
    with pytest.raises(QueryError, match=message):
        RuleSet.from_mapping(mapping)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (1234567, "1.235M"),
        (999, "999"),
        (0.00123, "1.23m"),
        (-2500, "-2.5k"),
        (float("inf"), "+Inf"),
    ],
)
def test_humanize(value: float, expected: str) -> None:
    """Four significant digits and a metric prefix."""
    assert humanize(value) == expected


def test_templates_fill_labels_and_values() -> None:
    """Absent labels are empty, whole numbers have no point."""
    text = "{{ $labels.pod }}{{$labels.gone}}: {{ $value }} ({{ $value | humanizePercentage }})"
    assert render(text, {"pod": "a"}, 2.0) == "a: 2 (200%)"


@pytest.mark.parametrize("wait", ["9" * 400, "1e300", "NaN", "5 minutes", "99999999999d", "-5m"])
def test_a_rule_that_waits_for_no_time_is_refused(wait: str) -> None:
    """A `for` that is no duration, or beyond any, is an error of the file."""
    rule = {"alert": "A", "expr": "up == 0", "for": wait}
    with pytest.raises(QueryError):
        RuleSet.from_mapping({"groups": [{"name": "g", "rules": [rule]}]})
