"""What a scripted player is, and the few things that several do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from incidentsim.client_api import Ack, Session

SECOND_US = 1_000_000
"""Microseconds in a second."""

SLO_QUERY = 'sum(rate(slo_bad_requests_total{slo="ttft"}[1m])) / sum(rate(slo_requests_total{slo="ttft"}[1m]))'
"""How players look at whether users are well: the share of late first tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefed:
    """What the harness tells a player beforehand.

    `script`: (time in µs, command line) of the reference solution. `truth`: (component, fault kind) of the root
    causes, by shown name. Only players that are meant to know use them.
    """

    script: tuple[tuple[int, str], ...] = ()
    truth: tuple[tuple[str, str], ...] = ()


Player = Callable[[Session, Briefed], Awaitable[None]]
"""A scripted player: acts on a session, then returns."""


class Hand:
    """A player's hands: commands at times. Every answer is the session's; a rejected command is not repeated."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.vocabulary = session.vocabulary()

    async def at(self, second: float) -> bool:
        """Wait until T+`second`; False when the session ended before."""
        return await self._session.wait_until(int(second * SECOND_US))

    async def do(self, command: str) -> Ack:
        """Submit one command line."""
        return await self._session.submit(command)

    async def value(self, query: str) -> float | None:
        """Query something that gives one number; None when there is no data."""
        ack = await self.do(f"query {query}")
        series = ack.view.series if ack.view is not None else ()
        points = series[0].points if series else ()
        return points[-1][1] if points else None

    async def by_label(self, query: str, label: str) -> dict[str, float]:
        """Query something that gives a number per value of `label`."""
        ack = await self.do(f"query {query}")
        series = ack.view.series if ack.view is not None else ()
        return {s.labels.get(label, ""): s.points[-1][1] for s in series if s.points}

    @property
    def pool(self) -> str:
        """The first pool's name."""
        return self.vocabulary.pools[0]
