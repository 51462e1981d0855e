"""What the gateway does with a request whose pool can't serve it: another pool, a cached answer, a safe reply.

A chain per route: first the pools that `fallback_pools` allows, then what `fallback_answer` says, then the error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.requests import FALLBACK, STALE, Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.lane import Lane
    from incidentsim.world.stack.edge.route import Route

STALE_ANSWER_PPM: Final = 150_000
"""Share of cached answers that don't fit the question or are out of date: the precision of semantic caches at
usual thresholds is 85 to 97 % (GPT Semantic Cache, arXiv 2411.05276); a cache used as a last resort is older."""

_ONE: Final = 1_000_000


class Fallback:
    """Finds the next best for an attempt. `join(attempt, lane)` puts it in another lane, `answer(attempt)` ends it."""

    def __init__(
        self, seed: int, registry: Registry, routes: tuple[str, ...], join: Callable[[Attempt, Lane], None],
        answer: Callable[[Attempt, str], None],
    ) -> None:  # fmt: skip
        self._join = join
        self._answer = answer
        self._cached = Draws(seed, "gateway", "cached-answer")
        self._counters: dict[tuple[str, str], Counter] = {}
        for route in routes:
            for to in ("pool", "cached", "safe_reply"):
                labels = {"route": route, "to": to}
                self._counters[route, to] = registry.counter("gateway_fallbacks_total", labels, target="gateway")

    def divert(self, attempt: Attempt, lane: Lane | None, *, pools_only: bool = False) -> bool:
        """Serve an attempt in another way after `lane` failed it; False when nothing else is allowed or left."""
        if attempt.first_us != NEVER or attempt.ended:
            return False
        route = attempt.request.route
        if lane is not None:
            attempt.tried |= 1 << lane.number
        for other in route.others(attempt):
            if not attempt.tried >> other.number & 1 and _able(other, attempt):
                self._count(route, "pool")
                if lane is not None:
                    lane.flow.remove(attempt)
                self._join(attempt, other)
                return True
        return not pools_only and self._without_model(attempt, route, lane)

    def _without_model(self, attempt: Attempt, route: Route, lane: Lane | None) -> bool:
        setting = route.text_knob("fallback_answer")
        if setting == "none":
            return False
        request = attempt.request
        if setting == "cached":
            key = request.index << 6 | request.tenant.number
            if self._cached.below(key, _ONE) >= route.part.cached_answers:
                return False
            attempt.spoil(STALE, STALE_ANSWER_PPM)
        else:
            attempt.spoil(FALLBACK, _ONE)
        attempt.served = None
        if lane is not None:
            lane.flow.remove(attempt)
        self._count(route, setting)
        self._answer(attempt, setting)
        return True

    def _count(self, route: Route, to: str) -> None:
        self._counters[route.part.id, to].value += 1


def _able(lane: Lane, attempt: Attempt) -> bool:
    """Whether a pool may take it: some replica is ready, its breaker is closed, the prompt fits its context."""
    if not lane.pool.routable or attempt.prompt >= lane.pool.max_model_len:
        return False
    breaker = lane.breaker
    return not (breaker.on and breaker.refuses(lane.requests_in_flight, lane.now))
