"""`incidentsim sweep`: scenarios × players × seeds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from incidentsim.cli.main import INTERRUPTED
from incidentsim.cli.options import Seeds, SeedType, data_option, json_option
from incidentsim.config import Config, load_config
from incidentsim.errors import UsageError
from incidentsim.specs.people import POLICIES

if TYPE_CHECKING:
    from incidentsim.scenario.model import Scenario
    from incidentsim.sweep.run import Outcome, Tell
    from incidentsim.sweep.summary import Row

FAILED = 1
"""Exit code when a cell ended with an error."""

ALL = "all"

SHOWN_FAILURES = 10
"""Failed cells that are listed; all of them are in the results."""


@click.command("sweep")
@click.option("--scenarios", required=True, metavar="NAMES", help="Names or paths with commas between, or all.")
@click.option("--policies", required=True, metavar="NAMES", help="Scripted players with commas between, or all.")
@click.option(
    "--seeds", type=SeedType(), default="1", show_default=True, metavar="N|A..B", help="One seed, or a range."
)
@click.option("--score", is_flag=True, help="Score each play as well: half a minute to three of processor time each.")
@click.option("--dask", default="", metavar="ADDRESS",
              help="Play on the workers of this Dask scheduler, for example tcp://10.0.0.5:8786.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes here; by default one a core.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Where cells are kept; by default below the data directory.")  # fmt: skip
@json_option
@data_option
def command(
    *,
    scenarios: str,
    policies: str,
    seeds: Seeds,
    score: bool,
    dask: str,
    workers: int | None,
    out: Path | None,
    as_json: bool,
    data: Path | None,
) -> int:
    """Play scenarios with scripted players over seeds, on local processes or a Dask cluster.

    Each finished play is kept at once: ctrl+c, a crash or a kill loses what is being played, and the same command
    goes on with what is missing. The digest covers the results alone: it is the same for any number of processes
    and on a cluster. Ends with 1 when a play ended with an error; the others are played all the same.
    """
    from incidentsim.cli.library import cache_dir
    from incidentsim.sweep.identity import this_engine
    from incidentsim.sweep.place import backend_for, default_folder
    from incidentsim.sweep.run import Grid, sweep
    from incidentsim.sweep.store import Store

    if dask and workers is not None:
        raise UsageError("--workers is for processes here; a cluster has its own: leave one of the two out")
    config = load_config({"data_dir": data})
    grid = Grid(
        scenarios=_scenarios(scenarios, config), players=_players(policies), seeds=tuple(seeds.values), score=score,
        cache=cache_dir(config),
    )  # fmt: skip
    total = len(grid.cells())  # a mistake is told before anything is made
    folder = out or default_folder(config.data_dir, this_engine(), score=score)
    store = Store(folder, engine=this_engine(), score=score)
    backend = backend_for(dask=dask, workers=workers or os.cpu_count() or 1)
    if score and backend.slow_scores:
        click.echo(f"note: {backend.slow_scores}", err=True)
    with _told(total) as tell:
        try:
            outcome = sweep(grid, store, backend, tell)
        except KeyboardInterrupt:
            click.echo(f"interrupted; what is finished is kept in {folder}, and the same command goes on", err=True)
            return INTERRUPTED
    if as_json:
        _print_json(outcome)
    else:
        _print(outcome)
    return FAILED if outcome.failed() else 0


def _scenarios(text: str, config: Config) -> tuple[Scenario, ...]:
    from incidentsim.cli.library import load
    from incidentsim.scenario.catalogue import folders

    names = tuple(folders(config.scenarios_dir)) if text == ALL else _names(text, "--scenarios")
    return tuple(load(name, config.scenarios_dir) for name in names)


def _players(text: str) -> tuple[str, ...]:
    return POLICIES if text == ALL else _names(text, "--policies")


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError(f"{option} needs names with commas between, or all")
    return names


@contextmanager
def _told(total: int) -> Iterator[Tell]:
    """Show progress on stderr: a bar at a terminal, a line for each cell in a pipe."""
    from incidentsim.cli.progress import shown_progress

    if sys.stderr.isatty():
        with shown_progress(f"{total} plays") as tell:
            yield lambda done, of, what: tell(done, of)
        return

    def say(done: int, of: int, what: str) -> None:
        click.echo(f"{done}/{of} {what}" if what else f"{done}/{of} are kept already", err=True)

    yield say


def _print_json(outcome: Outcome) -> None:
    from incidentsim.sweep.store import SCHEMA
    from incidentsim.sweep.summary import summary

    failed = [
        {"scenario": r.cell.scenario, "player": r.cell.player, "seed": r.cell.seed, "error": r.error,
         "kept": str(r.kept)}
        for r in outcome.failed()
    ]  # fmt: skip
    said = {
        "schema": SCHEMA,
        "cells": len(outcome.records),
        "played": outcome.played,
        "digest": outcome.digest,
        "results": str(outcome.results),
        "failed": failed,
        "summary": [row.to_json() for row in summary(outcome.records)],
    }
    click.echo(json.dumps(said, indent=2, ensure_ascii=False))


def _print(outcome: Outcome) -> None:
    from incidentsim.cli.report import console
    from incidentsim.sweep.summary import summary
    from incidentsim.text import clean

    rows = summary(outcome.records)
    out = console()
    if not out.is_terminal:
        out.width = 120
    out.print(_table(rows))
    click.echo(f"{len(outcome.records)} plays, {outcome.played} of them now; results: {outcome.results}")
    click.echo(f"digest {outcome.digest}")
    failed = outcome.failed()
    if failed:
        click.echo(f"{len(failed)} plays ended with an error:", err=True)
    for record in failed[:SHOWN_FAILURES]:
        click.echo(clean(f"  {record.cell}: {record.error} (more in {record.kept})", limit=2_000), err=True)
    if len(failed) > SHOWN_FAILURES:
        click.echo(f"  and {len(failed) - SHOWN_FAILURES} more; see {outcome.results}", err=True)


def _table(rows: tuple[Row, ...]) -> object:
    from rich.table import Table

    scored = any(row.index for row in rows)
    table = Table(box=None, pad_edge=False)
    table.add_column("scenario")
    table.add_column("player")
    for title in ("plays", "failed", "objectives held", "bad requests", "cost"):
        table.add_column(title, justify="right")
    for title in ("index", "min", "max", "S") if scored else ():
        table.add_column(title, justify="right")
    for row in rows:
        index = row.index
        marks = (
            [f"{x:.{p}f}" for x, p in ((index.mean, 1), (index.least, 1), (index.most, 1), (index.saved, 2))]
            if index
            else []
        )
        table.add_row(
            row.scenario, row.player, str(row.cells), str(row.failed), f"{row.held} of {row.cells - row.failed}",
            f"{row.bad:.2%}", f"${row.dollars:,.2f}", *marks,
        )  # fmt: skip
    return table
