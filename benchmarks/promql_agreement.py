"""Compares incidentsim's PromQL, rules and alerts with a real Prometheus.

`python -m benchmarks.promql_agreement [--queries N] [--rules] [--alerts] [--json] [--scenario NAME]` records an
incident headless, gives its samples to Prometheus twice (backfilled from OpenMetrics, which can't say that a
series went stale; and by remote write, which can) and asks both engines the same queries at several moments
and over a range. `--rules` only checks the shipped rule files with promtool, `--alerts` only the alert states.
Exit code 1 when anything differs, 2 when Prometheus is missing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isinf, isnan
from pathlib import Path
from typing import Any

from benchmarks import prometheus_host as host
from benchmarks import promql_queries
from benchmarks.alert_agreement import compare_alerts
from benchmarks.promql_queries import Query
from benchmarks.rule_files import check_rules
from incidentsim.commands.parse import parse
from incidentsim.errors import QueryError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.script import script_commands
from incidentsim.telemetry import Labels, PromQL, SeriesStore, make_labels
from incidentsim.telemetry.promql import AGGREGATIONS, FUNCTIONS, ranges
from incidentsim.world import World
from incidentsim.world.actions import ACTIONS

SCRIPT = "reference/restart-all.jsonl"
"""What is played: restarts give counter resets, stale series, and targets that are down."""

PLAY_US = 1_200_000_000
"""Twenty minutes, after the prelude."""

S = 1_000_000
INSTANTS_US = (-400_250_000, 33_125_000, 151_750_000, 655_875_000, 1_199_250_000)
"""Between samples, so that it doesn't matter which end of a range is open; see `ON_EDGE_US` for that."""

RANGE_US = (-300_500_000, 1_190_500_000, 59_000_000)
"""Start, end and step of the range queries; always half a second beside the samples."""

ON_EDGE_US = (60 * S, 140 * S, 180 * S, 600 * S)

TOLERANCE = 1e-9
"""Relative difference of two values that is rounding: sums go in another order, det_log is not Go's log."""

_WORD = re.compile(r"[a-z][a-z0-9_]*|@")
_WORDS = (*FUNCTIONS, *AGGREGATIONS, "by", "without", "and", "or", "unless", "on", "ignoring", "group_left",
          "group_right", "offset", "bool", "@")  # fmt: skip
"""What must have been compared at least once with a result that is not empty."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came out of the comparison."""

    asked: int = 0
    equal: int = 0
    rows: int = 0
    both_refused: int = 0
    empty: int = 0
    ties: int = 0
    old_rates: int = 0
    refusals: dict[str, str] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)
    worst: float = 0.0


def recorded(name: str) -> SeriesStore:
    """Play the incident headless and return what was scraped."""
    scenario = load_scenario(find(name))
    cast = plain_cast(scenario)
    world = World(scenario, seed=1, cast=cast)
    ref = 0
    for line in script_commands(scenario.scripts[SCRIPT], cast):
        command = parse(line.command, world.vocabulary())
        if command.verb not in ACTIONS:
            continue
        world.advance(line.t_us - 100_000)
        ref += 1
        command = world.resolve(command)
        world.check(command)
        world.submit(command, t_us=line.t_us, k=0, ref=ref)
    world.advance(PLAY_US)
    return world.metrics


def _rows(kind: str, result: Any) -> tuple[dict[Labels, list[tuple[float, float]]], list[float]]:
    """Return Prometheus' result as curves by labels (one point each for an instant), and values in order."""
    if kind == "scalar":
        return {(): [(result[0], float(result[1]))]}, [float(result[1])]
    curves = {}
    for one in result:
        points = one.get("values") or [one["value"]]
        curves[make_labels(one["metric"])] = [(float(t), float(v)) for t, v in points]
    return curves, [points[0][1] for points in curves.values()]


def _gap(ours: float, theirs: float) -> float:
    """Return the relative difference, 0 for two NaNs or equal infinities."""
    if ours == theirs or (isnan(ours) and isnan(theirs)):
        return 0.0
    if isnan(ours) or isnan(theirs) or isinf(ours) or isinf(theirs):
        return float("inf")
    return abs(ours - theirs) / max(abs(ours), abs(theirs))


@contextmanager
def rates_before_2_52() -> Iterator[None]:
    """Have our engine extrapolate as Prometheus did before 2.52, for the comparisons that differ.

    It looked for a counter's zero before it looked whether the first sample is too far from the range's start;
    pull request 13725 ("Fix limiting of extrapolation to negative values") turned that round. They differ when
    a counter begins inside the range.
    """
    present = ranges.extrapolated

    def extrapolated(change: float, first: float, edges: ranges.Edges, counter: bool, per_s: float) -> float:
        sampled, _, after, before, average = edges
        if counter and change > 0 and first >= 0:
            before = min(before, sampled * (first / change))
        if before >= average * ranges.CLOSE:
            before = average / 2
        return change * ((sampled + before + after) / sampled / per_s)

    ranges.extrapolated = extrapolated
    try:
        yield
    finally:
        ranges.extrapolated = present


