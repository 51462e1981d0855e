"""Rows of GPU hosts: what breaks under a replica, and why a restart on the same host is not a cure."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault
from incidentsim.scenario.model import Scenario

BROKEN = 30_000_000
"""When hardware fails: half a minute after the page."""


def _group(*, share: float = 0.375, duration: int = 10 * MINUTE, **pool: Any) -> Scenario:
    """Return the small chat world on a 70B model: three groups of four H100, quota for two spare hosts.

    A step of it takes about as long as one of the 8B model on an A100, so the load is the same.
    """
    base = chat(share=share, duration=duration)
    part = base.stack.pools[0].model_copy(update={
        "model_name": "llama-3.1-70b-instruct", "step_model": "llama3_70b_h100_tp4", "gpu": "H100-SXM5-80GB",
        "gpus_per_replica": 4, "gpu_quota": 20, **pool,
    })  # fmt: skip
    own = base.overrides[part.id] | {"gpu_memory_utilization": 0.7, "max_model_len": 32_768}
    return base.model_copy(update={"stack": base.stack.model_copy(update={"pools": (part,)}),
                                   "overrides": base.overrides | {part.id: own}})  # fmt: skip


def _loaded() -> Scenario:
    """Return it so loaded that two groups are not enough; NCCL's watchdog waits a minute, as operators set it."""
    return _group(share=0.6, collective_timeout=60_000_000)


def _full() -> Scenario:
    """Return it so loaded that three groups are just enough, all of them at full speed."""
    return _group(share=0.7)


MOVE = (("90s", "scale chat-pool 4"), ("220s", "drain node-1"))
"""A spare group first, then the sick host is emptied: nobody is left without capacity."""

RESTARTS = (("120s", "restart chat-pool-1"), ("210s", "restart chat-pool-1"), ("330s", "restart chat-pool-1"))
"""What people do who take it for a software problem: three restarts of the replica on its host."""


# -- 19: a GPU falls off the bus ------------------------------------------------------------------------------


def _off_the_bus() -> Scenario:
    return with_fault(_loaded(), "gpu_lost", "node-1", BROKEN, gpu=2)


OFF_THE_BUS = Case(
    row=19, name="XID 79: GPU off the bus", sick=_off_the_bus, well=_loaded,
    symptoms=(
        Symptom(text="the exporter shows XID 79", promql="DCGM_FI_DEV_XID_ERRORS == 79", at_us=2 * MINUTE),
        Symptom(text="the series of one GPU vanish", at_us=2 * MINUTE,
                promql='count(DCGM_FI_DEV_GPU_TEMP{Hostname="node-1"}) == 3'),
        Symptom(text="the kernel log says so", logs='"Xid (PCI:0000:47:00): 79, GPU has fallen off the bus"',
                at_us=MINUTE),
        Symptom(text="the group hangs, then exits", logs='"Watchdog caught collective operation timeout"',
                at_us=2 * MINUTE),
        Symptom(text="the replica crash-loops", at_us=3 * MINUTE,
                promql='kube_pod_container_status_waiting_reason{pod="chat-pool-1", reason="CrashLoopBackOff"} == 1'),
        Symptom(text="the scheduler still offers the host", at_us=3 * MINUTE,
                promql='kube_node_spec_unschedulable{node="node-1"} == 0 and on (node) '
                       'kube_node_status_condition{condition="Ready"} == 1'),
    ),
    right=(("120s", "drain node-1"),),
    wrong=RESTARTS, wrong_is="restart the replica on its host",
)  # fmt: skip


# -- 20: memory errors ----------------------------------------------------------------------------------------


def _ecc() -> Scenario:
    return with_fault(_loaded(), "ecc_errors", "node-1", BROKEN, mean_interval="90s", gpu=1, spare_rows=3)


ECC = Case(
    row=20, name="ECC errors, rows remapped", sick=_ecc, well=_loaded,
    symptoms=(
        Symptom(text="XID 48, 94 or 95", at_us=5 * MINUTE,
                promql="DCGM_FI_DEV_XID_ERRORS == 48 or DCGM_FI_DEV_XID_ERRORS == 94 or DCGM_FI_DEV_XID_ERRORS == 95"),
        Symptom(text="remapped rows go up", promql="DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS >= 1", at_us=5 * MINUTE),
        Symptom(text="jobs are aborted on one host", at_us=5 * MINUTE,
                promql='increase(kube_pod_container_status_restarts_total{pod="chat-pool-1"}[4m]) >= 1 unless on () '
                       'increase(kube_pod_container_status_restarts_total{pod=~"chat-pool-(0|2)"}[4m]) > 0'),
        Symptom(text="the engine's log says why", logs='"uncorrectable ECC error encountered"', at_us=5 * MINUTE),
    ),
    right=MOVE,
    wrong=(("120s", "restart chat-pool"), ("300s", "restart chat-pool")), wrong_is="restart the pool and carry on",
)  # fmt: skip


