"""The gateway's policies in small live worlds: breakers, hedges, joins, fallbacks, routing, certificates, regions."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.errors import CommandError, ScenarioError
from incidentsim.scenario.model import Scenario, Slo
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


# -- fallbacks --------------------------------------------------------------------------------------------------


def lost_pool(**cut: Any) -> Scenario:
    """Return two pools of which the first loses every host at T+10."""
    scenario = with_client(two_pools(**cut), patience=5 * SECOND, attempts=1)
    for node in range(3):
        scenario = with_fault(scenario, "gpu_lost", f"node-{node}", 10 * SECOND)
    return scenario


def test_another_pool_of_the_route_takes_over(world_twice: Twice) -> None:
    """Without a fallback a dead pool's requests fail, with one the other pool serves them."""
    alone = world_twice(Run(scenario=lost_pool()))
    helped = world_twice(Run(scenario=overridden(lost_pool(), "route.chat", fallback_pools="same_region")))
    bad = [sum(b for key, (_, b) in p.world.sli().items() if key.startswith("availability")) for p in (alone, helped)]
    assert bad[0] > 100 and bad[1] < 0.1 * bad[0]
    assert last(helped, "gateway_fallbacks_total", to="pool") > 100
    assert served(alone, "spare-pool") == 0


def test_a_safe_reply_answers_and_is_no_answer(world_twice: Twice) -> None:
    """Where nothing else is left a fixed reply keeps requests from failing, and every one counts as a bad answer."""
    slo = Slo.model_validate({"id": "quality", "title": "right", "kind": "quality", "objective": "90%"})
    scenario = lost_pool(quality=True)
    scenario = scenario.model_copy(update={"slos": (*scenario.slos, slo)})
    plain = world_twice(Run(scenario=scenario)).world.sli()
    played = world_twice(Run(scenario=overridden(scenario, "route.chat", fallback_answer="safe_reply")))
    safe = played.world.sli()
    replies = last(played, "gateway_fallbacks_total", to="safe_reply")

    def bad(sli: dict[str, list[int]], kind: str) -> int:
        return sum(b for key, (_, b) in sli.items() if key.startswith(kind))

    assert bad(safe, "availability") < 0.1 * bad(plain, "availability")
    assert bad(safe, "quality") >= replies > 100


def test_cached_answers_exist_for_some(world_twice: Twice) -> None:
    """A cache as last resort answers about its share of what fails."""
    scenario = overridden(lost_pool(), "route.chat", fallback_answer="cached")
    played = world_twice(Run(scenario=scenario))
    cached = last(played, "gateway_fallbacks_total", to="cached")
    failed = sum(last(played, "gateway_responses_total", code=code) for code in ("499", "503"))
    assert 0.1 < cached / (cached + failed) < 0.3


def test_a_queue_that_lasts_overflows(world_twice: Twice) -> None:
    """With fallback_after, what waits longer than that goes to the other pool although the first is alive."""
    scenario = overridden(two_pools(rate=6_000), "gateway", max_inflight_requests=2)
    late = overridden(scenario, "route.chat", fallback_pools="same_region", fallback_after="1s")
    played = world_twice(Run(scenario=late))
    assert served(played, "spare-pool") > 0.1 * served(played, "chat-pool")
    plain = overridden(scenario, "route.chat", fallback_pools="same_region")
    assert served(world_twice(Run(scenario=plain)), "spare-pool") == 0


def test_too_long_a_prompt_falls_back_to_a_longer_context(world_twice: Twice) -> None:
    """A pool with a longer context takes the prompts that the first refuses with 400."""
    scenario = overridden(two_pools(), "chat-pool", max_model_len=512)
    plain = world_twice(Run(scenario=scenario))
    helped = world_twice(Run(scenario=overridden(scenario, "route.chat", fallback_pools="same_region")))
    assert last(plain, "gateway_responses_total", code="400") > 0
    assert last(helped, "gateway_responses_total", code="400") == 0


# -- retries ----------------------------------------------------------------------------------------------------


