"""What the gateway does on its clock, and what an operator has it drop: timeouts, overflow, flushes, terminations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.world.stack.edge.guards import FORBIDDEN

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.gateway import Gateway
    from incidentsim.world.stack.edge.lane import Lane
    from incidentsim.world.stack.edge.route import Route
    from incidentsim.world.stack.requests import Attempt


def sweep(gateway: Gateway, now: int) -> None:
    """Enforce queue and request timeouts, hedge, and divert what waits too long for its pool."""
    limit = now - gateway.int_knob("queue_timeout")
    for lane in gateway.lanes:
        _expire(gateway, lane, limit)
        if lane.hedgeable:
            gateway.hedging.sweep(lane, now)
    for route in gateway.routes.values():
        if route.fallback_after_us:
            _overflow(gateway, route, now - route.fallback_after_us)
    limit = now - gateway.int_knob("request_timeout")
    for lane in gateway.lanes:
        for attempt in _dispatched_before(lane, limit):
            gateway.abandon(attempt, propagate=True)
            lane.metrics.timeouts.value += 1
            gateway.answer(attempt, 504, reason="upstream request timeout")
    gateway.dispatch()


def _expire(gateway: Gateway, lane: Lane, limit: int) -> None:
    expired = True
    while expired:
        expired = False
        for attempt in lane.flow.oldest():
            if attempt.queued_us <= limit:
                lane.flow.remove(attempt)
                gateway.cannot(attempt, lane, 503, "flow-control queue timeout")
                expired = True
    lane.flow.compact()


def _overflow(gateway: Gateway, route: Route, limit: int) -> None:
    """Divert what has waited too long; each attempt is looked at once for each pool that it waits for."""
    for lane in route.lanes:
        for attempt in lane.flow.waiting_since(limit) if lane.flow.total else ():
            if attempt.request.route is route and not attempt.tried >> lane.number & 1:
                gateway.fallback.divert(attempt, lane)


def _dispatched_before(lane: Lane, limit: int) -> list[Attempt]:
    out = []
    sent = lane.sent
    while sent and (sent[0].ended or sent[0].dispatched_us <= limit):
        attempt = sent.popleft()
        held = attempt.pod is not None or attempt.carrier is not None
        if not attempt.ended and held and attempt.dispatched_us <= limit:
            out.append(attempt)
    return out


def terminate(gateway: Gateway, key: str) -> int:
    """End a conversation for good: refuse its requests, abort those in flight; return how many those were."""
    gateway.guards.kill(key, True)
    found = [a for a in _of(gateway, key) if not a.ended]
    for attempt in found:
        gateway.abandon(attempt, propagate=True)
        gateway.answer(attempt, FORBIDDEN, final=True, reason="conversation was terminated by an operator")
    gateway.dispatch()
    return len(found)


def in_flight_of(gateway: Gateway, key: str) -> int:
    """Return how many requests of a conversation wait or run."""
    return sum(1 for a in _of(gateway, key) if not a.ended)  # exact: ints


def _of(gateway: Gateway, key: str) -> list[Attempt]:
    out = []
    for lane in gateway.lanes:
        waiting = lane.flow.waiting_since(lane.now)
        out += [a for a in (*waiting, *lane.sent) if a.request.key == key]
    return out


def flush(gateway: Gateway, lane: Lane) -> int:
    """Answer all that waits for a pool with 503 and no retry; return how many that were."""
    waiting = lane.flow.waiting_since(lane.now)
    for attempt in waiting:
        lane.flow.remove(attempt)
        gateway.answer(attempt, 503, final=True, reason="queue flushed by an operator")
    lane.flow.compact()
    return len(waiting)
