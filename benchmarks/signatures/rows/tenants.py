"""Rows of what customers do: a noisy tenant, a runaway agent, history that is never trimmed."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.rows.edge import S, caused_by, set_up
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Change, Client, Condition, RoutePart, Scenario, Slo, Tenant
from incidentsim.scenario.parts import QualityPart

# -- 15: noisy tenant -----------------------------------------------------------------------------------------

NOISY = "strategic"


def one(scenario: Scenario, tenant_id: str, more: dict[str, Any], **workload: Any) -> Scenario:
    """Return the scenario with one tenant's workload changed, and more of it."""
    tenants: list[Tenant] = []
    for t in scenario.tenants:
        changed = t.workload.model_copy(update=workload)
        tenants.append(t.model_copy(update={"workload": changed, **more}) if t.id == tenant_id else t)
    return scenario.model_copy(update={"tenants": tuple(tenants)})


def _shared_world() -> Scenario:
    scenario = chat(share=0.4, duration=8 * MINUTE)
    # documents in bulk, by a client that waits as long as it takes
    client = {"client": Client.model_validate({"attempts": 2, "patience": "90s", "deadline": "4m", "backoff": "2s"})}
    scenario = one(scenario, NOISY, client, rate=260, prompt=((0, 4_000), (500_000, 11_000), (1_000_000, 28_000)))
    scenario = set_up(scenario, "gateway", queue_timeout="60s")
    return set_up(scenario, f"tenant.{NOISY}", token_limit="unlimited")


def _noisy() -> Scenario:
    surge = with_fault(_shared_world(), "traffic_surge", f"tenant.{NOISY}", -30 * S, factor=40, ramp="20s")
    # the surge is the customer's right under its waiver: what is wrong is that nothing bounds it
    return caused_by(surge.model_copy(update={"root_causes": ()}), "organisation", "waiver_without_expiry",
                     Condition(knob=f"tenant.{NOISY}.token_limit", differs="unlimited"))  # fmt: skip


_TOKENS = 'sum(rate(gateway_tokens_total{tenant="strategic"}[1m]))'

_NEIGHBOUR = Case(
    row=15, name="noisy tenant", sick=_noisy, well=_shared_world,
    symptoms=(
        Symptom(text="one tenant holds most of the flow-control queue", at_us=6 * MINUTE,
                promql='inference_extension_flow_control_queue_size{fairness_id="strategic"} > on() '
                       "0.5 * sum(inference_extension_flow_control_queue_size) > 20"),
        Symptom(text="its tokens are 40 times what they were", at_us=3 * MINUTE,
                promql=f"{_TOKENS} > 25 * {_TOKENS.replace('[1m]', '[1m] offset 4m')}"),
        Symptom(text="the others' first tokens are late", at_us=3 * MINUTE,
                promql='sum(rate(slo_bad_requests_total{slo="ttft", tenant!="strategic"}[1m])) > '
                       '0.5 * sum(rate(slo_requests_total{slo="ttft", tenant!="strategic"}[1m]))'),
    ),
    right=(("60s", "limit strategic tokens 500k"), ("62s", "priority strategic batch")),
    wrong=(("60s", "scale chat-pool 5"),), wrong_is="scale out", hurt_at_least=0.93,
)  # fmt: skip

# -- 16: runaway agent ------------------------------------------------------------------------------------------

_ANSWERS = Slo.model_validate({"id": "quality", "title": "Answers are right", "kind": "quality", "objective": "95%"})


def _metered_world() -> Scenario:
    """Return chat on a provider's large model at $10 per million tokens, with a small one at $0.30 beside it."""
    scenario = with_slos(chat(share=0.25), _ANSWERS)
    pool = scenario.stack.pools[0].model_copy(update={"dollars_per_gpu_hour": 0, "dollars_per_million_tokens": 10_000})
    small = pool.model_copy(update={"id": "small-pool", "knobs": {"replicas": 2}, "dollars_per_million_tokens": 300,
                                    "weaker": 100_000})  # fmt: skip
    routes = (RoutePart(id="chat", pools=(pool.id,)),)
    quality = QualityPart(id="quality")
    stack = scenario.stack.model_copy(update={"pools": (pool, small), "routes": routes, "components": (quality,)})
    scenario = scenario.model_copy(update={"stack": stack})
    return set_up(scenario, pool.id, max_num_batched_tokens=4_096)


