"""A toy world for scoring tests: one fluid queue in integers, two tenants, two root causes.

From T-02:00 on the prompts of tenant `strategic` are eight times as long, and the gateway admits them
blindly, so a backlog makes everyone's requests late. Limiting the tenant refuses its requests, counting
tokens isolates the others, asking the account manager ends the growth after five minutes, rolling back chg-1
at once, restarting the pool stops all service for 80 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import MARK_US, Mark, Outcome, Plan

ONSET_US = -120_000_000
PRELUDE_US = 300_000_000
ANSWER_US = 300_000_000
MICRODOLLARS = 10_194
"""Price of one replica for 10 s."""


def toy_scenario(**changes: Any) -> Scenario:
    """Return the toy's scenario; `changes` replace fields."""
    workload = {"rate": 2, "prompt": {"p0": 10, "p100": 100}, "output": {"p0": 10, "p100": 100}}
    data: dict[str, Any] = {
        "id": "toy",
        "version": 1,
        "title": "Slow answers",
        "summary": "Everyone waits.",
        "level": "mid",
        "duration": "30m",
        "prelude": "5m",
        "stack": {
            "id": "toy-stack",
            "title": "Toy",
            "gateway": {"id": "gateway"},
            "router": {"id": "router"},
            "autoscaler": {"id": "autoscaler"},
            "pools": [{"id": "chat-pool", "model_name": "m", "step_model": "s"}],
        },
        "tenants": [{"id": "strategic", "workload": workload}, {"id": "others", "workload": workload}],
        "slos": [{"id": "ttft", "title": "First token", "kind": "ttft", "objective": "95%"}],
        "timeline": [
            {"at": "-4m", "change": {
                "id": "chg-1", "kind": "config", "target": "tenant.strategic", "actor": "a", "summary": "s"}},
            {"at": "-2m", "fault": {
                "id": "growth", "component": "tenant.strategic", "kind": "context_growth"}},
            {"at": "0s", "page": {"text": "slow", "source": "alerts"}},
        ],
        "root_causes": [
            {
                "id": "growth", "component": "tenant.strategic", "fault": "context_growth", "why": "agents",
                "aliases": [("tenant.strategic", "traffic_surge")],
                "evidence": [["metric:gateway_tokens_total@tenant"], ["change:chg-1", "logs:gateway"]],
                "removed_when": {"fault_removed": "growth"},
                "chain": [("tenant.strategic", "gateway"), ("gateway", "chat-pool")],
            },
            {
                "id": "blind", "component": "gateway", "fault": "length_blind_admission", "why": "requests",
                "evidence": [["inspect:gateway"]],
                "removed_when": {"knob": "gateway.admission", "equals": "tokens"},
                "chain": [("gateway", "chat-pool")],
            },
        ],
        "causal_graph": [("tenant.strategic", "gateway"), ("gateway", "chat-pool")],
        "team": [{
            "role": "account-manager",
            "knows": [{"topic": "trim", "asks": ["can they trim"], "answer": "They will.",
                       "does": {"fault": "growth", "after": "5m"}}],
        }],
        "references": [{"name": "isolate", "file": "isolate.jsonl", "summary": "ask, limit, isolate"}],
        "scripts": {"isolate.jsonl": REFERENCE},
    }  # fmt: skip
    return Scenario.model_validate(data | changes)


REFERENCE = """\
{"t": 90, "command": "ask account-manager can they trim their history"}
{"t": 120, "command": "limit {tenant.strategic} tokens 180k"}
{"t": 180, "command": "set gateway.admission tokens"}
{"t": 420, "command": "limit {tenant.strategic} tokens unlimited"}
"""


class ToyWorld:
    """Runs plans of the toy; counts how many it was asked for."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []

    def __call__(self, plans: Sequence[Plan], /) -> list[Outcome]:
        self.plans += plans
        return [run(plan) for plan in plans]


def run(plan: Plan) -> Outcome:
    """Return the outcome of one plan: per 10 s, demand of 20 + 60 requests against the pool's capacity."""
    limit: int | None = None
    tokens = False
    replicas, ready_us = 8, -PRELUDE_US
    down_until_us, trimmed_us, admission_us = -PRELUDE_US, 10**15, None
    backlog = cost = 0
    counts = {"strategic": [0, 0], "others": [0, 0]}
    series: list[Mark] = []
    at_end: dict[str, tuple[int, int]] = {}
    cost_at_end = 0
    state = ""
    waiting = list(plan.commands)
    for t_us in range(-PRELUDE_US, plan.end_us + plan.run_on_us, MARK_US):
        while waiting and waiting[0].t_us <= t_us:
            timed = waiting.pop(0)
            args = timed.command.args
            match timed.command.verb:
                case "limit":
                    limit = None if args["rate"] == "unlimited" else int(args["rate"]) // 600
                case "undo":
                    limit = None
                case "rollback":
                    trimmed_us = min(trimmed_us, t_us)
                case "set" if args["knob"] == "gateway.admission":
                    tokens = args["value"] == "tokens"
                    admission_us = timed.t_us if tokens else None
                case "scale":
                    replicas, ready_us = int(args["count"]), t_us + 240_000_000
                case "restart":
                    down_until_us = t_us + 80_000_000
                case "ask" if "trim" in args.get("topic", "") + args.get("question", ""):
                    trimmed_us = min(trimmed_us, t_us + ANSWER_US)
        long = ONSET_US <= t_us < trimmed_us
        size = 80 if long else 10
        admitted = 20 if limit is None else min(20, limit // size)
        capacity = 0 if t_us < down_until_us else 125 * (replicas if t_us >= ready_us else 8)
        late_others, late_strategic = 0, 20 - admitted
        if tokens:
            backlog = 0
            served_others = min(60, capacity // 10)
            late_others = 60 - served_others
            late_strategic = 20 - min(admitted, (capacity - 10 * served_others) // size)
        else:
            backlog = min(4_000, max(0, backlog + 600 + size * admitted - capacity))
            if backlog > 2_000 or capacity == 0:
                late_others, late_strategic = 60, 20
        for tenant, offered, late in (("strategic", 20, late_strategic), ("others", 60, late_others)):
            counts[tenant][0] += offered
            counts[tenant][1] += late
        cost += MICRODOLLARS * replicas
        now_us = t_us + MARK_US
        both = counts["strategic"], counts["others"]
        series.append((now_us, both[0][0] + both[1][0], both[0][1] + both[1][1]))
        if now_us == plan.end_us:
            at_end = {f"ttft/{tenant}": (pair[0], pair[1]) for tenant, pair in counts.items()}
            cost_at_end = cost
            state = str([limit, tokens, replicas, ready_us, down_until_us, trimmed_us, backlog, counts, cost])
    removed = {"growth": trimmed_us if trimmed_us < plan.end_us else None, "blind": admission_us}
    return Outcome(
        sli=at_end,
        cost_microdollars=cost_at_end,
        series={"ttft": tuple(series)},
        removed_at_us=removed,
        present_after=tuple(cause for cause, t_us in removed.items() if t_us is None),
        state=state,
    )
