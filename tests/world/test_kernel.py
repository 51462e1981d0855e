"""The event kernel: order of ties, slices, budgets."""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import BudgetExceeded
from incidentsim.world import kernel as module
from incidentsim.world.call import Call, call_to
from incidentsim.world.environment import Environment
from incidentsim.world.kernel import COMMAND, NORMAL, OBSERVE, STEP_END, Kernel

SECOND = 1_000_000


class Log:
    """Notes what happened, and when."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.lines: list[tuple[int, str]] = []

    def note(self, call: Call) -> None:
        self.lines.append((self.kernel.now, call.argument))


def test_ties_are_broken_by_priority_then_by_order() -> None:
    """At one instant: step ends, commands, ordinary events, observers; among equals the first scheduled."""
    kernel = Kernel(-5)
    log = Log(kernel)
    for name, priority in (("scrape", OBSERVE), ("arrival", NORMAL), ("command", COMMAND), ("step", STEP_END),
                           ("arrival 2", NORMAL), ("command 2", COMMAND), ("step 2", STEP_END)):  # fmt: skip
        kernel.at(10, log.note, name, priority)
    kernel.at(9, log.note, "before", OBSERVE)
    kernel.advance(10)
    assert log.lines == [(9, "before")] + [
        (10, name) for name in ("step", "step 2", "command", "command 2", "arrival", "arrival 2", "scrape")
    ]


def test_an_event_at_the_same_instant_still_happens() -> None:
    """An event that another one schedules without delay happens within the same advance, by its priority."""
    kernel = Kernel(0)
    log = Log(kernel)

    def spawn(call: Call) -> None:
        log.note(call)
        kernel.after(0, log.note, "normal")
        kernel.after(0, log.note, "step end", STEP_END)

    kernel.at(7, spawn, "spawn", COMMAND)
    kernel.at(7, log.note, "scrape", OBSERVE)
    kernel.advance(7)
    assert log.lines == [(7, "spawn"), (7, "step end"), (7, "normal"), (7, "scrape")]


def test_advance_ends_exactly_where_it_should() -> None:
    """What is due at the end has happened, what is due a microsecond later has not, and time never goes back."""
    kernel = Kernel(-SECOND)
    log = Log(kernel)
    kernel.at(50, log.note, "due")
    kernel.at(51, log.note, "later")
    kernel.advance(50)
    assert (kernel.now, log.lines) == (50, [(50, "due")])
    kernel.advance(20)
    assert kernel.now == 50
    kernel.advance(50)
    assert log.lines == [(50, "due")]


def _ticking(stops: list[int]) -> list[tuple[int, str]]:
    kernel = Kernel(-1_000)
    log = Log(kernel)

    def tick(call: Call) -> None:
        log.note(call)
        period, priority = periods[call.argument]
        kernel.after(period, tick, call.argument, priority)

    periods = {"a": (30, NORMAL), "b": (45, STEP_END), "c": (90, OBSERVE), "d": (15, NORMAL)}
    for name, (period, priority) in periods.items():
        kernel.after(period, tick, name, priority)
    for stop in stops:
        kernel.advance(stop)
    kernel.advance(2_000)
    return log.lines


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-1_000, 2_000), max_size=12).map(sorted))
def test_slices_equal_one_advance(stops: list[int]) -> None:
    """Advancing in slices of any sizes gives the same log, event for event, as advancing at once."""
    assert _ticking(stops) == _ticking([])


def test_a_feedback_loop_is_stopped() -> None:
    """Events that breed without end at one instant raise BudgetExceeded, naming the time."""
    kernel = Kernel(0)

    def breed(_: Call) -> None:
        kernel.after(0, breed, None)

    kernel.at(3 * SECOND, breed, None)
    with pytest.raises(BudgetExceeded, match="3000000"):
        kernel.advance(4 * SECOND)


def test_a_sustained_flood_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """More events per second than allowed, sustained over the window, raise; the same rate in bursts does not."""
    monkeypatch.setattr(module, "MAX_SUSTAINED", 100)

    def flood(rate: int, *, seconds: int) -> None:
        kernel = Kernel(0)

        def tick(_: Call) -> None:
            if kernel.now < seconds * SECOND:
                kernel.after(SECOND // rate, tick, None)

        kernel.after(0, tick, None)
        kernel.advance(60 * SECOND)

    flood(200, seconds=5)
    flood(90, seconds=60)
    with pytest.raises(BudgetExceeded, match="sustained"):
        flood(200, seconds=60)


def test_simpy_processes_run_beside_calls() -> None:
    """Generator processes, their timeouts, interrupts and failures work as in SimPy, in step with the calls."""
    kernel = Kernel(-10)
    environment = Environment(kernel)
    log = Log(kernel)

    def patient(name: str) -> Generator[simpy.Event, Any, str]:
        try:
            yield environment.timeout(30)
            log.lines.append((kernel.now, f"{name} waited"))
        except simpy.Interrupt as interrupt:
            log.lines.append((kernel.now, f"{name} was interrupted: {interrupt.cause}"))
        return name

    def failing() -> Generator[simpy.Event]:
        yield environment.timeout(60)
        raise RuntimeError("it broke")

    first, second = environment.process(patient("a")), environment.process(patient("b"))
    kernel.at(5, lambda _: second.interrupt("enough"), None)
    kernel.at(20, log.note, "a call")
    kernel.at(21, log.note, "a later call")
    both = first & second
    assert environment.run(until=both) == {first: "a", second: "b"}
    assert kernel.now == environment.now == 20
    assert environment.peek() == 20
    environment.run(until=21)
    environment.process(failing())
    kernel.advance(80)
    assert log.lines == [(5, "b was interrupted: enough"), (20, "a waited"), (20, "a call"), (21, "a later call")]
    with pytest.raises(RuntimeError, match="it broke"):
        kernel.advance(81)


def test_a_call_that_is_kept_can_be_pushed_again() -> None:
    """One Call serves for many events, in the same order as calls made anew."""
    kernel = Kernel(0)
    log = Log(kernel)

    def tick(call: Call) -> None:
        log.note(call)
        if kernel.now < 30:
            kernel.push(kernel.now + 10, call, STEP_END)

    kernel.push(10, call_to(tick, "tick"), STEP_END)
    for t_us in (10, 20, 30):
        kernel.at(t_us, log.note, "tock")
    kernel.advance(100)
    assert log.lines == [(t_us, name) for t_us in (10, 20, 30) for name in ("tick", "tock")]


def test_time_is_whole_microseconds() -> None:
    """Times inside a run are integers that never fall."""
    times = [t for t, _ in _ticking([])]
    assert all(type(t) is int for t in times)
    assert all(a <= b for a, b in pairwise(times))
