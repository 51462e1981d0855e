"""Rows of caches: prefixes that are no longer shared, answers that belong to others."""

from __future__ import annotations

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Change, Scenario, Slo
from incidentsim.scenario.parts import ResponseCachePart, RoutePart

TEMPLATE = Change(id="chg-71", kind="deploy", target="tenant.storefront", actor="storefront team",
                  summary="prompt template 12: current time added at the top")  # fmt: skip
CLIENT = Change(id="chg-72", kind="deploy", target="response-cache", actor="platform",
                summary="cache client library 5.0.2 to 5.1.0")  # fmt: skip


def templated() -> Scenario:
    """Return the chat world whose largest tenant sends a long template with every prompt, prefix caches on."""
    base = chat(duration=8 * MINUTE)
    pool = base.stack.pools[0].id
    tenants = tuple(
        t.model_copy(update={"workload": t.workload.model_copy(update={"template": 4_800, "rate": 16_000})})
        if t.id == "storefront" else t for t in base.tenants
    )  # fmt: skip
    knobs = base.overrides | {pool: base.overrides[pool] | {"enable_prefix_caching": True}}
    return base.model_copy(update={"tenants": tenants, "overrides": knobs})


def cached() -> Scenario:
    """Return the chat world with an answer cache, and a promise that nobody sees what is not theirs."""
    base = chat(duration=6 * MINUTE)
    routes = (RoutePart(id="chat", stages=("response-cache",), pools=(base.stack.pools[0].id,)),)
    stack = base.stack.model_copy(update={"routes": routes, "components": (ResponseCachePart(id="response-cache"),)})
    privacy = Slo.model_validate({"id": "privacy", "title": "Own data only", "kind": "privacy", "objective": "100%",
                                  "weight": 20})  # fmt: skip
    return with_slos(base.model_copy(update={"stack": stack}), privacy)


CASES = (
    Case(
        row=24, name="prefix-cache collapse", well=templated,
        sick=lambda: with_fault(templated(), "prefix_broken", "tenant.storefront", 0, change=TEMPLATE),
        symptoms=(
            Symptom(text="hits fall while queries go on", at_us=5 * MINUTE,
                    promql="sum(rate(vllm:prefix_cache_hits_total[2m])) / "
                           "sum(rate(vllm:prefix_cache_queries_total[2m])) < 0.2"),
            Symptom(text="first tokens are late", at_us=5 * MINUTE,
                    promql="histogram_quantile(0.9, sum by (le) "
                           "(rate(vllm:time_to_first_token_seconds_bucket[2m]))) > 1"),
        ),
        right=(("1m30s", "rollback chg-71"),),
        wrong=(("1m30s", "set chat-pool.gpu_memory_utilization 0.9"),), wrong_is="more KV cache",
    ),
    Case(
        row=33, name="cross-tenant leak", well=cached,
        sick=lambda: with_fault(cached(), "cache_key_leak", "response-cache", 0, change=CLIENT, share="10%"),
        symptoms=(
            Symptom(text="the integrity check finds answers of others", at_us=5 * MINUTE,
                    promql="increase(response_cache_key_mismatch_total[5m]) > 0"),
            Symptom(text="availability looks fine", at_us=5 * MINUTE,
                    promql='sum(rate(slo_bad_requests_total{slo="availability"}[5m])) / '
                           'sum(rate(slo_requests_total{slo="availability"}[5m])) < 0.01'),
        ),
        right=(("40s", "set response-cache.enabled false"), ("1m", "rollback chg-72")),
        wrong=(("40s", "purge response-cache"),), wrong_is="purge, and keep it up", hurt_at_least=0.3,
    ),
)  # fmt: skip
"""Prefix collapse, leak."""
