"""Agent conversations: prompts that grow turn by turn because the whole history is sent each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incidentsim.exact import Draws, QuantileTable
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.clients.sessions import conversation_id
from incidentsim.world.stack.clients.tenant import AGENT_INDEX, TenantState
from incidentsim.world.stack.requests import UserRequest

MAX_TURNS: Final = 512
"""Numbers reserved per conversation for its requests: at most 200 turns, some of them tried again."""


MAX_FAILED_TURNS: Final = 3
"""Failed turns in a row after which a run is given up; agent frameworks resume from their last checkpoint."""

RESUME_PAUSE_US: Final = 15_000_000
"""Pause before a failed turn is tried again."""


BURST_US: Final = 60_000_000
"""Time over which the first users try a new feature."""

BURST_INDEX: Final = 1 << 20
"""Numbers of the burst's conversations start here, away from the steady ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPlan:
    """What the feature does at full strength. Rates in ppm of one per minute, times in µs, sizes in tokens."""

    conversations_per_minute: int
    turns: int
    think_us: int
    first_prompt: QuantileTable
    growth: QuantileTable
    output: QuantileTable
    max_prompt: int
    burst: int = 0


class Conversation:
    """One agent run: turn after turn, each prompt holding all that was said before.

    A failed turn is tried again after a pause; MAX_FAILED_TURNS in a row end the run.
    """

    __slots__ = ("_agent", "_asked", "_compactions", "_context", "_failed", "_index", "_key", "_turn")

    def __init__(self, agent: AgentFeature, index: int) -> None:
        self._agent = agent
        self._index = index
        self._key = conversation_id(agent.ids, index)
        self._turn = self._failed = self._asked = self._compactions = 0
        self._context = agent.draws.quantile(index * MAX_TURNS, agent.plan.first_prompt)

    def next_turn(self) -> None:
        """Send the next prompt."""
        agent = self._agent
        key = self._index * MAX_TURNS + self._turn
        serial = self._index * MAX_TURNS + self._asked
        self._asked += 1
        output = agent.draws.quantile(key + (1 << 40), agent.plan.output)
        agent.tenant.ask(AGENT_INDEX + serial, self._context, output, agent.max_tokens, self, key=self._key,
                         turn=self._turn, prefix=(((self._key, self._compactions), self._context),))  # fmt: skip

    def answered(self, request: UserRequest, ok: bool) -> None:
        """The turn ended: think and go on, or give the run up."""
        agent = self._agent
        if not ok:
            self._failed += 1
            if self._failed >= MAX_FAILED_TURNS:
                agent.live -= 1
            else:
                agent.kernel.after(RESUME_PAUSE_US, self._resume, None)
            return
        self._failed = 0
        self._turn += 1
        if self._turn >= agent.plan.turns:
            agent.live -= 1
            return
        key = self._index * MAX_TURNS + self._turn
        self._context += request.output + agent.draws.quantile(key + (2 << 40), agent.plan.growth)
        if self._context > agent.plan.max_prompt:
            self._context //= 4
            self._compactions += 1
        agent.kernel.after(agent.plan.think_us, self._resume, None)

    def _resume(self, _: Call) -> None:
        self.next_turn()


class AgentFeature:
    """A tenant's feature that starts conversations as a Poisson process whose rate can be changed.

    `strength_ppm` scales the rate of new conversations; those under way go on.
    """

    def __init__(self, kernel: Kernel, tenant: TenantState, plan: AgentPlan, seed: int, name: str) -> None:
        self.kernel = kernel
        self.tenant = tenant
        self.plan = plan
        self.draws = Draws(seed, f"tenant.{tenant.id}", f"agent/{name}")
        self.ids = Draws(seed, f"tenant.{tenant.id}", f"conversation-id/{name}").key
        self.max_tokens = plan.output.points[-1][1]
        self.strength_ppm = 0
        self.started = self.live = 0
        self._gap = Draws(seed, f"tenant.{tenant.id}", f"agent-gap/{name}")
        self._due = 0
        if plan.conversations_per_minute > 0:
            self._arm()
        for i in range(plan.burst):
            kernel.after(self.draws.below((3 << 40) + i, BURST_US), self._begin, BURST_INDEX + i)

    def set_strength(self, strength_ppm: int) -> None:
        """Scale the rate of new conversations; 1,000,000 is the plan's."""
        self.strength_ppm = strength_ppm

    def state(self) -> list[object]:
        """Return what defines the feature."""
        return [self.strength_ppm, self.started, self.live, self._due]

    def _arm(self) -> None:
        # thinning: candidates come at the full rate, and a share `strength` of them becomes conversations, so
        # that a change of strength moves no other draw
        gap = self._gap.exponential(2 * self._due) * (60_000_000 * 1_000_000 / self.plan.conversations_per_minute)
        self.kernel.after(int(gap), self._candidate, None)

    def _candidate(self, _: Call) -> None:
        index = self._due
        self._due += 1
        if self._gap.below(2 * index + 1, 1_000_000) < self.strength_ppm:
            self._converse(index)
        self._arm()

    def _begin(self, call: Call) -> None:
        self._converse(call.argument)

    def _converse(self, index: int) -> None:
        self.started += 1
        self.live += 1
        Conversation(self, index).next_turn()
