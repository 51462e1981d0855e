"""Rows of what prompts pass before a model: an attack on a guardrail that fails open, a leak in preprocessing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.rows.edge import S, set_up
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Change, RoutePart, Scenario, Slo
from incidentsim.scenario.parts import GuardrailPart, PreprocessingPart

# -- 17: a wave of injections, and a guardrail that fails open ------------------------------------------------

SAFETY = Slo.model_validate({"id": "safety", "title": "No attack gets through", "kind": "safety",
                             "objective": "99.5%", "weight": 5})  # fmt: skip

WAVE: dict[str, Any] = {"rate": 3, "prompt": {"p0": 1_500, "p50": 2_600, "p100": 5_000},
                        "output": {"p0": 40, "p50": 160, "p100": 500}}  # fmt: skip
"""Three injections a second through the storefront's public assistant; longer than what its shoppers write."""


def _attacked() -> Scenario:
    """Return chat whose public route passes a guardrail that fails open, and blocks a wave of injections so far."""
    base = with_slos(chat(share=0.25, duration=8 * MINUTE), SAFETY)
    pool = base.stack.pools[0].id
    routes = (RoutePart(id="chat", pools=(pool,)),
              RoutePart(id="public", path="/v1/public/chat", stages=("guardrail",), pools=(pool,)))  # fmt: skip
    tenants = tuple(
        t.model_copy(update={"workload": t.workload.model_copy(update={"routes": {"public": 1_000_000}})})
        if t.id == "storefront" else t for t in base.tenants
    )  # fmt: skip
    stack = base.stack.model_copy(update={"routes": routes, "components": (GuardrailPart(id="guardrail"),)})
    base = set_up(base.model_copy(update={"stack": stack, "tenants": tenants}), "guardrail", audit_sampling=0.2)
    base = set_up(base, "observability", access_log_sampling=0.05)
    # attackers come and go; that what should stop them lets them pass is what is wrong
    return with_fault(base, "injection_wave", "tenant.storefront", -110 * S, **WAVE).model_copy(
        update={"root_causes": ()}
    )


def _unchecked() -> Scenario:
    return with_fault(_attacked(), "guardrail_credential_expired", "guardrail", 0)


_BLOCKED = 'sum(rate(guardrail_requests_total{verdict="blocked"}[1m]))'

FAILS_OPEN = Case(
    row=17, name="injection wave, guardrail fails open", sick=_unchecked, well=_attacked,
    symptoms=(
        Symptom(text="calls of the guardrail fail", promql="sum(rate(guardrail_errors_total[1m])) > 1",
                at_us=2 * MINUTE),
        Symptom(text="its block rate falls to nothing", at_us=2 * MINUTE,
                promql=f"{_BLOCKED} == 0 and on() {_BLOCKED.replace('[1m]', '[1m] offset 2m')} > 1"),
        Symptom(text="the safety audit flags answers", at_us=4 * MINUTE,
                promql="sum(increase(safety_audit_harmful_total[3m])) > 20"),
        Symptom(text="availability is green", at_us=4 * MINUTE,
                promql='sum(rate(slo_bad_requests_total{slo="availability"}[3m])) / '
                       'sum(rate(slo_requests_total{slo="availability"}[3m])) < 0.01'),
        Symptom(text="another network than the tenant's is answered", at_us=4 * MINUTE,
                logs="asn:AS64510 code:200"),
        Symptom(text="the gateway says why", at_us=2 * MINUTE, logs='"token is expired"'),
    ),
    right=(("60s", "set guardrail.mode fail_closed"), ("61s", "shed prompt_tokens>1500 100%"),
           ("62s", "set guardrail.credential_version 2"), ("90s", "shed prompt_tokens>1500 0%"),
           ("90s", "set guardrail.mode fail_open")),
    wrong=(("60s", "set guardrail.mode off"),), wrong_is="switch the guardrail off, which only costs latency",
)  # fmt: skip


# -- 18: memory leaks in preprocessing ------------------------------------------------------------------------

LIBRARY = Change(id="chg-81", kind="deploy", target="preprocessing", actor="search team",
                 summary="document cleaning library 3.1 to 3.2")  # fmt: skip


def _cleaned() -> Scenario:
    """Return chat whose prompts are cleaned first, on four workers that share a host and are just enough."""
    base = chat(duration=8 * MINUTE)
    part = PreprocessingPart.model_validate({"id": "preprocessing", "service_time": "130ms", "restart_time": "40s",
                                             "host_memory": 9_216})  # fmt: skip
    routes = (RoutePart(id="chat", stages=("preprocessing",), pools=(base.stack.pools[0].id,)),)
    return base.model_copy(update={"stack": base.stack.model_copy(update={"routes": routes, "components": (part,)})})


def _leaking() -> Scenario:
    return with_fault(_cleaned(), "preprocessing_leak", "preprocessing", -2 * MINUTE, change=LIBRARY,
                      kib_per_request=2_400)  # fmt: skip


_MEMORY = 'container_memory_working_set_bytes{pod=~"preprocessing-.*"}'
_RESTARTS = 'kube_pod_container_status_restarts_total{pod=~"preprocessing-.*"}'

LEAK = Case(
    row=18, name="memory leak in preprocessing", sick=_leaking, well=_cleaned,
    symptoms=(
        Symptom(text="memory of the workers is a saw-tooth", at_us=7 * MINUTE,
                promql=f"min(resets({_MEMORY}[8m])) >= 2 and on() max(max_over_time({_MEMORY}[8m])) > 1.8e9"),
        Symptom(text="they restart again and again", at_us=7 * MINUTE, promql=f"min(increase({_RESTARTS}[7m])) > 1.5"),
        Symptom(text="GPUs idle meanwhile", at_us=7 * MINUTE,
                promql="min(min_over_time(DCGM_FI_DEV_GPU_UTIL[6m])) < 20 and on () "
                       "min(max_over_time(DCGM_FI_DEV_GPU_UTIL[6m])) > 80"),
        Symptom(text="requests queue when it happens, and not in between", at_us=7 * MINUTE,
                promql="max_over_time(preprocessing_queue_depth[6m]) > 100 and "
                       "min_over_time(preprocessing_queue_depth[6m]) < 5"),
        Symptom(text="GPU memory is flat", at_us=7 * MINUTE,
                promql="max(max_over_time(DCGM_FI_DEV_FB_USED[6m]) - min_over_time(DCGM_FI_DEV_FB_USED[6m])) < 64"),
        Symptom(text="the kernel kills them", logs='"Memory cgroup out of memory" preprocess', at_us=7 * MINUTE),
    ),
    right=(("60s", "set preprocessing.recycle_at 60%"), ("90s", "rollback chg-81")),
    wrong=(("60s", "set preprocessing.memory_limit 4096"),), wrong_is="raise the limit, on a host without more memory",
)  # fmt: skip

BLAMED = replace(LEAK, name="memory leak, vLLM blamed", wrong=(("120s", "restart chat-pool"),),
                 wrong_is="restart the pool", extra=True)  # fmt: skip

CASES = (FAILS_OPEN, LEAK, BLAMED)
"""The rows of this family."""
