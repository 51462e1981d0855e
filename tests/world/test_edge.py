"""The gateway: breakers, hedges, joined retries, routing rules."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.errors import CommandError, ScenarioError
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.parts import QualityPart, RoutePart
from incidentsim.world.stack.edge.breaker import Breaker
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_gateway import conserved, idle, turmoil
from tests.world.worlds import SECOND, Played, Run, overridden, small, stack_of, values, with_client, with_fault


def last(played: Played, name: str, **labels: str) -> float:
    """Return the sum over the last samples of the matching series."""
    series = [s for s in played.world.metrics.series(name) if dict(s.labels).items() >= labels.items()]
    return sum(s.values[-1] for s in series)


def two_pools(
    *, canary: bool = False, regions: tuple[str, str] = ("", ""), quality: bool = False, **cut: int
) -> Scenario:  # fmt: skip
    """Return the small world with a second pool of two replicas on the same route."""
    scenario = small(**cut)
    first = scenario.stack.pools[0].model_copy(update={"region": regions[0]})
    second = first.model_copy(update={"id": "spare-pool", "region": regions[1], "knobs": {"replicas": 2}})
    route = RoutePart(id="chat", pools=(first.id, second.id), canary="spare-pool" if canary else "")
    parts = (QualityPart(id="quality"),) if quality else ()
    stack = scenario.stack.model_copy(update={"pools": (first, second), "routes": (route,), "components": parts})
    scenario = scenario.model_copy(update={"stack": stack})
    return overridden(scenario, "spare-pool", gpu_memory_utilization=0.55, max_num_seqs=32)


def served(played: Played, pool: str) -> float:
    """Return how many requests were sent to a pool."""
    return last(played, "envoy_cluster_upstream_rq_total", cluster=pool)


# -- breakers ---------------------------------------------------------------------------------------------------


def test_a_breaker_opens_on_failures_in_a_row_and_closes_on_trial() -> None:
    """The third 5xx in a row opens it for its time; after that one more opens it again, one success resets it."""
    breaker = Breaker()
    breaker.configure(requests=-1, pending=-1, failures=3, open_time_us=10)
    assert [breaker.heard(code, 0) for code in (503, 503, 200, 503, 503, 503)] == [False] * 5 + [True]
    assert breaker.refuses(0, 9) and not breaker.refuses(0, 10)
    assert breaker.heard(504, 10)
    assert breaker.refuses(0, 19)
    assert not breaker.heard(200, 20)
    assert [breaker.heard(503, 20) for _ in range(3)] == [False, False, True]


def test_a_breaker_on_requests_refuses_what_is_too_much(world_twice: Twice) -> None:
    """With at most 20 requests in flight for the pool the rest gets 503 at once, and the gauge says that it is open."""
    scenario = overridden(small(rate=9_000), "gateway", breaker_max_requests=20)
    played = world_twice(Run(scenario=scenario))
    assert last(played, "envoy_cluster_upstream_rq_pending_overflow") > 0
    assert max(values(played.world, "envoy_cluster_upstream_rq_active")) <= 20
    assert max(values(played.world, "envoy_cluster_circuit_breakers_default_rq_open")) == 1
    assert played.messages("POST") and last(played, "gateway_responses_total", code="503") > 0


def test_a_breaker_on_waiting_requests_bounds_the_queue(world_twice: Twice) -> None:
    """No more than five wait for the pool."""
    scenario = overridden(small(rate=9_000), "gateway", max_inflight_requests=2, breaker_max_pending=5)
    played = world_twice(Run(scenario=scenario))
    assert max(values(played.world, "envoy_cluster_upstream_rq_pending_active")) == 5
    assert max(values(played.world, "envoy_cluster_circuit_breakers_default_rq_pending_open")) == 1


def test_consecutive_errors_eject_a_pool(world_twice: Twice) -> None:
    """When every answer of the pool is a timeout, the breaker opens, is logged, and keeps requests away."""
    slow = overridden(small(rate=9_000), "gateway", request_timeout="1s")
    broken = overridden(slow, "gateway", breaker_consecutive_5xx=10, breaker_open_time="20s")
    base, played = world_twice(Run(scenario=slow)), world_twice(Run(scenario=broken))
    assert played.messages("consecutive_5xx")
    assert served(played, "chat-pool") < 0.9 * served(base, "chat-pool")


# -- hedges and joins -------------------------------------------------------------------------------------------


def test_a_hedge_rescues_requests_of_a_hung_replica(world_twice: Twice) -> None:
    """With one engine hung, requests hedged after 1 s get their first token elsewhere: fewer are late, none is lost."""
    hung = with_fault(small(), "engine_hang", "chat-pool", 0, replica=0)
    hung = with_client(hung, patience=8 * SECOND, attempts=1)
    plain = world_twice(Run(scenario=hung))
    hedged = world_twice(Run(scenario=overridden(hung, "gateway", hedge_after="1s", hedge_budget=1)))
    bad = [sum(b for key, (_, b) in p.world.sli().items() if key.startswith("availability")) for p in (plain, hedged)]
    assert last(hedged, "gateway_hedged_requests_total") > 10
    assert bad[1] < 0.3 * bad[0]


def test_the_hedge_budget_bounds_second_attempts(world_twice: Twice) -> None:
    """With a budget of 0 there is no hedge at all, and with a small one no more than its share at a time."""
    hung = with_fault(small(rate=9_000), "engine_hang", "chat-pool", 0, replica=0)
    most: list[tuple[int, int]] = []

    def look(world: World) -> None:
        gateway = stack_of(world).gateway
        most.append((gateway.hedging.in_flight, gateway.requests_in_flight))

    probes = tuple((t * SECOND, look) for t in range(1, 40))
    none = world_twice(Run(scenario=overridden(hung, "gateway", hedge_after="500ms", hedge_budget=0)))
    assert last(none, "gateway_hedged_requests_total") == 0
    some = overridden(hung, "gateway", hedge_after="500ms", hedge_budget=0.1)
    played = world_twice(Run(scenario=some, probes=probes))
    assert last(played, "gateway_hedged_requests_total") > 0
    assert all(hedges <= 0.1 * flying + 3 for hedges, flying in most)


def test_books_balance_with_hedges_joins_and_fallbacks(world_twice: Twice) -> None:
    """In a turbulent run with every policy on all counts agree, and nothing is left when the traffic has ended."""
    run = turmoil(rate=2_500)
    scenario = overridden(run.scenario, "gateway", hedge_after="50ms", hedge_budget=0.5, idempotency_keys=True,
                          breaker_consecutive_5xx=30, breaker_open_time="1s", retry_attempts=2)  # fmt: skip
    probes = tuple((t * SECOND + 123_457, conserved) for t in range(0, 70, 2))
    played = world_twice(Run(scenario=scenario, script=run.script, probes=(*probes, (150 * SECOND, idle))))
    assert last(played, "gateway_hedged_requests_total") > 0
    assert played.stack.gateway.hedging.in_flight == 0
    assert all(t.open == 0 for t in played.stack.tenants.values())


def test_a_retry_joins_the_work_its_first_attempt_left(world_twice: Twice) -> None:
    """Where hanging up does not abort the work, idempotency keys let a retry have its answer: more is served."""
    base = overridden(small(rate=6_000), "chat-pool", max_num_seqs=8)
    base = overridden(with_client(base, patience=4 * SECOND, attempts=4, backoff=SECOND), "gateway",
                      cancel_propagation=False)  # fmt: skip
    plain = world_twice(Run(scenario=base))
    joined = world_twice(Run(scenario=overridden(base, "gateway", idempotency_keys=True)))
    assert last(joined, "gateway_idempotent_joins_total") > 10
    assert last(plain, "gateway_idempotent_joins_total") == 0
    ok = [last(p, "gateway_responses_total", code="200") for p in (plain, joined)]
    assert ok[1] > 1.2 * ok[0]


# -- routing ----------------------------------------------------------------------------------------------------


def test_a_rule_sends_long_prompts_to_their_own_pool(world_twice: Twice) -> None:
    """After `route prompt_tokens>N` such prompts go to the other pool and only they; `default` ends it."""
    script = ((10 * SECOND, "route prompt_tokens>1500 spare-pool"), (40 * SECOND, "route prompt_tokens>1500 default"))
    played = world_twice(Run(scenario=two_pools(rate=6_000), script=script))
    lengths = played.world.metrics.series("vllm:request_prompt_tokens_bucket")
    short = sum(s.values[-1] for s in lengths if dict(s.labels)["engine"].startswith("spare") and
                float(dict(s.labels)["le"]) == 1_000)  # fmt: skip
    assert 0 < served(played, "spare-pool") < 0.3 * served(played, "chat-pool")
    assert short == 0
    assert not played.stack.gateway.rules
    sent = values(played.world, "envoy_cluster_upstream_rq_total", cluster="spare-pool")
    assert sent[-1] == sent[-2], "nobody is sent there any more"


def test_a_rule_may_name_a_tenant(world_twice: Twice) -> None:
    """A tenant's rule moves that tenant's requests, and the gateway's page shows it under its shown name."""
    played = world_twice(Run(scenario=two_pools(), script=((SECOND, "route tenant={tenant.newsroom} spare-pool"),)))
    assert served(played, "spare-pool") > 0
    assert any("-> spare-pool" in line for line in played.world.inspect("gateway"))


