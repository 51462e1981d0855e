"""Double-entry books of a whole world: every request, attempt, token and wait counted a second time (F6).

`audited_world` gives a world whose engines are AuditedReplicas and whose gateway, tenants and queue tell the
ledger what passes through them; what happens in it is unchanged. `Ledger.audit` compares both sets of books.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from incidentsim.bench.audited_replica import AuditedReplica
from incidentsim.scenario.model import Scenario
from incidentsim.world.call import Call
from incidentsim.world.kernel import OBSERVE
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.pools import pod as pod_module
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.requests import Attempt, UserRequest
from incidentsim.world.world import World

SAMPLE_US = 20_000
"""How often the lengths of queues are sampled for Little's law."""

AUDIT_US = 5_000_000
"""How often the books are compared."""


@dataclass(slots=True, kw_only=True)
class Queue:
    """One queue seen from two sides: lengths sampled, and stays timed."""

    name: str
    sampled_us: int = 0
    stayed_us: int = 0
    stays: int = 0
    since: dict[Attempt, int] = field(default_factory=dict)

    def enter(self, attempt: Attempt, now: int) -> None:
        """An attempt came."""
        self.since[attempt] = now

    def leave(self, attempt: Attempt, now: int) -> None:
        """An attempt left, if it was here."""
        came = self.since.pop(attempt, None)
        if came is not None:
            self.stayed_us += now - came
            self.stays += 1

    def close(self, now: int) -> None:
        """Count those still here up to now."""
        for attempt in [*self.since]:
            self.leave(attempt, now)

    def error_pct(self) -> float:
        """How far mean number and arrival rate times mean stay are apart, in percent."""
        return 100 * abs(self.sampled_us / self.stayed_us - 1) if self.stayed_us else 0.0


