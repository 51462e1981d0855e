"""Valid worlds made to run away: each ends, or stops by a budget and says what filled it; none runs on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidentsim.errors import BudgetExceeded
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Client, Scenario, Workload
from incidentsim.scenario.parts import GuardrailPart, PreprocessingPart
from incidentsim.world import accounting, journal, kernel
from incidentsim.world.world import World
from tests.world.worlds import SECOND, Run, complete, overridden, small, stack_of, with_fault

EVENTS, SUSTAINED, LINES, BYTES = 4_000, 1_500, 400, 30_000_000
"""Budgets of these tests, so that what runs away is stopped while it is still cheap."""

NOTHING = {"p0": 0, "p100": 1}
HUGE = {"p0": 1, "p100": 900_000}


@pytest.fixture(scope="module", autouse=True)
def tight() -> Any:
    """Give every world of this module small budgets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "MAX_EVENTS_PER_SECOND", EVENTS)
        patch.setattr(kernel, "MAX_SUSTAINED", SUSTAINED)
        patch.setattr(kernel, "SUSTAINED_S", 4)
        patch.setattr(journal, "MOST_PER_SECOND", LINES)
        patch.setattr(accounting, "MAX_BYTES", BYTES)
        yield


def hostile(
    *, rate: int, lengths: dict[str, int], client: dict[str, Any], knobs: dict[str, Any], stages: bool, loops: int,
    limit: int,
) -> Scenario:  # fmt: skip
    """Return a small world with this demand; values as a scenario file has them, so that they are valid."""
    base = small(prelude=2 * SECOND, duration=6 * SECOND)
    if stages:
        base = complete(base)
        parts = tuple(
            GuardrailPart.model_validate({"id": "guardrail", "service_time": "1ms", "per_1k_tokens": "1ms"})
            if isinstance(part, GuardrailPart)
            else PreprocessingPart.model_validate({"id": "preprocessing", "service_time": "1ms", "restart_time": "1ms"})
            if isinstance(part, PreprocessingPart)
            else part
            for part in base.stack.components
        )
        base = base.model_copy(update={"stack": base.stack.model_copy(update={"components": parts})})
    workload = Workload.model_validate({"rate": rate, "prompt": lengths, "output": NOTHING, "breathing": 0})
    patient = Client.model_validate(client)
    tenants = tuple(
        tenant.model_copy(update={"workload": workload, "client": patient, "token_limit": limit})
        for tenant in base.tenants
    )
    base = overridden(base.model_copy(update={"tenants": tenants}), "gateway", **knobs)
    if loops:
        base = with_fault(
            base, "runaway_agent", f"tenant.{tenants[0].id}", 0, loops=loops, first_prompt=1, growth=((0, 0),
            (1_000_000, 1)), output=((0, 0), (1_000_000, 1)), max_prompt=1, pause=0,
        )  # fmt: skip
    return base


