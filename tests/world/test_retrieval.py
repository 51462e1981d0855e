"""Retrieval in a small world: what its stations, shards and indexes do to requests, and what people can do."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.parts import QualityPart, RetrievalPart, RoutePart
from incidentsim.world.stack.requests import UNGROUNDED, Attempt
from incidentsim.world.stack.retrieval import Retrieval, Shard
from incidentsim.world.stack.retrieval.shard import FAILOVER_US, LOADING, SYNCED
from incidentsim.world.stack.retrieval.upkeep import ENCODER_LOAD_US, TICK_US
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Run, overridden, send, small, stack_of, values, with_client, with_fault

MINUTE = 60 * SECOND


def rag(*, rate: int = 3_000, duration: int = MINUTE, **part: Any) -> Scenario:
    """Return the small world with retrieval on the way of every request."""
    plain = small(rate=rate, duration=duration)
    stack = plain.stack.model_copy(update={
        "routes": (RoutePart(id="chat", stages=("retrieval",), pools=(plain.stack.pools[0].id,)),),
        "components": (RetrievalPart(id="retrieval", **part), QualityPart(id="quality")),
    })  # fmt: skip
    return plain.model_copy(update={"stack": stack})


def fresh(scenario: Scenario) -> World:
    """Return a world of which nothing has happened yet."""
    return World(scenario, seed=1, cast=plain_cast(scenario))


def retrieval_of(world: World) -> Retrieval:
    """Return the world's retrieval."""
    found = stack_of(world).components["retrieval"]
    assert isinstance(found, Retrieval)
    return found


def shard_of(world: World, number: int = 0) -> Shard:
    """Return one of its shards."""
    found = stack_of(world).components[f"shard-{number}"]
    assert isinstance(found, Shard)
    return found


def answers(world: World) -> list[tuple[str, int, Attempt]]:
    """Return a list that fills with (tenant, code, attempt) of every answer from now on."""
    out: list[tuple[str, int, Attempt]] = []
    stack_of(world).gateway.on_answer.append(lambda a, code: out.append((a.request.tenant.id, code, a)))
    return out


def test_a_healthy_question_costs_three_events_and_gets_its_passages(world_twice: Twice) -> None:
    """Every question is embedded, searched and reranked once, and the prompt is longer by top_k passages."""
    run = Run(scenario=rag())
    world = fresh(run.scenario)
    heard = answers(world)
    world.advance(run.scenario.duration)
    retrieval = retrieval_of(world)
    served = retrieval.encoder.served
    assert served > 300
    assert abs(served - retrieval.reranker.served) <= 3
    assert retrieval.metrics.rerank_timeouts.value == 0
    assert {attempt.prompt - attempt.request.prompt for _, code, attempt in heard if code == 200} == {8 * 160}
    assert world_twice(run).world.dyn_digest() == world.dyn_digest()


def test_a_healthy_stack_has_a_small_share_of_ungrounded_answers() -> None:
    """Recall of about 87 % leaves about 5 % of the answers without what they need."""
    world = fresh(rag(duration=20 * SECOND))
    heard = answers(world)
    world.advance(20 * SECOND)
    spoilt = {a.defects[UNGROUNDED] for _, code, a in heard if code == 200 and a.defects}
    assert len(spoilt) == 1
    assert 45_000 < spoilt.pop() < 60_000


def test_telemetry_changes_nothing() -> None:
    """The dynamics are the same with telemetry off."""
    scenario = with_fault(rag(), "partition_down", "shard-0", 5 * SECOND)
    on, off = Run(scenario=scenario).play(), Run(scenario=scenario, telemetry=False).play()
    assert on.world.dyn_digest() == off.world.dyn_digest()


# -- shards ---------------------------------------------------------------------------------------------------


