"""The horizontal autoscaler: it believes the reported metric, not the true state."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Final

from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.pools.pool import Pool

METRIC: Final = "inference_pool_average_kv_cache_utilization"
"""The reported metric it steers by, unless it is set to another one."""

QUEUE_METRIC: Final = "inference_pool_average_queue_size"
RATE_METRIC: Final = "envoy_cluster_upstream_rq_total"

STEERING_METRICS: Final = (METRIC, QUEUE_METRIC, RATE_METRIC)
"""All that it may read: they are scraped even when nobody else looks."""

PERIOD_US: Final = 15_000_000
"""--horizontal-pod-autoscaler-sync-period, Kubernetes default."""

TOLERANCE_PPM: Final = 100_000
"""--horizontal-pod-autoscaler-tolerance, Kubernetes default."""

_ONE: Final = 1_000_000


class Autoscaler(Component):
    """Every period: desired = ceil(ready * reported / target), within bounds, windows and cooldown."""

    def __init__(
        self, component_id: str, kernel: Kernel, pool: Pool, store: SeriesStore, registry: Registry, journal: Journal
    ) -> None:
        super().__init__(component_id)
        self._kernel = kernel
        self.pool = pool
        self._store = store
        self._journal = journal
        self._changed_us = -(1 << 60)
        self._wishes: list[tuple[int, int]] = []
        self._counted: float | None = None
        self.on_scale: Callable[[str, int, int], None] = lambda pool, before, after: None
        registry.gauge("kube_horizontalpodautoscaler_status_desired_replicas",
                       {"horizontalpodautoscaler": pool.id}, lambda: float(pool.int_knob("replicas")),
                       target="kube-state-metrics")  # fmt: skip
        kernel.after(PERIOD_US, self._evaluate, None)

    def changed(self, name: str) -> None:
        """Forget the counter of another metric."""
        if name == "metric":
            self._counted = None

    def status(self) -> list[str]:
        """Return what it steers by, and what it wants."""
        return [f"pool = {self.pool.id}", f"reads {self._metric()}", f"desired = {self.pool.int_knob('replicas')}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return the replicas it wants."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", edges=((self.pool.id, ""),),
                              summary=f"wants {self.pool.int_knob('replicas')}")  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines the autoscaler."""
        return [*super().state(), self._changed_us, self._wishes, int(self._counted or 0)]

    def _metric(self) -> str:
        choice = self.text_knob("metric")
        return METRIC if choice == "kv_utilization" else QUEUE_METRIC if choice == "queue_size" else RATE_METRIC

    def _reading(self) -> tuple[int, int] | None:
        """Return what is reported, per ready replica, and its target, both in millionths; None without a report."""
        choice, metric, pool = self.text_knob("metric"), self._metric(), self.pool
        if choice == "request_rate":
            total = self._store.latest(metric, {"cluster": pool.id})
            before, self._counted = self._counted, total
            if total is None or isnan(total) or before is None or not pool.routable:
                return None
            rate = int(total - before) * _ONE * _ONE // (PERIOD_US * len(pool.routable))
            return rate, self.int_knob("target_request_rate") * _ONE
        reported = self._store.latest(metric, {"name": pool.id})
        if reported is None or isnan(reported):
            return None
        target = self.int_knob("target_kv_utilization")
        return int(reported * _ONE), target if choice == "kv_utilization" else self.int_knob("target_queue_size") * _ONE

    def _evaluate(self, _: Call) -> None:
        self._kernel.after(PERIOD_US, self._evaluate, None)
        control = self.pool.control
        if not self.int_knob("enabled") or (control is not None and not control.reachable):
            return
        reading = self._reading()
        if reading is None:
            return
        usage, target = reading
        now = self._kernel.now
        current = self.pool.int_knob("replicas")
        ratio = usage * _ONE // target
        wish = current if abs(ratio - _ONE) <= TOLERANCE_PPM else -(-len(self.pool.routable) * ratio // _ONE)
        wish = max(self.int_knob("min_replicas"), min(self.int_knob("max_replicas"), wish))
        wish = self._stable(wish, current, now)
        if wish == current or now - self._changed_us < self.int_knob("cooldown"):
            return
        self._changed_us = now
        self._journal.emit("info", "autoscaler", "control-plane",
                           f"New size: {wish}; reason: {self._metric()} {usage / _ONE:.2f} against target "
                           f"{target / _ONE:.2f}", {"from": current, "to": wish})  # fmt: skip
        self.pool.scale_to(wish, spare_loading=bool(self.int_knob("protect_loading")))
        self.on_scale(self.pool.id, current, wish)

    def _stable(self, wish: int, current: int, now: int) -> int:
        """Return the wish that the stabilisation windows leave of this one."""
        up, down = self.int_knob("scale_up_window"), self.int_knob("scale_down_window")
        self._wishes = [(t, w) for t, w in self._wishes if t > now - max(up, down)]
        self._wishes.append((now, wish))
        if wish < current:
            return min(current, max(w for t, w in self._wishes if t > now - down or t == now))
        if wish > current:
            return max(current, min(w for t, w in self._wishes if t > now - up or t == now))
        return wish
