"""The horizontal autoscaler: it believes the reported metric, not the true state."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Call, Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.pool import Pool

METRIC = "inference_pool_average_kv_cache_utilization"
"""The reported metric it steers by."""

PERIOD_US = 15_000_000
"""--horizontal-pod-autoscaler-sync-period, Kubernetes default."""

TOLERANCE_PPM = 100_000
"""--horizontal-pod-autoscaler-tolerance, Kubernetes default."""

STABILISATION_US = 300_000_000
"""Scale-down stabilisation window, Kubernetes default: the highest wish of the window counts."""


class Autoscaler(Component):
    """Every period: desired = ceil(ready * reported / target), within bounds and cooldown."""

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
        self.on_scale: Callable[[str, int, int], None] = lambda pool, before, after: None
        registry.gauge("kube_horizontalpodautoscaler_status_desired_replicas",
                       {"horizontalpodautoscaler": pool.id}, lambda: float(pool.int_knob("replicas")),
                       target="kube-state-metrics")  # fmt: skip
        kernel.after(PERIOD_US, self._evaluate, None)

    def status(self) -> list[str]:
        """Return what it steers by, and what it wants."""
        return [f"pool = {self.pool.id}", f"metric = {METRIC}", f"desired = {self.pool.int_knob('replicas')}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return the replicas it wants."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", edges=((self.pool.id, ""),),
                              summary=f"wants {self.pool.int_knob('replicas')}")  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines the autoscaler."""
        return [*super().state(), self._changed_us, self._wishes]

    def _evaluate(self, _: Call) -> None:
        self._kernel.after(PERIOD_US, self._evaluate, None)
        if not self.int_knob("enabled"):
            return
        reported = self._store.latest(METRIC, {"name": self.pool.id})
        if reported is None or isnan(reported):
            return
        now = self._kernel.now
        current = self.pool.int_knob("replicas")
        usage_ppm = int(reported * 1_000_000)
        target = self.int_knob("target_kv_utilization")
        ratio = usage_ppm * 1_000_000 // target
        wish = current if abs(ratio - 1_000_000) <= TOLERANCE_PPM else -(-len(self.pool.routable) * ratio // 1_000_000)
        wish = max(self.int_knob("min_replicas"), min(self.int_knob("max_replicas"), wish))
        self._wishes = [(t, w) for t, w in self._wishes if t > now - STABILISATION_US]
        self._wishes.append((now, wish))
        if wish < current:
            wish = min(current, max(w for _, w in self._wishes))
        if wish == current or now - self._changed_us < self.int_knob("cooldown"):
            return
        self._changed_us = now
        self._journal.emit("info", "autoscaler", "control-plane",
                           f"New size: {wish}; reason: {METRIC} {usage_ppm / 1_000_000:.2f} against target "
                           f"{target / 1_000_000:.2f}", {"from": current, "to": wish})  # fmt: skip
        self.pool.scale_to(wish)
        self.on_scale(self.pool.id, current, wish)
