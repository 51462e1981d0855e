"""Runs alert and recording rules in incidentsim and in Prometheus' rule engine, by `promtool test rules`.

Series come from keyed draws. What our RuleSet says at each minute (firing alerts with labels and texts, ALERTS
in every state, recorded series) is written as the expectation of a promtool unit test, which then judges it.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.prometheus_host import tool
from incidentsim.exact import Draws
from incidentsim.telemetry import PromQL, RuleSet, SeriesStore, format_series, make_labels

MINUTES = 40
_MINUTE_US = 60_000_000

_TEXTS = {
    "summary": '{{ $labels.pod }} at {{ $value }}, {{ $value | printf "%.2f" }}',
    "printed": '{{ printf "%6.1f|%-8.3e|%g|%v|%+.1f" $value $value $value $value $value }}',
    "human": "{{ $value | humanize }} {{ $value | humanize1024 }} {{ $value | humanizePercentage }}",
    "time": "{{ humanizeDuration $value }} {{ .Value }} {{ .Labels.pod | toUpper }} {{ $labels.gone }}.",
    "fixed": '{{ "literal" }} {{ $labels.pod | printf "%s of %v" "pod" | toLower }} 100%',
}  # fmt: skip

_SHARE = "round(zone:load:sum / ignoring (zone, kind) group_left () (sum(load) != 0), 0.001)"
"""Rounded, since promtool compares the last bit and sums go in another order here; never 0 / 0, since a rule's
NaN is stored as no sample here."""

_GROUPS: list[dict[str, Any]] = [
    {"name": "records", "interval": "1m", "rules": [
        {"record": "zone:load:sum", "expr": "sum by (zone) (load)", "labels": {"kind": "sum"}},
        {"record": "zone:load:share", "expr": _SHARE},
        {"record": "pod:load:big", "expr": "load > 1e3"},
    ]},
    {"name": "alerts", "interval": "1m", "rules": [
        {"alert": "AtOnce", "expr": "load > 5", "labels": {"severity": "page"}, "annotations": _TEXTS},
        {"alert": "Waits", "expr": "load > 5", "for": "3m", "labels": {"severity": "ticket", "zone": ""}},
        {"alert": "Keeps", "expr": "load > 5", "keep_firing_for": "4m", "annotations": _TEXTS},
        {"alert": "WaitsAndKeeps", "expr": "abs(load) > 5", "for": "2m", "keep_firing_for": "3m"},
        {"alert": "Templated", "expr": "load > 0", "for": "1m",
         "labels": {"level": '{{ $value | printf "%.0f" }}', "pod": "{{ $labels.pod }}-{{ $labels.__name__ }}"}},
        {"alert": "Recorded", "expr": "zone:load:sum > 1e3", "for": "1m",
         "annotations": {"summary": "{{ $labels.kind }} {{ $value | humanize }}"}},
        {"alert": "Gone", "expr": "absent(load)", "annotations": {"summary": "{{ $labels.pod }}{{ $value }}"}},
    ]},
]  # fmt: skip

_VALUES = ("0.00025", "0.5", "-7.25", "6", "7.5", "59.9", "61", "3700.5", "123456.789", "1e9", "1234567", "0.0001",
           "1.5e12", "0")  # fmt: skip
"""What a series may be: sizes that each humanizing function treats differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResult:
    """How many expectations promtool judged, and its complaints (empty when it agreed with all)."""

    expectations: int
    complaints: str


def series_values(seed: int) -> dict[str, list[str]]:
    """Return series in promtool's notation: `_` is no sample, `stale` ends a series."""
    found: dict[str, list[str]] = {}
    for pod in ("a", "b", "c"):
        draws = Draws(seed, pod, "alert_agreement")
        values = ["stale"] * 7 if seed % 2 else []
        while len(values) < MINUTES:
            kind = draws.below(2 * len(values), 12)
            word = "_" if kind == 0 else "stale" if kind == 1 else _VALUES[draws.below(len(values), len(_VALUES))]
            # never five minutes without a sample: Prometheus 2 counts one that is just that old, 3 does not
            length = 1 if word == "_" else 1 + draws.below(2 * len(values) + 1, 4)
            values += [word if word != "_" or values[-2:] != ["_", "_"] else "0.5"] * length
        found[f'load{{pod="{pod}",zone="{"x" if pod == "a" else "y"}"}}'] = values[:MINUTES]
    return found


def unit_test(seed: int) -> tuple[dict[str, Any], int]:
    """Return a promtool test whose expectations are what our engine does, and their number."""
    inputs = series_values(seed)
    rule_set, store, engine = RuleSet.from_mapping({"groups": _GROUPS}), SeriesStore(), PromQL()
    alert_tests: list[dict[str, Any]] = []
    expr_tests: list[dict[str, Any]] = []
    expectations = 0
    for minute in range(MINUTES):
        t_us = minute * _MINUTE_US
        for series, values in inputs.items():
            if values[minute] != "_":
                labels = dict(re.findall(r'(\w+)="([^"]*)"', series))
                value = float("nan") if values[minute] == "stale" else float(values[minute])
                store.record("load", labels, t_us, value)
        rule_set.evaluate(store, t_us)
        for name in rule_set.names():
            firing = [row for row in rule_set.status() if row.name == name and row.state == "firing"]
            alerts = [_expected(rule_set, row.labels, name) for row in firing]
            alert_tests.append({"eval_time": f"{minute}m", "alertname": name, "exp_alerts": alerts})
            expectations += max(1, len(alerts))
        for expr in ("ALERTS", "zone:load:sum", "zone:load:share", "pod:load:big"):
            rows = engine.vector(store, expr, t_us)
            found = [{"labels": format_series(labels), "value": value} for labels, value in rows]
            expr_tests.append({"expr": expr, "eval_time": f"{minute}m", "exp_samples": found})
            expectations += max(1, len(found))
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": " ".join(values)} for series, values in inputs.items()],
        "alert_rule_test": alert_tests,
        "promql_expr_test": expr_tests,
    }
    return test, expectations


def _expected(rule_set: RuleSet, labels: dict[str, str], name: str) -> dict[str, Any]:
    key = make_labels(labels)
    own = {label: value for label, value in labels.items() if label != "alertname"}
    return {"exp_labels": own, "exp_annotations": rule_set.annotations(name, key)}


def compare_alerts(seeds: int = 20) -> AlertResult:
    """Judge our rule engine by Prometheus'. Raises ToolMissing."""
    tests, expectations = [], 0
    for seed in range(seeds):
        test, count = unit_test(seed)
        tests.append(test)
        expectations += count
    with tempfile.TemporaryDirectory() as folder:
        rules, path = Path(folder) / "rules.yml", Path(folder) / "test.yml"
        rules.write_text(json.dumps({"groups": _GROUPS}), encoding="utf-8")
        content = {"rule_files": [str(rules)], "evaluation_interval": "1m",
                   "group_eval_order": [group["name"] for group in _GROUPS], "tests": tests}  # fmt: skip
        path.write_text(json.dumps(content), encoding="utf-8")
        command = [tool("promtool"), "test", "rules", str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return AlertResult(expectations=expectations, complaints=done.stdout.strip() if done.returncode else "")
