"""Guardrail and preprocessing: verdicts, what happens without one, memory and kills."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from incidentsim.scenario.model import Scenario, Slo
from incidentsim.scenario.parts import PreprocessingPart, RoutePart
from incidentsim.world.stack.stages.preprocessing import Preprocessing
from tests.world.conftest import Twice
from tests.world.test_observability import watched
from tests.world.worlds import SECOND, Played, Run, complete, overridden, small, values, with_fault


def guarded(rate: int = 4_000) -> Scenario:
    """Return the small world with everything on its way, and a safety objective."""
    scenario = complete(small(rate=rate))
    safety = Slo.model_validate({"id": "safety", "title": "Safe", "kind": "safety", "objective": "99%"})
    stack = scenario.stack
    routes = (RoutePart(id="chat", stages=("guardrail", "preprocessing"), pools=(stack.pools[0].id,)),)
    return scenario.model_copy(update={"slos": (*scenario.slos, safety),
                                       "stack": stack.model_copy(update={"routes": routes})})  # fmt: skip


def verdicts(played: Played) -> dict[str, float]:
    """Return the last count of each verdict."""
    names = ("allowed", "blocked", "unchecked", "refused", "reviewed")
    return {v: values(played.world, "guardrail_requests_total", verdict=v)[-1] for v in names}


def bad(played: Played, slo: str) -> int:
    """Return the bad requests of an objective."""
    return sum(c[1] for key, c in played.world.sli().items() if key.startswith(f"{slo}/"))


def test_honest_requests_pass(world_twice: Twice) -> None:
    """Nearly all ordinary requests are allowed, and none fails."""
    played = world_twice(Run(scenario=guarded()))
    seen = verdicts(played)
    assert seen["allowed"] > 500
    assert seen["blocked"] < 0.01 * seen["allowed"]
    assert seen["unchecked"] == seen["refused"] == 0


@pytest.mark.parametrize(("mode", "passes"), [("fail_open", True), ("fail_closed", False)])
def test_an_expired_credential_means_what_the_mode_says(world_twice: Twice, mode: str, passes: bool) -> None:
    """Without a verdict requests pass unchecked when failing open, and get 503 when failing closed."""
    sick = with_fault(guarded(), "guardrail_credential_expired", "guardrail", SECOND, ramp=0)
    played = world_twice(Run(scenario=overridden(sick, "guardrail", mode=mode)))
    seen = verdicts(played)
    assert (seen["unchecked"] > 300) is passes
    assert (seen["refused"] > 300) is not passes
    assert (bad(played, "availability") > 100) is not passes
    assert played.messages("token is expired")


def test_a_new_credential_is_the_cure(world_twice: Twice) -> None:
    """Issuing a newer credential version removes the fault; blocking works again."""
    sick = with_fault(guarded(), "guardrail_credential_expired", "guardrail", SECOND, ramp=0)
    played = world_twice(Run(scenario=sick, script=((10 * SECOND, "set guardrail.credential_version 2"),)))
    assert all(f.removed for f in played.stack.faults.values())
    unchecked = values(played.world, "guardrail_requests_total", verdict="unchecked")
    assert unchecked[-1] == unchecked[-5]


def test_too_slow_a_classifier_is_not_waited_for(world_twice: Twice) -> None:
    """When the queue is longer than the timeout, verdicts are missing and the delay is at most the timeout."""
    sick = with_fault(guarded(20_000), "guardrail_slow", "guardrail", SECOND, slowdown=40_000_000, ramp=0)
    played = world_twice(Run(scenario=sick))
    assert verdicts(played)["unchecked"] > 500
    assert values(played.world, "guardrail_errors_total", reason="deadline_exceeded")[-1] > 500


def test_overblocking_harms_honest_users(world_twice: Twice) -> None:
    """Scores shifted upwards block honest requests, which counts against safety and availability."""
    sick = with_fault(guarded(), "guardrail_overblocking", "guardrail", SECOND, shift=700_000, ramp=0)
    played = world_twice(Run(scenario=sick))
    assert verdicts(played)["blocked"] > 30
    assert bad(played, "safety") > 30
    assert bad(played, "availability") > 30


def workers(played: Played) -> Preprocessing:
    """Return the preprocessing workers."""
    found = played.stack.components["preprocessing"]
    assert isinstance(found, Preprocessing)
    return found


def test_a_leak_ends_in_kills_and_recycling_avoids_them(world_twice: Twice) -> None:
    """Memory saw-tooths, workers are killed at the limit and lose a request; recycled in time, none is lost."""
    two = overridden(guarded(), "preprocessing", workers=2)
    sick = with_fault(two, "preprocessing_leak", "preprocessing", -19 * SECOND, kib_per_request=5_000, ramp=0)
    killed = world_twice(Run(scenario=sick))
    assert killed.messages("Memory cgroup out of memory")
    assert max(values(killed.world, "kube_pod_container_status_restarts_total", pod="preprocessing-0")) >= 1
    recycled = world_twice(Run(scenario=overridden(sick, "preprocessing", recycle_at="50%")))
    assert not recycled.messages("Memory cgroup out of memory")
    assert workers(recycled).up() >= 1


def test_a_raised_limit_does_not_make_the_host_larger(world_twice: Twice) -> None:
    """Where the host's memory is used up the largest worker is evicted, and is not back for five minutes."""
    two = overridden(guarded(), "preprocessing", workers=2, memory_limit=8_192)
    part = PreprocessingPart(id="preprocessing", host_memory=2_048)
    others = tuple(c for c in two.stack.components if c.id != "preprocessing")
    small_host = two.model_copy(update={"stack": two.stack.model_copy(update={"components": (*others, part)})})
    leak = partial(with_fault, kind="preprocessing_leak", component="preprocessing", at_us=-19 * SECOND, ramp=0)
    evicted = world_twice(Run(scenario=leak(small_host, kib_per_request=20_000)))
    assert len(evicted.messages("The node was low on resource: memory")) == 2
    assert not evicted.messages("Memory cgroup out of memory")
    assert workers(evicted).up() == 0
    assert not world_twice(Run(scenario=leak(two, kib_per_request=20_000))).messages("low on resource")


