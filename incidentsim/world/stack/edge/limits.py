"""Rate limits and shedding at the gateway, in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incidentsim.exact import Draws
from incidentsim.specs.knobs import UNLIMITED
from incidentsim.world.stack.engine.sequence import NEVER

_MINUTE_US: Final = 60_000_000


class TokenBucket:
    """A bucket that holds one minute of its rate and starts full. `rate` is per minute, UNLIMITED = no limit."""

    __slots__ = ("_at_us", "_level", "rate")

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._level = max(rate, 0) * _MINUTE_US
        self._at_us = NEVER  # scenario time is negative in the prelude: a bucket never used is full

    def set_rate(self, rate: int, now: int) -> None:
        """Change the rate; a bucket that becomes limited starts full."""
        if self.rate == UNLIMITED:
            self._level = rate * _MINUTE_US
            self._at_us = now
        else:
            self._refill(now)
            self._level = min(self._level, max(rate, 0) * _MINUTE_US)
        self.rate = rate

    def take(self, amount: int, now: int) -> bool:
        """Take `amount` if it is there."""
        rate = self.rate
        if rate == UNLIMITED:
            return True
        # `_refill` written out: every request asks two buckets
        level, most = self._level + (now - self._at_us) * rate, rate * _MINUTE_US
        level = level if level < most else most  # not min(): a call costs more
        self._at_us = now
        cost = amount * _MINUTE_US
        enough = cost <= level
        self._level = level - cost if enough else level
        return enough

    def _refill(self, now: int) -> None:
        self._level = min(self._level + (now - self._at_us) * self.rate, self.rate * _MINUTE_US)
        self._at_us = now

    def state(self) -> tuple[int, int]:
        """Return what defines the bucket."""
        return self.rate, self._level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which requests something applies to: `selector` as it was typed. Empty tenant and tier match all."""

    selector: str
    tenant: str = ""
    tier: str = ""
    prompt_over: int = -1

    def matches(self, tenant: str, tier: str, prompt: int) -> bool:
        """Whether a request is of the kind this rule is about."""
        return (
            (not self.tenant or self.tenant == tenant)
            and (not self.tier or self.tier == tier)
            and prompt > self.prompt_over
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShedRule(Rule):
    """Refuse `share_ppm` of the requests that match."""

    share_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule(Rule):
    """Send the requests that match to this pool."""

    pool: str


class Shedder:
    """The shed rules in force, at most one per selector."""

    __slots__ = ("_draws", "rules")

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed, "gateway", "shed")
        self.rules: dict[str, ShedRule] = {}

    def put(self, rule: ShedRule) -> None:
        """Add, replace, or with a share of 0 remove a rule."""
        if rule.share_ppm == 0:
            self.rules.pop(rule.selector, None)
        else:
            self.rules[rule.selector] = rule

    def refuses(self, tenant: str, tier: str, prompt: int, key: int) -> bool:
        """Whether a request is shed; `key` identifies it, so that the same request is always treated alike."""
        for rule in self.rules.values():
            if rule.matches(tenant, tier, prompt) and self._draws.below(key, 1_000_000) < rule.share_ppm:
                return True
        return False
