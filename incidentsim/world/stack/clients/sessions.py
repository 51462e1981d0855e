"""Users with sessions: each sends its conversation's earlier turns again, until the conversation is long enough.

A tenant asks `next_turn` what an arrival's prompt is made of, and tells `ended` how it went.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incidentsim.exact import Draws, bits64
from incidentsim.scenario.model import Workload
from incidentsim.world.stack.engine.sequence import Prefix
from incidentsim.world.stack.requests import UserRequest

FAILED_TURNS: Final = 3
"""Failed turns in a row after which a user starts a new conversation."""


CONVERSATION_BITS: Final = 20
"""Bits for the number of a user's conversation in the numbers from which ids are made."""


def conversation_id(key: int, number: int) -> str:
    """Return the id under which applications and logs know a conversation: opaque, so that it tells no names."""
    return f"conv-{bits64(key, number) >> 24:010x}"


@dataclass(slots=True, kw_only=True)
class Session:
    """One user: which conversation it is in, how many tokens of history and turns that has."""

    key: str
    conversation: int = 0
    history: int = 0
    turn: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one arrival sends: `prompt` = template, history and what is new."""

    session: int
    key: str
    turn: int
    prompt: int
    prefix: Prefix


class Sessions:
    """All sessions of one tenant, made as they are first heard of. `trims`: long conversations are begun anew."""

    def __init__(self, seed: int, tenant: str, workload: Workload) -> None:
        self._tenant = tenant
        self._count = workload.sessions
        self._limit = workload.history
        self._template = workload.template
        self._who = Draws(seed, f"tenant.{tenant}", "session")
        self._ids = Draws(seed, f"tenant.{tenant}", "conversation-id").key
        self._sessions: dict[int, Session] = {}
        self.trims = True

    @property
    def count(self) -> int:
        """Sessions heard of so far."""
        return len(self._sessions)

    def next_turn(self, index: int, fresh: int) -> Turn:
        """Return what arrival `index` sends, with `fresh` new tokens."""
        number = self._who.below(index, self._count)
        session = self._sessions.get(number)
        if session is None:
            session = self._sessions[number] = Session(key=conversation_id(self._ids, number << CONVERSATION_BITS))
        if session.failed >= FAILED_TURNS or (self.trims and session.history > self._limit):
            session.conversation += 1
            session.history = session.turn = session.failed = 0
            session.key = conversation_id(self._ids, number << CONVERSATION_BITS | session.conversation)
        key = session.key
        prompt = self._template + session.history + max(1, fresh)
        prefix: Prefix = ((key, prompt),)
        if self._template:
            prefix = ((f"{self._tenant}/template", self._template), *prefix)
        turn = session.turn
        session.turn += 1
        return Turn(session=number, key=key, turn=turn, prompt=prompt, prefix=prefix)

    def ended(self, request: UserRequest, ok: bool) -> None:
        """A turn ended: its prompt and answer are history now, unless the conversation is over."""
        session = self._sessions[request.session]
        if request.key != session.key:
            return
        if ok:
            session.failed = 0
            session.history = max(session.history, request.prompt - self._template + request.output)
        else:
            session.failed += 1

    def state(self) -> list[object]:
        """Return what defines them."""
        total = sum(s.history for s in self._sessions.values())  # exact: ints
        return [self.trims, len(self._sessions), total]
