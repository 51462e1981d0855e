"""Measuring processes and what they run."""

from __future__ import annotations

import pytest

from incidentsim.bench import workloads
from incidentsim.bench.processes import Measured, child, measure
from incidentsim.bench.speed import RATE_AT_DOUBLE, Speed, _held
from incidentsim.errors import IncidentSimError
from incidentsim.session.branching import can_fork


def test_steps_come_from_a_fresh_process() -> None:
    """A child does a step when asked, says what it cost, and ends after its last one."""
    with child("engines", replicas=1, rate=8, requests=800, output_factor=1.0, slices=2) as work:
        first, second, end = work.step(), work.step(), work.step()
    assert first is not None
    assert second is not None
    assert end is None
    assert first["requests"] + second["requests"] > 200
    assert first["cpu_s"] > 0
    assert second["peak_mb"] >= first["peak_mb"] > 10


def test_a_child_that_dies_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """A measuring process that fails is named, and what it said on stderr is not swallowed."""
    with child("engines", nonsense=1) as work, pytest.raises(IncidentSimError, match="engines ended with code 1"):
        work.step()
    assert "nonsense" in capfd.readouterr().err


def test_measured_work_and_calibrator_take_turns() -> None:
    """A measurement sums all steps and knows bare SimPy's speed from in between."""
    run = measure("engines", replicas=2, rate=16, requests=2_000, output_factor=1.0, slices=3)
    assert run.counts["requests"] > 500
    assert run.counts["events"] > run.counts["step_events"] > run.counts["requests"]
    assert run.bare_per_s > 10_000
    assert run.ratio("events") == run.counts["events"] / run.cpu_s / run.bare_per_s


def test_engines_count_what_they_do() -> None:
    """The same workload gives the same counts every time, however it is sliced."""

    def total(slices: int) -> dict[str, float]:
        sums: dict[str, float] = {}
        for step in workloads.engines(replicas=2, rate=16, requests=2_000, output_factor=1.0, slices=slices):
            for key in ("events", "step_events", "requests", "iterations"):
                sums[key] = sums.get(key, 0) + step[key]
        return sums

    assert total(1) == total(1)
    assert {key: value for key, value in total(4).items() if key != "step_events"} == {
        key: value for key, value in total(1).items() if key != "step_events"
    }


def test_double_outputs_run_at_equal_utilisation() -> None:
    """With outputs twice as long at the chosen rate as many sequences run, within 5 %."""

    def held(rate: float, factor: float) -> float:
        steps = list(workloads.engines(replicas=1, rate=rate, requests=20_000, output_factor=factor, slices=1))
        counts = steps[0]
        return _held(Measured(counts=counts, cpu_s=1, wall_s=1, peak_mb=1, bare_per_s=1))

    assert held(5 * RATE_AT_DOUBLE, 2.0) == pytest.approx(held(5, 1.0), rel=0.05)


def test_light_load_makes_long_steps() -> None:
    """At 10 % load a step event covers at least 15 iterations."""
    (counts,) = workloads.engines(replicas=8, rate=8, requests=6_000, output_factor=1.0, slices=1)
    assert counts["iterations"] / counts["step_events"] >= 15


def test_the_stack_does_the_same_with_telemetry_off() -> None:
    """Telemetry changes no request, and few kernel events."""
    (on,) = workloads.stack(telemetry=True, minutes=1, slices=1)
    (off,) = workloads.stack(telemetry=False, minutes=1, slices=1)
    assert on["requests"] == off["requests"] > 1_000
    assert on["events"] / on["requests"] <= 16


@pytest.mark.skipif(not can_fork(), reason="branches need os.fork")
def test_branches_end_as_full_runs_do() -> None:
    """Forked counterfactual runs have the digests of runs from the start, and each plan its own."""
    with child("counterfactuals", minutes=3, branch_minute=1, plans=3, workers=2, checked=3) as work:
        shared, ran, compared = work.step(), work.step(), work.step()
    assert shared is not None
    assert ran is not None
    assert compared is not None
    assert (ran["plans"], ran["different"]) == (3, 3)
    assert (compared["checked"], compared["wrong"]) == (3, 0)
    assert ran["cpu_s"] > shared["cpu_s"], "the branches' time counts"


def test_memory_and_speed_share_their_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """S2 and S4 judge the same runs of the default stack; those of the one beside are shown and not judged."""
    from incidentsim.bench.figure import Settings

    asked: list[tuple[str, bool]] = []

    def made(name: str, *, stack_id: str, telemetry: bool, minutes: int, slices: int) -> Measured:
        asked.append((stack_id, telemetry))
        peak_mb = 900 if stack_id == "chat" else 150 if telemetry else 60
        return Measured(counts={"events": 900.0, "requests": 100.0}, cpu_s=2.0 if telemetry else 0.9, wall_s=3,
                        peak_mb=peak_mb, bare_per_s=1_000)  # fmt: skip

    monkeypatch.setattr("incidentsim.bench.speed.measure", made)
    speed = Speed(Settings(quick=True))
    s2, s4 = speed.stack(), speed.memory()
    assert asked == [("assistant", True), ("assistant", False), ("chat", True), ("chat", False)]
    assert s2.to_json()["value"] == {
        "events_per_bare_timeout": 0.45, "events_per_request": 9.0, "telemetry_off_time": 0.45,
        "requests_per_bare_timeout": 0.05, "chat_events_per_bare_timeout": 0.45, "chat_events_per_request": 9.0,
        "chat_requests_per_bare_timeout": 0.05, "chat_telemetry_off_time": 0.45,
    }  # fmt: skip
    assert s2.to_json()["goal"] == (
        "events_per_bare_timeout >= 0.3, events_per_request <= 16, telemetry_off_time <= 0.5"
    )
    assert (s2.ok, s4.ok, s4.bounds[0].value) == (True, True, 150)