class Comparison:
    """Asks both engines and keeps the tally."""

    def __init__(self, store: SeriesStore, server: host.Prometheus, *, old_rates: bool) -> None:
        self.store, self.server, self.engine = store, server, PromQL()
        self.old_rates = old_rates
        self.tally = Tally()

    def instant(self, query: Query, t_us: int) -> None:
        """Compare one instant query."""

        def ours() -> dict[Labels, list[tuple[float, float]]]:
            rows = self.engine.vector(self.store, query.ours, t_us)
            return {labels: [(0.0, value)] for labels, value in rows}

        self._compare(query, f"at {t_us / S:g} s", ours, lambda: self.server.instant(query.theirs, t_us), t_us)

    def range(self, query: Query) -> None:
        """Compare one range query."""

        def ours() -> dict[Labels, list[tuple[float, float]]]:
            found = self.engine.range(self.store, query.ours, *RANGE_US)
            return {make_labels(c.labels): [(host.BASE_S + t / S, v) for t, v in c.points] for c in found}

        self._compare(query, "over the range", ours, lambda: self.server.range(query.theirs, *RANGE_US), None)

    def _compare(
        self,
        query: Query,
        when: str,
        ask_ours: Callable[[], dict[Labels, list[tuple[float, float]]]],
        ask_theirs: Callable[[], tuple[str, Any]],
        t_us: int | None,
    ) -> None:
        tally = self.tally
        refusal = their_refusal = ""
        mine: dict[Labels, list[tuple[float, float]]] = {}
        theirs: dict[Labels, list[tuple[float, float]]] = {}
        order: list[float] = []
        try:
            theirs, order = _rows(*ask_theirs())
        except host.Refused as error:
            their_refusal = str(error)
        if "unknown function" in their_refusal or "is not enabled" in their_refusal:
            tally.lacking[query.ours.partition("(")[0]] += 1
            return
        tally.asked += 1
        try:
            mine = ask_ours()
        except QueryError as error:
            refusal = str(error)
        if refusal or their_refusal:
            if bool(refusal) == bool(their_refusal):
                tally.both_refused += 1
                tally.refusals[query.ours] = their_refusal
            else:
                self._differs(query, when, f"ours: {refusal or 'a result'} / theirs: {their_refusal or 'a result'}")
            return
        reason = self._difference(query, mine, theirs, instant=t_us is not None)
        if reason and self.old_rates and any(name in query.ours for name in ("rate(", "increase(")):
            with rates_before_2_52():
                mine = ask_ours()
            reason = self._difference(query, mine, theirs, instant=t_us is not None)
            tally.old_rates += not reason
        if reason and query.ours.startswith(("topk", "bottomk")) and self._tied(mine, theirs):
            tally.ties += 1
            reason = ""
        if not reason and t_us is not None and query.ours.startswith("sort"):
            mine_in_order = [points[0][1] for points in mine.values()]
            if any(_gap(a, b) > TOLERANCE for a, b in zip(mine_in_order, order, strict=True)):
                reason = f"order {mine_in_order} / {order}"
        if reason:
            self._differs(query, when, reason)
            return
        tally.equal += 1
        tally.rows += sum(len(points) for points in theirs.values())
        tally.empty += not theirs
        if theirs:
            tally.compared.update(dict.fromkeys(_WORD.findall(query.ours), 1))

    def _differs(self, query: Query, when: str, reason: str) -> None:
        self.tally.different.append(f"{query.ours}   {when}: {reason}")

    def _difference(
        self,
        query: Query,
        mine: dict[Labels, list[tuple[float, float]]],
        theirs: dict[Labels, list[tuple[float, float]]],
        *,
        instant: bool,
    ) -> str:
        if sorted(mine) != sorted(theirs):
            only_mine = [host.shown(k, mine[k][0][1]) for k in mine if k not in theirs]
            only_theirs = [host.shown(k, theirs[k][0][1]) for k in theirs if k not in mine]
            return f"labels: only ours {only_mine[:3]}, only theirs {only_theirs[:3]}"
        for labels, points in mine.items():
            others = theirs[labels]
            if not instant and [t for t, _ in points] != [t for t, _ in others]:
                return f"{host.shown(labels, 0)}: points {len(points)} / {len(others)}"
            for (t, a), (_, b) in zip(points, others, strict=True):
                gap = _gap(a, b)
                if gap > TOLERANCE:
                    return f"{host.shown(labels, a)} / {b!r} at {t - host.BASE_S:g} ({gap:.1e})"
                self.tally.worst = max(self.tally.worst, gap)
        return ""

    @staticmethod
    def _tied(mine: dict[Labels, list[tuple[float, float]]], theirs: dict[Labels, list[tuple[float, float]]]) -> bool:
        """Return whether both chose as many and as good elements: among equal ones the choice is free."""

        def values(curves: dict[Labels, list[tuple[float, float]]]) -> list[tuple[float, float]]:
            return sorted((t, v) for points in curves.values() for t, v in points)

        left, right = values(mine), values(theirs)
        return len(left) == len(right) and all(
            _gap(a, b) <= TOLERANCE for (_, a), (_, b) in zip(left, right, strict=True)
        )


