"""Two futures side by side: counts from the moment on, minutes, and when users were well."""

from __future__ import annotations

from incidentsim.scoring.futures import bars, future, two_futures
from incidentsim.scoring.protocol import Mark, Outcome
from incidentsim.session.engine import TICK_US
from tests.session.stage import scenario

MINUTE = 60_000_000
SLO = scenario().slos[0].id


def outcome(bad_until_us: int, cost: int = 0) -> Outcome:
    """Return a run with ten requests every ten seconds, all bad until a moment."""
    marks: list[Mark] = []
    bad = 0
    for i in range(1, 61):
        t_us = i * 10_000_000
        bad += 10 if t_us <= bad_until_us else 0
        marks.append((t_us, i * 10, bad))
    return Outcome(sli={f"{SLO}/a": (600, bad)}, cost_microdollars=cost, series={SLO: tuple(marks)})


def test_only_what_came_after_the_moment_counts() -> None:
    """Bad requests before the moment are in neither future; shares go by minute."""
    what = scenario().model_copy(update={"duration": 10 * MINUTE})
    seen = future(outcome(4 * MINUTE), what, 2 * MINUTE)
    assert seen.bad == ((SLO, 120),)
    assert seen.shares == (1.0, 1.0, 0, 0, 0, 0, 0, 0)
    assert seen.calm_us is not None
    assert 4 * MINUTE <= seen.calm_us <= 5 * MINUTE + TICK_US


def test_both_are_told_in_one_section() -> None:
    """Bad requests with their change, the times, the cost, and a bar a minute for each."""
    what = scenario().model_copy(update={"duration": 10 * MINUTE})
    before, now = (
        future(o, what, 2 * MINUTE) for o in (outcome(10 * MINUTE, 5_000_000), outcome(4 * MINUTE, 3_500_000))
    )
    section = two_futures(before, now, 2 * MINUTE)
    text = "\n".join(line.text for line in section.lines)
    assert section.title == "Two futures"
    assert f"{SLO} from then on: 480 before, 120 now (−75 %)." in text
    assert "not by the end before" in text
    assert "Cost: −$1.50 against before." in text
    assert "before: ████████" in text
    assert "now:    ██      " in text


def test_the_same_future_is_called_the_same() -> None:
    """Equal runs differ in nothing, and no cost line is shown."""
    what = scenario().model_copy(update={"duration": 10 * MINUTE})
    same = future(outcome(3 * MINUTE), what, 0)
    lines = [line.text for line in two_futures(same, same, 0).lines]
    assert any("the same" in line for line in lines[1:])
    assert not any(line.startswith("Cost") for line in lines)


def test_any_bad_request_shows() -> None:
    """A share too small for an eighth still gets the lowest bar; none gets none."""
    assert bars([0.0, 0.001, 0.5, 1.0]) == " ▁▄█"
