"""Rows of the gateway and its policies: retry storm, KV exhaustion, long prompts, failover out of the region."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Condition, RootCause, RoutePart, Scenario, Slo

S = 1_000_000
"""Microseconds in a second."""


def shaped(scenario: Scenario, *, client: dict[str, int] | None = None, **workload: Any) -> Scenario:
    """Return the scenario with every tenant's SDK and workload changed."""
    tenants = tuple(
        t.model_copy(update={"client": t.client.model_copy(update=client or {}),
                             "workload": t.workload.model_copy(update=workload)})
        for t in scenario.tenants
    )  # fmt: skip
    return scenario.model_copy(update={"tenants": tenants})


def set_up(scenario: Scenario, component: str, **knobs: Any) -> Scenario:
    """Return the scenario with further starting knobs."""
    now = scenario.overrides.get(component, {})
    return scenario.model_copy(update={"overrides": scenario.overrides | {component: now | knobs}})


def caused_by(scenario: Scenario, component: str, fault: str, removed_when: Condition) -> Scenario:
    """Return the scenario with a standing fault of its configuration as root cause."""
    cause = RootCause(id=fault.replace("_", "-"), component=component, fault=fault, why="It was never guarded.",
                      evidence=((f"inspect:{component}",),), removed_when=removed_when)  # fmt: skip
    return scenario.model_copy(update={"root_causes": (*scenario.root_causes, cause)})


# -- 3: retry storm -----------------------------------------------------------------------------------------

