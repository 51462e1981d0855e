"""How much a tenant asks for, moment by moment: breathing, time of day, bursts, and what a fault adds."""

from __future__ import annotations

from typing import Final

from incidentsim.exact import Draws
from incidentsim.scenario.model import Workload

BREATH_US: Final = 60_000_000
"""Demand drifts between random levels drawn once a minute, linear in between, so no curve is periodic."""

DAY_US: Final = 86_400_000_000
"""Period of the time of day."""

_ONE: Final = 1_000_000


class Demand:
    """The arrival rate of a tenant: that of its workload, changed by `surge_ppm`.

    Bursts are a Markov-modulated Poisson process with two states: calm times of mean `burst_every`, bursts of mean
    `burst_lasts`, both exponential, drawn by their number.
    """

    def __init__(self, seed: int, tenant: str, workload: Workload, now: int) -> None:
        self.surge_ppm = _ONE
        self._workload = workload
        self._breath = Draws(seed, f"tenant.{tenant}", "breath")
        self._phase = Draws(seed, f"tenant.{tenant}", "burst")
        self._minute = -1
        self._levels = (0, 0)
        self._shaped = bool(workload.diurnal) or workload.burst != _ONE
        self._phases = 0
        self._until = now + self._length(0)

    def rate_milli(self, now: int) -> int:
        """Return the present arrival rate in thousandths per second."""
        workload = self._workload
        minute, into = divmod(now + (1 << 50), BREATH_US)
        if minute != self._minute:
            self._minute = minute
            self._levels = self._breath.below(minute, 2_000_001), self._breath.below(minute + 1, 2_000_001)
        a, b = self._levels
        level = a + (b - a) * into // BREATH_US - _ONE
        factor = _ONE + workload.breathing * level // _ONE
        rate = workload.rate * factor // _ONE * self.surge_ppm // _ONE
        return rate * self._shape(now) // _ONE if self._shaped else rate

    def _shape(self, now: int) -> int:
        workload = self._workload
        shape = _ONE
        if workload.diurnal:
            shape += workload.diurnal * day_wave(now - workload.peak) // _ONE
        if workload.burst != _ONE:
            while now >= self._until:
                self._phases += 1
                self._until += self._length(self._phases)
            if self._phases & 1:
                shape = shape * workload.burst // _ONE
        return max(0, shape)

    def _length(self, phase: int) -> int:
        mean = self._workload.burst_lasts if phase & 1 else self._workload.burst_every
        return 1 + int(self._phase.exponential(phase) * mean)

    def state(self) -> list[object]:
        """Return what defines the demand."""
        return [self.surge_ppm, self._phases]


def day_wave(since_peak_us: int) -> int:
    """Return the cosine of the time of day in ppm: 1 at the peak, -1 twelve hours later.

    Bhaskara's rational approximation, cos(pi x) = (1 - 4x²) / (1 + x²) for |x| <= 1/2, in integers; error < 0.2 %.
    """
    half = DAY_US // 2
    x = abs((since_peak_us + half) % DAY_US - half) * _ONE // half  # 0 at the peak, 1,000,000 twelve hours away
    sign = 1
    if x > _ONE // 2:
        x, sign = _ONE - x, -1
    square = x * x // _ONE
    return sign * (_ONE - 4 * square) * _ONE // (_ONE + square)
