"""A sweep's folder: what is kept, what counts as missing, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from incidentsim.errors import UsageError
from incidentsim.sweep.cell import Cell, Finished
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.store import Store

ENGINE = this_engine()
CELLS = tuple(Cell(scenario="s", player=player, seed=seed) for player in ("novice", "reference") for seed in (2, 10))
DIGESTS = {"s": "a" * 64}


def finished(cell: Cell, *, error: str = "") -> Finished:
    """Return a finished cell with a result, or one that failed."""
    if error:
        return Finished(cell=cell, engine=ENGINE.digest, error=error, trace="in f")
    return Finished(cell=cell, engine=ENGINE.digest, result={"sli": {"é": (1, 2)}, "index": 0.1})


def opened(folder: Path) -> Store:
    """Return the folder's store, as another process would open it."""
    return Store(folder, engine=ENGINE, score=False)


def test_what_is_kept_is_read_again_as_it_was(tmp_path: Path) -> None:
    """A cell read from disk gives the line that it gave when it was kept."""
    record = opened(tmp_path).keep(finished(CELLS[0]), DIGESTS["s"])
    found = opened(tmp_path).kept(CELLS, DIGESTS)
    assert list(found) == [CELLS[0]]
    assert found[CELLS[0]].line() == record.line()
    assert json.loads(record.line())["sli"] == {"é": [1, 2]}


def test_failed_cells_are_missing(tmp_path: Path) -> None:
    """A cell that failed is kept with its error, and played again by the next sweep."""
    record = opened(tmp_path).keep(finished(CELLS[0], error="KeyError: x"), DIGESTS["s"])
    assert record.kept is not None
    assert json.loads(record.kept.read_text(encoding="utf-8"))["trace"] == "in f"
    assert json.loads(record.line())["error"] == "KeyError: x"
    assert opened(tmp_path).kept(CELLS, DIGESTS) == {}


@pytest.mark.parametrize("harm", ["", "{", "[]", '{"result": {}}', "cut", "changed"])
def test_a_torn_file_is_missing(tmp_path: Path, harm: str) -> None:
    """A file that is empty, cut off, or not what was written counts as a cell that was never played."""
    path = opened(tmp_path).keep(finished(CELLS[0]), DIGESTS["s"]).kept
    assert path is not None
    text = path.read_text(encoding="utf-8")
    path.write_text({"cut": text[:-9], "changed": text.replace("0.1", "0.2")}.get(harm, harm), encoding="utf-8")
    assert opened(tmp_path).kept(CELLS, DIGESTS) == {}


def test_another_version_of_a_scenario_is_missing(tmp_path: Path) -> None:
    """Cells of a scenario that has changed since stay where they are and are not taken for the new one's."""
    opened(tmp_path).keep(finished(CELLS[0]), DIGESTS["s"])
    assert opened(tmp_path).kept(CELLS, {"s": "b" * 64}) == {}
    assert len(opened(tmp_path).kept(CELLS, DIGESTS)) == 1


def test_results_are_sorted_whatever_came_first(tmp_path: Path) -> None:
    """Lines are by scenario, player and seed as a number, and the digest is that of the file."""
    stores = [opened(tmp_path / name) for name in ("one", "two")]
    digests = []
    for store, cells in zip(stores, (CELLS, CELLS[::-1]), strict=True):
        digests.append(store.write_results([store.keep(finished(cell), DIGESTS["s"]) for cell in cells]))
    lines = [json.loads(line) for line in stores[1].results_path.read_text(encoding="utf-8").splitlines()]
    assert [(line["player"], line["seed"]) for line in lines] == [(c.player, c.seed) for c in CELLS]
    assert digests[0] == digests[1]


def test_nothing_but_whole_files_is_left(tmp_path: Path) -> None:
    """Writing leaves no part of a file behind."""
    store = opened(tmp_path)
    store.write_results([store.keep(finished(cell), DIGESTS["s"]) for cell in CELLS])
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in (".json", ".jsonl")] == []


def test_results_of_another_engine_are_refused(tmp_path: Path) -> None:
    """A folder begun by another version, Python or library is not gone on with, and the message says what differs."""
    other = replace(ENGINE, source="0" * 64, python="CPython 3.99", libraries={**ENGINE.libraries, "simpy": "0.1"})
    Store(tmp_path, engine=other, score=False)
    with pytest.raises(UsageError, match=r"Python CPython 3\.99 instead of .*simpy 0\.1 instead.*source digest 0000"):
        opened(tmp_path)


def test_scored_and_unscored_do_not_mix(tmp_path: Path) -> None:
    """A folder of scored cells is refused by a sweep without scores."""
    Store(tmp_path, engine=ENGINE, score=True)
    with pytest.raises(UsageError, match="are scored; choose another --out"):
        opened(tmp_path)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """Files that are no sweep's are left alone."""
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError, match="has files but no sweep"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