def test_a_shard_without_leader_fails_its_own_tenant_only(world_twice: Twice) -> None:
    """All-or-nothing searches of the tenant on it end in 503; the others don't notice; nobody elects a leader."""
    played = world_twice(Run(scenario=with_fault(rag(), "partition_down", "shard-0", 5 * SECOND)))
    codes = {tenant: values(played.world, "gateway_responses_total", tenant=tenant, code="503")[-1]
             for tenant in ("strategic", "storefront", "newsroom")}  # fmt: skip
    assert codes["strategic"] > 100
    assert codes["storefront"] == codes["newsroom"] == 0
    assert values(played.world, "retrieval_errors_total", shard="shard-0")[-1] > 100
    assert played.messages("no available shard delegator for shard-0")
    assert played.stack.faults["partition-down-shard-0"].removed is False


@pytest.mark.parametrize(
    ("knobs", "reason", "passages"),
    [({"consistency": "partial"}, "sparse_only", True),
     ({"fallback_mode": "sparse_only"}, "sparse_only", True),
     ({"fallback_mode": "none"}, "none", False),
     ({"consistency": "partial", "hybrid": False}, "none", False)],
)  # fmt: skip
def test_fallbacks_answer_with_less(knobs: dict[str, Any], reason: str, passages: bool) -> None:
    """With a fallback nobody gets an error; what is missing is counted, and answers are less grounded."""
    scenario = with_fault(overridden(rag(), "retrieval", **knobs), "partition_down", "shard-0", -SECOND)
    world = fresh(scenario)
    world.advance(0)
    heard = answers(world)
    world.advance(MINUTE)
    mine = [a for tenant, code, a in heard if tenant == "strategic" and a.received_us > 0]
    others = [a for tenant, code, a in heard if tenant == "newsroom" and a.received_us > 0]
    assert {code for _, code, _ in heard} == {200}
    assert {a.prompt > a.request.prompt for a in mine} == {passages}
    worst = max(a.defects[UNGROUNDED] for a in others if a.defects)
    assert all(a.defects is not None and a.defects[UNGROUNDED] > worst for a in mine)
    assert retrieval_of(world).metrics.degraded[reason].value >= len(mine)
    empty = values(world, "retrieval_empty_results_total", tenant="strategic")[-1]
    assert (empty > 0) is not passages


def test_a_label_halves_the_harm_of_a_fallback() -> None:
    """The same question does half the harm when users are told that retrieval was incomplete."""
    harm = []
    for label in (False, True):
        scenario = overridden(rag(duration=30 * SECOND), "retrieval", fallback_mode="none", label_degraded=label)
        scenario = with_fault(scenario, "partition_down", "shard-0", -SECOND)
        world = fresh(scenario)
        world.advance(0)
        heard = answers(world)
        world.advance(30 * SECOND)
        mine = [a for tenant, _, a in heard if tenant == "strategic" and a.received_us > 0]
        harm.append({a.defects[UNGROUNDED] for a in mine if a.defects})
    assert harm == [{400_000}, {200_000}]


def test_failover_cures_it_after_seconds(world_twice: Twice) -> None:
    """A promoted replica serves after the handover; the old leader loads again and is a replica then."""
    scenario = with_fault(rag(duration=2 * MINUTE), "partition_down", "shard-0", 5 * SECOND)
    played = world_twice(Run(scenario=scenario, script=((20 * SECOND, "failover shard-0"),)))
    shard = shard_of(played.world)
    assert shard.leader == 1
    assert [c.state for c in shard.copies] == [SYNCED, SYNCED]
    assert played.stack.faults["partition-down-shard-0"].removed
    codes = values(played.world, "gateway_responses_total", tenant="strategic", code="503")
    assert codes[-1] == codes[-15] > 0
    assert "shard-0 is led by replica 1" in played.effects("done")


def test_failover_needs_a_replica_in_sync() -> None:
    """Without one it is refused; another replica has to load first, and then can be promoted."""
    scenario = overridden(rag(duration=0), "shard-0", replicas=1)
    world = Run(scenario=with_fault(scenario, "partition_down", "shard-0", -SECOND)).play().world
    command = parse("failover shard-0", world.vocabulary())
    with pytest.raises(CommandError, match="no replica in sync"):
        world.check(command)
    stack_of(world).settings.set("shard-0.replicas", 2)
    shard = shard_of(world)
    assert shard.copies[1].state == LOADING
    world.advance(MINUTE)
    assert shard.copies[1].state == SYNCED
    assert not shard.serving
    send(world, "failover shard-0", t_us=world.now_us + 1)
    world.advance(world.now_us + FAILOVER_US + 2)
    assert shard.leader == 1