def test_retried_400s_multiply(world_twice: Twice) -> None:
    """Told to retry what can't succeed, clients do, and the gateway does too; nobody is helped."""
    base = with_client(overridden(small(), "chat-pool", max_model_len=512), attempts=3)
    plain = world_twice(Run(scenario=base))
    retried = world_twice(Run(scenario=overridden(base, "gateway", retry_non_retryable=True, retry_attempts=2)))
    once, many = (last(p, "gateway_responses_total", code="400") for p in (plain, retried))
    assert many > 2.5 * once > 0
    assert last(retried, "envoy_cluster_upstream_rq_retry") == 2 * many
    assert last(retried, "gateway_responses_total", code="200") == last(plain, "gateway_responses_total", code="200")


def test_a_retried_request_waits_no_longer_than_others(world_twice: Twice) -> None:
    """What a replica dropped waits in the queue for at most queue_timeout from then on, like everything else."""
    longest: list[int] = []

    def look(world: World) -> None:
        stack = stack_of(world)
        for lane in stack.gateway.lanes:
            longest.extend(stack.kernel.now - a.queued_us for a in lane.flow.waiting_since(stack.kernel.now))

    scenario = overridden(small(rate=9_000), "gateway", max_inflight_requests=4, queue_timeout="3s", retry_budget=1,
                          retry_attempts=3)  # fmt: skip
    scenario = overridden(scenario, "chat-pool", max_num_batched_tokens=64)  # so that many have no first token yet
    scenario = with_client(scenario, patience=60 * SECOND, deadline=90 * SECOND)
    probes = tuple((t * SECOND // 2 + 7, look) for t in range(2, 80))
    script = ((8 * SECOND, "restart chat-pool-1"), (20 * SECOND, "restart chat-pool-2"))
    played = world_twice(Run(scenario=scenario, script=script, probes=probes))
    assert last(played, "envoy_cluster_upstream_rq_retry") > 0
    assert 2 * SECOND < max(longest) <= 3 * SECOND + 250_000


def test_a_storm_outlives_its_trigger_until_retries_are_cut(world_twice: Twice) -> None:
    """Metastable: after a surge that ends, goodput stays at nothing for minutes; cutting retries brings it back."""
    scenario = with_client(small(rate=6_000, duration=150 * SECOND), attempts=8, patience=4 * SECOND,
                           backoff=300_000, backoff_factor=1_000_000)  # fmt: skip
    scenario = overridden(scenario, "gateway", cancel_propagation=False, max_inflight_requests=64)
    scenario = with_fault(scenario, "traffic_surge", "tenant.storefront", 0, factor=8_000_000, lasts=20 * SECOND)

    def late_share(script: tuple[tuple[int, str], ...]) -> float:
        counts: list[tuple[int, int]] = []

        def look(world: World) -> None:
            ttft = [pair for key, pair in world.sli().items() if key.startswith("ttft")]
            counts.append((sum(n for n, _ in ttft), sum(bad for _, bad in ttft)))

        probes = ((120 * SECOND, look), (145 * SECOND, look))
        world_twice(Run(scenario=scenario, script=script, probes=probes))
        (offered, bad), (offered_later, bad_later) = counts[-2:]
        return (bad_later - bad) / (offered_later - offered)

    assert late_share(()) > 0.95, "two minutes after the surge"
    cut = ((60 * SECOND, "set gateway.client_retry_budget 0"), (60 * SECOND, "set gateway.cancel_propagation true"))
    assert late_share(cut) < 0.05


# -- certificates -----------------------------------------------------------------------------------------------


def test_an_expired_listener_lets_nobody_in_until_it_is_renewed(world_twice: Twice) -> None:
    """Handshakes fail, days-until-expiry is 0, a restart of the pool cures nothing, renewing does."""
    scenario = with_fault(small(duration=90 * SECOND), "cert_expired", "gateway", 10 * SECOND, certificate="listener")
    script = ((15 * SECOND, "restart chat-pool-0"), (20 * SECOND, "renew listener"))
    played = world_twice(Run(scenario=scenario, script=script))
    days = values(played.world, "envoy_server_days_until_first_cert_expiring")
    assert min(days) == 0 and days[-1] > 30
    assert played.messages("SSLV3_ALERT_CERTIFICATE_EXPIRED")
    received = values(played.world, "gateway_requests_total", tenant="newsroom")
    at = [received[(20 + t) // 5] for t in (15, 55, 85)]
    assert at[0] == at[1] < at[2]
    assert [f.removed for f in played.stack.faults.values()] == [True]


def test_an_expired_upstream_certificate_cuts_one_pool_off(world_twice: Twice) -> None:
    """Requests for that pool get 503 with a TLS error; the other pool takes over where it may."""
    scenario = with_fault(two_pools(), "cert_expired", "gateway", 10 * SECOND, certificate="chat-pool")
    plain = world_twice(Run(scenario=scenario))
    assert last(plain, "envoy_cluster_ssl_connection_error", cluster="chat-pool") > 0
    assert last(plain, "gateway_responses_total", code="503") > 0
    helped = world_twice(Run(scenario=overridden(scenario, "route.chat", fallback_pools="any_region")))
    assert served(helped, "spare-pool") > 0
    assert last(helped, "gateway_responses_total", code="503") == 0


# -- regions ----------------------------------------------------------------------------------------------------


def abroad(**cut: Any) -> Scenario:
    """Return the newsroom bound to the EU, with a pool in the US first on the route and one in the EU."""
    scenario = two_pools(regions=("us", "eu"), **cut)
    slo = Slo.model_validate({"id": "residency", "title": "at home", "kind": "residency", "objective": "100%"})
    tenants = tuple(
        t.model_copy(update={"region": "eu" if t.id == "newsroom" else "us", "resident": t.id == "newsroom"})
        for t in scenario.tenants
    )
    return scenario.model_copy(update={"tenants": tenants, "slos": (*scenario.slos, slo)})


def test_requests_stay_in_their_region(world_twice: Twice) -> None:
    """Each tenant's requests go to the pool of its region, wherever that stands on the route."""
    played = world_twice(Run(scenario=abroad()))
    assert served(played, "spare-pool") == last(played, "gateway_requests_total", tenant="newsroom")
    assert last(played, "gateway_cross_region_requests_total") == 0
    assert played.world.violations() == ()
    assert played.world.sli()["residency/newsroom"][1] == 0


def test_a_fallback_over_the_border_breaches_residency(world_twice: Twice) -> None:
    """Without its pool a fallback to any region serves the tenant abroad, later by a round trip, and is a breach."""
    scenario = abroad()
    scenario = overridden(scenario, "route.chat", fallback_pools="any_region")
    for node in (4, 5):  # the first pool's quota is 4 hosts
        scenario = with_fault(scenario, "gpu_lost", f"node-{node}", 10 * SECOND)
    played = world_twice(Run(scenario=scenario))
    over = last(played, "gateway_cross_region_requests_total", region="us", tenant_region="eu")
    offered, breached = played.world.sli()["residency/newsroom"]
    assert 0 < breached <= over and breached < offered
    assert played.world.violations() == ("newsroom: requests left their region",)
    assert played.world.sli()["residency/strategic"][1] == 0
    held = world_twice(Run(scenario=overridden(scenario, "route.chat", fallback_pools="same_region")))
    assert held.world.sli()["residency/newsroom"][1] == 0 and held.world.violations() == ()
    assert held.world.sli()["availability/newsroom"][1] > played.world.sli()["availability/newsroom"][1]


def test_crossing_takes_a_round_trip(world_twice: Twice) -> None:
    """Routed abroad on purpose, a tenant's first tokens come 90 ms later."""
    home, away = (world_twice(Run(scenario=abroad(), script=script)) for script in
                  ((), ((-19 * SECOND, "route tenant=newsroom chat-pool"),)))  # fmt: skip

    def mean(played: Played) -> float:
        total, count = (last(played, f"gateway_time_to_first_token_seconds_{p}", tenant="newsroom")
                        for p in ("sum", "count"))  # fmt: skip
        return total / count

    assert 0.05 < mean(away) - mean(home) < 0.13
