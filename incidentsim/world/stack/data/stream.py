"""The event stream: partitions whose consumers keep up or don't. Lag is integrated when it is read, without events."""

from __future__ import annotations

from typing import Final

from incidentsim.scenario.parts.data import PipelinePart
from incidentsim.telemetry.registry import Registry
from incidentsim.world.kernel import Kernel

_ONE: Final = 1_000_000

SKEW_PPM: Final = 120_000
"""The busiest partition gets this much more than an even share, the quietest as much less: keys are never even."""


class Stream:
    """Backlog by partition, in micro-events (millionths), exact. A consumer serves one partition at a time."""

    def __init__(self, part: PipelinePart, kernel: Kernel, registry: Registry) -> None:
        self._part = part
        self._kernel = kernel
        self._consumers = part.partitions
        self._slow_ppm = _ONE
        self._at_us = kernel.now
        self._lag = [0] * part.partitions
        for number in range(part.partitions):
            labels = {"consumergroup": "features", "topic": part.topic, "partition": str(number)}
            registry.gauge("kafka_consumergroup_lag", labels,
                           lambda number=number: float(self.lag()[number] // _ONE), target="kafka-exporter")  # type: ignore[misc]  # fmt: skip

    def set_consumers(self, consumers: int) -> None:
        """Change the number of consumers; at most one a partition works."""
        self._settle()
        self._consumers = consumers

    def set_slow(self, factor_ppm: int) -> None:
        """Make each event take longer."""
        self._settle()
        self._slow_ppm = factor_ppm

    def lag(self) -> list[int]:
        """Return the backlog by partition now, in millionths of an event."""
        self._settle()
        return list(self._lag)

    def delay_us(self) -> int:
        """Return how old the newest consumed event is, in the mean over partitions: backlog over arrival rate."""
        rate = self._part.events  # thousandths per second, all partitions together
        total = sum(self.lag()) // _ONE  # exact: ints
        return total * 1_000 * _ONE // rate if rate else 0

    def state(self) -> list[object]:
        """Return what defines the stream."""
        return [self._consumers, self._slow_ppm, *self.lag()]

    def _settle(self) -> None:
        passed = self._kernel.now - self._at_us
        if not passed:
            return
        self._at_us = self._kernel.now
        part = self._part
        count = part.partitions
        # consumers spread over the partitions; each serves 1/event_time events per µs; all in millionths of an event
        share_ppm = min(_ONE, _ONE * self._consumers // count)
        serves = passed * _ONE * share_ppm // (part.event_time * self._slow_ppm)
        for number in range(count):
            skew = _ONE + (2 * number - (count - 1)) * SKEW_PPM // max(1, count - 1)
            comes = passed * part.events * skew // (1_000 * count * _ONE)
            self._lag[number] = max(0, self._lag[number] + comes - serves)