# -- 21: a straggler ------------------------------------------------------------------------------------------


def _straggler() -> Scenario:
    return with_fault(_full(), "clock_throttle", "node-1", BROKEN, slowdown=1.5, gpu=3, reason="power", ramp="10s")


ITL = ("sum by (engine) (rate(vllm:inter_token_latency_seconds_sum[1m])) / "
       "sum by (engine) (rate(vllm:inter_token_latency_seconds_count[1m]))")  # fmt: skip

STRAGGLER = Case(
    row=21, name="throttled straggler in a TP group", sick=_straggler, well=_full,
    symptoms=(
        Symptom(text="the SM clock of one rank is low", at_us=3 * MINUTE,
                promql="count(DCGM_FI_DEV_SM_CLOCK < 1500) == 1"),
        Symptom(text="its group is busy all the time, every GPU of it", at_us=3 * MINUTE,
                promql='min(avg_over_time(DCGM_FI_DEV_GPU_UTIL{Hostname="node-1"}[2m])) > 90'),
        Symptom(text="time between tokens rises for the whole group", at_us=3 * MINUTE,
                promql=f'{ITL} > on () group_left () 1.3 * min({ITL})'),
        Symptom(text="no XID", promql="max(DCGM_FI_DEV_XID_ERRORS) == 0", at_us=3 * MINUTE),
    ),
    right=MOVE,
    wrong=(("120s", "set chat-pool.max_num_seqs 64"),), wrong_is="blame the batch size",
)  # fmt: skip


# -- 23: a collective that never ends -------------------------------------------------------------------------


def _long() -> Scenario:
    return _group(share=0.5, duration=12 * MINUTE)


def _nccl() -> Scenario:
    return with_fault(_long(), "nccl_hang", "chat-pool", BROKEN, replica=1, rank=2)


HANG = Case(
    row=23, name="NCCL hang", sick=_nccl, well=_long,
    symptoms=(
        Symptom(text="utilisation 100 % on every GPU of the group", at_us=5 * MINUTE,
                promql='count(min_over_time(DCGM_FI_DEV_GPU_UTIL{Hostname="node-1"}[3m]) == 100) == 4'),
        Symptom(text="zero tokens", at_us=5 * MINUTE,
                promql='rate(vllm:generation_tokens_total{engine="chat-pool-1"}[3m]) == 0'),
        Symptom(text="running requests constant", at_us=5 * MINUTE,
                promql='changes(vllm:num_requests_running{engine="chat-pool-1"}[3m]) == 0 '
                       'and vllm:num_requests_running > 0'),
        Symptom(text="the watchdog's line after ten minutes", at_us=11 * MINUTE,
                logs='"Watchdog caught collective operation timeout" "Timeout(ms)=600000) ran for 6000"'),
        Symptom(text="no series is missing", promql="count(DCGM_FI_DEV_GPU_TEMP) == 12", at_us=5 * MINUTE),
    ),
    right=(("120s", "restart chat-pool-1"),),
    wrong=(("120s", "drain chat-pool-0"),), wrong_is="take a healthy peer, which is overloaded, out",
)  # fmt: skip


# -- no row of its own: a noisy co-tenant ---------------------------------------------------------------------


def _noisy() -> Scenario:
    return with_fault(_full(), "noisy_neighbour", "node-1", BROKEN, slowdown=1.5)


NOISY = Case(
    row=0, extra=True, name="noisy co-tenant on a GPU host", sick=_noisy, well=_full,
    symptoms=(
        Symptom(text="somebody else's container uses the host's CPUs", at_us=3 * MINUTE,
                promql='rate(container_cpu_usage_seconds_total{node="node-1", namespace!="serving"}[1m]) > 10'),
        Symptom(text="the replica there is slower than its peers", at_us=3 * MINUTE,
                promql=f'{ITL} > on () group_left () 1.3 * min({ITL})'),
        Symptom(text="clocks are at their maximum", promql="min(DCGM_FI_DEV_SM_CLOCK) == 1980", at_us=3 * MINUTE),
        Symptom(text="no XID", promql="max(DCGM_FI_DEV_XID_ERRORS) == 0", at_us=3 * MINUTE),
    ),
    right=MOVE,
    wrong=RESTARTS, wrong_is="restart the replica on its host",
)  # fmt: skip

CASES = (OFF_THE_BUS, ECC, STRAGGLER, HANG, NOISY)
"""The cases of this module."""
