"""`incidentsim scenario certify`: the proof that a scenario is sound, made or checked."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from incidentsim.cli.options import MAX_SEEDS, data_option, json_option, scenarios_option
from incidentsim.config import Config, load_config
from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from incidentsim.certify.certificate import Certificate
    from incidentsim.certify.run import Plan
    from incidentsim.scenario.model import Scenario

FAILED = 1
"""Exit code when a check fails, or a certificate is not current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is certified: a scenario, the file of its certificate, and the verb's arguments that make that anew."""

    scenario: Scenario
    path: Path
    renewed_by: str


@click.command("certify")
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@click.option("--all", "everything", is_flag=True, help="Certify every scenario of the catalogue.")
@click.option("--seeds", type=click.IntRange(1, MAX_SEEDS), default=20, show_default=True, metavar="N",
              help="Run on the seeds 1 to N.")  # fmt: skip
@click.option("--players", type=click.Choice(["short", "full"]), default="full", show_default=True,
              help="Which scripted players run: ten, or all.")  # fmt: skip
@click.option("--siblings", is_flag=True,
              help="The first sibling of every other cause, in place of the scenario itself.")  # fmt: skip
@click.option("--check", "check_only", is_flag=True, help="Run nothing: say which certificates are not current.")
@click.option("--no-write", is_flag=True, help="Run and print, and leave every file as it is.")
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes; by default one a core.")
@json_option
@scenarios_option
@data_option
def certify(
    *,
    names: tuple[str, ...],
    everything: bool,
    seeds: int,
    players: str,
    siblings: bool,
    check_only: bool,
    no_write: bool,
    workers: int | None,
    as_json: bool,
    scenarios: Path | None,
    data: Path | None,
) -> int:
    """Prove by running that a scenario is sound, and write its certificate.

    Ten checks over seeds: healthy without faults, harmful when left alone, references that work, wrong fixes that
    don't, players in their places, evidence in time, no truth in texts, determinism, measured difficulty. The result
    is certificate.json in the scenario's folder (those of siblings: siblings/NAME-vK.json), bound to the scenario's
    digest and the engine's compat; one that fails is written, too, and says why; one over more seeds is not
    overwritten. What was run is kept, so an interrupted certificate goes on. Twenty seeds with all players take hours,
    --seeds 1 --players short minutes.

    Ends with 1 when a check fails; with --check, when a scenario has no current certificate.
    """
    config = load_config({"scenarios_dir": scenarios, "data_dir": data})
    wanted = _subjects(names, everything or (check_only and not names), config, siblings=siblings)
    if check_only:
        return _check(wanted, as_json=as_json)
    return _certify(
        wanted, config, seeds=seeds, players=players, workers=workers, as_json=as_json, keep=not no_write
    )


def prove(folder: Path, config: Config, *, seeds: int) -> list[str]:
    """Certify one scenario with the short panel and write the certificate; return the names of the checks that fail."""
    from incidentsim.certify.certificate import FILE, write
    from incidentsim.certify.run import certify
    from incidentsim.scenario.load import load_scenario

    plan = _plan(config, seeds=seeds, players="short", workers=None)
    certificate = certify(load_scenario(folder), plan, lambda what: click.echo(what, err=True))
    write(certificate, folder / FILE)
    return [check["name"] for check in certificate.checks if not check["ok"]]


def _plan(config: Config, *, seeds: int, players: str, workers: int | None) -> Plan:
    from incidentsim.certify.player_checks import PLAYERS
    from incidentsim.certify.run import Plan
    from incidentsim.cli.library import cache_dir

    return Plan(
        seeds=tuple(range(1, seeds + 1)), players=PLAYERS[players], data=config.data_dir, cache=cache_dir(config),
        workers=workers or os.cpu_count() or 1,
    )  # fmt: skip


def _subjects(names: tuple[str, ...], everything: bool, config: Config, *, siblings: bool) -> list[_Subject]:
    """Return what the names say, all of it loaded: a mistake is told before anything runs. `everything` skips scenarios
    without siblings where siblings are meant. Raises UsageError when nothing is said."""
    from incidentsim.certify.certificate import FILE
    from incidentsim.certify.siblings import first_siblings
    from incidentsim.scenario.catalogue import find, folders
    from incidentsim.scenario.load import load_scenario

    wanted = [(name, find(name, config.scenarios_dir)) for name in names]
    if not names and everything:
        wanted = list(folders(config.scenarios_dir).items())
    if not wanted:
        raise UsageError("certify what? name scenarios or paths, or say --all")
    if not siblings:
        return [
            _Subject(scenario=load_scenario(folder), path=folder / FILE, renewed_by=name) for name, folder in wanted
        ]
    return [
        _Subject(scenario=sibling, path=path, renewed_by=f"{name} --siblings")
        for name, folder in wanted
        if names or load_scenario(folder).variants is not None
        for path, sibling in first_siblings(folder)
    ]


