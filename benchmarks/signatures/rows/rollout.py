"""Rows of rollouts: what comes with an image, weights or a tokenizer, and a pool that scales too hastily."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Change, Condition, RoutePart, Scenario, Slo
from incidentsim.scenario.parts import QualityPart

QUALITY = Slo.model_validate({"id": "quality", "title": "Answers that help", "kind": "quality", "objective": "95%"})

DEPLOYED = -MINUTE
"""When the new revision is rolled out: a minute before the page."""


def _world(
    *, pool: dict[str, Any] | None = None, without: tuple[str, ...] = (), share: float = 0.375, **knobs: Any
) -> Scenario:  # fmt: skip
    """Return the small chat world with answers judged, fields of its pool and its knobs changed."""
    base = chat(share=share)
    stack = base.stack
    name = stack.pools[0].id
    own = {k: v for k, v in (base.overrides[name] | knobs).items() if k not in without}
    changed = base.model_copy(update={
        "stack": stack.model_copy(update={
            "pools": (stack.pools[0].model_copy(update=pool or {}),), "components": (QualityPart(id="quality"),),
        }),
        "overrides": base.overrides | {name: own, "quality": {"audit_sampling": 0.05}},
    })  # fmt: skip
    return with_slos(changed, QUALITY)


def _deploy(summary: str, **what: Any) -> Change:
    return Change(id="chg-77", kind="deploy", target="chat-pool", actor="deploy-bot", summary=summary, **what)


# -- 5: an upgrade whose default does not fit -----------------------------------------------------------------


def _packed_card() -> Scenario:
    return _world(pool={"other_gpu_memory": 420_000}, without=("max_num_seqs",))


def _startup_oom() -> Scenario:
    return with_fault(_packed_card(), "startup_oom", "chat-pool", DEPLOYED, change=_deploy("runtime image update"))


OOM = Case(
    row=5, name="upgrade default runs out of memory at start", sick=_startup_oom, well=_packed_card,
    symptoms=(
        Symptom(text="pods crash-loop right after the deploy", at_us=3 * MINUTE,
                promql='sum(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}) > 0'),
        Symptom(text="restarts go up", promql="sum(increase(kube_pod_container_status_restarts_total[4m])) > 2",
                at_us=3 * MINUTE),
        Symptom(text="no frame buffer is free while they warm up", at_us=3 * MINUTE,
                promql="min_over_time(DCGM_FI_DEV_FB_FREE[4m]) < 100"),
        Symptom(text="the log names the dummy requests", at_us=3 * MINUTE,
                logs='"CUDA out of memory" "warming up sampler with 1024 dummy requests"'),
    ),
    right=(("60s", "set chat-pool.max_num_seqs 96"),),
    wrong=(("60s", "set chat-pool.gpu_memory_utilization 0.57"),),
    wrong_is="gpu_memory_utilization up",
)  # fmt: skip


# -- 6: a canary that behaves badly ---------------------------------------------------------------------------


def _split() -> Scenario:
    """Return two replicas that serve, and a canary pool of one that gets a third of the requests."""
    base = _world()
    stable = base.stack.pools[0].model_copy(update={"knobs": {"replicas": 2}})
    canary = stable.model_copy(update={"id": "canary-pool", "knobs": {"replicas": 1}})
    routes = (RoutePart(id="chat", pools=(stable.id, canary.id), canary=canary.id),)
    stack = base.stack.model_copy(update={"pools": (stable, canary), "routes": routes})
    knobs = {canary.id: base.overrides[stable.id], "route.chat": {"canary_share": 0.33}}
    return base.model_copy(update={"stack": stack, "overrides": base.overrides | knobs})


def _canary() -> Scenario:
    change = _deploy("weights r2 as a canary, offline evaluation passed", revisions={"weights": "r2"})
    change = change.model_copy(update={"target": "canary-pool"})
    return with_fault(_split(), "behaviour_regression", "canary-pool", DEPLOYED, change=change, share="60%")


THUMBS_DOWN = ("sum by (pool) (rate(feedback_thumbs_down_total[3m])) / "
               "sum by (pool) (rate(quality_audited_answers_total[3m]))")  # fmt: skip
"""Votes per answer that is audited: of both, users and the audit take the same share everywhere."""

CANARY = Case(
    row=6, name="bad canary, offline evaluation fine", sick=_canary, well=_split,
    symptoms=(
        Symptom(text="first tokens are on time", at_us=4 * MINUTE,
                promql="histogram_quantile(0.95, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[3m])))"
                       " < 2.5"),
        Symptom(text="no errors", at_us=4 * MINUTE,
                promql='sum(rate(envoy_cluster_upstream_rq_xx{response_code_class="5"}[3m])) < 0.05'),
        Symptom(text="thumbs go down on the canary only", at_us=4 * MINUTE,
                promql=f'({THUMBS_DOWN} and on (pool) feedback_thumbs_down_total{{pool="canary-pool"}}) '
                       f'> on () 3 * ({THUMBS_DOWN} and on (pool) feedback_thumbs_down_total{{pool="chat-pool"}})'),
        Symptom(text="so do flags of the audit", at_us=4 * MINUTE,
                promql='sum(increase(quality_audit_flags_total{reason="behaviour", pool="canary-pool"}[3m])) > 2 '
                       'unless sum(increase(quality_audit_flags_total{reason="behaviour", pool="chat-pool"}[3m])) > 2'),
    ),
    right=(("60s", "canary canary-pool 0%"), ("61s", "rollback chg-77")),
    wrong=(("60s", "canary canary-pool 100%"),),
    wrong_is="roll it out to all: offline evaluation is fine",
)  # fmt: skip


# -- 7: garbage tokens from one GPU configuration -------------------------------------------------------------


def _corruption() -> Scenario:
    change = _deploy("runtime image with new attention kernels")
    return with_fault(_world(), "numeric_corruption", "chat-pool", DEPLOYED, change=change, hosts=2)


OUTPUT_TOKENS = ("sum by (engine) (rate(vllm:request_generation_tokens_sum[2m])) / "
                 "sum by (engine) (rate(vllm:request_generation_tokens_count[2m]))")  # fmt: skip

CORRUPTION = Case(
    row=7, name="numeric corruption: garbage tokens", sick=_corruption, well=_world,
    symptoms=(
        Symptom(text="requests are answered with 200", at_us=5 * MINUTE,
                promql='sum(rate(envoy_cluster_upstream_rq_xx{response_code_class="2"}[2m])) > 5'),
        Symptom(text="output entropy is up on some replicas only", at_us=5 * MINUTE,
                promql="max(llm_output_entropy_nats) > 2 * min(llm_output_entropy_nats)"),
        Symptom(text="answers grow on those", at_us=5 * MINUTE,
                promql=f"max({OUTPUT_TOKENS}) > 2 * min({OUTPUT_TOKENS})"),
        Symptom(text="the audit finds garbled text", at_us=5 * MINUTE,
                promql='sum(increase(quality_audit_flags_total{reason="garbled"}[3m])) > 2'),
    ),
    right=(("120s", "rollback chg-77"),),
    wrong=(("120s", "restart chat-pool"),),
    wrong_is="restart the pool",
)  # fmt: skip


# -- 9: a tokenizer of other weights --------------------------------------------------------------------------


def _tokenizer() -> Scenario:
    change = _deploy("tokenizer r2, paused after the first replica", revisions={"tokenizer": "r2"}, pods=1)
    return with_fault(_world(), "tokenizer_mismatch", "chat-pool", DEPLOYED, change=change)


PROMPT_TOKENS = OUTPUT_TOKENS.replace("generation", "prompt")
LENGTH = ('sum by (engine) (rate(vllm:request_success_total{finished_reason="length"}[2m])) / '
          "sum by (engine) (rate(vllm:request_success_total[2m]))")  # fmt: skip

TOKENIZER = Case(
    row=9, name="tokenizer and weights differ", sick=_tokenizer, well=_world,
    symptoms=(
        Symptom(text="tokens per request shift on one replica", at_us=4 * MINUTE,
                promql=f"max({PROMPT_TOKENS}) > 1.2 * min({PROMPT_TOKENS})"),
        Symptom(text="its answers end for their length", promql=f"max({LENGTH}) > 0.2", at_us=4 * MINUTE),
        Symptom(text="those of others do not", promql=f"min({LENGTH}) < 0.05", at_us=4 * MINUTE),
        Symptom(text="the audit finds garbled text", at_us=4 * MINUTE,
                promql='sum(increase(quality_audit_flags_total{reason="garbled"}[3m])) > 2'),
    ),
    right=(("60s", "pin chat-pool tokenizer=r1"),),
    wrong=(("60s", "restart chat-pool"),),
    wrong_is="restart: every replica then takes the new tokenizer",
)  # fmt: skip


# -- 22: an autoscaler that is quicker than a cold start ------------------------------------------------------

STEADY = {"enabled": True, "metric": "queue_size", "target_queue_size": 20, "min_replicas": 4, "max_replicas": 6,
          "cooldown": "60s"}  # fmt: skip
"""Steers by the engines' queues, five minutes of patience downwards, never below what the day needs."""