CLIENTS = st.fixed_dictionaries(
    {
        "attempts": st.sampled_from([1, 20]),
        "backoff": st.sampled_from(["1ms", "10ms", "2s"]),
        "backoff_factor": st.sampled_from([0, 1]),
        "jitter": st.sampled_from([0, 1]),
        "patience": st.sampled_from(["1ms", "1s", "1h"]),
        "deadline": st.sampled_from(["1ms", "2s", "1h"]),
    }
)
KNOBS = st.fixed_dictionaries(
    {
        "max_queue": st.sampled_from([0, 1, 100_000]),
        "max_inflight_requests": st.sampled_from([1, 4096]),
        "queue_timeout": st.sampled_from(["1s", "300s"]),
        "request_timeout": st.sampled_from(["1s", "900s"]),
        "retry_attempts": st.sampled_from([0, 5]),
        "retry_non_retryable": st.booleans(),
        "cancel_propagation": st.booleans(),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rate=st.sampled_from([0, 5, 400, 2_000]), lengths=st.sampled_from([NOTHING, HUGE]), client=CLIENTS, knobs=KNOBS,
    stages=st.booleans(), loops=st.sampled_from([0, 0, 50, 1_000]), limit=st.sampled_from([-1, 0, 60]),
    telemetry=st.booleans(),
)  # fmt: skip
def test_every_hostile_world_ends_or_stops(telemetry: bool, **how: Any) -> None:
    """Whatever demand, clients and limits ask for, the world reaches its end or stops within its budgets."""
    scenario = hostile(**how)
    world = World(scenario, seed=1, cast=plain_cast(scenario), telemetry=telemetry)
    try:
        world.advance(scenario.duration)
    except BudgetExceeded as stopped:
        assert any(words in str(stopped) for words in ("events", "log lines", "keeps more than"))
        assert world.now_us < scenario.duration
    else:
        assert world.now_us == scenario.duration
    passed_s = (world.now_us + scenario.prelude) // SECOND + 1
    assert world.events_scheduled() <= passed_s * EVENTS + 1
    held = sum(holding.size for holding in stack_of(world).accounts.holdings())
    assert held <= BYTES + EVENTS * accounting.RECORD_BYTES * 2, "it stops within a second of what it may hold"


def test_a_world_that_keeps_too_much_stops_and_says_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that pile up stop the world by its bytes, with exit code 4 and the component that holds most."""
    client = {"attempts": 1, "patience": "1h", "deadline": "1h"}
    scenario = hostile(rate=150, lengths=NOTHING, client=client, knobs={"max_inflight_requests": 1, "max_queue": 9_000},
                       stages=False, loops=0, limit=-1)  # fmt: skip
    monkeypatch.setattr(accounting, "MAX_BYTES", 3_000_000)
    world = World(scenario, seed=1, cast=plain_cast(scenario), telemetry=False)
    with pytest.raises(
        BudgetExceeded, match=r"keeps more than 3 MB at T[-+]\d\d:\d\d: \S+ \d MB \([\d,]+\), "
    ) as stopped:
        world.advance(scenario.duration)
    assert stopped.value.exit_code == 4
    assert str(stopped.value).endswith("; lower the demand, or its limits")


def test_a_long_record_of_metrics_stops_by_its_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where samples fill the budget they are named first, with the setting that makes fewer."""
    monkeypatch.setattr(accounting, "SERIES_BYTES", 0)
    monkeypatch.setattr(accounting, "MAX_BYTES", 60_000)
    scenario = small(rate=0)
    world = World(scenario, seed=1, cast=plain_cast(scenario))
    with pytest.raises(BudgetExceeded, match=r": metric samples .*raise observability.scrape_interval"):
        world.advance(scenario.duration)


def test_accounts_hold_what_is_there() -> None:
    """Counted samples, series, records and spans are those that the stores have; an idle component holds nothing."""
    stack = Run(scenario=small(rate=8_000, duration=30 * SECOND)).play().stack
    held = {holding.what: holding.count for holding in stack.accounts.holdings()}
    series = [s for name in stack.store.names() for s in stack.store.series(name)]
    own_times = sum(len(s.times) for s in series if s.times is not stack.store.times)
    assert held["metric samples"] == sum(len(s.values) for s in series) + own_times
    assert held["metric series"] == len(series)
    assert held["log records"] == len(stack.logs) > 0
    assert held["spans"] == sum(len(t.spans) for t in stack.spans.slowest(-(1 << 60), 10**9)) > held["traces"] > 0
    assert held["gateway"] > 0
    total = sum(holding.size for holding in stack.accounts.holdings())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounting, "MAX_BYTES", total)
        stack.accounts.check()
        patch.setattr(accounting, "MAX_BYTES", total - 1)
        with pytest.raises(BudgetExceeded):
            stack.accounts.check()
    assert "organisation" not in held


def test_a_flood_of_lines_is_seen_through_wrong_clocks() -> None:
    """Lines in one second count together, though two hosts' clocks put them into different ones."""
    stack = Run(scenario=small(rate=0, duration=SECOND)).play().stack
    stack.journal.skew_us = lambda host: 30 * SECOND if host == "ahead" else 0
    with pytest.raises(BudgetExceeded, match="log lines in the scenario second from"):
        for _ in range(LINES):
            for host in ("ahead", "right"):
                stack.journal.emit("info", "kubelet", host, "again", {})
