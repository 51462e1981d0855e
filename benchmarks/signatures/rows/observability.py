"""Rows 27 to 30: what is reported differs from what is so; and thrash (row 1) behind a renamed gauge."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.rows.hardware import OFF_THE_BUS
from benchmarks.signatures.worlds import MINUTE, chat, with_fault
from incidentsim.scenario.model import Change, Condition, RootCause, Scenario, TimelineEntry

NEW_NAME, OLD_NAME = "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"
"""The KV gauge after and before vLLM V1."""


def _tuned(scenario: Scenario, **overrides: dict[str, Any]) -> Scenario:
    """Return the scenario with further starting knobs by component; dashes are written as underscores."""
    merged = dict(scenario.overrides)
    for component, knobs in overrides.items():
        name = component.replace("_", "-")
        merged[name] = {**merged.get(name, {}), **knobs}
    return scenario.model_copy(update={"overrides": merged})


# -- 27: a gauge that stands still, and a router that believes it ------------------------------------------------


def _trusting() -> Scenario:
    """Three replicas two thirds loaded, behind a router that goes by reported KV usage; no GPU beyond them.

    The gateway lets engines queue, so that what two of them can't take does not spill over to the third.
    """
    base = _tuned(
        chat(share=0.65, duration=7 * MINUTE), router={"policy": "kv_aware"}, gateway={"max_inflight_requests": 400}
    )
    pool = base.stack.pools[0].model_copy(update={"gpu_quota": 3})
    return base.model_copy(update={"stack": base.stack.model_copy(update={"pools": (pool,)})})


def _ghost() -> Scenario:
    return with_fault(_trusting(), "stale_gauge", "chat-pool", MINUTE, replica=1, until="restart")


GHOST = Case(
    row=27, name="stale-gauge-ghost-pod", sick=_ghost, well=_trusting,
    symptoms=(
        Symptom(text="one replica reports 90-99 % KV and runs next to nothing", at_us=4 * MINUTE,
                promql=f"{NEW_NAME} > 0.9 and on (engine) min_over_time(vllm:num_requests_running[2m]) < 3"),
        Symptom(text="its counters say that it hardly works", at_us=4 * MINUTE,
                promql="rate(vllm:generation_tokens_total[2m]) < 0.4 * "
                       f"scalar(avg(rate(vllm:generation_tokens_total[2m]))) and on (engine) {NEW_NAME} > 0.9"),
        Symptom(text="its peers are overloaded", at_us=4 * MINUTE, promql="count(vllm:num_requests_waiting > 10) >= 2"),
    ),
    right=(("90s", "set router.max_metric_age 30s"), ("4m", "restart chat-pool-1")),
    wrong=(("90s", "scale chat-pool 5"), ("91s", "shed all 30%")),
    wrong_is="believe that all are full: add replicas, shed meanwhile",
)  # fmt: skip


# -- 28: a metric renamed by an upgrade ---------------------------------------------------------------------------


def _reading_the_old_name(share: float) -> Scenario:
    """A stack set up when the image exposed the old name: dashboards, router and autoscaler read that."""
    base = _tuned(chat(share=share), router={"policy": "kv_aware"}, autoscaler={
        "enabled": True, "min_replicas": 3, "max_replicas": 5, "target_kv_utilization": 0.3, "cooldown": "30s",
    })  # fmt: skip
    part = base.stack.observability.model_copy(update={"names": {NEW_NAME: OLD_NAME}})
    return base.model_copy(update={"stack": base.stack.model_copy(update={"observability": part})})


def _busier() -> Scenario:
    """Its largest customer's demand triples after three minutes; the autoscaler can follow."""
    busy = with_fault(_reading_the_old_name(0.5), "traffic_surge", "tenant.storefront", 3 * MINUTE, factor=3,
                      ramp="60s")  # fmt: skip
    return busy.model_copy(update={"root_causes": ()})


def _upgraded(scenario: Scenario, at_us: int) -> Scenario:
    change = Change(id="chg-2201", kind="deploy", target="chat-pool", actor="deploy-bot",
                    summary="vllm-openai:v0.8.5 to v0.11.0")  # fmt: skip
    served = Condition(any=(Condition(fault_removed="metric-renamed"),
                            Condition(knob="observability.metric_aliases", equals="true")))  # fmt: skip
    return with_fault(scenario, "metric_renamed", "chat-pool", at_us, change=change, removed_when=served,
                      metric=NEW_NAME, name=NEW_NAME)  # fmt: skip


_NO_DATA = Symptom(text="dashboards of the old name have no data", promql=f"absent({OLD_NAME})", at_us=4 * MINUTE)

