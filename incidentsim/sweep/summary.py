"""A sweep in a table: for each scenario and player, what its cells came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from incidentsim.specs.people import POLICIES
from incidentsim.sweep.store import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The practice index over scored cells, and the mean of S, the share of the avoidable harm that was avoided."""

    mean: float
    least: float
    most: float
    saved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario and player. `held`: cells in which every objective held over the last ten minutes; `bad`: mean
    share of requests that an objective found late or failed; `index` is None when cells were not scored."""

    scenario: str
    player: str
    cells: int
    failed: int
    held: int
    bad: float
    dollars: float
    index: Index | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, numbers rounded to four decimals."""
        return _rounded(asdict(self))


def summary(records: Iterable[Record]) -> tuple[Row, ...]:
    """Return the rows, by scenario and then in the order in which players are declared."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.cell.scenario, record.cell.player), []).append(record)
    return tuple(_row(*key, groups[key]) for key in sorted(groups, key=lambda key: (key[0], POLICIES.index(key[1]))))


def mean(values: Iterable[float]) -> float:
    """Return the mean, added up in order; 0 of nothing."""
    total, count = 0.0, 0
    for value in values:
        total, count = total + value, count + 1
    return total / count if count else 0.0


def _row(scenario: str, player: str, records: list[Record]) -> Row:
    played = [record.result for record in records if not record.error]
    return Row(
        scenario=scenario,
        player=player,
        cells=len(records),
        failed=len(records) - len(played),
        held=len([1 for result in played if all(result["objectives_met_last_10_min"].values())]),
        bad=mean(_bad_share(result["sli"]) for result in played),
        dollars=mean(result["cost_microdollars"] / 1_000_000 for result in played),
        index=_index([result["score"] for result in played if "score" in result]),
    )


def _index(cards: list[dict[str, Any]]) -> Index | None:
    values = [card["practice_index"] for card in cards if card["practice_index"] is not None]
    if not values:
        return None
    saved = [card["parts"]["S"]["value"] for card in cards if card["practice_index"] is not None]
    return Index(mean=mean(values), least=min(values), most=max(values), saved=mean(saved))


def _bad_share(sli: dict[str, list[int]]) -> float:
    offered = bad = 0
    for counts in sli.values():
        offered, bad = offered + counts[0], bad + counts[1]
    return bad / offered if offered else 0.0


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _rounded(value) if isinstance(value, dict) else round(value, 4) if isinstance(value, float) else value
        for name, value in values.items()
    }  # fmt: skip
