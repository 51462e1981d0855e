"""Monitoring as a layer of its own: what is reported differs from what is so, and who is fooled by it."""

from __future__ import annotations

import pytest

from incidentsim.scenario.model import Change, Scenario, TimelineEntry
from incidentsim.telemetry.promql import PromQL
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS
from incidentsim.world.stack.pools.autoscaler import METRIC
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Run, every, overridden, quiet, small, stack_of, values, with_fault

KV, OLD = "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"


def watched(scenario: Scenario, **fields: object) -> Scenario:
    """Return the scenario with other settings of its monitoring."""
    part = scenario.stack.observability.model_copy(update=fields)
    return scenario.model_copy(update={"stack": scenario.stack.model_copy(update={"observability": part})})


def old_names(scenario: Scenario) -> Scenario:
    """Return the scenario as set up when engines exposed the old name of the KV gauge."""
    return watched(scenario, names={KV: OLD})


def renamed(scenario: Scenario, at_us: int = 5 * SECOND) -> Scenario:
    """Return it with an upgrade that exposes the new name."""
    return with_fault(old_names(scenario), "metric_renamed", "chat-pool", at_us, metric=KV, name=KV, ramp=0)


def stale(scenario: Scenario, *, until: str = "restart", waiting: int = 0) -> Scenario:
    """Return it with a gauge of replica 1 that shows 97 % from -5 s on, and stands still from 7 s on."""
    return with_fault(scenario, "stale_gauge", "chat-pool", -5 * SECOND, replica=1, kv=970_000, waiting=waiting,
                      until=until, ramp=0)  # fmt: skip


def now(played: Played, expr: str) -> list[float]:
    """Return the values of a query at the end."""
    world = played.world
    return [value for _, value in PromQL().vector(world.metrics, expr, world.now_us)]


# -- gauges -------------------------------------------------------------------------------------------------


def test_a_stale_gauge_stands_while_the_counters_tell_the_truth(world_twice: Twice) -> None:
    """The replica reports a full cache for good, though it hardly has work; its tokens go on being counted."""
    played = world_twice(Run(scenario=stale(small())))
    shown = values(played.world, KV, engine="chat-pool-1")
    assert set(shown[-10:]) == {0.97}
    pod = played.stack.pool.pods[1]
    assert pod.kv_usage() < 0.3
    tokens = values(played.world, "vllm:generation_tokens_total", engine="chat-pool-1")
    assert tokens[-1] > tokens[-5]
    assert 0 < values(played.world, KV, engine="chat-pool-0")[-1] < 0.5


def test_a_restart_makes_the_gauge_true_again(world_twice: Twice) -> None:
    """A new process reports for itself, and the fault is gone at its root."""
    played = world_twice(Run(scenario=stale(small()), script=((20 * SECOND, "restart chat-pool-1"),)))
    assert values(played.world, KV, engine="chat-pool-1")[-1] < 0.5
    assert all(fault.removed for fault in played.stack.faults.values())


def test_a_step_is_enough_where_steps_refresh_gauges(world_twice: Twice) -> None:
    """With `until` step, the next request that reaches the replica makes its gauge true; without one it stands."""
    played = world_twice(Run(scenario=stale(small(), until="step")))
    assert values(played.world, KV, engine="chat-pool-1")[-1] < 0.5
    assert all(fault.removed for fault in played.stack.faults.values())
    idle = world_twice(Run(scenario=stale(quiet(), until="step")))
    assert values(idle.world, KV, engine="chat-pool-1")[-1] == 0.97
    assert not any(fault.removed for fault in idle.stack.faults.values())


def test_the_abort_loses_no_request(world_twice: Twice) -> None:
    """What the replica held when its connections broke is retried elsewhere or answered 503: nothing hangs."""
    played = world_twice(Run(scenario=stale(small(rate=8_000))))
    pod = played.stack.pool.pods[1]
    assert pod.requests == sum(a.pod is pod for lane in played.stack.gateway.lanes for a in lane.sent)
    broken = values(played.world, "envoy_cluster_upstream_rq_xx", response_code_class="5")
    assert broken[-1] == max(broken) > 0


