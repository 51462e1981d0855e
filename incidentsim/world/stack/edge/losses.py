"""What becomes of attempts that a replica dropped: the gateway's own retries within their budget, other ways, 503.

The budget is Envoy's: retries in flight are at most a share of the requests in play.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.world.stack.engine.sequence import NEVER

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.gateway import Gateway
    from incidentsim.world.stack.edge.lane import Lane
    from incidentsim.world.stack.requests import Attempt


def lost(gateway: Gateway, attempts: list[Attempt]) -> None:
    """Retry what a replica dropped and somebody still waits for; a hedge that is lost has its twin."""
    for sequence in attempts:
        attempt, lane = sequence, sequence.lane
        assert lane is not None
        lane.leave(sequence)
        client = sequence.carries
        if client is not None:
            gateway.hedging.part(sequence)
            if client.ended or client.pod is not None:
                continue
            attempt = client
        elif sequence.ended or sequence.carrier is not None:
            continue
        _retry(gateway, attempt, lane)
    gateway.dispatch()


def _retry(gateway: Gateway, attempt: Attempt, lane: Lane) -> None:
    retried = attempt.gateway_retries > 0
    in_play = gateway.requests_in_flight + gateway.queued + 1  # this one has just left its pod
    allowed = in_play * gateway.int_knob("retry_budget") // 1_000_000
    reason = "upstream reset"
    if attempt.gateway_retries < gateway.int_knob("retry_attempts") and attempt.request.first_us == NEVER:
        if retried or gateway.gateway_retries_in_flight < allowed:
            attempt.gateway_retries += 1
            gateway.gateway_retries_in_flight += not retried
            lane.metrics.retries.value += 1
            attempt.rewind()
            attempt.queued_us = lane.now
            lane.flow.push(attempt, attempt.request.tenant.priority)
            return
        lane.metrics.retry_overflow.value += 1
        reason = "upstream reset, no retry budget"
    if attempt.request.first_us != NEVER:
        gateway.answer(attempt, 503, reason=reason)
        return
    attempt.rewind()
    gateway.cannot(attempt, lane, 503, reason)