RENAMED = Case(
    row=28, name="metric-renamed-after-upgrade", sick=lambda: _upgraded(_busier(), MINUTE), well=_busier,
    symptoms=(
        _NO_DATA,
        Symptom(text="the gauge is there under its new name", promql=NEW_NAME, at_us=4 * MINUTE),
        Symptom(text="what the autoscaler steers by has no data",
                promql="absent(inference_pool_average_kv_cache_utilization)", at_us=4 * MINUTE),
        Symptom(text="engines queue, and nobody scales out", at_us=6 * MINUTE,
                promql="sum(vllm:num_requests_waiting) > 30 and on () "
                       "sum(kube_horizontalpodautoscaler_status_desired_replicas) == 3"),
    ),
    right=(("4m30s", "set observability.metric_aliases on"),),
    wrong=(("4m30s", "scale chat-pool 2"),),
    wrong_is="believe that there is no load, and scale in",
)  # fmt: skip


# -- 29: logs dropped silently ------------------------------------------------------------------------------------


def _everything_logged() -> Scenario:
    """Every request has a log line; the log store takes half as much again as an ordinary day needs."""
    return _tuned(chat(), gateway={"queue_timeout": "4s"},
                  observability={"access_log_sampling": 1, "log_rate": 30, "log_buffer": 500})  # fmt: skip


def _throttled_gateway() -> Scenario:
    """A configuration push lets far too little through at the gateway: most requests fail, and each says so."""
    change = Change(id="chg-2202", kind="config", target="gateway", actor="platform",
                    summary="gateway: concurrency limit per replica 160 to 10",
                    sets={"gateway.max_inflight_requests": "10"})  # fmt: skip
    base = _everything_logged()
    entry = TimelineEntry.model_construct(at=2 * MINUTE, change=change, fault=None, message=None, page=None, when=None)
    base = base.model_copy(update={"timeline": (*base.timeline, entry)})
    sized = Condition(any=(Condition(knob="observability.log_sampling", differs="1.0"),
                           Condition(knob="observability.log_rate", differs="30")))  # fmt: skip
    return with_fault(base, "log_pipeline_tight", "observability", -MINUTE, removed_when=sized)


LOGS = Case(
    row=29, name="logs-dropped-silently", sick=_throttled_gateway, well=_everything_logged,
    symptoms=(
        Symptom(text="errors rise", at_us=6 * MINUTE, promql='sum(rate(gateway_responses_total{code="503"}[1m])) > 10'),
        Symptom(text="log volume falls", at_us=6 * MINUTE,
                promql="rate(fluentbit_output_proc_records_total[3m]) < "
                       "0.95 * rate(fluentbit_output_proc_records_total[2m] offset 4m)"),
        Symptom(text="the collector tries again", promql="rate(fluentbit_output_retries_total[1m]) > 1",
                at_us=6 * MINUTE),
        Symptom(text="the collector drops lines", promql="rate(fluentbit_output_dropped_records_total[1m]) > 5",
                at_us=6 * MINUTE),
        Symptom(text="the collector says so", logs='svc:fluent-bit "failed to flush chunk"', at_us=6 * MINUTE),
    ),
    right=(("4m", "set observability.log_sampling 20%"), ("4m30s", "rollback chg-2202")),
    wrong=(("4m", "silence AvailabilityBurnRateFast"), ("4m", "silence GatewayServerErrors")),
    wrong_is="conclude from the logs that it is a false alarm, and silence it",
)  # fmt: skip


# -- 30: an XID that is long over ---------------------------------------------------------------------------------


def _old_xid() -> Scenario:
    """A replica's host shows an XID from last week's repair; it is well, as are the others."""
    base = with_fault(_tuned(chat(share=0.8, duration=7 * MINUTE)), "xid_sticky", "node-1", -2 * MINUTE, xid=79)
    return base.model_copy(update={"root_causes": ()})


def _capped() -> Scenario:
    """Another host gets a power cap that its load can't bear."""
    change = Change(id="chg-2203", kind="config", target="node-2", actor="facilities",
                    summary="power cap of one rack lowered for maintenance of a cooling loop",
                    sets={"node-2.power_cap": "150"})  # fmt: skip
    base = _old_xid()
    entry = TimelineEntry.model_construct(at=MINUTE, change=change, fault=None, message=None, page=None, when=None)
    lifted = Condition(knob="node-2.power_cap", differs="150")
    cause = RootCause(id="power-cap", component="node-2", fault="clock_throttle", why="Its power was capped.",
                      evidence=(("trace",),), removed_when=lifted)  # fmt: skip
    return base.model_copy(update={"timeline": (*base.timeline, entry), "root_causes": (cause,)})


