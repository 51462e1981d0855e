"""Somebody else's container on a GPU host: it contends for memory bandwidth, PCIe and CPU, in bursts.

The fault `noisy_neighbour` puts one on a host; the host's step times and cAdvisor's series follow from it.
"""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws
from incidentsim.telemetry.labels import NAN
from incidentsim.telemetry.registry import Registry
from incidentsim.world.kernel import Kernel

BURST_US: Final = 5_000_000
"""Its intensity is constant in windows of this length: those in which the engines' jitter is drawn as well, so
that no further events are needed."""

FULL_CORES: Final = 48
"""Cores of a busy batch job with a loader process per core: half of a dual-socket GPU host."""

READ_BYTES_PER_CORE_S: Final = 25_000_000
"""What each of its loader processes reads per second."""


class CoTenant:
    """A container whose intensity varies between 20 % and 180 % of its mean from burst to burst.

    `extra_ppm` is what its mean intensity adds to the pod's step time. Strength 0: it is gone.
    """

    def __init__(
        self, kernel: Kernel, registry: Registry, *, seed: int, node: str, host: str, pod: str, extra_ppm: int
    ) -> None:  # fmt: skip
        self.pod = pod
        self.strength_ppm = 0
        self._kernel = kernel
        self._extra_ppm = extra_ppm
        self._bursts = Draws(seed, f"{node}/{pod}", "bursts")
        self._core_us = self._read_us = 0
        labels = {"node": host, "namespace": "batch", "pod": pod}
        target = f"cadvisor/{node}"
        registry.counter_from("container_cpu_usage_seconds_total", labels, self._cpu, target=target)
        registry.counter_from("container_fs_reads_bytes_total", labels, self._bytes, target=target)

    def factor_ppm(self, now_us: int) -> int:
        """Return the factor on step times in the present burst."""
        return 1_000_000 + self._extra_ppm * self._level_ppm(now_us // BURST_US) // 1_000_000

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self.pod, self.strength_ppm]

    def _level_ppm(self, window: int) -> int:
        level = 200_000 + self._bursts.below(window + (1 << 40), 1_600_001)
        return level * self.strength_ppm // 1_000_000

    def _account(self) -> None:
        """Add the CPU time since the last reading; only monitoring reads it."""
        now = self._kernel.now
        start = self._read_us or now
        while start < now:
            end = min(now, (start // BURST_US + 1) * BURST_US)
            self._core_us += FULL_CORES * (end - start) * self._level_ppm(start // BURST_US) // 1_000_000
            start = end
        self._read_us = now

    def _cpu(self) -> float:
        if not self.strength_ppm:
            return NAN
        self._account()
        return self._core_us / 1_000_000

    def _bytes(self) -> float:
        if not self.strength_ppm:
            return NAN
        self._account()
        return float(self._core_us * READ_BYTES_PER_CORE_S // 1_000_000)