LAYERED = {"attempts": 5, "patience": 8 * S, "backoff": S // 2, "backoff_factor": S, "jitter": S // 10}
"""An application that tries again around an SDK that does: (2 + 1) x 2 tries at most, at a short fixed pause."""


def _storm_world() -> Scenario:
    scenario = shaped(chat(share=0.55, duration=5 * MINUTE), client=LAYERED)
    # a gateway that buffers answers does not notice that a client has gone
    return set_up(scenario, "gateway", cancel_propagation=False)


def _storm() -> Scenario:
    scenario = with_fault(_storm_world(), "traffic_surge", "tenant.storefront", -45 * S, factor=4, lasts="75s")
    return caused_by(scenario, "gateway", "unbounded_retries",
                     Condition(knob="gateway.client_retry_budget", differs="1.0"))  # fmt: skip


_STORM = Case(
    row=3, name="retry storm", sick=_storm, well=_storm_world,
    symptoms=(
        Symptom(text="3 to 6 times as many requests as users make", at_us=4 * MINUTE,
                promql="sum(rate(gateway_requests_total[1m])) > 3 * (sum(rate(gateway_requests_total[1m])) - "
                       "sum(rate(gateway_client_retries_total[1m])))"),
        Symptom(text="the trigger is gone: users ask as often as ever", at_us=4 * MINUTE,
                promql="sum(rate(gateway_requests_total[1m])) - sum(rate(gateway_client_retries_total[1m])) < 35"),
        Symptom(text="goodput is next to nothing", at_us=4 * MINUTE,
                promql='sum(rate(gateway_responses_total{code="200"}[1m])) < 1'),
        Symptom(text="engines are full of abandoned requests", at_us=4 * MINUTE,
                promql="sum(vllm:num_requests_waiting) > 50 and sum(rate(vllm:generation_tokens_total[1m])) > 1000"),
        Symptom(text="clients give up", at_us=4 * MINUTE, logs='svc:gateway code:499'),
    ),
    right=(("60s", "set gateway.client_retry_budget 0.1"), ("62s", "set gateway.cancel_propagation true")),
    wrong=(("60s", "scale chat-pool 5"),), wrong_is="scale out",
)  # fmt: skip

# -- 1: KV exhaustion and preemption thrash -------------------------------------------------------------------

REPORTS: dict[str, Any] = {
    "prompt": ((0, 500), (500_000, 2_000), (1_000_000, 5_000)),
    "output": ((0, 1_000), (500_000, 2_200), (1_000_000, 3_600)), "max_tokens": 4_096,
}  # fmt: skip
"""Reports instead of chat: about 2,300 tokens in, 2,200 out; what is admitted on its prompt alone doubles."""


def _thrash_world() -> Scenario:
    return set_up(shaped(chat(share=0.03, duration=8 * MINUTE), **REPORTS), "chat-pool", max_num_seqs=256)


def _thrash() -> Scenario:
    scenario = with_fault(_thrash_world(), "traffic_surge", "tenant.storefront", -MINUTE, factor=2.0)
    scenario = scenario.model_copy(update={"root_causes": ()})  # a good day of a customer is nobody's fault
    by_tokens = Condition(knob="gateway.admission", equals="tokens")
    return caused_by(scenario, "gateway", "length_blind_admission", by_tokens)


_THRASH = Case(
    row=1, name="KV exhaustion and preemption thrash", sick=_thrash, well=_thrash_world,
    symptoms=(
        Symptom(text="KV caches are full", at_us=5 * MINUTE, promql="avg(vllm:kv_cache_usage_perc) > 0.95"),
        Symptom(text="engines preempt all the time", at_us=5 * MINUTE,
                promql="sum(rate(vllm:num_preemptions_total[1m])) > 0.5"),
        Symptom(text="requests wait in the engines", at_us=5 * MINUTE, promql="sum(vllm:num_requests_waiting) > 30"),
        Symptom(text="fewer answers than when it began, though the GPUs work", at_us=7 * MINUTE,
                promql='(sum(rate(gateway_responses_total{code="200"}[2m])) < 0.9 * '
                       'sum(rate(gateway_responses_total{code="200"}[2m] offset 5m))) and on() '
                       "avg(DCGM_FI_DEV_GPU_UTIL) > 90"),
        Symptom(text="they say so", at_us=5 * MINUTE, logs='"PreemptionMode.RECOMPUTE"'),
    ),
    right=(("30s", "set gateway.max_inflight_tokens 250k"), ("31s", "set gateway.admission tokens"),
           ("32s", "set gateway.queue_timeout 4s")),
    wrong=(("60s", "set chat-pool.max_num_seqs 512"),), wrong_is="raise max_num_seqs to drain the queue",
)  # fmt: skip

# -- 2: long prompts block the head of the line ----------------------------------------------------------------

DOCUMENTS = {"p0": 60_000, "p50": 85_000, "p100": 110_000}
"""Whole books instead of questions."""


def _two_pools() -> Scenario:
    """Return chat on three replicas behind round robin, and a replica for long documents, hardly used."""
    scenario = chat(share=0.3, duration=8 * MINUTE)
    # real times to get a GPU and load the weights: who adds replicas waits for them
    pool = scenario.stack.pools[0].model_copy(update={"provision_time": 6 * MINUTE, "load_time": 75 * S})
    longs = pool.model_copy(update={"id": "long-pool", "knobs": {"replicas": 1}, "gpu_quota": 2})
    routes = (RoutePart(id="chat", pools=(pool.id,)),)
    stack = scenario.stack.model_copy(update={"pools": (pool, longs), "routes": routes})
    scenario = scenario.model_copy(update={"stack": stack})
    engine = {"max_model_len": 131_072, "max_num_batched_tokens": 8_192, "gpu_memory_utilization": 0.55}
    for name in (pool.id, longs.id):
        scenario = set_up(scenario, name, **engine)
    return set_up(scenario, "router", policy="round_robin")


def _documents() -> Scenario:
    scenario = with_fault(_two_pools(), "length_shift", "tenant.newsroom", -MINUTE, share=0.01, prompt=DOCUMENTS)
    # customers may send documents; that nothing keeps them apart is what is wrong
    scenario = scenario.model_copy(update={"root_causes": ()})
    return with_fault(scenario, "length_blind_routing", "gateway", -2 * MINUTE)


_HEAD_OF_LINE = Case(
    row=2, name="long prompts block the line", sick=_documents, well=_two_pools,
    symptoms=(
        Symptom(text="the median first token is fine", at_us=5 * MINUTE,
                promql="histogram_quantile(0.5, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[5m]))) < 1"),
        Symptom(text="the 99th percentile is not", at_us=5 * MINUTE,
                promql="histogram_quantile(0.99, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[5m]))) > 5"),
        Symptom(text="some prompts have more than 50,000 tokens", at_us=5 * MINUTE,
                promql="sum(increase(vllm:request_prompt_tokens_count[5m])) - "
                       'sum(increase(vllm:request_prompt_tokens_bucket{le="50000.0"}[5m])) > 1'),
        Symptom(text="KV caches are not full", at_us=5 * MINUTE, promql="avg(vllm:kv_cache_usage_perc) < 0.8"),
    ),
    right=(("60s", "route prompt_tokens>20000 long-pool"),),
    wrong=(("60s", "scale chat-pool 5"),), wrong_is="add replicas behind round robin",
)  # fmt: skip

# -- 26: data leaves its region by failover -----------------------------------------------------------------------

_RESIDENCY = Slo.model_validate({"id": "residency", "title": "Served in the region of the contract",
                                 "kind": "residency", "objective": "100%", "weight": 10})  # fmt: skip


def _two_regions() -> Scenario:
    """Return two tenants bound to the EU on two replicas there, one in the US on three."""
    scenario = with_slos(chat(share=0.5, duration=8 * MINUTE), _RESIDENCY)
    pool = scenario.stack.pools[0]
    pools = (pool.model_copy(update={"id": "eu-pool", "region": "eu", "knobs": {"replicas": 2}}),
             pool.model_copy(update={"id": "us-pool", "region": "us", "knobs": {"replicas": 3}}))  # fmt: skip
    routes = (RoutePart(id="chat", pools=("us-pool", "eu-pool")),)
    tenants = tuple(
        t.model_copy(update={"region": "us" if t.id == "strategic" else "eu", "resident": t.id != "strategic"})
        for t in scenario.tenants
    )
    overrides = {name: knobs for name, knobs in scenario.overrides.items() if name != pool.id}
    engine = scenario.overrides[pool.id]
    scenario = scenario.model_copy(update={
        "stack": scenario.stack.model_copy(update={"pools": pools, "routes": routes}), "tenants": tenants,
        "overrides": overrides | {"eu-pool": engine, "us-pool": engine},
    })  # fmt: skip
    scenario = set_up(scenario, "gateway", max_inflight_requests=110)
    return set_up(scenario, "route.chat", fallback_pools="any_region", fallback_after="2s")


def _failover() -> Scenario:
    scenario = with_fault(_two_regions(), "gpu_lost", "node-0", -30 * S)
    scenario = scenario.model_copy(update={"root_causes": ()})  # hosts die; where their requests go is a decision
    return caused_by(scenario, "route.chat", "cross_region_fallback",
                     Condition(knob="route.chat.fallback_pools", differs="any_region"))  # fmt: skip


_ABROAD = Case(
    row=26, name="residency breach by failover", sick=_failover, well=_two_regions,
    symptoms=(
        Symptom(text="EU requests are served in the US", at_us=4 * MINUTE,
                promql='sum(rate(gateway_cross_region_requests_total{region="us", tenant_region="eu"}[1m])) > 1'),
        Symptom(text="hardly any request fails, for a host less", at_us=4 * MINUTE,
                promql='(sum(rate(slo_bad_requests_total{slo="availability"}[2m])) < '
                       '0.02 * sum(rate(slo_requests_total{slo="availability"}[2m]))) and on() '
                       'sum(envoy_cluster_membership_healthy{cluster="eu-pool"}) < 2'),
    ),
    right=(("60s", "set route.chat.fallback_pools same_region"), ("61s", "shed tenant=newsroom 60%"),
           ("62s", "scale eu-pool 3"), ("200s", "shed tenant=newsroom 0%")),
    wrong=(("60s", "scale us-pool 4"),), wrong_is="leave it, availability is restored; more room in the US",
)  # fmt: skip

CASES: tuple[Case, ...] = (_STORM, _THRASH, _HEAD_OF_LINE, _ABROAD)
"""The rows of this family."""
