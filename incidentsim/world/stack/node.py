"""A GPU host: clock, power, temperature, and what the DCGM exporter says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.exact import Draws
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.stack.component import Component, ComponentState

if TYPE_CHECKING:
    from incidentsim.world.stack.pod import Pod

MAX_SM_CLOCK_MHZ = 1_410
"""Boost clock of an A100 (NVIDIA A100 datasheet)."""

IDLE_WATTS, BUSY_WATTS = 62, 372
"""Power of an A100-SXM4-80GB idle and under LLM load; limit 400 W (datasheet)."""

THROTTLE_BELOW_W = 330
"""Power cap under which the SM clock falls under load."""

FRAMEBUFFER_MIB = 81_920
"""Frame buffer of an 80 GB card."""


class Node(Component):
    """One host with one GPU. `throttle_ppm` comes from faults; the power cap adds to it."""

    def __init__(self, index: int, seed: int, registry: Registry, shown_host: str) -> None:
        super().__init__(f"node-{index}")
        self.index = index
        self.throttle_ppm = 1_000_000
        self.lost = False
        self.xid = 0
        self.pod: Pod | None = None
        self._cap = self.int_knob("power_cap")
        self._wobble = Draws(seed, self.id, "dcgm")
        self._reading = 0
        self.host = shown_host
        labels = {"Hostname": shown_host, "gpu": "0"}
        target = self.target = f"dcgm/{self.id}"
        for name, read in (
            ("DCGM_FI_DEV_GPU_UTIL", self._utilisation), ("DCGM_FI_DEV_SM_CLOCK", self._clock),
            ("DCGM_FI_DEV_GPU_TEMP", self._temperature), ("DCGM_FI_DEV_POWER_USAGE", self._power),
            ("DCGM_FI_DEV_FB_USED", self._framebuffer), ("DCGM_FI_DEV_FB_FREE", self._free),
            ("DCGM_FI_DEV_XID_ERRORS", lambda: float(self.xid)),
        ):  # fmt: skip
            registry.gauge(name, labels, read, target=target)

    @property
    def slowdown_ppm(self) -> int:
        """Factor on step times: throttling fault and power cap together."""
        cap = 1_000_000 * THROTTLE_BELOW_W // self._cap if self._cap < THROTTLE_BELOW_W else 1_000_000
        return self.throttle_ppm * cap // 1_000_000

    def changed(self, name: str) -> None:
        """Take a new power cap."""
        self._cap = self.int_knob("power_cap")
        if self.pod is not None:
            self.pod.apply_speed()

    def status(self) -> list[str]:
        """Return what nvidia-smi would show."""
        pod = self.pod.id if self.pod is not None else "none"
        return [f"pod: {pod}", f"SM clock {self._clock():.0f} MHz (max {MAX_SM_CLOCK_MHZ})",
                f"last XID: {self.xid or 'none'}"]  # fmt: skip

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Hosts are edges of their replicas."""
        return None

    def state(self) -> list[object]:
        """Return what defines the node."""
        return [self.throttle_ppm, self.lost, self._cap, self.xid]

    # -- readings: small deterministic noise, keyed by the number of the reading ----------------------------

    def _noise(self, spread: int) -> int:
        self._reading += 1
        return self._wobble.below(self._reading, 2 * spread + 1) - spread

    def _busy(self) -> bool:
        pod = self.pod
        return pod is not None and pod.engine is not None and (pod.engine.busy or pod.state == "loading")

    def _utilisation(self) -> float:
        return float(98 + self._noise(2)) if self._busy() else 0.0

    def _clock(self) -> float:
        return MAX_SM_CLOCK_MHZ * 1_000_000 / self.slowdown_ppm

    def _power(self) -> float:
        watts = BUSY_WATTS + self._noise(18) if self._busy() else IDLE_WATTS + self._noise(3)
        return float(min(watts, self._cap))

    def _temperature(self) -> float:
        return float((61 if self._busy() else 34) + self._noise(2) + (7 if self.throttle_ppm > 1_000_000 else 0))

    def _framebuffer(self) -> float:
        return float(self.pod.memory_mib()) if self.pod is not None else 0.0

    def _free(self) -> float:
        return FRAMEBUFFER_MIB - self._framebuffer()
