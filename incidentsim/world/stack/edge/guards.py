"""What the gateway refuses a tenant beyond its rate limits: too much at once, too much money, too many turns.

Each guard is off until something switches it on; then `Guards.refusal` is asked for every attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from incidentsim.specs.knobs import UNLIMITED

if TYPE_CHECKING:
    from incidentsim.world.stack.clients.tenant import TenantState
    from incidentsim.world.stack.edge.billing import Billing
    from incidentsim.world.stack.requests import Attempt

NANO: Final = 1_000_000_000
"""Nanodollars in a dollar."""

FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer of the gateway's own. `final`: with `x-should-retry: false`, which SDKs obey."""

    code: int
    reason: str
    final: bool


_BUSY: Final = Refusal(code=429, reason="concurrency limit reached", final=False)
_BROKE: Final = Refusal(code=429, reason="insufficient_quota: the budget of this key is used up", final=True)
_LOOP: Final = Refusal(code=429, reason="conversation has reached its turn limit", final=True)
_KILLED: Final = Refusal(code=FORBIDDEN, reason="conversation was terminated by an operator", final=True)


class Guards:
    """Per-tenant caps from the tenants' knobs, and conversations that an operator ended."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing
        self._capped: dict[str, TenantState] = {}
        self.killed: dict[str, None] = {}
        self.on = False

    def note(self, tenant: TenantState) -> None:
        """A tenant's caps have changed."""
        if any(tenant.int_knob(k) != UNLIMITED for k in ("max_concurrency", "daily_budget", "max_turns")):
            self._capped[tenant.id] = tenant
        else:
            self._capped.pop(tenant.id, None)
        self.on = bool(self._capped or self.killed)

    def kill(self, key: str, killed: bool) -> None:
        """End a conversation, or allow it again."""
        if killed:
            self.killed[key] = None
        else:
            self.killed.pop(key, None)
        self.on = bool(self._capped or self.killed)

    def refusal(self, attempt: Attempt) -> Refusal | None:
        """Return why an attempt is refused, None when it is not."""
        request = attempt.request
        if request.key and request.key in self.killed:
            return _KILLED
        tenant = self._capped.get(request.tenant.id)
        if tenant is None:
            return None
        most = tenant.int_knob("max_concurrency")
        if 0 <= most < tenant.open:
            return _BUSY
        budget = tenant.int_knob("daily_budget")
        if budget >= 0 and self._billing.spent[tenant.id] >= budget * NANO:
            return _BROKE
        turns = tenant.int_knob("max_turns")
        if 0 <= turns <= request.turn and request.key:
            return _LOOP
        return None

    def state(self) -> list[object]:
        """Return what is in force."""
        return [*self._capped, *self.killed]