class Ledger:
    """The second set of books of one world; `breaks` lists what does not agree."""

    def __init__(self, world: World) -> None:
        self.breaks: list[str] = []
        self.received = self.answered = self.arrived = self.ended = self.failed = 0
        self.codes: dict[int, int] = {}
        self.waiting = Queue(name="gateway queue")
        self.in_flight = Queue(name="dispatched")
        self.engines: list[AuditedReplica] = []
        self.engine_sampled_us: dict[AuditedReplica, int] = {}
        self._stack: Stack = world._stack
        self._live: dict[Attempt, None] = {}
        self._open: dict[UserRequest, None] = {}
        self._delivered = self._by_stages = 0
        self._watch()
        self._stack.kernel.after(SAMPLE_US, self._sample, None, OBSERVE)
        self._stack.kernel.after(AUDIT_US, self._recurring_audit, None, OBSERVE)

    # -- what is noted --------------------------------------------------------------------------------------

    def _watch(self) -> None:
        stack = self._stack
        gateway, kernel = stack.gateway, stack.kernel
        shadow(gateway, "receive", self._note_received)
        for lane in gateway.lanes:
            shadow(lane.flow, "push", lambda attempt, tier: self.waiting.enter(attempt, kernel.now))
            shadow(lane.flow, "remove", lambda attempt: self.waiting.leave(attempt, kernel.now))
            shadow(lane, "leave", lambda attempt: self.in_flight.leave(attempt, kernel.now))
        shadow(gateway, "finished", self._note_finished)
        shadow(stack.book, "arrived", self._note_arrived)
        shadow(stack.book, "ended", self._note_ended)
        for tenant in stack.tenants.values():
            shadow(tenant, "answered", self._note_answered)
        for pod in self._pods():
            assert isinstance(pod.engine, AuditedReplica)
            self.adopt(pod.engine)

    def _pods(self) -> list[Pod]:
        return [pod for pool in self._stack.pools.values() for pod in pool.pods]

    def adopt(self, engine: AuditedReplica) -> None:
        """Take an engine into the books."""
        self.engines.append(engine)
        self.engine_sampled_us[engine] = 0
        shadow(engine, "submit", self._note_dispatched)

    def _note_dispatched(self, attempt: Attempt) -> None:
        self.in_flight.enter(attempt, self._stack.kernel.now)

    def _note_received(self, attempt: Attempt) -> None:
        self.received += 1
        if attempt in self._live:
            self.breaks.append("an attempt was received twice")
        self._live[attempt] = None

    def _note_answered(self, attempt: Attempt, code: int, final: bool) -> None:
        self.answered += 1
        self.codes[code] = self.codes.get(code, 0) + 1
        self._by_stages += code == 200 and attempt.lane is None
        if attempt not in self._live:
            self.breaks.append(f"an attempt was answered twice, with {code} the second time")
        self._live.pop(attempt, None)

    def _note_finished(self, attempt: Attempt, now: int) -> None:
        self._delivered += not attempt.ended

    def _note_arrived(self, request: UserRequest) -> None:
        self.arrived += 1
        self._open[request] = None

    def _note_ended(self, request: UserRequest, ok: bool) -> None:
        self.ended += 1
        self.failed += not ok
        if request not in self._open:
            self.breaks.append("a user request ended twice")
        self._open.pop(request, None)

    def _sample(self, _: Call) -> None:
        gateway = self._stack.gateway
        self.waiting.sampled_us += gateway.queued * SAMPLE_US
        self.in_flight.sampled_us += gateway.requests_in_flight * SAMPLE_US
        for pod in self._pods():
            if isinstance(pod.engine, AuditedReplica):
                self.engine_sampled_us[pod.engine] += pod.engine.queued * SAMPLE_US
        self._stack.kernel.after(SAMPLE_US, self._sample, None, OBSERVE)

    # -- the audit ------------------------------------------------------------------------------------------

    def _recurring_audit(self, _: Call) -> None:
        self.audit()
        self._stack.kernel.after(AUDIT_US, self._recurring_audit, None, OBSERVE)

    def audit(self) -> None:
        """Compare all books now; note every difference in `breaks`."""
        stack, same = self._stack, self._same
        gateway = stack.gateway
        for engine in self.engines:
            engine.audit()
            self.breaks += engine.breaks
            engine.breaks.clear()
        tiers = [queues for lane in gateway.lanes for queues in lane.flow._queues.values()]
        queued = sum(attempt.queued for queues in tiers for queue in queues.values() for attempt in queue)
        same("queued attempts", gateway.queued, queued)
        same("queued attempts by tenant", sum(gateway.queued_of(t) for t in stack.tenants), queued)
        on_pods = 0
        for pod in self._pods():
            live = pod.engine.live() if isinstance(pod.engine, AuditedReplica) else []
            on_pods += len(live)
            same(f"requests of {pod.id}", pod.requests, len(live))
            same(f"tokens of {pod.id}", pod.tokens, sum(q.tokens for q in live if isinstance(q, Attempt)))
        same("requests in flight", gateway.requests_in_flight, on_pods)
        same("tokens in flight", sum(gateway.tokens_of(t) for t in stack.tenants), sum(p.tokens for p in self._pods()))
        dispatched = sum(attempt.pod is not None for attempt in self._live)
        same("unanswered attempts", self.received - self.answered, len(self._live))
        in_stages = sum(attempt.at is not None for attempt in self._live)
        same("places of unanswered attempts", len(self._live), queued + dispatched + in_stages)
        retry = [tenant._retry for tenant in stack.tenants.values()]
        retries = sum(getattr(entry[3], "function", None) in retry for entry in stack.kernel._queue)
        trying = {attempt.request: None for attempt in self._live}
        same("user requests that have not ended", self.arrived - self.ended, len(self._open))
        same("places of user requests", len(self._open), len(trying) + retries)
        same("offered requests", sum(stack.book.offered.values()), self.arrived)
        same("failed requests", sum(t.failed for t in stack.tenants.values()), self.failed)
        same("answers with 200", self._delivered + self._by_stages, self.codes.get(200, 0))

    def _same(self, what: str, counted: int, summed: int) -> None:
        if counted != summed:
            now = self._stack.kernel.now
            self.breaks.append(f"at {now} µs, {what}: {counted} by the world's counters, {summed} by the ledger")

    def close(self) -> None:
        """Audit a last time and end all stays."""
        self.audit()
        now = self._stack.kernel.now
        self.waiting.close(now)
        self.in_flight.close(now)

    def queues(self, least_stay_us: int) -> list[Queue]:
        """Return every queue whose stays come to `least_stay_us` in all; engines' queues pod by pod incarnation."""
        engines = [
            Queue(name=f"engine queue {i}", sampled_us=self.engine_sampled_us[e], stayed_us=e.waited_us, stays=e.waits)
            for i, e in enumerate(self.engines)
        ]
        return [q for q in (self.waiting, self.in_flight, *engines) if q.stayed_us >= least_stay_us]

    def totals(self) -> dict[str, int]:
        """Return what the engines went through: preemptions, kills, cancels; and client retries."""
        return {
            "preemptions": sum(e.preemptions for e in self.engines),
            "kills": sum(e.kills for e in self.engines),
            "cancels": sum(e.cancels for e in self.engines),
            "retries": sum(t.retries for t in self._stack.tenants.values()),
        }


@contextmanager
def audited_world(make: Callable[[Scenario], World], scenario: Scenario) -> Iterator[tuple[World, Ledger]]:
    """Make a world with audited engines and its ledger; pods use ordinary engines again when the block ends."""
    plain = getattr(pod_module, "Replica")  # noqa: B009
    ledgers: list[Ledger] = []

    def boot(*args: Any, **settings: Any) -> AuditedReplica:
        engine = AuditedReplica(*args, **settings)
        for ledger in ledgers:
            ledger.adopt(engine)
        return engine

    setattr(pod_module, "Replica", boot)  # noqa: B010  (mypy forbids taking and setting what a module imports)
    try:
        world = make(scenario)
        ledger = Ledger(world)
        ledgers.append(ledger)
        yield world, ledger
    finally:
        setattr(pod_module, "Replica", plain)  # noqa: B010


def shadow(owner: object, name: str, note: Callable[..., None]) -> None:
    """Have `note` called with the arguments of every call of a method of one object, before the method."""
    method = getattr(owner, name)

    def shadowed(*args: Any) -> Any:
        note(*args)
        return method(*args)

    setattr(owner, name, shadowed)
