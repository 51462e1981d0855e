"""Rows of the platform below the pools: control plane, weights registry. All need pods that come up, or names."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault
from incidentsim.scenario.model import Change, Scenario
from incidentsim.scenario.parts import ControlPlanePart, RegistryPart

BROKEN = -110_000_000
"""When the platform breaks: ten seconds after the beginning."""


def _growing(part: ControlPlanePart | RegistryPart, **fields: Any) -> Scenario:
    """Return three replicas too few for their load, an autoscaler that sees it, and a platform part."""
    base = chat(share=0.3)
    stack = base.stack
    name = stack.pools[0].id
    pool = stack.pools[0].model_copy(update={"gpu_quota": 6} | fields)
    scaler = {"enabled": True, "metric": "queue_size", "target_queue_size": 8, "min_replicas": 3, "max_replicas": 6,
              "cooldown": "60s"}  # fmt: skip
    return base.model_copy(update={
        "stack": stack.model_copy(update={"pools": (pool,), "components": (part,)}),
        "overrides": base.overrides | {name: base.overrides[name] | {"max_num_seqs": 12}, "autoscaler": scaler},
    })  # fmt: skip


# -- 25: a certificate that expired ---------------------------------------------------------------------------


def _growing_cluster() -> Scenario:
    return _growing(ControlPlanePart(id="control-plane"))


def _expired() -> Scenario:
    return with_fault(_growing_cluster(), "webhook_cert_expired", "control-plane", BROKEN)


CERTIFICATE = Case(
    row=25, name="certificate of the admission webhook expired", sick=_expired, well=_growing_cluster,
    symptoms=(
        Symptom(text="serving replicas are fine", promql="inference_pool_ready_pods >= 3", at_us=2 * MINUTE),
        Symptom(text="scale-out is stuck", at_us=2 * MINUTE,
                promql="max(kube_horizontalpodautoscaler_status_desired_replicas) > "
                       "max(max_over_time(inference_pool_ready_pods[3m]))"),
        Symptom(text="calls of the webhook fail", at_us=2 * MINUTE,
                promql="sum(increase(apiserver_admission_webhook_rejection_count[3m])) > 0"),
        Symptom(text="x509 lines for new pods", logs='"x509: certificate has expired"', at_us=2 * MINUTE),
    ),
    right=(("90s", "set control-plane.webhook_certificate watched"),),
    wrong=(("90s", "restart chat-pool"),),
    wrong_is="restart everything",
)  # fmt: skip


# -- 31: telemetry agents saturate the API servers ------------------------------------------------------------


def _cluster() -> Scenario:
    base = chat()
    stack = base.stack.model_copy(update={"components": (ControlPlanePart(id="control-plane"),)})
    return base.model_copy(update={"stack": stack})


def _agents() -> Scenario:
    change = Change(id="chg-79", kind="deploy", target="control-plane", actor="observability team",
                    summary="telemetry agent on every host of the fleet")  # fmt: skip
    return with_fault(_cluster(), "telemetry_agent_overload", "control-plane", -MINUTE, change=change,
                      requests=20_000, ramp="60s")  # fmt: skip


AGENTS = Case(
    row=31, name="telemetry rollout takes the control plane down", sick=_agents, well=_cluster,
    symptoms=(
        Symptom(text="engines answer and are up", promql='sum(up{job="vllm"}) == 3', at_us=4 * MINUTE),
        Symptom(text="API servers refuse requests", at_us=2 * MINUTE,
                promql='sum(rate(apiserver_request_total{code="429"}[1m])) > '
                       'sum(rate(apiserver_request_total{code="200"}[1m]))'),
        Symptom(text="name look-ups fail as caches expire", at_us=4 * MINUTE,
                promql='increase(coredns_dns_responses_total{rcode="SERVFAIL"}[3m]) > 0'),
        Symptom(text="the gateway loses replicas one after the other", at_us=4 * MINUTE,
                promql="envoy_cluster_membership_healthy < max_over_time(envoy_cluster_membership_healthy[5m])"),
        Symptom(text="the DNS says so", logs="svc:coredns \"i/o timeout\"", at_us=4 * MINUTE),
    ),
    right=(("90s", "set control-plane.agent_request_limit 500"), ("100s", "rollback chg-79")),
    wrong=(("90s", "restart chat-pool"),),
    wrong_is="restart the pods",
)  # fmt: skip


# -- further material: a registry that throttles --------------------------------------------------------------


def _fetching() -> Scenario:
    return _growing(RegistryPart(id="registry"))


def _throttled() -> Scenario:
    return with_fault(_fetching(), "registry_throttled", "registry", BROKEN)


THROTTLED = Case(
    row=0, extra=True, name="weights registry throttles: scale-out can't load", sick=_throttled, well=_fetching,
    symptoms=(
        Symptom(text="the registry answers 429", promql="increase(weights_registry_throttled_total[4m]) > 2",
                at_us=3 * MINUTE),
        Symptom(text="new replicas crash-loop", at_us=3 * MINUTE,
                promql='sum(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}) > 0'),
        Symptom(text="their log says why", logs='"429 Client Error: Too Many Requests"', at_us=3 * MINUTE),
        Symptom(text="the pool stays small", promql="max_over_time(inference_pool_ready_pods[4m]) == 3",
                at_us=3 * MINUTE),
    ),
    right=(("90s", "set registry.source mirror"),),
    wrong=(("90s", "scale chat-pool 6"),),
    wrong_is="scale out further",
)  # fmt: skip


CASES = (CERTIFICATE, AGENTS, THROTTLED)
"""The rows of this family."""
