"""What a scripted player is, and the few things that several do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import isnan

from incidentsim.client_api import Ack, ChangeRow, Session, Snapshot
from incidentsim.specs.verbs import VERBS

SECOND_US = 1_000_000
"""Microseconds in a second."""

SLO_QUERY = (
    "sum by (slo) (rate(slo_bad_requests_total[1m])) / sum by (slo) (rate(slo_requests_total[1m]))"
)  # fmt: skip
"""How players look at whether users are well: the share of bad requests of every objective."""

Line = tuple[int, str]
"""(time in µs, command line)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefed:
    """What the harness tells a player beforehand.

    `scripts`: the scenario's reference solutions, the first one first. `truth`: (component, fault kind) of the root
    causes, by shown name. `memory`: what solved a sibling of this incident, in the sibling's names. Only players that
    are meant to know use them.
    """

    scripts: tuple[tuple[Line, ...], ...] = ()
    truth: tuple[tuple[str, str], ...] = ()
    memory: tuple[Line, ...] = ()

    @property
    def script(self) -> tuple[Line, ...]:
        """The first reference solution; empty without one."""
        return self.scripts[0] if self.scripts else ()


Player = Callable[[Session, Briefed], Awaitable[None]]
"""A scripted player: acts on a session, then returns."""


class Crash(Exception):
    """The player's machine dies here: the harness drops the session, resumes it, and starts the player again."""


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

    async def worst_share(self) -> float:
        """Query every objective; return the largest share of bad requests, 0 without data."""
        shares = await self.by_label(SLO_QUERY, "slo")
        return max((share for share in shares.values() if not isnan(share)), default=0.0)

    def look(self) -> Snapshot:
        """Return what is on the screen at a glance."""
        return self._session.snapshot()

    def changes(self) -> tuple[ChangeRow, ...]:
        """Return the change log, newest first."""
        return tuple(sorted(self.look().changes, key=lambda change: (-change.t_us, change.id)))

    def size_of(self, pool: str) -> int:
        """Return how many replicas a pool has."""
        return len([name for name in self.vocabulary.replicas if name.rpartition("-")[0] == pool])

    @property
    def pool(self) -> str:
        """The first pool's name."""
        return self.vocabulary.pools[0]


async def follow(session: Session, lines: Sequence[Line]) -> None:
    """Submit each line at its time, whatever the answers are; stop when the session is over."""
    for t_us, command in lines:
        if not await session.wait_until(t_us):
            return
        await session.submit(command)


def verb_of(command: str) -> str:
    """Return the verb of a command line."""
    return command.split(maxsplit=1)[0]


def is_act(command: str) -> bool:
    """Return whether a command line is meant to change the world: an act, and no dry run."""
    spec = VERBS.get(verb_of(command))
    return spec is not None and spec.group == "act" and "--dry-run" not in command
