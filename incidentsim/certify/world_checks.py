"""Checks 1, 2, 7 and 9 of a certificate: what the world does when nobody acts. Fed by `runs.observe`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from incidentsim.certify.check import Check, seconds
from incidentsim.certify.courses import clock
from incidentsim.certify.runs import Value, course_in
from incidentsim.certify.signals import complete_at, decoy_faults, measured
from incidentsim.scenario.model import Scenario

DEADLINE = 0.6
"""Evidence that shows later than this share of the incident leaves no time to use it."""

MOST_CPU_S = 10.0
"""Seconds of processor time that a run with telemetry may take (scoring.md §5)."""

BySeed = Mapping[int, Value]
"""Seed -> what `runs.observe` gave."""


def healthy_check(scenario: Scenario, seen: BySeed) -> Check:
    """Without faults no objective is missed from T+0 to the end, and nobody is paged."""
    problems, rows = [], []
    for seed, value in seen.items():
        calm = value["healthy"]
        problems += [f"seed {seed}: the healthy stack misses {slo}" for slo in calm["missed"]]
        problems += [f"seed {seed}: the healthy stack pages: {page}" for page in calm["pages"]]
        rows.append({"seed": seed, **{f"bad {slo}": share for slo, share in calm["share"].items()},
                     "pages": len(calm["pages"])})  # fmt: skip
    return Check(
        number=1, name="healthy-twin", title="The stack without faults is healthy", problems=tuple(problems),
        figures={"objectives": {s.id: (1_000_000 - s.objective) / 1_000_000 for s in scenario.slos}}, rows=tuple(rows),
    )  # fmt: skip


def unattended_check(seen: BySeed, index_of_nothing: float | None) -> Check:
    """Left alone the incident happens on every seed, and doing nothing earns nothing."""
    problems, rows = [], []
    for seed, value in seen.items():
        course = course_in(value)
        problems += [f"seed {seed}: {problem}" for problem in course.problems]
        rows.append({
            "seed": seed, **{f"bad {slo}": share for slo, share in course.last.items()}, "missed": list(course.missed),
            "hurt from": clock(course.hurt), "page's alert": clock(course.alert) if course.alert is not None else "",
        })  # fmt: skip
    if index_of_nothing is None:
        problems.append("do_nothing was not played, so its points are not known")
    elif index_of_nothing > 0.0:
        problems.append(f"do_nothing gets {index_of_nothing:.1f} points, expected 0")
    return Check(
        number=2, name="unattended", title="Left alone, users are hurt on every seed", problems=tuple(problems),
        figures={"do_nothing": index_of_nothing}, rows=tuple(rows),
    )  # fmt: skip


def evidence_check(scenario: Scenario, seen: BySeed) -> Check:
    """Each cause has a set of evidence that is complete in time; sets with metrics or logs are measured against a world
    that has the decoys and not the causes."""
    deadline_us = int(scenario.duration * DEADLINE)
    problems, rows = [], []
    firsts: list[int] = []
    never: dict[str, None] = {}
    for seed, value in seen.items():
        for cause in scenario.root_causes:
            shown = value["shown"][cause.id]
            never |= {i: None for wanted in cause.evidence for i in wanted if shown[i] is None}
            first = _earliest([complete_at(wanted, shown) for wanted in cause.evidence])
            counted = [wanted for wanted in cause.evidence if measured(wanted)]
            of_counted = _earliest([complete_at(wanted, shown) for wanted in counted])
            if first is None or first > deadline_us:
                problems.append(f"seed {seed}: no evidence for {cause.id} is complete {_by(deadline_us, first)}")
            elif counted and (of_counted is None or of_counted > deadline_us):
                problems.append(
                    f"seed {seed}: no metric or log that is evidence for {cause.id} differs from a world without it "
                    f"{_by(deadline_us, of_counted)}"
                )
            signal = of_counted if counted else first
            if signal is not None:
                firsts.append(signal)
            rows.append({
                "seed": seed, "cause": cause.id, "first set": seconds(first), "first measured set": seconds(of_counted),
                "sets complete": len([1 for wanted in cause.evidence if complete_at(wanted, shown) is not None]),
                "sets": len(cause.evidence),
            })  # fmt: skip
    return Check(
        number=7, name="evidence", title="Evidence shows in time, and tells the causes from the decoys",
        problems=tuple(problems), rows=tuple(rows),
        figures={
            "deadline": seconds(deadline_us), "slowest first signal": seconds(max(firsts, default=None)),
            "decoy faults": [f"{e.fault.component} {e.fault.kind}" for e in decoy_faults(scenario) if e.fault],
            "never differs on some seed": list(never), "items": _item_times(scenario, seen),
        },
    )  # fmt: skip


def deterministic_check(seen: BySeed) -> Check:
    """Two runs of one seed agree in every byte of dynamics and telemetry, and a run is cheap."""
    problems, rows = [], []
    for seed, value in seen.items():
        first, second = value["first"], value["second"]
        parts = [name for name in ("dyn", "tel") if first[name] != second[name]]
        problems += [f"seed {seed}: two runs differ in their digest {name}" for name in parts]
        rows.append({"seed": seed, "dyn": first["dyn"], "tel": first["tel"], "equal": not parts})
    most = most_cpu_s(seen)
    if most > MOST_CPU_S:
        problems.append(f"a run takes more than {MOST_CPU_S:.0f} s of processor time on the machine that certified")
    return Check(
        number=9, name="deterministic", title="Two runs agree to the byte, and a run is cheap",
        problems=tuple(problems), figures={"most cpu_s": MOST_CPU_S}, rows=tuple(rows),
    )  # fmt: skip


def most_cpu_s(seen: BySeed) -> float:
    """Return the seconds of processor time of the dearest run with telemetry."""
    return max((float(value["cpu_s"]) for value in seen.values()), default=0.0)


def first_signal_s(check: Check) -> float | None:
    """Return when the slowest cause's first set was complete, over all seeds, in seconds: of its sets with metrics or
    logs, whose time is measured, where it has such sets."""
    value = check.figures["slowest first signal"]
    return None if value is None else float(value)


def _earliest(times: Sequence[int | None]) -> int | None:
    return min((t_us for t_us in times if t_us is not None), default=None)


def _by(deadline_us: int, at_us: int | None) -> str:
    late = "it never is" if at_us is None else f"it is at {clock(at_us)}"
    return f"by {clock(deadline_us)} ({late})"


def _item_times(scenario: Scenario, seen: BySeed) -> dict[str, dict[str, list[float | None]]]:
    """Return cause -> item -> the earliest and the latest second over seeds; None for never."""
    out: dict[str, dict[str, list[float | None]]] = {}
    for cause in scenario.root_causes:
        for item in dict.fromkeys(i for wanted in cause.evidence for i in wanted):
            times = [value["shown"][cause.id][item] for value in seen.values()]
            known = [t_us for t_us in times if t_us is not None]
            last = max(known) if len(known) == len(times) and known else None
            out.setdefault(cause.id, {})[item] = [seconds(min(known, default=None)), seconds(last)]
    return out
