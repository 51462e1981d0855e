"""Builders that the telemetry tests share."""

from __future__ import annotations

import re

from incidentsim.telemetry import PromQL, Registry, SeriesStore

S = 1_000_000
"""µs in a second."""

NAN = float("nan")


def recorded(*lines: str, step_s: int = 60) -> SeriesStore:
    """Return a store of series written as `name{a="b"} 1 2 _ stale`: a value a step from 0 s, `_` is none."""
    store = SeriesStore()
    for line in lines:
        head, *values = line.split()
        name, _, rest = head.partition("{")
        labels = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        for step, value in enumerate(values):
            if value != "_":
                number = NAN if value == "stale" else float(value)
                store.record(name, labels, step * step_s * S, number)
    return store


def scraped(tenants: dict[str, list[int | None]], *, step_s: int = 60) -> SeriesStore:
    """Return a store with `gateway_requests_total{tenant}` scraped every step; None is a failed scrape."""
    registry, store = Registry(), SeriesStore()
    counters = {
        tenant: registry.counter("gateway_requests_total", {"tenant": tenant}, target=f"gateway/{tenant}")
        for tenant in tenants
    }
    for step in range(max(len(values) for values in tenants.values())):
        for tenant, values in tenants.items():
            value = values[step] if step < len(values) else None
            registry.set_up(f"gateway/{tenant}", value is not None)
            counters[tenant].value = value or 0
        store.scrape(step * step_s * S, registry)
    return store


def values(store: SeriesStore, expr: str, t_s: int) -> list[float]:
    """Return the values of an instant query, in result order."""
    return [sample.value for sample in PromQL().instant(store, expr, t_s * S)]


def by_labels(store: SeriesStore, expr: str, t_s: int) -> dict[tuple[tuple[str, str], ...], float]:
    """Return an instant result by its sorted labels."""
    return {tuple(sorted(s.labels.items())): s.value for s in PromQL().instant(store, expr, t_s * S)}
