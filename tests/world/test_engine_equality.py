"""The macro-step engine against the iteration-by-iteration one: identical integers (world.md F1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from incidentsim.bench.cases import Case, Outcome, prefix_case, random_case, run_case

CHUNK = 20
"""Cases per test, so that workers share the range evenly."""

PREEMPTING = (13, 12, 7, 10, 10, 10, 9, 8, 6, 16, 10, 12, 7, 13, 9, 9)
"""How many cases of each chunk preempt: a change of the generator that loses them must be noticed."""

PREEMPTING_WITH_PREFIXES = (17, 13, 17, 15, 15, 17)
"""The same for cases with prefixes."""


def compare(seed: int, make: Callable[[int], Case] = random_case) -> Outcome:
    """Run one case on both engines; fail with the line that repeats it."""
    case = make(seed)
    macro, naive = run_case(case, naive=False), run_case(case, naive=True)
    again = f"repeat with tests.world.test_engine_equality.compare({seed}, {make.__name__})"
    assert macro.times == naive.times, f"times differ; {again}"
    assert macro.readings == naive.readings, f"readings inside a step differ; {again}"
    assert macro == naive, again
    return macro


@pytest.mark.parametrize("chunk", range(len(PREEMPTING)))
def test_both_engines_agree(chunk: int) -> None:
    """Times, events, preemptions, iterations and mid-step readings are equal; most cases change knobs."""
    seeds = range(chunk * CHUNK, (chunk + 1) * CHUNK)
    preempting = sum(compare(seed).preemptions > 0 for seed in seeds)
    assert preempting == PREEMPTING[chunk]
    assert {random_case(seed).reserve for seed in seeds} == {True, False}
    assert sum(bool(random_case(seed).knobs) for seed in seeds) >= 10


def test_the_range_is_hard_enough() -> None:
    """At least 300 cases are compared, 120 of them with preemption."""
    assert CHUNK * len(PREEMPTING) >= 300
    assert sum(PREEMPTING) >= 120


def test_cases_probe_inside_steps() -> None:
    """Some readings find an engine with KV blocks in use and tokens generated: probes are not all idle."""
    readings = run_case(random_case(0), naive=False).readings
    assert len(readings) == 40
    assert any(used and running for used, _, running, *_ in readings)


@pytest.mark.parametrize("chunk", range(len(PREEMPTING_WITH_PREFIXES)))
def test_both_engines_agree_with_prefix_caches(chunk: int) -> None:
    """With templates, growing conversations and resets they agree too, and on what is cached at any moment."""
    outcomes = [compare(seed, prefix_case) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK)]
    assert all(outcome.hits > 0 for outcome in outcomes)
    assert sum(outcome.preemptions > 0 for outcome in outcomes) == PREEMPTING_WITH_PREFIXES[chunk]


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(20))
def test_both_engines_agree_on_many_more_prefixes(chunk: int) -> None:
    """The same on 2,000 further cases with prefixes."""
    for seed in range(10_000 + chunk * 100, 10_000 + (chunk + 1) * 100):
        compare(seed, prefix_case)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(20))
def test_both_engines_agree_on_many_more(chunk: int) -> None:
    """The same on 2,000 further cases."""
    for seed in range(10_000 + chunk * 100, 10_000 + (chunk + 1) * 100):
        compare(seed)
