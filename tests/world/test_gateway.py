"""The gateway in a small live world: answers, conservation, and each of its guards."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from incidentsim.exact import Draws
from incidentsim.world.stack.clients.tenant import TenantState
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Run, overridden, small, stack_of, values, with_client, with_fault

CODES = (200, 400, 429, 499, 503, 504)

TURMOIL = (
    (3 * SECOND, "restart chat-pool-1"),
    (9 * SECOND, "scale chat-pool 4"),
    (12 * SECOND, "drain chat-pool-2"),
    (15 * SECOND, "set gateway.admission tokens"),
    (20 * SECOND, "set chat-pool.max_num_seqs 24"),
    (24 * SECOND, "shed prompt_tokens>900 50%"),
    (26 * SECOND, "priority storefront interactive"),
    (28 * SECOND, "restart chat-pool"),
    (33 * SECOND, "limit newsroom requests 60"),
    (36 * SECOND, "set gateway.cancel_propagation false"),
    (38 * SECOND, "scale chat-pool 2"),
    (40 * SECOND, "set gateway.admission requests"),
    (43 * SECOND, "limit newsroom requests unlimited"),
    (48 * SECOND, "restart chat-pool-0"),
)
"""Restarts, scaling, rolling changes, shedding, limits, moves between tiers, one upon the other."""


def turmoil(*, rate: int = 6_000) -> Run:
    """Return a run with impatient clients, small engines, and every kind of disturbance, then silence."""
    scenario = small(rate=rate, duration=160 * SECOND)
    scenario = overridden(scenario, "gateway", max_inflight_requests=10, max_inflight_tokens=16_000,
                          queue_timeout="4s", request_timeout="20s", retry_attempts=2)  # fmt: skip
    scenario = overridden(scenario, "chat-pool", max_num_batched_tokens=256)
    scenario = with_client(scenario, patience=3 * SECOND, deadline=15 * SECOND, attempts=3, backoff=SECOND)
    for tenant in scenario.tenants:
        scenario = with_fault(scenario, "traffic_surge", f"tenant.{tenant.id}", 60 * SECOND, factor=0, lasts=0)
    return Run(scenario=scenario, script=TURMOIL)


def held_blocks(engine: Replica) -> int:
    """Count an engine's KV blocks sequence by sequence, as the iteration in progress has them."""
    clock = engine._clock + engine._progress()
    total = 0
    for _, _, q in engine._heap:
        if q.decoding:
            processed = q.p + 1 + clock - q.clock_at_decode
            total += max(q.blocks, -(-processed // BLOCK_TOKENS))
    return total + sum(q.blocks for q in engine._prefilling)


def conserved(world: World) -> None:
    """Pods, gateway and engines agree on requests, tokens and KV blocks."""
    stack = stack_of(world)
    gateway, pods = stack.gateway, stack.pool.pods
    assert sum(p.requests for p in pods) == gateway.requests_in_flight
    assert sum(p.tokens for p in pods) == sum(gateway.lanes[0].tokens_in_flight.values())
    assert gateway.queued == sum(gateway.lanes[0].flow.sizes.values())
    for pod in pods:
        engine = pod.engine
        if engine is None:
            assert (pod.requests, pod.tokens) == (0, 0)
            continue
        # what was aborted leaves the engine at the end of its iteration, the gateway at once
        assert engine.running + engine.queued - len(engine._aborts) == pod.requests
        assert engine.used_blocks() == held_blocks(engine)
        assert 0 <= engine.used_blocks() <= engine.blocks
        assert engine.busy or engine.used_blocks() == 0


def idle(world: World) -> None:
    """Nothing is left anywhere."""
    stack = stack_of(world)
    gateway = stack.gateway
    assert (gateway.requests_in_flight, gateway.queued, gateway.gateway_retries_in_flight) == (0, 0, 0)
    assert not any(gateway.lanes[0].tokens_in_flight.values())
    for pod in stack.pool.pods:
        if pod.engine is not None:
            assert (pod.engine.used_blocks(), pod.engine.running, pod.engine.queued) == (0, 0, 0)
            assert pod.engine._free == pod.engine.blocks


def test_requests_tokens_and_blocks_are_conserved(world_twice: Twice) -> None:
    """At random instants of a turbulent run all counts agree, and when the traffic has ended nothing is left."""
    draws = Draws(4, "test", "instants")
    probes = tuple((draws.below(i, 70 * SECOND), conserved) for i in range(150))
    run = turmoil()
    played = world_twice(Run(scenario=run.scenario, script=run.script, probes=(*probes, (150 * SECOND, idle))))
    assert played.messages("Killing container")


@dataclass
class Ledger:
    """Every attempt that came in, and every answer that went out."""

    received: list[Attempt] = field(default_factory=list)
    answers: list[tuple[Attempt, int]] = field(default_factory=list)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Watch the gateway's two ends."""
    book = Ledger()
    receive, answered = Gateway.receive, TenantState.answered

    def watch_in(self: Gateway, attempt: Attempt) -> None:
        book.received.append(attempt)
        receive(self, attempt)

    def watch_out(self: TenantState, attempt: Attempt, code: int, final: bool) -> None:
        book.answers.append((attempt, code))
        answered(self, attempt, code, final)

    monkeypatch.setattr(Gateway, "receive", watch_in)
    monkeypatch.setattr(TenantState, "answered", watch_out)
    return book


def test_every_attempt_gets_exactly_one_answer(ledger: Ledger) -> None:
    """In a turbulent run each attempt is answered once, each user request ends once, and all codes occur."""
    run = turmoil(rate=12_000)
    # the gateway tries again only what has no first token yet: kill replicas often enough to meet many of these
    kills = tuple((t * SECOND, f"restart chat-pool-{t % 2}") for t in range(2, 38, 3))
    played = Run(scenario=run.scenario, script=tuple(sorted((*run.script, *kills)))).play()
    assert len(ledger.received) > 1_000
    assert {a.gateway_retries for a in ledger.received} >= {0, 1}
    assert all(a.gateway_retries <= 2 for a in ledger.received)
    assert sorted(map(id, ledger.received)) == sorted(id(a) for a, _ in ledger.answers)
    codes = {code: sum(c == code for _, c in ledger.answers) for code in CODES}
    assert sum(codes.values()) == len(ledger.answers)
    assert all(codes[code] for code in (200, 429, 499, 503))
    requests = list({id(a.request): a.request for a in ledger.received}.values())
    assert all(r.ended for r in requests)
    assert len(requests) == sum(t.requests for t in played.stack.tenants.values())
    assert [n for n, _ in played.world.sli().values()] == [t.requests for t in played.stack.tenants.values()] * 2
    assert sum(bad for key, (_, bad) in played.world.sli().items() if key.startswith("availability")) == sum(
        t.failed for t in played.stack.tenants.values()
    )


def test_attempts_count_from_one_without_gaps(ledger: Ledger) -> None:
    """A request's attempts are numbered in order, and there are never more than the client makes."""
    turmoil(rate=12_000).play()
    seen: dict[int, int] = {}
    for attempt in ledger.received:
        before = seen.get(id(attempt.request), 0)
        assert attempt.number == before + 1 <= 3
        seen[id(attempt.request)] = attempt.number
    assert max(seen.values()) > 1


def codes_of(world: World) -> dict[int, float]:
    """Return how many answers of each code were reported at the end."""
    return {code: sum(values_last(world, "gateway_responses_total", code=str(code))) for code in CODES}


def values_last(world: World, name: str, **labels: str) -> list[float]:
    """Return the last sample of each matching series."""
    return [series.values[-1] for series in world.metrics.series(name) if dict(series.labels).items() >= labels.items()]


def test_a_full_queue_and_a_slow_one_answer_503(world_twice: Twice) -> None:
    """Beyond max_queue the gateway answers at once, and beyond queue_timeout it gives up; both are 503."""
    base = overridden(small(rate=6_000), "gateway", max_inflight_requests=1)
    full = world_twice(Run(scenario=overridden(base, "gateway", max_queue=0)))
    slow = world_twice(Run(scenario=overridden(base, "gateway", queue_timeout="1s")))
    assert codes_of(full.world)[503] > 0
    assert max(values(full.world, "inference_extension_flow_control_queue_size")) == 0
    assert codes_of(slow.world)[503] > 0
    assert max(values(slow.world, "inference_extension_flow_control_queue_size")) > 0


def test_a_long_request_answers_504(world_twice: Twice) -> None:
    """A request that takes longer than request_timeout is aborted with 504."""
    played = world_twice(Run(scenario=overridden(small(), "gateway", request_timeout="1s")))
    assert codes_of(played.world)[504] > 0
    assert values_last(played.world, "envoy_cluster_upstream_rq_timeout") == [codes_of(played.world)[504]]


def test_too_long_a_prompt_answers_400(world_twice: Twice) -> None:
    """A prompt that exceeds max_model_len is refused for good: it is not retried."""
    played = world_twice(Run(scenario=overridden(small(), "chat-pool", max_model_len=512)))
    assert codes_of(played.world)[400] > 0
    assert sum(values_last(played.world, "gateway_client_retries_total")) == 0


def test_the_client_retry_budget_stops_retries(world_twice: Twice) -> None:
    """With a budget of 0 every client retry is refused with a final 429, from the first second on."""
    base = with_client(overridden(small(rate=6_000), "gateway", max_inflight_requests=1, max_queue=0), attempts=3)
    free = world_twice(Run(scenario=base))
    none = world_twice(Run(scenario=overridden(base, "gateway", client_retry_budget=0)))
    assert codes_of(free.world)[429] == 0
    retries = sum(values_last(none.world, "gateway_client_retries_total"))
    assert codes_of(none.world)[429] == retries > 0
    assert retries < sum(values_last(free.world, "gateway_client_retries_total"))


def test_the_client_retry_budget_is_over_a_window(world_twice: Twice) -> None:
    """A long prelude without a retry saves no credit: a budget of 10 % compares with the last seconds only."""
    base = with_client(small(rate=6_000, prelude=120 * SECOND), attempts=6)
    first: dict[int, int] = {}

    def count(world: World) -> None:
        first[world.now_us] = sum(t.requests for t in stack_of(world).tenants.values())

    # everything is admitted until T+6, hardly anything after
    script = ((SECOND, "set gateway.max_queue 0"), (SECOND, "set gateway.max_inflight_requests 1"))
    run = Run(
        scenario=overridden(base, "gateway", client_retry_budget=0.1),
        script=script,
        probes=((-14 * SECOND, count), (60 * SECOND, count)),
    )
    played = world_twice(run)
    retried = sum(values_last(played.world, "gateway_client_retries_total"))
    let_through = retried - codes_of(played.world)[429]
    assert retried > 2 * let_through
    assert 0 < let_through <= 0.1 * (first[60 * SECOND] - first[-14 * SECOND]) + 1


def test_limits_and_shedding_answer_429(world_twice: Twice) -> None:
    """A tenant blocked by a limit, and one that is shed, get 429 and nobody else does."""
    script = ((5 * SECOND, "limit newsroom requests 0"), (5 * SECOND, "shed tenant=storefront 100%"))
    played = world_twice(Run(scenario=small(), script=script))
    for tenant, hit in (("newsroom", True), ("storefront", True), ("strategic", False)):
        assert (sum(values_last(played.world, "gateway_rate_limited_total", tenant=tenant)) > 0) is hit


def test_a_hung_up_request_frees_its_engine_only_when_told() -> None:
    """With cancel propagation a client that hangs up frees the KV cache; without it the engine works on."""
    base = with_client(small(rate=6_000), patience=SECOND, deadline=2 * SECOND, attempts=1)
    wasted = {
        on: sum(p.engine.generated() for p in Run(scenario=overridden(base, "gateway", cancel_propagation=on)).play()
                .stack.pool.pods if p.engine is not None)
        for on in (True, False)
    }  # fmt: skip
    assert wasted[False] > wasted[True]


def test_the_gateway_retries_what_a_replica_dropped(world_twice: Twice) -> None:
    """Work lost with a replica is retried elsewhere within the retry budget, and fails without one."""
    script = ((10 * SECOND, "restart chat-pool-1"),)
    with_budget = world_twice(Run(scenario=small(), script=script))
    without = world_twice(Run(scenario=overridden(small(), "gateway", retry_attempts=0), script=script))
    assert values_last(with_budget.world, "envoy_cluster_upstream_rq_retry")[0] > 0
    assert values_last(without.world, "envoy_cluster_upstream_rq_retry") == [0]
    assert codes_of(without.world)[503] > codes_of(with_budget.world)[503]


def test_the_retry_budget_bounds_retries_in_flight(world_twice: Twice) -> None:
    """A whole pool's work is lost at once: only the budget's share of it is retried, the rest fails."""
    base = overridden(small(rate=9_000), "chat-pool", max_num_batched_tokens=128)
    script = ((10 * SECOND, "restart chat-pool"),)
    counts = []
    for budget in (0, 0.1, 1.0):
        run = Run(scenario=overridden(base, "gateway", retry_budget=budget), script=script)
        world = world_twice(run).world
        counts.append(
            tuple(values_last(world, f"envoy_cluster_upstream_rq_{n}")[0] for n in ("retry", "retry_overflow"))
        )
    (none, all_over), (some, over), (every_one, none_over) = counts
    assert (none, none_over) == (0, 0)
    assert 0 < some < every_one
    assert all_over > over > 0
