"""Tenants in small worlds: how much they ask for, sessions that grow, loops and waves, caps, and what it costs."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from incidentsim.errors import CommandError
from incidentsim.scenario.model import Scenario, Workload
from incidentsim.world.stack.clients.demand import DAY_US, Demand, day_wave
from incidentsim.world.stack.clients.sessions import FAILED_TURNS
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_edge import last, two_pools
from tests.world.worlds import SECOND, Run, overridden, quiet, small, stack_of, values, with_client, with_fault

LOOP: dict[str, Any] = {
    "loops": 2, "first_prompt": 2_000, "growth": ((0, 100), (1_000_000, 600)), "output": ((0, 20), (1_000_000, 80)),
    "max_prompt": 8_000, "pause": 200_000,
}  # fmt: skip
"""Two small agents in a loop."""

WAVE: dict[str, Any] = {
    "rate": 4_000_000,
    "prompt": ((0, 500), (1_000_000, 900)),
    "output": ((0, 20), (1_000_000, 60)),
}
"""Four hostile requests a second."""


def changed(scenario: Scenario, tenant: str, **workload: Any) -> Scenario:
    """Return the scenario with one tenant's workload changed."""
    tenants = tuple(
        t.model_copy(update={"workload": t.workload.model_copy(update=workload)}) if t.id == tenant else t
        for t in scenario.tenants
    )
    return scenario.model_copy(update={"tenants": tenants})


def sessions(**more: Any) -> Scenario:
    """Return one tenant with ten users in sessions, everybody else quiet."""
    fields: dict[str, Any] = {"rate": 4_000, "sessions": 10, "history": 2_000, "template": 300}
    return changed(quiet(), "storefront", **(fields | more))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """Collect every attempt that the gateway receives."""
    attempts: list[Attempt] = []
    receive = Gateway.receive

    def watch(self: Gateway, attempt: Attempt) -> None:
        attempts.append(attempt)
        receive(self, attempt)

    monkeypatch.setattr(Gateway, "receive", watch)
    return attempts


# -- demand -----------------------------------------------------------------------------------------------------


def workload(**more: Any) -> Workload:
    """Return a workload of 10 requests a second that does not breathe."""
    size = {"p0": 10, "p100": 20}
    return Workload.model_validate({"rate": 10, "breathing": 0, "prompt": size, "output": size} | more)


def test_the_time_of_day_swings_the_rate() -> None:
    """At the peak the rate is up by the amplitude, twelve hours later down by it, at six hours as written."""
    demand = Demand(1, "x", workload(diurnal=0.4, peak="2h"), 0)
    hour = DAY_US // 24
    assert [demand.rate_milli(h * hour) for h in (2, 14, 26)] == [14_000, 6_000, 14_000]
    assert abs(demand.rate_milli(8 * hour) - 10_000) <= 40
    assert abs(sum(day_wave(h * hour) for h in range(24))) <= 24, "rounding only"


def test_bursts_come_and_go_at_their_mean_lengths() -> None:
    """Two states: the share of time in bursts is that of their mean lengths, and there are as many as expected."""
    demand = Demand(3, "x", workload(burst=5, burst_every="90s", burst_lasts="30s"), 0)
    rates = [demand.rate_milli(t * SECOND) for t in range(120_000)]
    assert set(rates) == {10_000, 50_000}
    share = sum(r == 50_000 for r in rates) / len(rates)
    starts = sum(a < b for a, b in itertools.pairwise(rates))
    assert 0.22 < share < 0.28
    assert 0.9 < starts / 1_000 < 1.1


# -- sessions ---------------------------------------------------------------------------------------------------


