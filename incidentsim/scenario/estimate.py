"""The cost estimate: refuses a scenario whose demand can't be simulated within the engine's limits.

Part of the reference check. It bounds what the file asks for; the engine counts what really happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from incidentsim.scenario.model import Scenario
from incidentsim.scenario.validate import Located

MAX_RATE = 2_000
"""Highest demand of one tenant, in requests per second: the engine allows 20,000 events, ten a request."""

MAX_REQUESTS = 2_000_000
"""Most first attempts in one scenario: fifteen times a busy 45 minutes, a minute of computing."""

MAX_DURATION_US = 4 * 3_600 * 1_000_000
"""Longest incident, and longest prelude, in µs: four hours, the longest soak."""

MIN_INTERVAL_US = 1_000_000
"""Shortest time between two scrapes or two evaluations of rules, and shortest mean phase of bursts: a second."""

_MILLION = 1_000_000


def check_size(scenario: Scenario, params: Mapping[int, Mapping[str, Any]], located: Located) -> None:
    """Report what makes a scenario too large to run; `params`: parsed fault parameters by entry."""
    for name in ("duration", "prelude"):
        if getattr(scenario, name) > MAX_DURATION_US:
            located.report((name,), "longer than four hours")
    part = scenario.stack.observability
    for name in ("scrape_interval", "rule_interval"):
        if getattr(part, name) < MIN_INTERVAL_US:
            located.report(("stack", "observability", name), "shorter than a second")
    rates = {f"tenant.{tenant.id}": tenant.workload.rate / 1_000 for tenant in scenario.tenants}
    for i, tenant in enumerate(scenario.tenants):
        workload = tenant.workload
        if workload.rate > MAX_RATE * 1_000:
            located.report(("tenants", i, "workload", "rate"), f"more than {MAX_RATE:,} requests per second")
        for name in ("burst_every", "burst_lasts"):
            if getattr(workload, name) < MIN_INTERVAL_US:
                located.report(("tenants", i, "workload", name), "shorter than a second")
    seconds = (scenario.duration + scenario.prelude) / _MILLION
    total = 0.0
    for rate in rates.values():
        total += rate * seconds
    for i, values in params.items():
        fault = scenario.timeline[i].fault
        if fault is None:
            continue
        extra = _extra_rate(fault.kind, values, rates.get(fault.component, 0.0))
        if extra > MAX_RATE:
            located.report(
                ("timeline", i, "fault", "params"),
                f"at full strength more than {MAX_RATE:,} requests a second",
            )
        total += extra * seconds
    if total > MAX_REQUESTS:
        located.report(("duration",), f"about {int(total):,} requests in all; the limit is {MAX_REQUESTS:,}")


def _extra_rate(kind: str, values: Mapping[str, Any], rate: float) -> float:
    if kind == "context_growth":
        return float(values["conversations_per_minute"]) / _MILLION / 60 * float(values["turns"])
    if kind == "traffic_surge":
        return rate * float(values["factor"]) / _MILLION
    if kind == "injection_wave":
        return float(values["rate"]) / _MILLION
    if kind == "runaway_agent":
        return float(values["loops"])  # a turn takes about a second, often longer
    return 0.0
