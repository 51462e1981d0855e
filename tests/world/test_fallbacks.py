"""What the gateway does when a pool is lost: fallbacks, retries of all kinds, certificates, regions."""

from __future__ import annotations

from typing import Any

from incidentsim.scenario.model import Scenario, Slo
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_edge import last, served, two_pools
from tests.world.worlds import SECOND, Played, Run, overridden, small, stack_of, values, with_client, with_fault

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
