"""Metrics for clients: instant values, curves, and the six tiles of the overview.

Tiles are evaluated once per scrape and kept, so that a screen may ask as often as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Literal

from incidentsim.client_api import Health, Series, Tile
from incidentsim.scenario.model import Scenario, Slo
from incidentsim.telemetry.promql import PromQL, Sample
from incidentsim.telemetry.store import SeriesStore

TREND_US = 60_000_000
"""A tile's trend is its value less the value one minute ago, as the rates behind it look back one minute."""

BAND_STEP_US = 15_000_000
"""Distance of the values before the page that make the baseline band: the rule interval."""

NEAR_THE_LINE = 0.8
"""Share of its line from which a tile that has one warns: its usual range is often far below, and narrow."""

QUIET_PART = 3
"""The baseline band leaves out the last third of the prelude: users suffer before the page comes."""

BURN_WINDOW = "5m"
"""Window of the burn rate shown: the short window of the usual fast-burn alert."""

KV_USAGE = "vllm:kv_cache_usage_perc"
"""The gauge behind the tile of KV usage; a stack of an older image reads it under another name."""

_DAY_US = 86_400_000_000
"""The error budget shown is a day's, at the demand since the page: so an incident of minutes shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileSpec:
    """One tile: its query, which side of the band is worse, and the line above which it is bad."""

    key: str
    title: str
    unit: str
    promql: str
    worse: Literal["high", "low"] = "high"
    objective: float | None = None
    line: Literal["SLO", "limit"] = "SLO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """How fast the worst objective burns its budget (1 = just sustainable), and what is left of a day's."""

    rate: float | None
    budget_left: float | None


def tile_specs(scenario: Scenario) -> tuple[TileSpec, ...]:
    """Return the tiles of the overview; lines come from the scenario's objectives where there is one."""
    ttft = next((slo.threshold / 1e6 for slo in scenario.slos if slo.kind == "ttft"), None)
    availability = next((slo for slo in scenario.slos if slo.kind == "availability"), None)
    errors = None if availability is None else 1 - availability.objective / 1e6
    quality = next((slo for slo in scenario.slos if slo.kind == "quality"), None)
    return (
        TileSpec(
            key="ttft",
            title="p95 ttft",
            unit="s",
            objective=ttft,
            promql=("histogram_quantile(0.95, sum by (le) (rate(gateway_time_to_first_token_seconds_bucket[1m])))"),
        ),
        TileSpec(
            key="tokens",
            title="tok/s",
            unit="tokens/s",
            worse="low",
            promql="sum(rate(vllm:generation_tokens_total[1m]))",
        ),
        TileSpec(
            key="queue",
            title="queue",
            unit="requests",
            promql="sum(inference_extension_flow_control_queue_size or vllm:num_requests_waiting)",
        ),
        TileSpec(
            key="kv",
            title="kv util",
            unit="ratio",
            objective=0.95,
            line="limit",
            promql=f"avg({scenario.stack.observability.names.get(KV_USAGE, KV_USAGE)})",
        ),
        _preemptions() if quality is None else _quality(quality),
        TileSpec(
            key="errors",
            title="errors",
            unit="ratio",
            objective=errors,
            promql=_bad_share(availability),
        ),
    )


def _preemptions() -> TileSpec:
    return TileSpec(
        key="preemptions", title="preempt/s", unit="1/s", promql="sum(rate(vllm:num_preemptions_total[1m]))"
    )  # fmt: skip


def _quality(slo: Slo) -> TileSpec:
    """Return the tile of an objective on what answers are worth: what no other tile shows, and users feel."""
    return TileSpec(
        key="quality", title="no use", unit="ratio", objective=1 - slo.objective / 1e6, promql=_bad_share(slo)
    )  # fmt: skip


def _bad_share(slo: Slo | None) -> str:
    """Return the share of user requests that failed: as the objective counts it, where there is one."""
    if slo is None:
        return (
            '(sum(rate(gateway_responses_total{code!~"2.."}[1m]))'
            " or sum(rate(gateway_responses_total[1m])) * 0) / sum(rate(gateway_responses_total[1m]))"
        )
    only = f'{{slo="{slo.id}"}}[1m]'
    return f"sum(rate(slo_bad_requests_total{only})) / sum(rate(slo_requests_total{only}))"


COST_PER_HOUR = ("sum(gpu_cost_dollars_per_hour)", "sum(rate(provider_cost_dollars_total[5m])) * 3600")
"""What the stack costs in dollars an hour: GPUs held, and what is paid by the token."""

