"""The margins between players that a sound scenario keeps (scoring.md §5).

Read by certificates and by `benchmarks.panel`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from incidentsim.specs.people import GAMING, STYLES
from incidentsim.sweep.store import Record
from incidentsim.sweep.summary import summary

MARGIN = 10.0
"""Points between reference and novice, and between novice and the best gaming player."""

MOST_BY_GAMING = 25.0
"""The most points that a gaming player may get."""

LEAST_STYLE = 0.8
"""Share of the reference's index that a legitimate style gets."""


def violations(index: Mapping[str, float]) -> list[str]:
    """Return the margins that one scenario's mean indices by player violate; players that didn't run have none."""
    found = []
    reference, novice = index.get("reference"), index.get("novice")
    if index.get("do_nothing", 0.0) > 0.0:
        found.append(f"do_nothing gets {index['do_nothing']:.1f}")
    if reference is not None and novice is not None and reference < novice + MARGIN:
        found.append(f"reference {reference:.1f} is not {MARGIN:.0f} above novice {novice:.1f}")
    for name in GAMING:
        if name not in index:
            continue
        if index[name] > MOST_BY_GAMING:
            found.append(f"{name} gets {index[name]:.1f}, more than {MOST_BY_GAMING:.0f}")
        if novice is not None and novice < index[name] + MARGIN:
            found.append(f"novice {novice:.1f} is not {MARGIN:.0f} above {name} {index[name]:.1f}")
    for name in STYLES:
        if reference is not None and name in index and index[name] < LEAST_STYLE * reference:
            found.append(f"{name} gets {index[name]:.1f}, less than four fifths of the reference's {reference:.1f}")
    return found


def means(records: Iterable[Record]) -> dict[str, dict[str, float]]:
    """Return scenario -> player -> mean practice index."""
    by: dict[str, dict[str, float]] = {}
    for row in summary(records):
        if row.index is not None:
            by.setdefault(row.scenario, {})[row.player] = row.index.mean
    return by


def best_gaming(index: Mapping[str, float]) -> tuple[str, float] | None:
    """Return the gaming player with the highest mean index, None when none ran."""
    ran = [(index[name], name) for name in GAMING if name in index]
    value, name = max(ran, default=(0.0, ""))
    return (name, value) if name else None
