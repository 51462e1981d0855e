"""A scripted on-call who follows one runbook to the letter, and writes down what it came to.

Called by `certify.runbooks`. It sees what a candidate sees: conditions are `query` commands. It starts when paged, or
at T+0 when told to start unasked (that is how false triggers in a healthy world are counted).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from incidentsim.client_api import Session
from incidentsim.policies.base import SECOND_US, Hand
from incidentsim.policies.runbook_text import Condition, Runbook, Step, filled

POLL_US = 15 * SECOND_US
"""How often the on-call looks at the conditions: a dashboard's usual refresh."""

REACTION_US = 60 * SECOND_US
"""From the page to the first look at the runbook."""

READING_US = 20 * SECOND_US
"""To read a step and type its command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A step that was carried out: when, with which names, which lines were refused, and whether `verify` held."""

    step: str
    line: int
    t_us: int
    commands: tuple[str, ...]
    refused: tuple[str, ...]
    verified: bool | None
    verified_us: int | None


@dataclass(slots=True, kw_only=True)
class Follower:
    """Follows `runbook` in one session. Each step is carried out at most once."""

    runbook: Runbook
    start_us: int = REACTION_US
    carried: list[Carried] = field(default_factory=list)

    async def play(self, session: Session) -> None:
        """Look, do, verify, until every step was done or the session is over."""
        hand = Hand(session)
        if not await session.wait_until(self.start_us):
            return
        if self.start_us > 0:
            await hand.do("ack")
        open_steps = list(self.runbook.steps)
        since: dict[int, int] = {}
        now_us = self.start_us
        while open_steps:
            ready = await self._ready(hand, open_steps, since, now_us)
            if ready is not None:
                open_steps.remove(ready)
                now_us = await self._carry_out(session, hand, ready, now_us)
                since.clear()
            now_us += POLL_US
            if not await session.wait_until(now_us):
                return

    async def _ready(self, hand: Hand, steps: list[Step], since: dict[int, int], now_us: int) -> Step | None:
        """Return the first step whose condition has held for its time; `since` remembers from when each held."""
        found: Step | None = None
        for step in steps:
            if not await holds(hand, step.when, {}):
                since.pop(step.line, None)
            elif now_us - since.setdefault(step.line, now_us) >= step.when.time_us and found is None:
                found = step
        return found

    async def _carry_out(self, session: Session, hand: Hand, step: Step, now_us: int) -> int:
        """Do one step and verify it; return the time it is then."""
        names: dict[str, str] = {}
        for variable, expr in step.let:
            value = await largest(hand, filled(expr, names), variable)
            if value is not None:
                names[variable] = value
        done: list[str] = []
        refused: list[str] = []
        numbers: list[int] = []
        began_us = now_us
        for line in step.do:
            now_us += READING_US
            if not await session.wait_until(now_us):
                break
            ack = await hand.do(filled(line, names))
            (done if ack.accepted else refused).append(filled(line, names))
            if ack.accepted:
                numbers.append(ack.seq)
        verified: bool | None = None
        verified_us: int | None = None
        if step.verify is not None and done:
            verified = False
            until_us = now_us + step.verify.time_us
            while not verified and now_us < until_us:
                now_us += POLL_US
                if not await session.wait_until(now_us):
                    break
                verified = await holds(hand, step.verify, names)
            verified_us = now_us if verified else None
        if verified is False or refused:
            for line in step.otherwise:
                for command in [f"undo {n}" for n in reversed(numbers)] if line == "undo" else [filled(line, names)]:
                    await hand.do(command)
        self.carried.append(
            Carried(step=step.title, line=step.line, t_us=began_us, commands=tuple(done), refused=tuple(refused),
                    verified=verified, verified_us=verified_us)
        )  # fmt: skip
        return now_us


async def holds(hand: Hand, condition: Condition, names: dict[str, str]) -> bool:
    """Return whether a condition gives any series now."""
    ack = await hand.do(f"query {filled(condition.expr, names)}")
    return ack.view is not None and any(series.points for series in ack.view.series)


async def largest(hand: Hand, expr: str, label: str) -> str | None:
    """Return `label` of the largest series that has it; None when there is none. Equals go by name."""
    ack = await hand.do(f"query {expr}")
    series = ack.view.series if ack.view is not None else ()
    found = sorted((-s.points[-1][1], s.labels[label]) for s in series if s.points and label in s.labels)
    return found[0][1] if found else None
