"""Policies that believe reported metrics: good when these are true, fooled when not, the same without telemetry."""

from __future__ import annotations

from itertools import pairwise

import pytest

from incidentsim.scenario.model import Scenario
from incidentsim.world.stack.pools.router import REPORTED
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_observability import renamed, stale
from tests.world.worlds import SECOND, Played, Run, every, overridden, small, stack_of, with_fault


def routed(scenario: Scenario, policy: str, **knobs: object) -> Scenario:
    """Return the scenario with another policy."""
    return overridden(scenario, "router", policy=policy, **knobs)


def served(played: Played) -> list[int]:
    """Return how many requests each replica's engine has got to finish."""
    counters = [played.world.metrics.series("vllm:request_success_total")]
    out: dict[str, float] = {}
    for series in counters[0]:
        engine = dict(series.labels)["engine"]
        out[engine] = out.get(engine, 0) + series.values[-1] - series.values[len(series.values) // 2]
    return [int(out[name]) for name in sorted(out)]


@pytest.mark.parametrize("policy", REPORTED)
def test_with_true_reports_the_load_is_even(world_twice: Twice, policy: str) -> None:
    """Between two scrapes nobody runs to one replica: each serves within a third of the mean."""
    played = world_twice(Run(scenario=routed(small(rate=6_000), policy)))
    counts = served(played)
    assert all(abs(3 * n - sum(counts)) < sum(counts) for n in counts)
    assert sum(counts) > 300


def test_a_ghost_gets_no_traffic_while_its_peers_have_room(world_twice: Twice) -> None:
    """The replica whose gauge stands at 97 % serves nothing; policies that count for themselves use it."""
    fooled = world_twice(Run(scenario=stale(routed(small(rate=6_000), "kv_aware"))))
    assert served(fooled)[1] == 0
    counting = world_twice(Run(scenario=stale(routed(small(rate=6_000), "least_outstanding"))))
    assert served(counting)[1] > 100


def test_an_age_check_finds_the_ghost_out(world_twice: Twice) -> None:
    """A gauge that has not changed for longer than allowed is not believed."""
    scenario = routed(stale(small(rate=6_000)), "kv_aware", max_metric_age="10s")
    assert served(world_twice(Run(scenario=scenario)))[1] > 50


def test_a_gauge_refreshed_by_steps_holds_itself_up(world_twice: Twice) -> None:
    """Where only a step refreshes the gauge, the router's belief keeps it stale; one spell of another policy cures."""
    sick = stale(routed(small(rate=6_000), "kv_aware"), until="step")
    assert not any(f.removed for f in world_twice(Run(scenario=sick)).stack.faults.values())
    script = ((25 * SECOND, "set router.policy round_robin"), (35 * SECOND, "set router.policy kv_aware"))
    cured = world_twice(Run(scenario=sick, script=script))
    assert all(f.removed for f in cured.stack.faults.values())
    assert served(cured)[1] > 50


@pytest.mark.parametrize(
    ("mode", "share"), [("random", (0.2, 0.42)), ("treat_as_zero", (0.44, 1.0)), ("exclude", (0, 0))]
)
def test_missing_metrics(world_twice: Twice, mode: str, share: tuple[float, float]) -> None:
    """A replica without reports gets its share at random, more, or nothing, as the setting says."""
    sick = with_fault(routed(small(rate=6_000), "kv_aware", missing_metrics=mode), "target_lost", "observability",
                      5 * SECOND, target="vllm/chat-pool-1", how="down", ramp=0)  # fmt: skip
    placed = [0, 0, 0]
    seen: dict[int, int] = {}

    def watch(world: World) -> None:
        for pod in stack_of(world).pool.pods:
            assert pod.engine is not None
            now = pod.engine.generated()
            if world.now_us > 15 * SECOND:
                placed[pod.index] += now - seen[pod.index]
            seen[pod.index] = now

    Run(scenario=sick, probes=every(5 * SECOND, 60 * SECOND, watch)).play()
    low, high = share
    assert low <= placed[1] / sum(placed) <= high
    assert world_twice(Run(scenario=sick)).stack.router.status()[1] == "chat-pool-1: no metrics"


def test_without_any_metrics_it_picks_at_random(world_twice: Twice) -> None:
    """After a rename nobody reports; the load is even on average, and nobody is left out."""
    played = world_twice(Run(scenario=routed(renamed(small(rate=6_000)), "kv_aware")))
    assert played.stack.router.status() == [f"chat-pool-{i}: no metrics" for i in range(3)]
    assert min(served(played)) > 60


def test_long_prompts_go_to_the_emptiest(world_twice: Twice) -> None:
    """With length_aware only prompts from the given length on go by reports."""
    sick = stale(small(rate=6_000))
    long_only = world_twice(Run(scenario=routed(sick, "length_aware", long_prompt=100_000)))
    assert served(long_only)[1] > 50
    all_long = world_twice(Run(scenario=routed(sick, "length_aware", long_prompt=1)))
    assert served(all_long)[1] == 0


def with_sessions(scenario: Scenario) -> Scenario:
    """Return the scenario with one tenant, of whose requests each belongs to one of six sessions."""
    return scenario.model_copy(update={"tenants": scenario.tenants[:1]})


def test_sessions_stay_with_their_replica(world_twice: Twice) -> None:
    """With prefix_aware a session's requests go where the last one went, while that reports no more load."""
    homes: dict[int, list[str]] = {}

    def play(policy: str) -> int:
        homes.clear()

        def mark(world: World) -> None:
            stack = stack_of(world)
            choose = stack.router.choose

            def watched(pool, attempt, most_requests, most_tokens):  # type: ignore[no-untyped-def]
                attempt.request.session = attempt.request.index % 6
                pod = choose(pool, attempt, most_requests, most_tokens)
                if pod is not None:
                    homes.setdefault(attempt.request.session, []).append(pod.id)
                return pod

            stack.router.choose = watched  # type: ignore[method-assign]

        scenario = with_sessions(routed(small(rate=4_000), policy, stickiness=1.0))
        Run(scenario=scenario, probes=((-19 * SECOND, mark),)).play()
        return sum(a != b for pods in homes.values() for a, b in pairwise(pods))

    moves, placed = play("prefix_aware"), sum(map(len, homes.values()))
    assert placed > 100
    assert moves <= 6
    assert play("kv_aware") > placed / 3


@pytest.mark.parametrize("policy", REPORTED)
@pytest.mark.parametrize("lie", ["none", "stale", "renamed", "lost"])
def test_telemetry_off_routes_the_same(policy: str, lie: str) -> None:
    """Every policy sees the same reports whether or not anybody else looks: the dyn digests are equal."""
    scenario = routed(small(rate=5_000, duration=40 * SECOND), policy, max_metric_age="15s", long_prompt=300)
    if lie == "stale":
        scenario = stale(scenario)
    elif lie == "renamed":
        scenario = renamed(scenario)
    elif lie == "lost":
        scenario = with_fault(scenario, "target_lost", "observability", 5 * SECOND, target="vllm/chat-pool-1",
                              how="gone", ramp=0)  # fmt: skip
    watched = Run(scenario=scenario, script=((20 * SECOND, "set observability.metric_aliases on"),))
    bare = Run(scenario=scenario, script=watched.script, telemetry=False)
    one, two = watched.play(), bare.play()
    assert [c.dyn for c in one.checkpoints()] == [c.dyn for c in two.checkpoints()]


def test_looking_at_the_router_changes_nothing() -> None:
    """Inspecting what it knows, at any time, leaves both digests as they are."""
    scenario = routed(small(rate=5_000, duration=40 * SECOND), "kv_aware")

    def look(world: World) -> None:
        assert any("unchanged for" in line for line in world.inspect("router"))

    quiet_run = Run(scenario=scenario).play().world
    looked_at = Run(scenario=scenario, probes=every(1_300_000, 40 * SECOND, look)).play().world
    assert (quiet_run.dyn_digest(), quiet_run.tel_digest()) == (looked_at.dyn_digest(), looked_at.tel_digest())