HASTY: dict[str, str | int | float | bool] = {
    "autoscaler.min_replicas": 2, "autoscaler.scale_down_window": "0s", "autoscaler.cooldown": "30s",
}  # fmt: skip
"""A cooldown of 30 s and no window, where a replica takes about 105 s to come up."""


def _steady() -> Scenario:
    pool = {"gpu_quota": 6, "load_time": 85_000_000, "provision_time": 20_000_000, "knobs": {"replicas": 4}}
    base = _world(pool=pool, share=0.25, max_num_seqs=16)
    return base.model_copy(update={"overrides": base.overrides | {"autoscaler": STEADY}})


def _flapping() -> Scenario:
    change = Change(id="chg-78", kind="config", target="autoscaler", actor="platform", sets=HASTY,
                    summary="autoscaler follows demand at once, to save GPU hours")  # fmt: skip
    patient = Condition(knob="autoscaler.scale_down_window", differs="0s")
    return with_fault(_steady(), "hasty_scaling", "autoscaler", DEPLOYED, change=change, removed_when=patient)


DESIRED = "kube_horizontalpodautoscaler_status_desired_replicas"
QUEUE = "inference_pool_average_queue_size"

FLAPPING = Case(
    row=22, name="autoscaler flaps, cold starts", sick=_flapping, well=_steady,
    symptoms=(
        Symptom(text="desired replicas go up and down", at_us=8 * MINUTE,
                promql=f"max_over_time({DESIRED}[4m]) - min_over_time({DESIRED}[4m]) >= 3"),
        Symptom(text="they did so before, too", at_us=8 * MINUTE,
                promql=f"max_over_time({DESIRED}[4m] offset 4m) - min_over_time({DESIRED}[4m] offset 4m) >= 3"),
        Symptom(text="the queue is a saw-tooth", at_us=8 * MINUTE,
                promql=f"max_over_time({QUEUE}[6m]) > 50 and min_over_time({QUEUE}[6m]) < 2"),
        Symptom(text="replicas are killed while they load", logs='"scaled in while loading"', at_us=9 * MINUTE),
    ),
    right=(("120s", "set autoscaler.scale_down_window 300s"), ("121s", "set autoscaler.min_replicas 4"),
           ("122s", "set autoscaler.protect_loading true")),
    wrong=(("120s", "set autoscaler.cooldown 0s"),),
    wrong_is="no cooldown, so that it reacts faster",
)  # fmt: skip


CASES = (OOM, CANARY, CORRUPTION, TOKENIZER, FLAPPING)
"""The rows of this family."""
