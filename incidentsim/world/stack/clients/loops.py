"""Traffic that no user asked for: agents in a loop, and waves of attacks. Faults of tenants start and stop them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incidentsim.exact import Draws, QuantileTable
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.clients.sessions import FAILED_TURNS, conversation_id
from incidentsim.world.stack.clients.tenant import TenantState
from incidentsim.world.stack.edge.guards import FORBIDDEN
from incidentsim.world.stack.requests import UserRequest

LOOP_INDEX: Final = 1 << 41
"""Request indexes of loops start here, away from those of ordinary arrivals and agents."""

WAVE_INDEX: Final = 1 << 40
"""Request indexes of waves start here."""

TURNS_OF_A_LOOP: Final = 1 << 20
"""Numbers reserved for the requests of one loop."""

FAILED_PAUSE_US: Final = 10_000_000
"""Pause of a loop after a failed turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPlan:
    """What one loop does: sizes in tokens, `pause_us` between an answer and the next turn."""

    first_prompt: int
    growth: QuantileTable
    output: QuantileTable
    max_prompt: int
    pause_us: int


class RunawayLoop:
    """An agent that calls itself again after each answer, in one conversation, without a cap on steps.

    Its context grows by each answer and tool result; near `max_prompt` it is summarised to half. It ends when it is
    stopped, when a request of it is forbidden (403), or after FAILED_TURNS failures in a row.
    """

    def __init__(self, kernel: Kernel, tenant: TenantState, plan: LoopPlan, draws: Draws, number: int) -> None:
        self._kernel = kernel
        self._tenant = tenant
        self._plan = plan
        self._draws = draws
        self._number = number
        self.key = conversation_id(draws.key, number)
        self.alive = False
        self.turns = self._failed = self._summaries = 0
        self._context = plan.first_prompt

    def start(self) -> None:
        """Begin, or go on."""
        if not self.alive:
            self.alive = True
            self._next()

    def stop(self) -> None:
        """End after the turn in progress."""
        self.alive = False

    def _next(self) -> None:
        index = self._number * TURNS_OF_A_LOOP + self.turns
        plan = self._plan
        output = self._draws.quantile(2 * index, plan.output)
        turn = self.turns
        self.turns += 1
        self._tenant.ask(LOOP_INDEX + index, self._context, output, plan.output.points[-1][1], self, key=self.key,
                         turn=turn, prefix=(((self.key, self._summaries), self._context),))  # fmt: skip

    def answered(self, request: UserRequest, ok: bool) -> None:
        """A turn ended: on to the next."""
        if not self.alive:
            return
        self._failed = 0 if ok else self._failed + 1
        if request.code == FORBIDDEN or self._failed >= FAILED_TURNS:
            self.alive = False
            return
        plan = self._plan
        if ok:
            index = self._number * TURNS_OF_A_LOOP + self.turns
            self._context += request.output + self._draws.quantile(2 * index + 1, plan.growth)
            if self._context > plan.max_prompt:
                self._context = plan.max_prompt // 2
                self._summaries += 1
        self._kernel.after(plan.pause_us if ok else FAILED_PAUSE_US, self._again, None)

    def _again(self, _: Call) -> None:
        if self.alive:
            self._next()

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self.alive, self.turns, self._context]


class Wave:
    """Hostile requests at a tenant's door, as a Poisson process of `rate_milli` thousandths per second."""

    def __init__(
        self, kernel: Kernel, tenant: TenantState, seed: int, name: str, *, rate_milli: int, prompt: QuantileTable,
        output: QuantileTable,
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._tenant = tenant
        self._gap = Draws(seed, f"tenant.{tenant.id}", f"wave-gap/{name}")
        self._sizes = Draws(seed, f"tenant.{tenant.id}", f"wave/{name}")
        self._rate = rate_milli
        self._prompt, self._output = prompt, output
        self._arrivals = 0
        self.strength_ppm = 0
        self._arm()

    def _arm(self) -> None:
        # thinning, so that a change of strength moves no other draw
        gap = self._gap.exponential(2 * self._arrivals) * (1_000_000_000 / self._rate)
        self._kernel.after(int(gap), self._arrive, None)

    def _arrive(self, _: Call) -> None:
        index = self._arrivals
        self._arrivals += 1
        if self._gap.below(2 * index + 1, 1_000_000) < self.strength_ppm:
            output = self._sizes.quantile(2 * index + 1, self._output)
            self._tenant.ask(WAVE_INDEX + index, self._sizes.quantile(2 * index, self._prompt), output,
                             self._output.points[-1][1], hostile=True)  # fmt: skip
        self._arm()

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self.strength_ppm, self._arrivals]
