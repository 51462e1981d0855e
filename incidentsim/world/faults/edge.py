"""Faults of the gateway: certificates that expire, routing rules that are wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from incidentsim.errors import ScenarioError
from incidentsim.scenario.model import FaultPlan
from incidentsim.world.faults.base import Fault
from incidentsim.world.faults.standing import Standing
from incidentsim.world.stack.edge.limits import RouteRule

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack


def _must_exist(plan: FaultPlan, parameter: str, known: Iterable[str]) -> None:
    if plan.params[parameter] not in known:
        raise ScenarioError(f"fault {plan.id}: there is no {parameter} {plan.params[parameter]!r}; "
                            f"there are: {', '.join(known)}")  # fmt: skip


class CertExpired(Fault):
    """A certificate runs out, and nobody renewed it: the one clients see, or the one towards a pool."""

    def __init__(self, stack: Stack, plan: FaultPlan) -> None:
        super().__init__(stack, plan)
        _must_exist(plan, "certificate", stack.gateway.certificates.not_after)

    def apply(self, strength_ppm: int) -> None:
        """Expire it; the fault's own end is somebody's renewing it."""
        certificates, name = self.stack.gateway.certificates, self.params["certificate"]
        if strength_ppm > 0:
            certificates.expire(name)
        elif self.started:
            certificates.renew(name)

    @property
    def removed(self) -> bool:
        """Whether a certificate that is valid is in force since."""
        return self.started and self.stack.gateway.certificates.valid(self.params["certificate"])


class BadRoute(Fault):
    """A routing rule sends requests to a pool that was never meant for them."""

    def __init__(self, stack: Stack, plan: FaultPlan) -> None:
        super().__init__(stack, plan)
        _must_exist(plan, "pool", stack.pools)

    def _selector(self) -> str:
        over = self.params["prompt_over"]
        return f"prompt_tokens>{over}" if over else "all"

    def apply(self, strength_ppm: int) -> None:
        """Put the rule in, or take it out."""
        selector, over = self._selector(), self.params["prompt_over"]
        rule = RouteRule(selector=selector, pool=self.params["pool"], prompt_over=over or -1)
        self.stack.gateway.put_rule(rule if strength_ppm > 0 else None, selector)

    @property
    def removed(self) -> bool:
        """Whether the rule is gone, or sends them elsewhere."""
        rule = self.stack.gateway.rules.get(self._selector())
        return self.started and (rule is None or rule.pool != self.params["pool"])


class LengthBlindRouting(Standing):
    """Nothing sends long prompts elsewhere, so that they share engines with short ones."""

    @property
    def removed(self) -> bool:
        """Whether a routing rule takes prompts beyond some length to another pool than that of the first route."""
        first = next(iter(self.stack.gateway.routes.values())).lanes[0].pool.id
        rules = self.stack.gateway.rules.values()
        return self.started and any(rule.prompt_over > 0 and rule.pool != first for rule in rules)
