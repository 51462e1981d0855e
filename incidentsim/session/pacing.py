"""Wall clock to scenario time, for sessions that a person watches.

A front end calls `pulse` many times a second on its event loop, or lets `run` do it. When the machine can't
keep up, or nobody pulsed for a while, scenario time slips: it is never caught up with, so the screen stays
alive and nothing happens behind a person's back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from incidentsim.session.host import IncidentSession

BUDGET_S = 0.008
"""Longest stretch of simulating between two looks at the keyboard: half a frame at 60 Hz."""

LONGEST_GAP_S = 0.25
"""Longest time since the last pulse that is simulated; the rest is let go (a suspended laptop, say)."""

_IDLE_S = 0.02
"""Pause between pulses of `run`: fifty a second."""


class LivePacer:
    """Moves one session by the wall clock. The prelude runs as fast as the machine can, whatever the speed.

    Speed and pause are the session's (`control`); the pacer only reads them.
    """

    __slots__ = ("_behind_us", "_clock", "_last_s", "_session", "_speed_milli")

    def __init__(self, session: IncidentSession, *, clock: Callable[[], float] = time.perf_counter) -> None:
        session.paced = True
        self._session = session
        self._clock = clock
        self._last_s = clock()
        self._behind_us = 0.0
        self._speed_milli = 0

    def pulse(self, budget_s: float = BUDGET_S) -> None:
        """Advance the session by the scenario time that passed since the last pulse, within the budget."""
        session = self._session
        now_s = self._clock()
        elapsed_s = min(max(now_s - self._last_s, 0.0), LONGEST_GAP_S)
        self._last_s = now_s
        if session.ended or session.state.paused:
            self._behind_us = 0.0
            return
        start_us = session.now_us
        if start_us < 0:
            session.step(0, budget_s)
            return
        speed_milli = session.state.speed_milli
        if speed_milli != self._speed_milli:
            self._speed_milli, self._behind_us = speed_milli, 0.0
        if speed_milli == 0:
            session.step(session.scenario.duration, budget_s)
            return
        # what is left over below a microsecond, or was not reached within the budget, is carried for one gap
        self._behind_us += elapsed_s * speed_milli * 1_000
        session.step(start_us + int(self._behind_us), budget_s)
        self._behind_us -= session.now_us - start_us
        self._behind_us = min(self._behind_us, LONGEST_GAP_S * speed_milli * 1_000)

    async def run(self) -> None:
        """Pulse until the session is over; cancel the task to stop."""
        session = self._session
        while not session.ended:
            self.pulse()
            busy = not session.state.paused and (session.now_us < 0 or session.state.speed_milli == 0)
            await asyncio.sleep(0 if busy else _IDLE_S)
