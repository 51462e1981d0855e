"""Which cell comes next: one of a group first, the others when its baseline is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from incidentsim.sweep.cell import Cell, cells_of
from incidentsim.sweep.order import Queue, group_of

PLAYERS = ("do_nothing", "novice", "reference")


def cell(player: str, seed: int) -> Cell:
    """Return a cell of the one scenario."""
    return Cell(scenario="s", player=player, seed=seed)


def test_cells_come_seed_by_seed_and_once() -> None:
    """A sweep that is stopped has whole seeds, and nothing is played twice."""
    cells = cells_of(("a", "b"), ("novice", "novice", "reference"), (2, 3))
    assert [(c.seed, c.scenario, c.player) for c in cells] == [
        (n, s, p) for n in (2, 3) for s in ("a", "b") for p in ("novice", "reference")
    ]


def test_without_scores_nothing_waits() -> None:
    """Cells that share nothing come out in order, all at once."""
    cells = cells_of(("s",), PLAYERS, (1, 2))
    queue = Queue(cells, shared=False)
    assert [queue.next() for _ in cells] == list(cells)
    assert queue.next() is None


def test_one_of_a_group_goes_ahead() -> None:
    """A group's other cells wait until its first is done, and come before another group is begun."""
    queue = Queue(cells_of(("s",), PLAYERS, (1, 2, 3)), shared=True)
    assert [queue.next(), queue.next()] == [cell("do_nothing", 1), cell("do_nothing", 2)]
    queue.done(cell("do_nothing", 2))
    assert [queue.next(), queue.next()] == [cell("novice", 2), cell("reference", 2)]
    assert queue.next() == cell("do_nothing", 3)
    assert queue.next() is None
    queue.done(cell("novice", 2))
    assert queue.next() is None
    queue.done(cell("do_nothing", 1))
    assert queue.next() == cell("novice", 1)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.randoms(use_true_random=False))
def test_every_cell_is_played_once_and_no_baseline_twice(seeds: int, players: int, workers: int, pick: object) -> None:
    """For any number of workers and any order of finishing: all come out, and before a group's first cell is done
    no other of that group."""
    cells = cells_of(("s", "t"), [f"p{i}" for i in range(players)], range(seeds))
    queue = Queue(cells, shared=True)
    running: list[Cell] = []
    played: list[Cell] = []
    ready = set()
    while True:
        while len(running) < workers and (found := queue.next()) is not None:
            alone = all(group_of(other) != group_of(found) for other in (*running, *played))
            assert alone or group_of(found) in ready
            running.append(found)
        if not running:
            break
        done = running.pop(pick.randrange(len(running)))  # type: ignore[attr-defined]
        played.append(done)
        ready.add(group_of(done))
        queue.done(done)
    assert sorted(played) == sorted(cells)
