"""The observability plane as a component: scrapes, alert rules, engine statistics in the logs, its settings.

It changes nothing of what is true; what reads reported metrics (router, autoscaler) is fooled as it is.
"""

from __future__ import annotations

from typing import Final

from incidentsim.events import AlertCleared, AlertFired
from incidentsim.exact import Draws
from incidentsim.specs.knobs import UNLIMITED, format_duration
from incidentsim.telemetry.alerts import FIRING
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.kernel import OBSERVE
from incidentsim.world.observability.shipping import Shipper
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.pools.autoscaler import STEERING_METRICS

ENGINE_STATS_US: Final = 10_000_000
"""vLLM logs its engine statistics every 10 s (VLLM_LOG_STATS_INTERVAL)."""

BLIPS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("warn", "gateway", "gateway-0", "opentelemetry exporter: Transient error StatusCode.UNAVAILABLE, retrying in 1s"),
    ("warn", "kubelet", "control-plane", "Housekeeping took longer than expected"),
    ("info", "cert-manager", "control-plane", "Certificate is up to date and has not expired"),
    ("warn", "gateway", "gateway-0", "[lua] missing header x-request-id, generated one"),
    ("info", "kube-controller-manager", "control-plane", "Event occurred: Updated load balancer with new hosts"),
    ("error", "fluent-bit", "control-plane", "[output:es:es.0] HTTP status=429, retrying chunk"),
)
"""Harmless lines that every real system prints now and then."""

BLIP_MEAN_US: Final = 45_000_000
"""Mean time between them."""