def test_a_prompt_is_template_history_and_what_is_new(world_twice: Twice, seen: list[Attempt]) -> None:
    """Each turn's prompt holds the former prompt and its answer; the prefix says what it shares, cumulative."""
    world_twice(Run(scenario=sessions()))
    turns: dict[str, list[Attempt]] = {}
    for attempt in seen[: len(seen) // 2]:  # of the first of the two runs
        assert attempt.prefix is not None
        (template, shared), (key, tokens) = attempt.prefix
        assert (template, shared) == ("storefront/template", 300)
        assert (key, tokens) == (attempt.request.key, attempt.prompt)
        turns.setdefault(attempt.request.key, []).append(attempt)
    pairs = [(a, b) for queue in turns.values() for a, b in itertools.pairwise(queue)]
    answered = [(a, b) for a, b in pairs if a.finished_us < b.received_us and a.finished_us > 0]
    assert len(answered) > 50
    assert all(b.prompt > a.prompt + a.request.output for a, b in answered)
    assert [b.request.turn - a.request.turn for a, b in pairs] == [1] * len(pairs)


def test_a_long_conversation_is_begun_anew(world_twice: Twice, seen: list[Attempt]) -> None:
    """Beyond its history a user starts a new conversation with a new id, so that prompts stay bounded."""
    played = world_twice(Run(scenario=sessions(rate=8_000)))
    assert len({a.request.key for a in seen}) > 12
    assert max(a.prompt for a in seen) < 300 + 2_000 + 4_000
    assert played.stack.tenants["storefront"].failed == 0


def test_untrimmed_history_ends_at_the_context_limit(world_twice: Twice, seen: list[Attempt]) -> None:
    """Conversations grow until 400; users start again after a few failures; trimming again ends it at its root."""
    scenario = overridden(sessions(rate=8_000, sessions=4), "chat-pool", max_model_len=6_000)
    sick = world_twice(Run(scenario=with_fault(scenario, "history_not_trimmed", "tenant.storefront", -10 * SECOND)))
    assert last(sick, "gateway_responses_total", code="400") >= FAILED_TURNS
    assert max(a.prompt for a in seen) >= 6_000
    assert last(sick, "vllm:request_success_total", finished_reason="length") > 0, "answers are cut by the context"

    def end(world: World) -> None:
        next(iter(stack_of(world).faults.values())).set_strength(0)

    well = Run(scenario=with_fault(scenario, "history_not_trimmed", "tenant.storefront", -10 * SECOND),
               probes=((0, end),))  # fmt: skip
    assert last(world_twice(well), "gateway_responses_total", code="400") < FAILED_TURNS


# -- faults -----------------------------------------------------------------------------------------------------


def test_a_length_shift_changes_a_share_of_prompts(world_twice: Twice, seen: list[Attempt]) -> None:
    """About the share has lengths of the fault's table, the rest and the other tenants are as before."""
    table = ((0, 20_000), (1_000_000, 30_000))
    world_twice(Run(scenario=with_fault(small(), "length_shift", "tenant.newsroom", 0, share=100_000, prompt=table)))
    firsts = [a for a in seen if a.number == 1 and a.received_us > 0]
    mine = [a.prompt >= 20_000 for a in firsts if a.request.tenant.id == "newsroom"]
    assert 0.04 < sum(mine) / len(mine) < 0.18
    assert not any(a.prompt >= 20_000 for a in firsts if a.request.tenant.id != "newsroom")


def test_a_loop_goes_on_in_one_conversation(world_twice: Twice, seen: list[Attempt]) -> None:
    """Each loop keeps one id, its turns come one after the other, and its context stays below its bound."""
    played = world_twice(Run(scenario=with_fault(quiet(), "runaway_agent", "tenant.strategic", 0, **LOOP)))
    assert len({a.request.key for a in seen}) == 2
    assert max(a.request.turn for a in seen) > 15
    assert max(a.prompt for a in seen) <= 8_000
    assert not next(iter(played.stack.faults.values())).removed


def test_terminating_its_conversations_ends_the_loop(world_twice: Twice) -> None:
    """`cost conversation` names them; terminated, they stop for good; of two, one is not enough."""
    scenario = with_fault(quiet(), "runaway_agent", "tenant.strategic", 0, **LOOP)
    bills = world_twice(Run(scenario=scenario)).world.costs(0)
    assert [b.tenant for b in bills] == ["strategic", "strategic"]
    one, two = (b.conversation for b in bills)
    both = ((20 * SECOND, f"terminate {one}"), (21 * SECOND, f"terminate {two}"))
    half = world_twice(Run(scenario=scenario, script=both[:1]))
    done = world_twice(Run(scenario=scenario, script=both))
    assert [next(iter(p.stack.faults.values())).removed for p in (half, done)] == [False, True]
    assert last(done, "gateway_responses_total", code="403") == 2
    sent = values(done.world, "gateway_requests_total", tenant="strategic")
    assert sent[-1] == sent[-5]
    with pytest.raises(CommandError, match="cost conversation"):
        Run(scenario=scenario, script=()).play().world.check(_terminate("conv-unknown"))


def _terminate(key: str) -> Any:
    from incidentsim.commands.model import Command

    return Command(verb="terminate", args={"conversation": key})


def test_a_cap_on_turns_ends_loops_and_no_one_else(world_twice: Twice) -> None:
    """Beyond max_turns a conversation is refused for good; requests without a conversation pass."""
    base = changed(quiet(), "strategic", rate=2_000)
    scenario = with_fault(base, "runaway_agent", "tenant.strategic", 0, **LOOP)
    played = world_twice(Run(scenario=scenario, script=((20 * SECOND, "set tenant.strategic.max_turns 5"),)))
    assert next(iter(played.stack.faults.values())).removed
    assert last(played, "gateway_responses_total", code="429") == 2 * FAILED_TURNS
    assert last(played, "gateway_responses_total", code="200") > 100


def test_a_wave_is_hostile_and_looks_different(world_twice: Twice, seen: list[Attempt]) -> None:
    """Its requests are marked, and the access log shows another network and user agent than the tenant's."""
    scenario = with_fault(small(), "injection_wave", "tenant.storefront", 10 * SECOND, **WAVE)
    scenario = overridden(scenario, "chat-pool", max_model_len=600)  # so that some are logged as errors
    played = world_twice(Run(scenario=scenario))
    hostile = [a for a in seen if a.request.hostile]
    assert 120 < len(hostile) / 2 < 290, "of two runs of 50 s"
    assert {a.request.tenant.id for a in hostile} == {"storefront"}
    fields = [dict(r.fields) for r in played.world.logs.select(limit=100_000).records if r.message.startswith("POST")]
    asns = {f["asn"] for f in fields if f["tenant"] == "storefront"}
    assert "AS64510" in asns and len(asns) == 2
    assert "AS64510" not in {f["asn"] for f in fields if f["tenant"] == "newsroom"}


# -- caps and money ---------------------------------------------------------------------------------------------


def test_a_concurrency_cap_bounds_what_is_open(world_twice: Twice) -> None:
    """No more of the tenant's requests are open at once than its cap, and only that tenant gets 429."""
    scenario = overridden(small(rate=6_000), "tenant.newsroom", max_concurrency=3)
    most: list[int] = []
    probes = tuple((t * SECOND, lambda w: most.append(stack_of(w).tenants["newsroom"].open)) for t in range(60))
    played = world_twice(Run(scenario=scenario, probes=probes))
    assert max(most) == 3
    assert last(played, "gateway_responses_total", tenant="newsroom", code="429") > 0
    assert last(played, "gateway_responses_total", tenant="storefront", code="429") == 0


def test_a_budget_stops_the_tenant_for_good(world_twice: Twice) -> None:
    """When its tokens have cost the budget, every further request is refused, and not retried."""
    scenario = two_pools()
    pools = tuple(p.model_copy(update={"dollars_per_million_tokens": 100_000}) for p in scenario.stack.pools)
    scenario = scenario.model_copy(update={"stack": scenario.stack.model_copy(update={"pools": pools})})
    played = world_twice(Run(scenario=overridden(scenario, "tenant.storefront", daily_budget=5)))
    spent = values(played.world, "gateway_cost_dollars_total", tenant="storefront")
    assert 5 <= spent[-1] < 6 and spent[-1] == spent[-3]
    assert last(played, "gateway_client_retries_total", tenant="storefront") == 0
    assert last(played, "gateway_cost_dollars_total", tenant="newsroom") > 6


def test_money_adds_up(world_twice: Twice) -> None:
    """Tenants' costs are their tokens at the pool's price, and a pool priced per token is part of the world's cost."""
    scenario = small()
    plain = world_twice(Run(scenario=scenario))
    pool = scenario.stack.pools[0].model_copy(update={"dollars_per_million_tokens": 3_000})
    priced = scenario.model_copy(update={"stack": scenario.stack.model_copy(update={"pools": (pool,)})})
    played = world_twice(Run(scenario=priced))
    tokens = last(played, "gateway_billed_tokens_total")
    assert last(played, "gateway_cost_dollars_total") == pytest.approx(tokens * 3 / 1e6, rel=1e-9)
    assert last(played, "provider_cost_dollars_total") == pytest.approx(last(played, "gateway_cost_dollars_total"))
    extra = played.world.cost_microdollars() - plain.world.cost_microdollars()
    assert extra == pytest.approx(3 * tokens, abs=1)
    assert sum(b.microdollars for b in played.world.costs(-60 * SECOND)) == pytest.approx(extra, abs=5)


def test_a_flush_answers_all_that_waits(world_twice: Twice) -> None:
    """The queue is empty afterwards, its requests got 503 and are not tried again."""
    scenario = with_client(overridden(small(rate=6_000), "gateway", max_inflight_requests=2), attempts=4)
    queued: list[int] = []

    def look(world: World) -> None:
        queued.append(stack_of(world).gateway.queued)

    run = Run(scenario=scenario, script=((30 * SECOND, "flush chat-pool"),),
              probes=((30 * SECOND - 1, look), (30 * SECOND, look)))  # fmt: skip
    played = world_twice(run)
    assert queued[-2] > 50 and queued[-1] == 0
    assert f"{queued[-2]} queued requests answered with 503" in played.effects("done")