def _runaway() -> Scenario:
    scenario = with_fault(
        _metered_world(), "runaway_agent", f"tenant.{NOISY}", -MINUTE, loops=4, first_prompt=8_000, max_prompt=22_000,
        growth={"p0": 200, "p50": 900, "p100": 3_000}, output={"p0": 60, "p50": 180, "p100": 500}, pause="300ms",
    )  # fmt: skip
    # the customer's code is the customer's; that a key may spend without end is ours
    scenario = scenario.model_copy(update={"root_causes": ()})
    return caused_by(scenario, f"tenant.{NOISY}", "no_budget",
                     Condition(knob=f"tenant.{NOISY}.max_turns", differs="unlimited"))  # fmt: skip


_SPENDING = "sum(rate(gateway_cost_dollars_total[1m]))"

_RUNAWAY = Case(
    row=16, name="runaway agent", sick=_runaway, well=_metered_world,
    symptoms=(
        Symptom(text="no latency objective is missed", at_us=5 * MINUTE,
                promql='sum(rate(slo_bad_requests_total{slo="ttft"}[2m])) < '
                       '0.05 * sum(rate(slo_requests_total{slo="ttft"}[2m]))'),
        Symptom(text="no request fails", at_us=5 * MINUTE,
                promql='sum(rate(gateway_responses_total{code!="200"}[2m])) < 0.02'),
        Symptom(text="dollars per minute have risen", at_us=5 * MINUTE,
                promql=f"{_SPENDING} > 1.3 * ({_SPENDING.replace('[1m]', '[1m] offset 6m')})"),
        Symptom(text="so have tokens", at_us=5 * MINUTE,
                promql="sum(rate(gateway_billed_tokens_total[1m])) > "
                       "1.3 * sum(rate(gateway_billed_tokens_total[1m] offset 6m))"),
        Symptom(text="the same conversations again and again", at_us=5 * MINUTE, logs="conversation:conv-*"),
    ),
    right=(("60s", "set tenant.strategic.max_turns 20"),),
    wrong=(("60s", "route all small-pool"),), wrong_is="cheaper model for everybody",
)  # fmt: skip

# -- 4: context-window exhaustion, and retries of what can never succeed -----------------------------------------

CHATTY = "storefront"


def _sessions_world() -> Scenario:
    scenario = chat(share=0.2, prelude=3 * MINUTE, duration=8 * MINUTE)
    scenario = one(scenario, CHATTY, {}, rate=1_500, sessions=12, history=3_000, template=600, breathing=0,
                   prompt=((0, 40), (500_000, 160), (1_000_000, 900)))  # fmt: skip
    scenario = set_up(scenario, "chat-pool", max_model_len=16_384)
    scenario = set_up(scenario, f"tenant.{CHATTY}", token_limit="1m")
    return set_up(scenario, "gateway", retry_non_retryable=True, retry_attempts=2)


def _untrimmed() -> Scenario:
    change = Change(id="chg-3004", kind="flag", target=f"tenant.{CHATTY}", actor="shop-team",
                    summary="assistant remembers the whole conversation")  # fmt: skip
    scenario = with_fault(_sessions_world(), "history_not_trimmed", f"tenant.{CHATTY}", -170 * S, change=change)
    return caused_by(scenario, "gateway", "retries_on_4xx",
                     Condition(knob="gateway.retry_non_retryable", equals="false"))  # fmt: skip


_LENGTH = "sum(rate(vllm:request_prompt_tokens_sum[1m])) / sum(rate(vllm:request_prompt_tokens_count[1m]))"

_EXHAUSTED = Case(
    row=4, name="context exhaustion and retried 400s", sick=_untrimmed, well=_sessions_world,
    symptoms=(
        Symptom(text="answers of 400", at_us=6 * MINUTE,
                promql='sum(rate(gateway_responses_total{code="400"}[1m])) > 0.2'),
        Symptom(text="which are retried", at_us=6 * MINUTE,
                promql="sum(rate(gateway_client_retries_total[1m])) > 0.1 and on() "
                       "sum(rate(envoy_cluster_upstream_rq_retry[1m])) > 0.2"),
        Symptom(text="prompts creep up to the limit", at_us=4 * MINUTE,
                promql=f"{_LENGTH} > 1.5 * ({_LENGTH.replace('[1m]', '[1m] offset 6m')})"),
        Symptom(text="answers are cut off by the context", at_us=8 * MINUTE,
                promql='sum(increase(vllm:request_success_total{finished_reason="length"}[5m])) > 0'),
        Symptom(text="the message", at_us=6 * MINUTE, logs="code:400"),
    ),
    right=(("60s", "set gateway.retry_non_retryable false"), ("61s", "rollback chg-3004")),
    wrong=(("60s", "set chat-pool.max_model_len 65536"),), wrong_is="raise max_model_len",
)  # fmt: skip

CASES: tuple[Case, ...] = (_NEIGHBOUR, _RUNAWAY, _EXHAUSTED)
"""The rows of this family."""
