"""What users ask for, and the attempts their clients make for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.world.stack.sequence import NEVER, Sequence

if TYPE_CHECKING:
    from incidentsim.world.stack.agent import Conversation
    from incidentsim.world.stack.pod import Pod
    from incidentsim.world.stack.tenant import TenantState


class UserRequest:
    """One thing a user asked for, from the first attempt to its end. Times in µs, NEVER = not yet.

    `first_us` is when the user saw the first token of any attempt. `ended` when nothing more will come.
    """

    __slots__ = (
        "attempts", "conversation", "created_us", "ended", "first_us", "index", "max_tokens", "output", "prompt",
        "tenant", "trace",
    )  # fmt: skip

    def __init__(
        self, tenant: TenantState, index: int, created_us: int, prompt: int, output: int, max_tokens: int,
        conversation: Conversation | None = None,
    ) -> None:  # fmt: skip
        self.tenant = tenant
        self.index = index
        self.created_us = created_us
        self.prompt = prompt
        self.output = output
        self.max_tokens = max_tokens
        self.conversation = conversation
        self.attempts = 0
        self.first_us = NEVER
        self.ended = False
        self.trace = False


class Attempt(Sequence):
    """One HTTP request at the gateway, and, once dispatched, one sequence in an engine.

    `tokens` is what admission counts for it: prompt plus max_tokens.
    """

    __slots__ = ("dispatched_us", "ended", "gateway_retries", "number", "pod", "queued", "received_us", "request",
                 "tokens")  # fmt: skip

    def __init__(self, request: UserRequest, number: int, received_us: int) -> None:
        super().__init__(0, received_us, request.prompt, request.output)
        self.request = request
        self.number = number
        self.received_us = received_us
        self.dispatched_us = NEVER
        self.tokens = request.prompt + request.max_tokens
        self.pod: Pod | None = None
        self.queued = False
        self.ended = False
        self.gateway_retries = 0

    def rewind(self) -> None:
        """Forget the engine it was in, so that it can be dispatched again from its prompt."""
        self.p, self.o = self.prompt, self.output
        self.done = self.blocks = self.restarts = 0
        self.admitted_us = self.first_us = self.finished_us = NEVER
        self.decoding = self.waiting = self.gone = False
        self.pod = None