XID = Case(
    row=30, name="sticky-xid-on-a-healthy-gpu", sick=_capped, well=_old_xid,
    symptoms=(
        Symptom(text="one exporter shows XID 79", promql="DCGM_FI_DEV_XID_ERRORS == 79", at_us=4 * MINUTE),
        Symptom(text="that GPU is there and works: 79 would have taken it off the bus", at_us=4 * MINUTE,
                promql="DCGM_FI_DEV_GPU_UTIL > 90 and on (Hostname) DCGM_FI_DEV_XID_ERRORS == 79 "
                       "and on (Hostname) DCGM_FI_DEV_SM_CLOCK > 1200"),
        Symptom(text="another one's clock is down", at_us=4 * MINUTE,
                promql="DCGM_FI_DEV_SM_CLOCK < 1000 and on (Hostname) DCGM_FI_DEV_XID_ERRORS == 0"),
    ),
    right=(("2m30s", "rollback chg-2203"),),
    wrong=(("2m30s", "drain chat-pool-1"),),
    wrong_is="drain the healthy GPU that shows the XID",
)  # fmt: skip


def _hidden_xid() -> Scenario:
    """Row 19 on a host whose exporter does not export XIDs: the dashboard says nothing of the GPU."""
    sick = OFF_THE_BUS.sick()
    blind = with_fault(sick, "xid_hidden", "node-1", -MINUTE)
    return blind.model_copy(update={"root_causes": sick.root_causes})


XID_HIDDEN = Case(
    row=30, extra=True, name="xid-not-exported", sick=_hidden_xid, well=OFF_THE_BUS.well,
    symptoms=(
        Symptom(text="one exporter has no XID series, the others do", at_us=2 * MINUTE,
                promql='absent(DCGM_FI_DEV_XID_ERRORS{Hostname="node-1"}) and on () '
                       "count(DCGM_FI_DEV_XID_ERRORS == 0)"),
        Symptom(text="the kernel log of that host has it", logs='host:node-1 "79, GPU has fallen off the bus"',
                at_us=2 * MINUTE),
        Symptom(text="its replica crash-loops", at_us=3 * MINUTE,
                promql='kube_pod_container_status_waiting_reason{pod="chat-pool-1", reason="CrashLoopBackOff"} == 1'),
    ),
    right=OFF_THE_BUS.right,
    wrong=OFF_THE_BUS.wrong, wrong_is="rule the GPU out, and restart the replica on its host",
)  # fmt: skip


# -- 1 + 28: thrash that a renamed gauge hides --------------------------------------------------------------------


def _agents() -> Scenario:
    """A customer's agents send long prompts, admitted without regard to their length; the autoscaler helps."""
    base = _tuned(_reading_the_old_name(0.375), gateway={"max_inflight_tokens": "130k"},
                  router={"policy": "least_outstanding"}, autoscaler={"target_kv_utilization": 0.75})  # fmt: skip
    return with_fault(base, "length_blind_admission", "gateway", -MINUTE,
                      removed_when=Condition(knob="gateway.admission", equals="tokens"))  # fmt: skip


def _thrash() -> Scenario:
    grown = with_fault(
        _agents(), "context_growth", "tenant.strategic", MINUTE, conversations_per_minute=5, burst=24, turns=12,
        think_time="6s", first_prompt={"p0": 4000, "p50": 9000, "p100": 16000},
        growth={"p0": 1000, "p50": 4200, "p100": 9000}, output={"p0": 150, "p50": 500, "p95": 1300, "p100": 2200},
        max_prompt=58000,
    )  # fmt: skip
    causes = tuple(cause for cause in grown.root_causes if cause.fault != "context_growth")
    return _upgraded(grown.model_copy(update={"root_causes": causes}), 30_000_000)


HIDDEN_THRASH = Case(
    row=28, extra=True, name="thrash-behind-a-renamed-gauge", sick=_thrash, well=_agents,
    symptoms=(
        _NO_DATA,
        Symptom(text="KV caches are full, under the name nobody reads", promql=f"max({NEW_NAME}) > 0.97",
                at_us=5 * MINUTE),
        Symptom(text="engines preempt", promql="sum(rate(vllm:num_preemptions_total[1m])) > 0.05", at_us=5 * MINUTE),
        Symptom(text="engines queue", promql="sum(vllm:num_requests_waiting) > 30", at_us=5 * MINUTE),
        Symptom(text="engines say that they preempt", logs="PreemptionMode.RECOMPUTE", at_us=5 * MINUTE),
    ),
    right=(("3m", "set observability.metric_aliases on"), ("3m30s", "set gateway.admission tokens")),
    wrong=(("3m", "set chat-pool.max_num_seqs 256"),),
    wrong_is="raise max_num_seqs to drain the queue",
)  # fmt: skip


CASES: tuple[Case, ...] = (GHOST, RENAMED, LOGS, XID, XID_HIDDEN, HIDDEN_THRASH)
"""The cases of this family."""
