"""Prints what scraping, queries, alert rules and logs cost: `python -m benchmarks.telemetry`.

For developers who change `incidentsim.telemetry`. Nothing is judged: times depend on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from incidentsim.exact import RollingDigest, bits64
from incidentsim.specs.metrics import METRICS
from incidentsim.telemetry import LogStore, PromQL, Registry, RuleSet, SeriesStore, compile_filter

SCRAPE_US = 5_000_000
"""The default scrape interval."""

TENANTS = 8
ENGINES = 14

P95 = "histogram_quantile(0.95, sum by (le) (rate(gateway_time_to_first_token_seconds_bucket[5m])))"
P95_BY_TENANT = P95.replace("(le)", "(le, tenant)")


def best_ms(action: Callable[[], object], repeats: int = 9) -> float:
    """Return the shortest of several runs, in ms."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best * 1_000


def build() -> tuple[Registry, SeriesStore, list[Callable[[int], None]]]:
    """Return a registry with about 2,500 series, an empty store, and functions that make traffic."""
    registry = Registry()
    traffic: list[Callable[[int], None]] = []
    for family in METRICS.values():
        if family.name in ("up", "ALERTS"):
            continue
        by_tenant = "tenant" in family.labels or "fairness_id" in family.labels
        for index in range(TENANTS if by_tenant else ENGINES):
            target = f"gateway/tenant-{index}" if by_tenant else f"vllm/decode-{index}"
            labels = {label: f"{label}-{index}" for label in family.labels}
            if family.type == "gauge":
                registry.gauge(family.name, labels, lambda: 0.5, target=target)
            elif family.type == "counter":
                registry.counter(family.name, labels, target=target)
            else:
                traffic.append(registry.histogram(family.name, labels, target=target).observe)
    return registry, SeriesStore(), traffic


def main() -> None:
    """Print the figures."""
    registry, store, traffic = build()
    scrape_best, scrape_total, scrapes = float("inf"), 0.0, 540
    series = 0
    for k in range(scrapes):
        for number, observe in enumerate(traffic):
            for i in range(4):
                observe(bits64(number, k * 4 + i) % 20_000_000)
        start = time.perf_counter()
        frame = store.scrape(k * SCRAPE_US, registry)
        elapsed = time.perf_counter() - start
        scrape_best, scrape_total = min(scrape_best, elapsed), scrape_total + elapsed
        series = (len(frame) - 12) // 8
    print(f"scrape of {series} series: best {scrape_best * 1e3:.2f} ms, mean {scrape_total / scrapes * 1e3:.2f} ms")
    print(f"memory: {store.sample_bytes() / (series * scrapes):.2f} bytes a sample before queries")

    promql = PromQL()
    end = (scrapes - 1) * SCRAPE_US
    rate = "sum(rate(gateway_requests_total[5m]))"
    print(f"instant rate over {TENANTS} series: {best_ms(lambda: promql.instant(store, rate, end)):.3f} ms")
    print(f"instant p95 over {TENANTS} x 23 series: {best_ms(lambda: promql.instant(store, P95, end)):.3f} ms")
    steps = 240
    start_us = end - (steps - 1) * 2 * SCRAPE_US
    for name, expr in (
        ("rate", "rate(gateway_requests_total[5m])"),
        ("p95", P95),
        ("p95 by tenant", P95_BY_TENANT),
        ("avg_over_time", "avg_over_time(vllm:kv_cache_usage_perc[5m])"),
    ):
        cost = best_ms(partial(promql.range, store, expr, start_us, end, 2 * SCRAPE_US), 3)
        print(f"range of {name}, {steps} steps: {cost:.1f} ms")
    print(f"memory: {store.sample_bytes() / (series * scrapes):.2f} bytes a sample after queries")

    rules = [
        {"alert": f"Slow{i}", "expr": f"{P95} > {i}", "for": "1m", "labels": {"severity": "page"}} for i in range(10)
    ]
    rule_set = RuleSet.from_mapping({"groups": [{"name": "slo", "interval": "15s", "rules": rules}]})
    first = rule_set.evaluate(store, end - 2_000 * SCRAPE_US)
    moments = iter(range(end, end + 1_000 * 15_000_000, 15_000_000))
    cost = best_ms(lambda: rule_set.evaluate(store, next(moments)))
    print(f"evaluation of {len(rules)} p95 rules: {cost:.2f} ms ({len(first)} transitions at first)")

    logs = LogStore(digest=RollingDigest())
    emit_start = time.perf_counter()
    for i in range(100_000):
        logs.emit(i * 1_000, "info", "gateway", "gw-1", "request done", {"status": 200, "tokens": i}, "t")
    print(f"log emission: {(time.perf_counter() - emit_start) * 10:.2f} µs a record")
    chosen = compile_filter("level>=warn svc:gateway")
    print(f"filter over 100,000 records: {best_ms(lambda: logs.select(chosen), 3):.0f} ms")


if __name__ == "__main__":
    main()