def _check(wanted: list[_Subject], *, as_json: bool) -> int:
    """Say which scenarios have no current certificate, and how to renew it."""
    from incidentsim.certify.certificate import read, staleness

    said: list[dict[str, Any]] = []
    for one in wanted:
        stale = staleness(one.path, one.scenario)
        certificate = None if stale else read(one.path)
        failing = [check["name"] for check in certificate.checks if not check["ok"]] if certificate else []
        renewal = f"incidentsim scenario certify {one.renewed_by}"
        said.append({"scenario": one.scenario.id, "current": not stale, "why": stale, "failing": failing,
                     "renewal": renewal})  # fmt: skip
    if as_json:
        click.echo(json.dumps(said, indent=2, ensure_ascii=False))
    for line in said if not as_json else ():
        if line["current"]:
            rest = f"; failing: {', '.join(line['failing'])}" if line["failing"] else ""
            click.echo(f"{line['scenario']}: the certificate is current{rest}")
        else:
            click.echo(f"{line['scenario']}: {line['why']}; renew it: {line['renewal']}")
    return 0 if all(line["current"] for line in said) else FAILED


def _certify(
    wanted: list[_Subject], config: Config, *, seeds: int, players: str, workers: int | None, as_json: bool, keep: bool
) -> int:
    from incidentsim.certify.certificate import better_there, write
    from incidentsim.certify.run import certify
    from incidentsim.cli.report import console
    from incidentsim.scenario.files import show_file

    plan = _plan(config, seeds=seeds, players=players, workers=workers)
    found: list[Certificate] = []
    for one in wanted:
        certificate = certify(one.scenario, plan, lambda what: click.echo(what, err=True))
        found.append(certificate)
        if not as_json:
            _print(certificate, console())
        if not keep:
            continue
        if better_there(one.path, one.scenario, certificate):
            click.echo(f"not written: {show_file(one.path)} is one over more seeds or players", err=True)
            continue
        try:
            click.echo(f"written: {show_file(write(certificate, one.path))}", err=True)
        except OSError as wrong:
            raise UsageError(f"the certificate can't be written: {wrong}; certify a copy of the folder") from wrong
    if as_json:
        values = [certificate.to_json() for certificate in found]
        click.echo(json.dumps(values[0] if len(values) == 1 else values, indent=2, ensure_ascii=False))
    return 0 if all(certificate.ok for certificate in found) else FAILED


def _print(certificate: Certificate, out: Console) -> None:
    """Print a table for each check, what is wrong, and the verdict."""
    from rich.table import Table
    from rich.text import Text

    if not out.is_terminal:
        out.width = 140
    out.print(Text(f"{certificate.scenario}, version {certificate.version}, digest {certificate.scenario_digest[:12]}, "
                   f"seeds 1 to {len(certificate.seeds)}, {len(certificate.players)} players", "bold"))  # fmt: skip
    for check in certificate.checks:
        mark, style = ("passed", "green") if check["ok"] else ("FAILED", "red")
        out.print()
        out.print(Text.assemble(f"{check['number']:>2}  ", (mark, style), f"  {check['title']}"))
        for problem in check["problems"]:
            out.print(Text(f"      - {problem}"))
        figures = "; ".join(
            f"{name}: {_shown(value)}" for name, value in check["figures"].items() if value not in ("", [])
        )
        if figures:
            out.print(Text(f"      {figures}", "dim"))
        heads = list(dict.fromkeys(head for row in check["rows"] for head in row))
        if heads:
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
            for head in ("    ", *heads):
                table.add_column(head, header_style="dim")
            for row in check["rows"]:
                table.add_row("", *(Text(_shown(row.get(head))) for head in heads))
            out.print(table)
    failed = [check["name"] for check in certificate.checks if not check["ok"]]
    measured = f"{certificate.measured['cpu_s']:.1f} s of processor time a run"
    out.print()
    out.print(Text(f"{measured}; " + (f"failed: {', '.join(failed)}" if failed else "all ten checks passed")))


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    text = str(value)
    return text[:12] if len(text) == 32 and text.isalnum() else text
