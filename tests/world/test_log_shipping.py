"""The log collector: what arrives, when, and what is dropped; without a limit nothing changes."""

from __future__ import annotations

from incidentsim.scenario.model import Scenario
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.registry import Registry
from incidentsim.world.kernel import Kernel
from incidentsim.world.observability.shipping import Line, Shipper
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Run, overridden, small, values, with_fault


def logged(scenario: Scenario, **knobs: object) -> Scenario:
    """Return the scenario with every request in the access log, and these settings of monitoring."""
    return overridden(scenario, "observability", access_log_sampling=1.0, **knobs)


def count(played: Played, name: str) -> float:
    """Return a counter of the collector at the last scrape."""
    return values(played.world, f"fluentbit_{name}_total")[-1]


def texts(played: Played) -> list[tuple[int, str, str]]:
    """Return every line in the log store but those of the collector itself."""
    records = played.world.logs.select(limit=1_000_000).records
    return [(r.t_us, r.host, r.message) for r in records if r.service != "fluent-bit"]


def test_without_a_limit_there_is_no_collector(world_twice: Twice) -> None:
    """Lines are there at once, and no series tells of shipping."""
    played = world_twice(Run(scenario=logged(small())))
    assert played.stack.journal.shipper is None
    assert not played.world.metrics.series("fluentbit_input_records_total")
    assert not any(t.startswith("fluent-bit") for t in played.stack.registry.targets())


def test_with_room_every_line_arrives_a_little_later(world_twice: Twice) -> None:
    """A generous limit delays lines by up to a second, loses none, and keeps their times."""
    free = world_twice(Run(scenario=logged(small())))
    shipped = world_twice(Run(scenario=logged(small(), log_rate=10_000)))
    end = shipped.world.now_us - SECOND
    assert sorted(t for t in texts(free) if t[0] < end) == sorted(t for t in texts(shipped) if t[0] < end)
    assert count(shipped, "output_dropped_records") == count(shipped, "output_retries") == 0
    assert free.world.sli() == shipped.world.sli()


def test_beyond_the_rate_it_retries_and_then_drops(world_twice: Twice) -> None:
    """With less room than lines the store refuses, the buffer fills, lines are lost: fewer arrive than were taken."""
    played = world_twice(Run(scenario=logged(small(rate=8_000), log_rate=5, log_buffer=100)))
    taken, out = count(played, "input_records"), count(played, "output_proc_records")
    dropped = count(played, "output_dropped_records")
    assert count(played, "output_retries") > 20
    assert dropped > 300
    assert 0 <= taken - out - dropped <= 200
    assert played.messages("failed to flush chunk")
    assert out <= 5 * 80 + 100


def test_sampling_makes_room_again(world_twice: Twice) -> None:
    """Keeping a tenth of the lines ends the drops."""
    script = ((20 * SECOND, "set observability.log_sampling 10%"),)
    played = world_twice(Run(scenario=logged(small(rate=8_000), log_rate=5, log_buffer=100), script=script))
    drops = values(played.world, "fluentbit_output_dropped_records_total")
    assert drops[-1] == drops[-5] > 0


def test_a_slow_store_starts_the_trouble_and_its_end_ends_it(world_twice: Twice) -> None:
    """A log store that slows down makes the collector retry; well again, it takes the backlog."""
    sick = with_fault(logged(small(rate=8_000)), "log_store_slow", "observability", 5 * SECOND, rate=3, ramp=0,
                      lasts=20 * SECOND)  # fmt: skip
    played = world_twice(Run(scenario=sick))
    assert count(played, "output_retries") > 5
    assert all(f.removed for f in played.stack.faults.values())
    assert count(played, "input_records") - count(played, "output_proc_records") < 60


def test_shipping_never_touches_the_dynamics(world_twice: Twice) -> None:
    """Whatever happens to log lines, requests and engines do the same, with telemetry and without."""
    sick = with_fault(logged(small(rate=8_000), log_rate=20), "log_store_slow", "observability", 5 * SECOND, rate=3,
                      ramp=0)  # fmt: skip
    played = world_twice(Run(scenario=sick))
    bare = Run(scenario=sick, telemetry=False).play()
    assert played.world.sli() == Run(scenario=small(rate=8_000)).play().world.sli()
    assert [c.dyn for c in played.checkpoints()] == [c.dyn for c in bare.checkpoints()]


def test_lines_are_conserved_and_rates_hold() -> None:
    """Of 4,000 lines in bursts every one is delivered, buffered or dropped; the store never gets more than its rate."""
    kernel, logs, registry = Kernel(0), LogStore(), Registry()
    shipper = Shipper(kernel, logs, registry, 1)
    shipper.rate, shipper.buffer = 50, 400
    delivered: list[int] = []
    for second in range(120):
        kernel.advance(second * SECOND)
        for i in range(200 if second < 20 else 0):
            shipper.take(Line(t_us=kernel.now, level="info", service="a" if i % 5 else "b", host="h",
                              message="m", fields={}, trace_id=""))  # fmt: skip
        delivered.append(logs.next_index)
    counters = {e.family: e.instrument.value for e in registry.entries()}  # type: ignore[union-attr]
    held = int(shipper.status()[0].split()[2])
    assert counters["fluentbit_input_records_total"] == (
        counters["fluentbit_output_proc_records_total"] + counters["fluentbit_output_dropped_records_total"] + held
    )
    assert counters["fluentbit_output_proc_records_total"] == logs.next_index
    assert delivered[-1] - delivered[0] <= 50 * 120 + 200
    assert held == 0, "when the burst is over the rest is delivered"