class Charts:
    """Queries over one world's reported metrics: what a dashboard would show, not the truth."""

    __slots__ = ("_bands", "_burn", "_cost", "_key", "_promql", "_scenario", "_specs", "_store", "_tiles")

    def __init__(self, store: SeriesStore, scenario: Scenario) -> None:
        self._store = store
        self._scenario = scenario
        self._promql = PromQL()
        self._specs = tile_specs(scenario)
        self._bands: dict[str, tuple[float, float] | None] | None = None
        self._key = -1
        self._tiles: tuple[Tile, ...] = ()
        self._cost = 0.0
        self._burn = Burn(rate=None, budget_left=None)

    def check(self, expr: str) -> None:
        """Raise QueryError when `expr` can't be evaluated."""
        self._promql.check(expr)

    def instant(self, expr: str, t_us: int) -> list[Sample]:
        """Return the values of `expr` at `t_us`. Raises QueryError."""
        return self._promql.instant(self._store, expr, t_us)

    def curves(self, expr: str, start_us: int, end_us: int, step_us: int) -> tuple[Series, ...]:
        """Return the curves of `expr`. Raises QueryError."""
        found = self._promql.range(self._store, expr, start_us, end_us, step_us)
        return tuple(Series(labels=series.labels, points=series.points) for series in found)

    def tiles(self, now_us: int) -> tuple[Tile, ...]:
        """Return the tiles as of the last scrape."""
        self._refresh(now_us)
        return self._tiles

    def burn(self, now_us: int) -> Burn:
        """Return the burn rate of the worst objective as of the last scrape."""
        self._refresh(now_us)
        return self._burn

    def cost_per_hour(self, now_us: int) -> float:
        """Return the price of all GPUs held and the pace of providers' bills, in dollars per hour, as last scraped."""
        self._refresh(now_us)
        return self._cost

    def _refresh(self, now_us: int) -> None:
        key = len(self._store.times)
        if key == self._key:
            return
        if self._bands is None and now_us >= 0:
            self._bands = {spec.key: self._band(spec) for spec in self._specs}
        at = self._last_scrape()
        self._tiles = tuple(self._tile(spec, at) for spec in self._specs)
        self._burn = self._burn_at(at)
        self._cost = sum(self._value(expr, at) or 0.0 for expr in COST_PER_HOUR)
        self._key = key

    def _last_scrape(self) -> int:
        return self._store.times[-1] if self._store.times else 0

    def _value(self, expr: str, t_us: int) -> float | None:
        samples = self.instant(expr, t_us)
        value = samples[0].value if samples else None
        return None if value is None or isnan(value) else value

    def _tile(self, spec: TileSpec, at: int) -> Tile:
        value, before = self._value(spec.promql, at), self._value(spec.promql, at - TREND_US)
        band = (self._bands or {}).get(spec.key)
        trend = value - before if value is not None and before is not None else 0.0
        return Tile(
            key=spec.key,
            title=spec.title,
            unit=spec.unit,
            promql=spec.promql,
            value=value,
            trend=trend,
            health=_health(spec, value, band),
            band=band,
            objective=spec.objective,
            line=spec.line,
        )

    def _band(self, spec: TileSpec) -> tuple[float, float] | None:
        """Return the 5-95 % range of the tile in the quiet part of the prelude, else in all of it."""
        start_us = -self._scenario.prelude
        for end_us in (start_us // QUIET_PART, 0):
            series = self.curves(spec.promql, start_us, end_us, BAND_STEP_US)
            values = sorted(value for one in series[:1] for _, value in one.points if not isnan(value))
            if len(values) >= 4:
                return values[len(values) // 20], values[-1 - len(values) // 20]
        return None

    def _burn_at(self, at: int) -> Burn:
        worst, least_left = None, None
        for slo in self._scenario.slos:
            allowed = 1 - slo.objective / 1e6
            offered = self._value(_slo("increase", "slo_requests_total", slo.id), at)
            bad = self._value(_slo("increase", "slo_bad_requests_total", slo.id), at) or 0.0
            if not offered or allowed <= 0:
                continue
            rate = bad / offered / allowed
            worst = rate if worst is None or rate > worst else worst
            demand = self._since_page("slo_requests_total", slo.id, at)
            if demand and at > 0:
                a_day = demand / at * _DAY_US
                left = 1 - self._since_page("slo_bad_requests_total", slo.id, at) / (allowed * a_day)
                least_left = left if least_left is None or left < least_left else least_left
        return Burn(rate=worst, budget_left=least_left)

    def _since_page(self, metric: str, slo: str, at: int) -> float:
        expr = f'sum({metric}{{slo="{slo}"}})'
        return (self._value(expr, at) or 0.0) - (self._value(expr, 0) or 0.0)


def _slo(function: str, metric: str, slo: str) -> str:
    return f'sum({function}({metric}{{slo="{slo}"}}[{BURN_WINDOW}]))'


def _health(spec: TileSpec, value: float | None, band: tuple[float, float] | None) -> Health:
    if value is None:
        return "unknown"
    if spec.objective is not None:
        near = value > NEAR_THE_LINE * spec.objective
        return "bad" if value > spec.objective else "warn" if near else "ok"
    if band is None:
        return "ok"
    low, high = band
    margin = (high - low) / 2
    outside = value > high + margin if spec.worse == "high" else value < low - margin
    return "warn" if outside else "ok"