def test_aborted_requests_are_never_in_two_engines(world_twice: Twice) -> None:
    """While replicas are busy, what one aborts goes on only after it let go: every engine's books balance."""
    slow = overridden(small(rate=6_000), "chat-pool", max_num_batched_tokens="192")  # prompts are long in prefill
    scenario = with_fault(overridden(slow, "gateway", retry_budget="1"), "stale_gauge", "chat-pool", -5 * SECOND,
                          replica=1, kv=970_000, waiting=0, until="step", ramp=0, every=9 * SECOND)  # fmt: skip
    out: list[tuple[int, int]] = []

    def balance(world: World) -> None:
        for pod in stack_of(world).pool.pods:
            engine = pod.engine
            assert engine is not None
            decoding = [q for _, _, q in engine._heap if q.decoding]
            assert len(decoding) + len(engine._prefilling) == engine.running
            held = sum(-(-(q.p + engine._clock - q.clock_at_decode) // BLOCK_TOKENS) for q in decoding)
            out.append((engine.blocks - engine._free, held + sum(q.blocks for q in engine._prefilling)))

    world_twice(Run(scenario=scenario, probes=every(SECOND, 58 * SECOND, balance)))
    assert max(taken for taken, _ in out) > 50
    assert all(taken == held for taken, held in out)


def test_a_stale_gauge_moves_the_pool_average(world_twice: Twice) -> None:
    """The average that the autoscaler steers by is made from what replicas report, not from what is so."""
    idle = world_twice(Run(scenario=stale(quiet(), waiting=9)))
    assert values(idle.world, METRIC)[-1] == pytest.approx(0.97 / 3)
    assert values(idle.world, "inference_pool_average_queue_size")[-1] == pytest.approx(3)


# -- names --------------------------------------------------------------------------------------------------


def test_a_renamed_metric_leaves_readers_of_the_old_name_without_data(world_twice: Twice) -> None:
    """The old series end, the new ones begin, and the average of the pool has no data."""
    played = world_twice(Run(scenario=renamed(small())))
    assert now(played, f"absent({OLD})") == [1.0]
    assert len(now(played, KV)) == 3
    assert now(played, f"absent({METRIC})") == [1.0]
    before = world_twice(Run(scenario=old_names(small())))
    assert len(now(before, OLD)) == 3
    assert now(before, f"absent({KV})") == [1.0]
    assert len(now(before, METRIC)) == 1


def test_the_autoscaler_sleeps_through_a_rename(world_twice: Twice) -> None:
    """The same demand scales a pool out when the metric is there, and does not when it was renamed."""
    busy = overridden(small(rate=12_000), "autoscaler", enabled=True, target_kv_utilization=0.1)
    busy = overridden(busy, "chat-pool", gpu_memory_utilization=0.5)
    assert world_twice(Run(scenario=old_names(busy))).stack.pool.int_knob("replicas") == 4
    asleep = with_fault(old_names(busy), "metric_renamed", "chat-pool", -19 * SECOND, metric=KV, name=KV, ramp=0)
    assert world_twice(Run(scenario=asleep)).stack.pool.int_knob("replicas") == 3


def test_aliases_serve_both_names(world_twice: Twice) -> None:
    """With the relabelling rule both names have the same data, and the average is back."""
    script = ((20 * SECOND, "set observability.metric_aliases on"),)
    played = world_twice(Run(scenario=renamed(small()), script=script))
    assert now(played, OLD) == now(played, KV)
    assert len(now(played, OLD)) == 3
    assert len(now(played, METRIC)) == 1


def test_rolling_the_upgrade_back_ends_the_rename(world_twice: Twice) -> None:
    """The change that brought the new name takes it away again."""
    change = Change(id="chg-9", kind="deploy", target="chat-pool", actor="bot", summary="image")
    entry = TimelineEntry.model_construct(at=4 * SECOND, change=change, fault=None, message=None, page=None, when=None)
    base = old_names(quiet())
    base = base.model_copy(update={"timeline": (*base.timeline, entry)})
    sick = with_fault(base, "metric_renamed", "chat-pool", 5 * SECOND, with_change="chg-9", metric=KV, name=KV, ramp=0)
    played = world_twice(Run(scenario=sick, script=((20 * SECOND, "rollback chg-9"),)))
    assert len(now(played, OLD)) == 3
    assert now(played, f"absent({KV})") == [1.0]


def test_the_topology_reads_what_dashboards_read(world_twice: Twice) -> None:
    """Replicas without the metric that is read show no metrics, though they work."""
    blind = world_twice(Run(scenario=renamed(small())))
    assert {c.summary for c in blind.world.topology() if c.kind == "replica"} == {"no metrics"}
    seeing = world_twice(Run(scenario=old_names(small())))
    assert all("kv" in c.summary for c in seeing.world.topology() if c.kind == "replica")


def test_the_topology_marks_tenants_without_answers(world_twice: Twice) -> None:
    """A tenant whose requests of the last minute failed is bad and says how many; the others are well."""
    script = ((10 * SECOND, "shed tenant=storefront 100%"),)
    seen = [c for c in world_twice(Run(scenario=small(), script=script)).world.topology() if c.kind == "tenant"]
    assert [c.health for c in seen if c.name == "storefront"] == ["bad"]
    assert all("% fail" in c.summary for c in seen if c.name == "storefront")
    assert {c.health for c in seen if c.name != "storefront"} == {"ok"}
    assert not any("fail" in c.summary for c in seen if c.name != "storefront")


# -- targets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "ups"), [("down", [0.0]), ("gone", [])])
def test_a_lost_target_ends_its_series(world_twice: Twice, how: str, ups: list[float]) -> None:
    """All its series end at once; a failing target still has `up` 0, one that discovery lost has nothing left."""
    sick = with_fault(quiet(), "target_lost", "observability", 5 * SECOND, target="dcgm/node-1", how=how, ramp=0)
    played = world_twice(Run(scenario=sick))
    assert now(played, 'up{job="dcgm",instance="node-1"}') == ups
    assert now(played, 'absent(DCGM_FI_DEV_GPU_UTIL{Hostname="node-1"})') == [1.0]
    assert len(now(played, "DCGM_FI_DEV_GPU_UTIL")) == len(now(played, 'up{job="dcgm"} == 1'))


def test_inspect_shows_targets_and_not_lies(world_twice: Twice) -> None:
    """The scraper's page has the number of targets, which are down, and when it scraped last."""
    sick = with_fault(stale(quiet()), "target_lost", "observability", 5 * SECOND, target="dcgm/node-1", how="down",
                      ramp=0)  # fmt: skip
    played = world_twice(Run(scenario=sick))
    lines = played.world.inspect("observability")
    assert any("last scrape 0s ago" in line for line in lines)
    assert "target dcgm/node-1: down, connection refused" in lines
    assert not any("0.97" in line or "stale" in line for line in lines)


def test_a_sample_limit_fails_the_largest_targets(world_twice: Twice) -> None:
    """A target with more samples than allowed fails as a whole, others go on; lifting the limit brings it back."""
    script = ((5 * SECOND, "set observability.sample_limit 50"), (40 * SECOND, "set observability.sample_limit 5k"))
    played = world_twice(Run(scenario=small(), script=script))
    series = values(played.world, "up", job="vllm", instance="chat-pool-0")
    assert 0.0 in series
    assert series[-1] == 1.0
    assert 0.0 not in values(played.world, "up", job="dcgm", instance="node-0")


def test_a_longer_interval_means_fewer_samples(world_twice: Twice) -> None:
    """The setting holds from the next scrape on."""
    played = world_twice(Run(scenario=quiet(), script=((0, "set observability.scrape_interval 20s"),)))
    times = played.world.metrics.times
    assert [b - a for a, b in zip(times[-3:], times[-2:], strict=False)] == [20 * SECOND] * 2
    assert times[1] - times[0] == 5 * SECOND


def test_xids_can_hide_or_stick(world_twice: Twice) -> None:
    """A hidden XID has no series while the kernel log has it; a sticky one is shown by a GPU that is well."""
    sick = with_fault(quiet(), "xid_hidden", "node-1", 5 * SECOND, ramp=0)
    sick = with_fault(sick, "xid_sticky", "node-2", 5 * SECOND, xid=79, ramp=0)
    played = world_twice(Run(scenario=sick))
    assert now(played, 'absent(DCGM_FI_DEV_XID_ERRORS{Hostname="node-1"})') == [1.0]
    assert now(played, 'DCGM_FI_DEV_XID_ERRORS{Hostname="node-2"}') == [79.0]
    assert now(played, 'DCGM_FI_DEV_XID_ERRORS{Hostname="node-0"}') == [0.0]
    assert not played.messages("Xid")


# -- clocks -------------------------------------------------------------------------------------------------


def test_a_skewed_clock_shifts_lines_and_engine_spans_of_its_host(world_twice: Twice) -> None:
    """Lines of the host's replica carry its wrong time; a look at the last minute still finds the right ones."""
    sick = with_fault(watched(small(), trace_sampling=1_000_000), "clock_skew", "node-1", 5 * SECOND,
                      offset=-120 * SECOND, ramp=0)  # fmt: skip
    played = world_twice(Run(scenario=sick))
    records = [r for r in played.world.logs.select(limit=10_000).records if "Engine 000" in r.message]
    mine = [r for r in records if r.host == "chat-pool-1" and r.number > records[10].number]
    assert mine
    assert all(r.t_us < played.world.now_us - 60 * SECOND for r in mine)
    recent = played.world.logs.select(limit=10_000, since_us=30 * SECOND).records
    assert {r.host for r in recent if "Engine 000" in r.message} == {"chat-pool-0", "chat-pool-2"}
    spans = [t.spans for t in played.world.spans.slowest(40 * SECOND, 200)]
    chats = [(s[0], next(x for x in s if x.name == "chat")) for s in spans if any(x.name == "chat" for x in s)]
    assert any(chat.start_us < root.start_us for root, chat in chats)
    assert any(chat.start_us >= root.start_us for root, chat in chats)
