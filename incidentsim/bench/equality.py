"""F1: the macro-step engine gives the integers of the iteration-by-iteration one."""

from __future__ import annotations

from incidentsim.bench.cases import random_case, run_case
from incidentsim.bench.figure import Bound, Figure, Settings

CASES = 500
"""Cases compared (world.md F1: at least 500, 150 of them with preemption)."""

QUICK_CASES = 60

PREEMPTING_SHARE = 0.3
"""150 of 500."""


def engines_agree(settings: Settings) -> Figure:
    """Run random cases on both engines and compare times, events, preemptions and readings inside steps."""
    count = settings.pick(CASES, QUICK_CASES)
    differing = preempting = cancels = throttles = knobs = 0
    for seed in range(count):
        if seed % 20 == 0:
            settings.tell(f"engines: case {seed} of {count}")
        case = random_case(seed)
        macro, naive = run_case(case, naive=False), run_case(case, naive=True)
        differing += macro != naive
        preempting += macro.preemptions > 0
        cancels += bool(case.cancels)
        throttles += bool(case.factors)
        knobs += bool(case.knobs)
    return Figure(
        id="F1",
        bounds=(
            Bound(name="differing_cases", value=differing, sense="==", limit=0),
            Bound(name="cases", value=count, sense=">=", limit=count),
            Bound(name="preempting_cases", value=preempting, sense=">=", limit=round(count * PREEMPTING_SHARE)),
        ),
        how=f"random cases 0..{count - 1} of bench.cases on both engines, every integer compared; with cancels "
        f"{cancels}, throttles {throttles}, knob changes {knobs}",
    )
