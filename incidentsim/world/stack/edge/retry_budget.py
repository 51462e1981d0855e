"""The client retry budget: how many of the clients' retries are let through, as a share of first attempts."""

from __future__ import annotations

from typing import Final

WINDOW_US: Final = 10_000_000
"""Window over which retries are compared with first attempts; the present and the former one count."""


class RetryBudget:
    """Counts first attempts and retries let through, by window."""

    __slots__ = ("_first", "_retries", "_window_us")

    def __init__(self, now: int) -> None:
        self._first = [0, 0]
        self._retries = [0, 0]
        self._window_us = now - now % WINDOW_US

    def first(self, now: int) -> None:
        """Count a first attempt."""
        if now - self._window_us >= WINDOW_US:
            self._roll(now)
        self._first[0] += 1

    def allows(self, budget_ppm: int, now: int) -> bool:
        """Take one retry out of the budget if it is there."""
        self._roll(now)
        if budget_ppm < 1_000_000:
            first = self._first[0] + self._first[1]
            if (self._retries[0] + self._retries[1]) * 1_000_000 >= first * budget_ppm:
                return False
        self._retries[0] += 1
        return True

    def _roll(self, now: int) -> None:
        if now - self._window_us >= WINDOW_US:
            self._window_us = now - now % WINDOW_US
            self._first = [0, self._first[0]]
            self._retries = [0, self._retries[0]]

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self._first, self._retries]
