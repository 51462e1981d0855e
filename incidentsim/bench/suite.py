"""The benchmark: every figure of the design by its id, measured one after the other.

`cli.verbs.bench` is the caller. A figure that can't be measured here counts as missed, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from incidentsim.bench.conservation import nothing_lost
from incidentsim.bench.equality import engines_agree
from incidentsim.bench.figure import Bound, Figure, Settings
from incidentsim.bench.recorded import closed_form_percentiles, every_request, real_engine
from incidentsim.bench.speed import Speed
from incidentsim.errors import IncidentSimError, UsageError

Measurement = Callable[[], Figure]

FIGURES = {
    "S1": "replica engine alone",
    "S2": "the default stack",
    "S3": "output length",
    "S4": "memory",
    "S5": "counterfactual runs",
    "F1": "macro engine = naive engine",
    "F2": "recorded runs, request by request",
    "F3": "recorded runs, closed form",
    "F4": "recorded run of vLLM",
    "F6": "queues and conservation",
}
"""Every figure with what it is about, in the order of measuring."""


def chosen(only: str) -> list[str]:
    """Return the ids that `--only S1,F3` names, in the order of FIGURES; all for an empty text.

    Raises UsageError for an id that is not a figure.
    """
    asked = [name.strip().upper() for name in only.split(",") if name.strip()]
    unknown = [name for name in asked if name not in FIGURES]
    if unknown:
        raise UsageError(f"there is no figure {', '.join(unknown)}; figures are {', '.join(FIGURES)}")
    return [name for name in FIGURES if not asked or name in asked]


def run(ids: Sequence[str], settings: Settings) -> Iterator[Figure]:
    """Measure the figures, yielding each when it is finished."""
    speed = Speed(settings)
    measurements: dict[str, Measurement] = {
        "S1": speed.engine,
        "S2": speed.stack,
        "S3": speed.output_length,
        "S4": speed.memory,
        "S5": speed.counterfactuals,
        "F1": lambda: engines_agree(settings),
        "F2": lambda: every_request(settings),
        "F3": lambda: closed_form_percentiles(settings),
        "F4": lambda: real_engine(settings),
        "F6": lambda: nothing_lost(settings),
    }
    for figure_id in ids:
        try:
            yield measurements[figure_id]()
        except IncidentSimError as error:
            bound = Bound(name="measured", value=0, sense="==", limit=1)
            yield Figure(id=figure_id, bounds=(bound,), how=f"can't be measured here: {error}")
