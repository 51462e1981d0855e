"""What users ask for, and the attempts their clients make for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from incidentsim.world.stack.engine.sequence import NEVER, Prefix, Sequence

if TYPE_CHECKING:
    from incidentsim.world.stack.clients.tenant import TenantState
    from incidentsim.world.stack.component import Stage
    from incidentsim.world.stack.edge.lane import Lane
    from incidentsim.world.stack.edge.route import Route
    from incidentsim.world.stack.pools.pod import Pod


DEFECT_KINDS: Final = 5
"""Reasons for a bad answer: UNGROUNDED, STALE, GARBLED, BEHAVIOUR, FALLBACK."""

UNGROUNDED, STALE, GARBLED, BEHAVIOUR, FALLBACK = range(DEFECT_KINDS)


class Turns(Protocol):
    """Something that goes on when a request of it has ended: a conversation."""

    def answered(self, request: UserRequest, ok: bool) -> None:
        """Take the end of a turn."""
        ...


class UserRequest:
    """One thing a user asked for, from the first attempt to its end. Times in µs, NEVER = not yet.

    `first_us` is when the user saw the first token of any attempt. `ended` when nothing more will come. `session`
    numbers the user's session at its tenant, -1 = none. `key` is the conversation's id, empty without one, `turn`
    its turn, `prefix` what its prompt shares with others as cumulative (key, tokens). `hostile`: part of an attack.
    `code` is the last answer's. `running` is work that an attempt left behind and a retry may join. `abroad`: it
    left its tenant's region.
    """

    __slots__ = (
        "abroad", "attempts", "code", "conversation", "created_us", "ended", "first_us", "hostile", "index", "key",
        "max_tokens", "output", "prefix", "prompt", "route", "running", "session", "tenant", "trace", "turn",
    )  # fmt: skip

    def __init__(
        self, tenant: TenantState, index: int, created_us: int, prompt: int, output: int, max_tokens: int,
        conversation: Turns | None = None, *, route: Route, session: int = -1, key: str = "", turn: int = 0,
        prefix: Prefix | None = None, hostile: bool = False,
    ) -> None:  # fmt: skip
        self.tenant = tenant
        self.route = route
        self.session = session
        self.index = index
        self.created_us = created_us
        self.prompt = prompt
        self.output = output
        self.max_tokens = max_tokens
        self.conversation = conversation
        self.attempts = self.code = 0
        self.first_us = NEVER
        self.ended = self.trace = self.abroad = False
        self.hostile = hostile
        self.key = key
        self.turn = turn
        self.prefix = prefix
        self.running: Attempt | None = None


class Attempt(Sequence):
    """One HTTP request at the gateway, and, once dispatched, one sequence in an engine.

    `tokens` is what admission counts for it: prompt plus max_tokens. `queued_us` is when it last began to wait for a
    pool. `at` is the stage it is in, since `entered_us`; `stage` how many it has entered, `lane` the pool's lane it
    waits or runs in, `served` the pod that got it last. `marks` are (stage, start, end) of a traced attempt, `sample`
    the journal's draw (-1 = not yet). `defects` are what spoils its answer (see `quality`), None = nothing.

    A hedge, or a retry that joins earlier work, has a second sequence: `carrier` is the one that works for this
    attempt, `carries` the attempt that this sequence works for; a carrier counts as ended itself. `tried` are the
    pools that failed it, as bits.
    """

    __slots__ = ("at", "carrier", "carries", "defects", "dispatched_us", "ended", "entered_us", "gateway_retries",
                 "lane", "marks", "number", "pod", "queued", "queued_us", "received_us", "request", "sample", "served",
                 "stage", "tokens", "tried")  # fmt: skip

    def __init__(self, request: UserRequest, number: int, received_us: int) -> None:
        super().__init__(0, received_us, request.prompt, request.output, None, request.prefix)
        self.request = request
        self.number = number
        self.received_us = self.queued_us = self.entered_us = received_us
        self.dispatched_us = NEVER
        self.tokens = request.prompt + request.max_tokens
        self.sample = -1
        self.pod: Pod | None = None
        self.queued = False
        self.ended = False
        self.gateway_retries = self.stage = self.tried = 0
        self.carrier: Attempt | None = None
        self.carries: Attempt | None = None
        self.at: Stage | None = None
        self.lane: Lane | None = None
        self.served: Pod | None = None
        self.marks: list[tuple[str, int, int]] | None = None
        self.defects: list[int] | None = None

    def lengthen(self, tokens: int) -> None:
        """Put more into the prompt (retrieved passages, a template) before an engine sees it."""
        self.prompt += tokens
        self.p += tokens
        self.tokens += tokens

    def spoil(self, kind: int, share_ppm: int) -> None:
        """Make the answer bad with probability `share_ppm` for a reason of this kind (see `quality`)."""
        defects = self.defects
        if defects is None:
            defects = self.defects = [0] * DEFECT_KINDS
        defects[kind] = min(1_000_000, defects[kind] + share_ppm)

    def rewind(self) -> None:
        """Forget the engine it was in, so that it can be dispatched again from its prompt."""
        self.p, self.o = self.prompt, self.output
        self.done = self.blocks = self.restarts = 0
        self.admitted_us = self.first_us = self.finished_us = NEVER
        self.decoding = self.waiting = self.gone = False
        self.pod = None
