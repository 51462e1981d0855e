"""Second sequences for one attempt: hedges, and retries that join work still running.

The gateway calls this when `carrier` or `carries` of an attempt is set. The client holds one attempt; the
sequence that works for it may be another (its carrier). Whichever produces the first token wins, the other is
cancelled (Dean and Barroso, The Tail at Scale, 2013: hedged requests).
"""

from __future__ import annotations

from collections import deque

from incidentsim.world.stack.edge.lane import Lane
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.requests import Attempt


class Hedging:
    """Starts hedges once an attempt has waited `after_us` for its first token, within `budget_ppm` of those in flight.

    `after_us` 0: none.
    """

    def __init__(self) -> None:
        self.after_us = 0
        self.budget_ppm = 0
        self.in_flight = 0

    def configure(self, after_us: int, budget_ppm: int, lanes: tuple[Lane, ...]) -> None:
        """Take settings; only what is dispatched from now on is hedged."""
        self.after_us, self.budget_ppm = after_us, budget_ppm
        for lane in lanes:
            if not after_us:
                lane.hedgeable = None
            elif lane.hedgeable is None:
                lane.hedgeable = deque()

    def sweep(self, lane: Lane, now: int) -> None:
        """Hedge what has waited long enough, oldest first; what finds no budget or no replica stays unhedged."""
        due = lane.hedgeable
        while due and (due[0].ended or due[0].dispatched_us <= now - self.after_us):
            attempt = due.popleft()
            if attempt.ended or attempt.first_us != NEVER or attempt.pod is None or attempt.carrier is not None:
                continue
            if self.in_flight >= lane.requests_in_flight * self.budget_ppm // 1_000_000:
                continue
            pod = _another(lane, attempt)
            if pod is not None:
                self._start(lane, attempt, pod)

    def _start(self, lane: Lane, attempt: Attempt, pod: Pod) -> None:
        twin = Attempt(attempt.request, attempt.number, attempt.received_us)
        twin.lengthen(attempt.prompt - twin.prompt)
        twin.tokens = attempt.tokens
        twin.lane = lane
        self.in_flight += 1
        lane.metrics.hedged.value += 1
        carry(twin, attempt)
        lane.place(twin, pod)
        pod.submit(twin)

    def first(self, sequence: Attempt, now: int) -> Attempt | None:
        """A sequence with a carrier, or a carrier, has its first token: cancel the other one.

        Return the attempt that the client holds, None when nobody listens any more.
        """
        client = sequence.carries
        if client is None:
            self.drop(sequence)
            return sequence
        if client.first_us == NEVER:
            client.first_us = now
        pod = client.pod
        if pod is not None:
            assert client.lane is not None
            client.lane.leave(client)
            pod.cancel(client)
            client.served = sequence.served
        return None if client.ended else client

    def drop(self, attempt: Attempt, *, cancel: bool = True) -> None:
        """Part an attempt from its carrier; `cancel` aborts the carrier's work."""
        carrier = attempt.carrier
        if carrier is None:
            return
        pod = carrier.pod
        self.part(carrier)
        if cancel and pod is not None:
            assert carrier.lane is not None
            carrier.lane.leave(carrier)
            pod.cancel(carrier)

    def part(self, carrier: Attempt) -> Attempt | None:
        """Undo `carry`; return the attempt that was carried."""
        client = carrier.carries
        if client is not None:
            carrier.carries = client.carrier = None
            if client.number == carrier.number:  # a hedge; what a retry joined is an earlier attempt
                self.in_flight -= 1
        return client


def carry(carrier: Attempt, client: Attempt) -> None:
    """Make one sequence work for another attempt."""
    carrier.carries, client.carrier = client, carrier
    carrier.ended = True


def join(client: Attempt, running: Attempt) -> bool:
    """Let a retry wait for work that an earlier attempt of the same request left running; False when there is none."""
    if running.pod is None or running.gone or running.carries is not None:
        return False
    carry(running, client)
    client.lane, client.served = running.lane, running.served
    client.dispatched_us = client.received_us
    client.admitted_us, client.first_us = running.admitted_us, running.first_us
    assert running.lane is not None
    running.lane.sent.append(client)
    return True


def _another(lane: Lane, attempt: Attempt) -> Pod | None:
    best: Pod | None = None
    for pod in lane.pool.routable:
        if pod is attempt.pod or pod.requests >= lane.most_requests >= 0:
            continue
        if pod.requests and pod.tokens + attempt.tokens > lane.most_tokens >= 0:
            continue
        if best is None or pod.requests < best.requests:
            best = pod
    return best