class Observability(Component):
    """Scrapes on a fixed period, evaluates rules, and writes what engines log about themselves.

    Without telemetry it scrapes what components read, and nothing else. The log collector exists from the moment
    that something limits it; before, lines are in the log store at once.
    """

    def __init__(self, stack: Stack) -> None:
        super().__init__("observability")
        self._stack = stack
        self._last: dict[str, tuple[int, int, int]] = {}
        self._blips = Draws(stack.seed, "observability", "blips")
        self._blip = 0
        self._only = None if stack.telemetry else frozenset({*STEERING_METRICS, *stack.router.reports.families})
        self._scraped_us = stack.kernel.now
        part = stack.scenario.stack.observability
        self._rule_us = part.rule_interval
        stack.adopt_observability(self, {
            "scrape_interval": part.scrape_interval, "access_log_sampling": part.access_log_sampling,
            "trace_sampling": part.trace_sampling,
        }, part.knobs)  # fmt: skip
        kernel = stack.kernel
        kernel.after(0, self._scrape, None, OBSERVE)
        if stack.telemetry:
            kernel.after(self._rule_us, self._evaluate, None, OBSERVE + 1)
            kernel.after(ENGINE_STATS_US, self._engine_stats, None, OBSERVE)
            kernel.after(BLIP_MEAN_US, self._blip_line, None, OBSERVE)

    def changed(self, name: str) -> None:
        """Take a new setting."""
        lies, journal = self._stack.lies, self._stack.journal
        if name == "metric_aliases":
            lies.set_aliases(bool(self.int_knob(name)))
        elif name == "sample_limit":
            lies.set_sample_limit(self.int_knob(name))
        elif name == "trace_sampling":
            journal.traced = self.int_knob(name)
        elif name == "access_log_sampling":
            journal.accessed = journal.routine(self.int_knob(name))
        elif name in ("log_rate", "log_buffer", "log_sampling"):
            shipper = journal.shipper
            limited = self.int_knob("log_rate") != UNLIMITED or self.int_knob("log_sampling") < 1_000_000
            if shipper is None and limited:
                shipper = self.collector()
            if shipper is not None:
                self._set_up(shipper)

    def collector(self) -> Shipper | None:
        """Return the log collector, put in place when there is none yet; None without telemetry."""
        stack = self._stack
        if stack.journal.shipper is None and stack.telemetry:
            shipper = stack.journal.shipper = Shipper(stack.kernel, stack.logs, stack.registry, stack.seed)
            self._set_up(shipper)
        return stack.journal.shipper

    def _set_up(self, shipper: Shipper) -> None:
        shipper.rate = self.int_knob("log_rate")
        shipper.buffer = self.int_knob("log_buffer")
        shipper.sampling = self.int_knob("log_sampling")

    def status(self) -> list[str]:
        """Return the scraper's own page of targets, and the health of the log collector."""
        stack = self._stack
        targets = stack.lies.health()
        down = [(target, why) for target, why in targets if why]
        age = format_duration((stack.kernel.now - self._scraped_us) // 1_000_000 * 1_000_000)
        lines = [f"targets: {len(targets) - len(down)} of {len(targets)} up, last scrape {age} ago"]
        lines += [f"target {stack.registry.shown(target)}: down, {why}" for target, why in down]
        if stack.journal.shipper is not None:
            lines += stack.journal.shipper.status()
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Monitoring watches the topology; it is not in it."""
        return None

    def _scrape(self, _: Call) -> None:
        stack = self._stack
        self._scraped_us = stack.kernel.now
        frame = stack.store.scrape(stack.kernel.now, stack.registry, only=self._only)
        if stack.telemetry:
            stack.tel.add(frame)
        stack.accounts.check()
        stack.router.scraped()
        stack.kernel.after(self.int_knob("scrape_interval"), self._scrape, None, OBSERVE)

    def _evaluate(self, _: Call) -> None:
        stack = self._stack
        now = stack.kernel.now
        stack.kernel.after(self._rule_us, self._evaluate, None, OBSERVE + 1)
        if stack.rules is None:
            return
        for change in stack.rules.evaluate(stack.store, now):
            stack.tel.add_json([now, change.alert, change.labels, change.after])
            if change.after == FIRING:
                stack.emit(AlertFired(t_us=now, alert=change.alert, severity=change.severity, labels=change.labels,
                                      summary=change.summary, silenced=change.silenced))  # fmt: skip
            elif change.before == FIRING:
                stack.emit(AlertCleared(t_us=now, alert=change.alert, labels=change.labels))

    def _engine_stats(self, _: Call) -> None:
        stack = self._stack
        seconds = ENGINE_STATS_US // 1_000_000
        for pod in [p for pool in stack.pools.values() for p in pool.routable]:
            engine = pod.engine
            if engine is None:
                continue
            prompt, generated, preempted = engine.prefill_tokens, engine.generated(), engine.preemptions
            before = self._last.get(pod.id, (0, 0, 0))
            if prompt < before[0]:
                before = (0, 0, 0)
            self._last[pod.id] = (prompt, generated, preempted)
            usage = 1000 * engine.used_blocks() // engine.blocks
            hit_rate = 1000 * engine.prefix_hits // max(1, engine.prefix_queries)
            stack.journal.emit(
                "info", pod.pool.id, pod.id,
                f"Engine 000: Avg prompt throughput: {(prompt - before[0]) / seconds:.1f} tokens/s, "
                f"Avg generation throughput: {(generated - before[1]) / seconds:.1f} tokens/s, "
                f"Running: {engine.running} reqs, Waiting: {engine.queued} reqs, "
                f"GPU KV cache usage: {usage / 10:.1f}%, Prefix cache hit rate: {hit_rate / 10:.1f}%", {},
            )  # fmt: skip
            if preempted > before[2]:
                stack.journal.emit(
                    "warn", pod.pool.id, pod.id,
                    "Sequence group is preempted by PreemptionMode.RECOMPUTE mode because there is not enough KV cache "
                    "space. This can affect the end-to-end performance. "
                    f"total_num_cumulative_preemption={preempted}", {"preempted": preempted - before[2]},
                )  # fmt: skip
        stack.kernel.after(ENGINE_STATS_US, self._engine_stats, None, OBSERVE)

    def _blip_line(self, _: Call) -> None:
        stack = self._stack
        self._blip += 1
        level, service, host, message = BLIPS[self._blips.below(2 * self._blip, len(BLIPS))]
        stack.journal.emit(level, service, host, message, {})
        wait = int(self._blips.exponential(2 * self._blip + 1) * BLIP_MEAN_US)
        stack.kernel.after(max(wait, 1_000_000), self._blip_line, None, OBSERVE)
