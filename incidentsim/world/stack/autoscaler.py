"""The horizontal autoscaler: it believes the reported metric, not the true state."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

from incidentsim.specs.components import AUTOSCALER
from incidentsim.specs.knobs import KnobValue, format_value
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Call, Kernel
from incidentsim.world.stack.pool import Pool

METRIC = "inference_pool_average_kv_cache_utilization"
"""The reported metric it steers by."""

PERIOD_US = 15_000_000
"""--horizontal-pod-autoscaler-sync-period, Kubernetes default."""

TOLERANCE_PPM = 100_000
"""--horizontal-pod-autoscaler-tolerance, Kubernetes default."""

STABILISATION_US = 300_000_000
"""Scale-down stabilisation window, Kubernetes default: the highest wish of the window counts."""


class Autoscaler:
    """Every period: desired = ceil(ready * reported / target), within bounds and cooldown."""

    def __init__(self, kernel: Kernel, pool: Pool, store: SeriesStore, registry: Registry, journal: Journal) -> None:
        self.id = "autoscaler"
        self._kernel = kernel
        self._pool = pool
        self._store = store
        self._journal = journal
        self._knobs: dict[str, KnobValue] = {k.name: k.default for k in AUTOSCALER.knobs}
        self._changed_us = -(1 << 60)
        self._wishes: list[tuple[int, int]] = []
        self.on_scale: Callable[[int, int], None] = lambda before, after: None
        registry.gauge("kube_horizontalpodautoscaler_status_desired_replicas",
                       {"horizontalpodautoscaler": pool.id}, lambda: float(pool.int_knob("replicas")),
                       target="kube-state-metrics")  # fmt: skip
        kernel.after(PERIOD_US, self._evaluate, None)

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new setting."""
        self._knobs[name] = value

    def describe(self) -> list[str]:
        """Return its settings."""
        lines = [f"{k.name} = {format_value(k, self._knobs[k.name])}" for k in AUTOSCALER.knobs]
        return [*lines, f"metric = {METRIC}", f"desired = {self._pool.int_knob('replicas')}"]

    def state(self) -> list[object]:
        """Return what defines the autoscaler."""
        return [list(self._knobs.values()), self._changed_us, self._wishes]

    def _int(self, name: str) -> int:
        return int(self._knobs[name])

    def _evaluate(self, _: Call) -> None:
        self._kernel.after(PERIOD_US, self._evaluate, None)
        if not self._int("enabled"):
            return
        reported = self._store.latest(METRIC, {"name": self._pool.id})
        if reported is None or isnan(reported):
            return
        now = self._kernel.now
        current = self._pool.int_knob("replicas")
        usage_ppm = int(reported * 1_000_000)
        target = self._int("target_kv_utilization")
        ratio = usage_ppm * 1_000_000 // target
        wish = current if abs(ratio - 1_000_000) <= TOLERANCE_PPM else -(-len(self._pool.routable) * ratio // 1_000_000)
        wish = max(self._int("min_replicas"), min(self._int("max_replicas"), wish))
        self._wishes = [(t, w) for t, w in self._wishes if t > now - STABILISATION_US]
        self._wishes.append((now, wish))
        if wish < current:
            wish = min(current, max(w for _, w in self._wishes))
        if wish == current or now - self._changed_us < self._int("cooldown"):
            return
        self._changed_us = now
        self._journal.emit("info", "autoscaler", "control-plane",
                           f"New size: {wish}; reason: {METRIC} {usage_ppm / 1_000_000:.2f} against target "
                           f"{target / 1_000_000:.2f}", {"from": current, "to": wish})  # fmt: skip
        self._pool.scale_to(wish)
        self.on_scale(current, wish)