def test_the_canary_gets_its_share_and_nothing_else(world_twice: Twice) -> None:
    """Nothing goes to a canary without a share; with 20 % about that share does, and with 0 % nothing more."""
    script = ((10 * SECOND, "canary spare-pool 20%"), (40 * SECOND, "canary spare-pool 0%"))
    played = world_twice(Run(scenario=two_pools(canary=True, rate=6_000), script=script))
    sent = values(played.world, "envoy_cluster_upstream_rq_total", cluster="spare-pool")
    assert sent[5] == 0 and sent[-1] == sent[-2]
    assert 0.06 < sent[-1] / (sent[-1] + served(played, "chat-pool")) < 0.13, "20 % for 30 of 80 s"
    with pytest.raises(CommandError, match="no route's canary"):
        played.world.check(_command("canary", pool="chat-pool", percent="1000"))


def _command(verb: str, **args: str) -> Any:
    from incidentsim.commands.model import Command

    return Command(verb=verb, args=args)


def test_a_bad_route_is_removed_by_its_rule_and_not_by_restarts(world_twice: Twice) -> None:
    """The fault's rule fills the wrong pool; restarting that pool leaves the cause, routing back removes it."""
    scenario = with_fault(two_pools(), "bad_route", "gateway", 0, pool="spare-pool", prompt_over=500)
    masked = world_twice(Run(scenario=scenario, script=((20 * SECOND, "restart spare-pool"),)))
    fixed = world_twice(Run(scenario=scenario, script=((20 * SECOND, "route prompt_tokens>500 default"),)))
    assert [f.removed for p in (masked, fixed) for f in p.stack.faults.values()] == [False, True]
    assert served(masked, "spare-pool") > served(fixed, "spare-pool") > 0


def test_a_fault_that_names_nothing_is_refused() -> None:
    """A pool or a certificate that the stack lacks is a mistake of the scenario, told with what there is."""
    for kind, params in (("bad_route", {"pool": "moon", "prompt_over": 0}), ("cert_expired", {"certificate": "moon"})):
        with pytest.raises(ScenarioError, match=r"there is no .* 'moon'; there are: .*chat-pool"):
            Run(scenario=with_fault(small(), kind, "gateway", 0, **params)).play()