def test_attackers_are_no_users(world_twice: Twice) -> None:
    """Blocked attacks count against no objective of users; those that get through count against safety."""
    lengths = ((0, 20), (1_000_000, 60))
    wave: dict[str, Any] = {"rate": 4_000_000, "prompt": lengths, "output": lengths}
    attacked = with_fault(guarded(), "injection_wave", "tenant.storefront", SECOND, ramp=0, **wave)
    calm, blocked = world_twice(Run(scenario=guarded())), world_twice(Run(scenario=attacked))
    opened = world_twice(Run(scenario=overridden(attacked, "guardrail", mode="off")))
    assert verdicts(blocked)["blocked"] > 100 + verdicts(calm)["blocked"]
    assert bad(blocked, "availability") < 10 + bad(calm, "availability")
    assert bad(opened, "safety") > 60 + bad(blocked, "safety")


def test_long_inputs_are_refused_at_the_cap(world_twice: Twice) -> None:
    """Beyond input_cap a request gets 413 and is not tried again."""
    played = world_twice(Run(scenario=overridden(guarded(), "preprocessing", input_cap="300")))
    assert sum(values(played.world, "gateway_responses_total", tenant=t, code="413")[-1]
               for t in ("strategic", "storefront", "newsroom")) > 100  # fmt: skip
    assert values(played.world, "gateway_client_retries_total", tenant="storefront")[-1] == 0


def test_cpu_steal_makes_a_queue(world_twice: Twice) -> None:
    """With less CPU the workers can't keep up and requests wait."""
    sick = with_fault(guarded(8_000), "cpu_steal", "preprocessing", 0, slowdown=60_000_000, ramp=0)
    played = world_twice(Run(scenario=sick))
    assert max(values(played.world, "preprocessing_queue_depth")) > 20


def test_verdicts_take_as_long_as_they_take(world_twice: Twice) -> None:
    """The time to a verdict, in the metric and in traces, has the wait for the classifier and its slowness in it."""
    times = []
    for slowdown in (None, 6_000_000):
        scenario = watched(guarded(), trace_sampling=1_000_000)
        if slowdown:
            scenario = with_fault(scenario, "guardrail_slow", "guardrail", -20 * SECOND, slowdown=slowdown, ramp=0)
        played = world_twice(Run(scenario=scenario))
        whole, count = (values(played.world, f"guardrail_latency_seconds_{part}")[-1] for part in ("sum", "count"))
        traces = played.world.spans.slowest(0, 2_000)
        spans = [s.end_us - s.start_us for trace in traces for s in trace.spans if s.name == "guardrail"]
        times.append((whole / count, sum(spans) / len(spans) / SECOND))
    (metric, span), (slow_metric, slow_span) = times
    assert span == pytest.approx(metric, rel=0.2)
    assert slow_metric > 5 * metric
    assert slow_span > 5 * span