def test_failing_over_a_healthy_shard_costs_its_searches() -> None:
    """Moving a leader that is well takes the shard away for the handover; the preview says so."""
    world = Run(scenario=rag(duration=0)).play().world
    preview = world.preview(parse("failover shard-1", world.vocabulary()))
    assert any("serves no searches" in line for line in preview)
    send(world, "failover shard-1", t_us=world.now_us + 1)
    world.advance(FAILOVER_US // 2)
    assert not shard_of(world, 1).serving
    world.advance(2 * FAILOVER_US)
    assert shard_of(world, 1).leader == 1


def test_a_large_tenant_loses_part_of_its_passages() -> None:
    """With its vectors on two shards and partial results allowed, one lost shard costs half of the dense leg."""
    scenario = overridden(rag(tenant_shards=2, duration=0), "retrieval", consistency="partial")
    world = Run(scenario=with_fault(scenario, "partition_down", "shard-0", -SECOND)).play().world
    retrieval = retrieval_of(world)
    assert [retrieval.reach_ppm(tenant) for tenant in range(4)] == [500_000, 1_000_000, 1_000_000, 500_000]
    world.advance(20 * SECOND)
    assert retrieval.metrics.degraded["partial"].value > 0
    stack_of(world).settings.set("retrieval.consistency", "all")
    assert [retrieval.reach_ppm(tenant) for tenant in range(4)] == [0, 1_000_000, 1_000_000, 0]


def test_a_dense_rebuild_takes_long_slows_searches_and_restores_shards(world_twice: Twice) -> None:
    """Building the index anew makes searches slower, ends after vectors / rate, and gives shards their leaders."""
    scenario = with_fault(rag(vectors=60_000, build_rate=1_000, duration=2 * MINUTE), "partition_down", "shard-0", 0)
    played = world_twice(Run(scenario=scenario, script=((SECOND, "set retrieval.rebuild dense"),)))
    world = played.world
    left = values(world, "vector_index_build_remaining")
    assert max(left) > 55_000
    assert left[-1] == 0
    assert shard_of(world).serving
    assert played.stack.settings.get("retrieval.rebuild") == "off"
    assert played.messages("index build finished")


# -- the sparse index -----------------------------------------------------------------------------------------


def test_throttled_consumers_fall_behind_and_more_of_them_catch_up(world_twice: Twice) -> None:
    """Lag grows while fewer documents are written than come, and falls once more are; then the cause is gone."""
    scenario = with_fault(rag(rate=500, duration=4 * MINUTE), "index_lag", "retrieval", 0, throttle=800_000, behind=0)
    played = world_twice(Run(scenario=scenario, script=((90 * SECOND, "set retrieval.sparse_consumers 20"),)))
    lags = values(played.world, "sparse_index_lag_seconds")
    assert max(lags) > 60
    assert lags[-1] == 0
    assert played.stack.faults["index-lag-retrieval"].removed
    without = Run(scenario=scenario).play()
    assert values(without.world, "sparse_index_lag_seconds")[-1] > 120
    assert values(without.world, "sparse_index_queue_length")[-1] > 5_000
    assert not without.stack.faults["index-lag-retrieval"].removed


def test_a_fault_that_begins_behind_puts_documents_back() -> None:
    """`behind` is the lag from the start, with the documents of that time in the queue."""
    scenario = with_fault(rag(rate=0, duration=10 * SECOND), "index_lag", "retrieval", 0, throttle=900_000,
                          behind=900 * SECOND)  # fmt: skip
    world = Run(scenario=scenario).play().world
    sparse = retrieval_of(world).sparse
    assert abs(sparse.lag_us(world.now_us) - 908 * SECOND) < 10 * SECOND
    assert 35_000 < sparse.queued < 37_000


def test_flushing_the_sparse_index_is_worse_than_its_lag() -> None:
    """A rebuild empties it and starts from the first document: what it finds falls, its lag goes on growing."""
    world = Run(scenario=rag(duration=0)).play().world
    retrieval = retrieval_of(world)
    before = retrieval.expected(1_000_000)
    stack_of(world).settings.set("retrieval.rebuild", "sparse")
    world.advance(MINUTE)
    after = retrieval.expected(1_000_000)
    assert after[0] == before[0]
    assert after[1] < before[1] // 100
    assert retrieval.sparse.lag_us(world.now_us) >= MINUTE - TICK_US
    stack_of(world).settings.set("retrieval.rebuild", "off")
    assert retrieval.sparse.covered_ppm() < 10_000


def test_dense_only_leaves_a_stale_sparse_index_out() -> None:
    """With that fallback, results staler than stale_after are not used, and a fresh index is."""
    scenario = overridden(rag(duration=0), "retrieval", fallback_mode="dense_only", stale_after="1m")
    world = Run(scenario=scenario).play().world
    retrieval = retrieval_of(world)
    assert retrieval.expected(1_000_000)[2] > retrieval.expected(1_000_000)[0]
    retrieval.sparse.fall_behind(0, 120 * SECOND, TICK_US)
    assert retrieval.expected(1_000_000)[2] == retrieval.expected(1_000_000)[0]


# -- embedding versions ---------------------------------------------------------------------------------------


def mixed(rate: int = 2_000, duration: int = 2 * MINUTE) -> Scenario:
    """Return a world whose refresh job writes another version from T+0 on."""
    plain = rag(vectors=600_000, duration=duration, rate=1_000)
    return with_fault(plain, "mixed_embeddings", "retrieval", 0, rate=rate)


def test_a_refresh_with_another_version_loses_recall_bit_by_bit(world_twice: Twice) -> None:
    """Vectors move at the job's rate, recall and similarity fall with them, and nothing fails."""
    played = world_twice(Run(scenario=mixed(duration=4 * MINUTE)))
    world = played.world
    old = values(world, "vector_index_vectors", version="bge-m3@v1")
    assert abs(old[-1] - (600_000 - 240 * 2_000)) < 20_000
    falling = [vectors for vectors in old if vectors < 590_000]
    assert len(falling) > 40
    assert falling == sorted(falling, reverse=True)
    found = values(world, "retrieval_recall_estimate", leg="dense")
    assert found[5] > 0.7
    assert found[-1] < 0.25
    assert values(world, "retrieval_top1_similarity")[-1] < 0.55
    assert values(world, "retrieval_recall_estimate", leg="sparse")[-1] > 0.42
    assert played.messages("refresh: embedded")
    assert values(world, "gateway_responses_total", code="503")[-1] == 0


def test_the_dual_index_finds_all_again_and_ends_the_cause() -> None:
    """Each version is searched with its own encoder, once the second one is loaded; embedding takes longer."""
    world = Run(scenario=mixed(), script=((MINUTE, "set retrieval.dual_index true"),)).play().world
    retrieval = retrieval_of(world)
    assert retrieval.index.match_ppm() == 1_000_000
    assert stack_of(world).faults["mixed-embeddings-retrieval"].removed


def test_the_snapshot_masks_and_the_pinned_refresh_cures() -> None:
    """Serving the old index brings recall back, without new documents, while the job goes on; pinning it ends it."""
    world = Run(scenario=mixed()).play().world
    retrieval, fault = retrieval_of(world), stack_of(world).faults["mixed-embeddings-retrieval"]
    low = retrieval.expected(1_000_000)[2]
    retrieval.pin("index", "snapshot")
    high = retrieval.expected(1_000_000)[2]
    assert retrieval.index.match_ppm() == 1_000_000
    assert high > low
    assert not fault.removed
    assert retrieval.expected(1_000_000)[0] < 650_000, "fresh questions miss what came since"
    retrieval.pin("refresh", "bge-m3@v1")
    assert fault.removed
    foreign = retrieval.index.counts["bge-m3@v2"]
    world.advance(world.now_us + MINUTE)
    assert retrieval.index.counts["bge-m3@v2"] <= foreign - 100_000


def test_another_encoder_takes_time_to_load() -> None:
    """Pinning the questions' encoder works after the load, and then matches the other vectors."""
    world = Run(scenario=mixed(), script=()).play().world
    retrieval = retrieval_of(world)
    before = retrieval.index.match_ppm()
    retrieval.pin("encoder", "bge-m3@v2")
    assert retrieval.index.encoder == "bge-m3@v1"
    world.advance(world.now_us + ENCODER_LOAD_US)
    assert retrieval.index.encoder == "bge-m3@v2"
    assert retrieval.index.match_ppm() < 1_000_000
    assert abs(retrieval.index.match_ppm() + before - 1_000_000) < 150_000
    assert set(retrieval.pins()) == {"encoder", "refresh", "index"}


# -- the reranker ---------------------------------------------------------------------------------------------


def test_a_slow_reranker_costs_its_budget_and_some_recall(world_twice: Twice) -> None:
    """Questions wait no longer than the budget, and go on in fused order, a little less grounded."""
    scenario = with_fault(rag(), "slow_reranker", "retrieval", 0, slowdown=20_000_000)
    played = world_twice(Run(scenario=scenario))
    retrieval = retrieval_of(played.world)
    assert retrieval.metrics.rerank_timeouts.value > 300
    assert retrieval.reranker.cancelled > 300
    assert played.messages("rerank deadline exceeded")
    buckets = values(played.world, "retrieval_request_duration_seconds_bucket", stage="rerank", le="0.3")
    counts = values(played.world, "retrieval_request_duration_seconds_count", stage="rerank")
    assert buckets[-1] == counts[-1] > 300


def test_without_the_reranker_its_fault_does_nothing() -> None:
    """Switched off, it can't delay anybody."""
    scenario = overridden(rag(), "retrieval", reranker=False)
    played = Run(scenario=with_fault(scenario, "slow_reranker", "retrieval", 0, slowdown=20_000_000)).play()
    assert retrieval_of(played.world).metrics.rerank_timeouts.value == 0
    assert retrieval_of(played.world).reranker.accepted == 0


def test_clients_that_hang_up_leave_no_work_behind(world_twice: Twice) -> None:
    """A question whose client is gone leaves every station; accepted work is always accounted for."""
    scenario = with_client(overridden(rag(), "retrieval", rerank_budget="10s"), patience=2 * SECOND)
    scenario = with_fault(scenario, "slow_reranker", "retrieval", 0, slowdown=60_000_000)
    retrieval = retrieval_of(world_twice(Run(scenario=scenario)).world)
    station = retrieval.reranker
    assert station.cancelled > 20
    assert station.accepted == station.served + station.cancelled + station.dropped + station.busy + station.queued
    assert len(retrieval._live) <= station.busy + station.queued + retrieval.encoder.busy + 8


def test_a_pause_in_the_plan_brings_the_leader_back() -> None:
    """A fault that lasts a while ends by itself, and the shard has its leader again."""
    scenario = with_fault(rag(), "partition_down", "shard-2", SECOND, lasts=10 * SECOND)
    world = Run(scenario=scenario).play().world
    assert shard_of(world, 2).serving
    assert stack_of(world).faults["partition-down-shard-2"].removed


def test_the_topology_shows_what_is_reported() -> None:
    """Retrieval is shown with its recall and its shards, a shard without its leader with a warning."""
    world = Run(scenario=with_fault(rag(), "partition_down", "shard-0", SECOND)).play().world
    shown = {state.name: state for state in world.topology()}
    assert "recall" in shown["retrieval"].summary
    assert ("shard-0", "") in shown["retrieval"].edges
    assert (shown["shard-0"].health, shown["shard-0"].summary) == ("warn", "1 of 2 replicas up")
    assert shown["shard-1"].health == "ok"
    assert "state: no leader" in world.inspect("shard-0")
    assert any(line.startswith("served index: live") for line in world.inspect("retrieval"))