def compare(store: SeriesStore, queries: int) -> dict[str, Tally]:
    """Ask everything of both ways of ingestion; return the tallies by their names."""
    release = tuple(int(part) for part in host.version().split(".")[:2])
    old = release < (3, 0)
    tallies = {}
    for way in ("openmetrics", "remote write"):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            said = store
            if way == "openmetrics":
                host.backfill(store, data)
                said = host.without_stale_markers(store)
            with host.serving(data) as server:
                if way == "remote write":
                    server.write(store)
                comparison = Comparison(said, server, old_rates=release < (2, 52))
                for query in promql_queries.generated(store, queries, old=old):
                    for t_us in INSTANTS_US:
                        comparison.instant(query, t_us)
                    comparison.range(query)
                for query in promql_queries.on_the_edge(store, old=old):
                    for t_us in ON_EDGE_US:
                        comparison.instant(query, t_us)
        tallies[way] = comparison.tally
    return tallies


def _report(way: str, tally: Tally) -> dict[str, Any]:
    return {
        "asked": tally.asked, "equal": tally.equal, "values": tally.rows, "empty in both": tally.empty,
        "refused by both": tally.both_refused, "equal but for ties in topk": tally.ties,
        "equal with the rates of before 2.52": tally.old_rates, "largest relative difference": tally.worst,
        "words compared with a result": len([word for word in _WORDS if tally.compared[word]]),
        "words without a result": [w for w in _WORDS if not tally.compared[w] and w not in tally.lacking],
        "functions this Prometheus lacks": sorted(tally.lacking),
        "different": tally.different, "refusals": tally.refusals, "way": way,
    }  # fmt: skip


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do what was asked for and return the report. Raises ToolMissing."""
    everything = not (arguments.rules or arguments.alerts)
    report: dict[str, Any] = {"prometheus": host.version()}
    if everything or arguments.rules:
        report["rules"] = check_rules()
    if everything or arguments.alerts:
        alerts = compare_alerts()
        report["alerts"] = {"expectations": alerts.expectations, "complaints": alerts.complaints}
    if everything:
        tallies = compare(recorded(arguments.scenario), arguments.queries)
        report["queries"] = [_report(way, tally) for way, tally in tallies.items()]
    return report


def wrong(report: dict[str, Any]) -> bool:
    """Return whether anything in a report differs."""
    return bool(
        any(report.get("rules", {}).values())
        or report.get("alerts", {}).get("complaints")
        or any(part["different"] for part in report.get("queries", ()))
    )


def main() -> int:
    """Print the report; see the module's text for the exit codes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promql_agreement", description=__doc__)
    parser.add_argument("--queries", type=int, default=400, help="at least this many different queries")
    parser.add_argument("--scenario", default="slow-chat", help="what is recorded")
    parser.add_argument("--rules", action="store_true", help="only check the shipped rule files")
    parser.add_argument("--alerts", action="store_true", help="only compare the states of alerts")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args()
    try:
        report = run(arguments)
    except host.ToolMissing as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps(report, indent=1))
        return int(wrong(report))
    print(f"Prometheus {report['prometheus']}")
    for stack, complaint in report.get("rules", {}).items():
        print(f"rules of {stack}: {complaint or 'promtool accepts them'}")
    if alerts := report.get("alerts"):
        print(f"alerts: {alerts['expectations']} expectations, {alerts['complaints'] or 'promtool agrees with all'}")
    for part in report.get("queries", ()):
        print(f"queries, samples given by {part['way']}:")
        for key, value in part.items():
            if key not in ("different", "refusals", "way"):
                print(f"  {key}: {', '.join(value) or 'none' if isinstance(value, list) else value}")
        for line in part["different"]:
            print(f"  DIFFERENT {line[:400]}")
    return int(wrong(report))


if __name__ == "__main__":
    sys.exit(main())
