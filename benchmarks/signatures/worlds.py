"""The small worlds in which catalogue rows are tried: the chat stack on three replicas, for ten minutes.

Rows whose fault needs more of a stack add components to `chat()`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Change, Condition, FaultPlan, RootCause, Scenario, Slo, TimelineEntry
from incidentsim.scenario.params import parse_params
from incidentsim.specs.faults import FAULTS

MINUTE = 60_000_000
"""Microseconds."""


@lru_cache(maxsize=1)
def _packaged() -> Scenario:
    return load_scenario(find("slow-chat"))


def chat(*, share: float = 0.375, prelude: int = 2 * MINUTE, duration: int = 10 * MINUTE) -> Scenario:
    """Return three replicas under `share` of slow-chat's demand (0.375 = as loaded as there), without any fault."""
    whole = _packaged()
    pool = whole.stack.pools[0].model_copy(update={
        "gpu_quota": 5, "provision_time": 60_000_000, "load_time": 30_000_000, "roll_parallel": 1,
        "knobs": {"replicas": 3},
    })  # fmt: skip
    tenants = tuple(
        t.model_copy(update={"workload": t.workload.model_copy(update={"rate": int(t.workload.rate * share)})})
        for t in whole.tenants
    )
    page = tuple(e for e in whole.timeline if e.page is not None)
    return whole.model_copy(update={
        "prelude": prelude, "duration": duration, "tenants": tenants, "timeline": page, "root_causes": (),
        "stack": whole.stack.model_copy(update={"pools": (pool,)}),
        "overrides": {pool.id: {"gpu_memory_utilization": 0.55, "max_num_seqs": 128, "max_num_batched_tokens": 2048},
                      "autoscaler": {"enabled": False, "min_replicas": 1, "max_replicas": 5}},
    })  # fmt: skip


def with_slos(scenario: Scenario, *slos: Slo) -> Scenario:
    """Return the scenario with further objectives."""
    return scenario.model_copy(update={"slos": (*scenario.slos, *slos)})


def with_fault(
    scenario: Scenario, kind: str, component: str, at_us: int, *, removed_when: Condition | None = None,
    change: Change | None = None, **params: Any,
) -> Scenario:  # fmt: skip
    """Return the scenario with a fault as its root cause; parameters as a scenario file writes them.

    `change` is the change that brought it, entered in the change log at the same time.
    """
    parsed, problems = parse_params(FAULTS[kind], params)
    assert not problems, problems
    name = kind.replace("_", "-")
    plan = FaultPlan(id=name, component=component, kind=kind, params=parsed, with_change=change.id if change else "")
    entries = [_at(at_us, fault=plan)]
    if change is not None:
        entries.insert(0, _at(at_us, change=change))
    cause = RootCause(id=name, component=component, fault=kind, why="It was planted.", evidence=(("trace",),),
                      removed_when=removed_when or Condition(fault_removed=name))  # fmt: skip
    return scenario.model_copy(update={"timeline": (*scenario.timeline, *entries),
                                       "root_causes": (*scenario.root_causes, cause)})  # fmt: skip


def _at(at_us: int, **what: Any) -> TimelineEntry:
    return TimelineEntry.model_construct(at=at_us, **({"change": None, "fault": None, "message": None, "page": None,
                                                       "when": None} | what))  # fmt: skip
