"""Who spends what: tokens and dollars by tenant, pool and conversation, and what pools priced per token cost.

The gateway reports every answer; `cost` (the look) and budgets read it. Own GPUs are paid by the hour whatever
they do (`Pool.cost_microdollars`); their tokens are attributed at a list price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pool import Pool

LIST_BATCH: Final = 64
"""Sequences decoding at once in the load that list prices assume: a replica well used but not full."""

LIST_CONTEXT: Final = 1_000
"""Tokens of context of each of them."""

MINUTE_US: Final = 60_000_000
"""Spending is kept by minute."""

KEPT_MINUTES: Final = 180
"""Minutes of spending kept by conversation; longer looks see less detail than the metrics."""


@dataclass(slots=True, kw_only=True)
class Spent:
    """What one (tenant, pool, conversation) used in a minute. Money in nanodollars."""

    requests: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    nanodollars: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One line of what was spent, as `cost` sums it up."""

    tenant: str
    pool: str
    conversation: str
    requests: int
    tokens: int
    microdollars: int


Key = tuple[str, str, str]
"""(tenant, pool, conversation id, empty without one)."""


class Billing:
    """Accounts since the world began. Prices in thousandths of a dollar per million tokens = nanodollars a token."""

    def __init__(self, kernel: Kernel, registry: Registry, pools: Mapping[str, Pool], shown: dict[str, str]) -> None:
        self._kernel = kernel
        self.price = {pool.id: pool.part.dollars_per_million_tokens or list_price(pool) for pool in pools.values()}
        self._metered = {pool.id for pool in pools.values() if pool.part.dollars_per_million_tokens}
        self.spent: dict[str, int] = dict.fromkeys(shown, 0)
        self.provider: dict[str, int] = dict.fromkeys(pools, 0)
        self._minutes: dict[int, dict[Key, Spent]] = {}
        self._prompt_tokens: dict[str, Counter] = {}
        self._output_tokens: dict[str, Counter] = {}
        for tenant, name in shown.items():
            for kind, counters in (("prompt", self._prompt_tokens), ("output", self._output_tokens)):
                counters[tenant] = registry.counter(
                    "gateway_billed_tokens_total", {"tenant": name, "kind": kind}, target="billing"
                )
            registry.counter_from("gateway_cost_dollars_total", {"tenant": name},
                                  lambda tenant=tenant: self.spent[tenant] / 1e9, target="billing")  # type: ignore[misc]  # fmt: skip
        for pool in pools:
            if pool in self._metered:
                registry.counter_from("provider_cost_dollars_total", {"pool": pool},
                                      lambda pool=pool: self.provider[pool] / 1e9, target="billing")  # type: ignore[misc]  # fmt: skip

    def answered(self, attempt: Attempt, code: int) -> None:
        """Bill an attempt that reached a pool: its prompt once processed, its output when it was delivered whole."""
        pod = attempt.served
        if pod is None or (code != 200 and attempt.first_us == NEVER):
            return
        request = attempt.request
        tenant, pool = request.tenant.id, pod.pool.id
        prompt, output = attempt.prompt, attempt.output if code == 200 else 0
        nano = (prompt + output) * self.price[pool]
        self._prompt_tokens[tenant].value += prompt
        self._output_tokens[tenant].value += output
        self.spent[tenant] += nano
        if pool in self._metered:
            self.provider[pool] += nano
        minute = self._minutes.get(self._kernel.now // MINUTE_US)
        if minute is None:
            minute = self._new_minute()
        key = (tenant, pool, request.key)
        entry = minute.get(key)
        if entry is None:
            entry = minute[key] = Spent()
        entry.requests += 1
        entry.prompt_tokens += prompt
        entry.output_tokens += output
        entry.nanodollars += nano

    def _new_minute(self) -> dict[Key, Spent]:
        number = self._kernel.now // MINUTE_US
        self._minutes.pop(number - KEPT_MINUTES, None)
        minute = self._minutes[number] = {}
        return minute

    @property
    def accounts(self) -> int:
        """How many accounts of a minute are kept."""
        return sum(len(minute) for minute in self._minutes.values())  # exact: ints

    def provider_microdollars(self) -> int:
        """Return what pools priced per token have cost so far."""
        return sum(self.provider.values()) // 1_000  # exact: ints

    def since(self, t_us: int) -> dict[Key, Spent]:
        """Return what was spent in the minutes that `t_us` and all later times fall in, by key."""
        out: dict[Key, Spent] = {}
        for number, minute in self._minutes.items():
            if number < t_us // MINUTE_US:
                continue
            for key, entry in minute.items():
                total = out.setdefault(key, Spent())
                total.requests += entry.requests
                total.prompt_tokens += entry.prompt_tokens
                total.output_tokens += entry.output_tokens
                total.nanodollars += entry.nanodollars
        return out

    def knows(self, conversation: str) -> bool:
        """Whether a conversation has been billed in the time that is kept."""
        return any(key[2] == conversation for minute in self._minutes.values() for key in minute)

    def bills(self, t_us: int, shown: Callable[[str], str]) -> list[Bill]:
        """Return the same as a list under shown names, dearest first."""
        out = [
            Bill(tenant=shown(tenant), pool=pool, conversation=conversation, requests=e.requests,
                 tokens=e.prompt_tokens + e.output_tokens, microdollars=e.nanodollars // 1_000)
            for (tenant, pool, conversation), e in self.since(t_us).items()
        ]  # fmt: skip
        return sorted(out, key=lambda bill: (-bill.microdollars, bill.tenant, bill.conversation, bill.pool))

    def state(self) -> list[object]:
        """Return the accounts."""
        return [list(self.spent.values()), list(self.provider.values())]


def list_price(pool: Pool) -> int:
    """Return what a token of a pool of own GPUs costs at the assumed load, in nanodollars, at least 1.

    Price of a GPU-hour divided by the tokens that one replica decodes in an hour with LIST_BATCH sequences of
    LIST_CONTEXT tokens.
    """
    step_ps = pool.model.base_ps(LIST_BATCH, 0) + pool.model.c * LIST_BATCH * LIST_CONTEXT
    tokens_per_hour = 3_600 * 10**12 * LIST_BATCH // step_ps
    return max(1, pool.part.dollars_per_gpu_hour * 1_000_000 // tokens_per_hour)
