"""`incidentsim scenario`: list, show, lint, certify (`cli.certifying`), new, vary, schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from incidentsim.cli.certifying import FAILED, certify, prove
from incidentsim.cli.options import MAX_SEEDS, data_option, json_option, scenarios_option
from incidentsim.config import load_config
from incidentsim.errors import ScenarioError, UsageError

if TYPE_CHECKING:
    from incidentsim.scenario.lint import Finding
    from incidentsim.scenario.model import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What lint says of one scenario: why it is not valid, or what the rules found in it."""

    name: str
    error: str = ""
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        found = [{"rule": f.rule, "where": f.where, "message": f.message} for f in self.findings]
        return {
            "scenario": self.name,
            "ok": not self.error and not found,
            "error": self.error,
            "findings": found,
        }


@click.group("scenario")
def command() -> None:
    """List, show, check, certify and write scenarios."""


@command.command("list")
@json_option
@scenarios_option
def list_(as_json: bool, scenarios: Path | None) -> None:
    """List the scenarios that can be played."""
    from incidentsim.scenario.catalogue import list_scenarios
    from incidentsim.specs.knobs import format_duration
    from incidentsim.text import clean

    entries = list_scenarios(load_config({"scenarios_dir": scenarios}).scenarios_dir)
    if as_json:
        listed = [
            {
                "id": e.id, "title": e.title, "summary": e.summary, "level": e.level,
                "duration_s": e.duration_us // 1_000_000, "skills": e.skills, "shapes": e.shapes,
                "path": str(e.path), "digest": e.digest, "error": e.error,
            }
            for e in entries
        ]  # fmt: skip
        click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    if not entries:
        raise UsageError("no scenarios were found; say where they are with --scenarios DIR")
    width = max(len(entry.id) for entry in entries)
    for entry in entries:
        if entry.error:
            click.echo(f"{entry.id:<{width}}  can't be loaded; see: incidentsim scenario lint {entry.id}")
            continue
        facts = f"{entry.level:<6}  {format_duration(entry.duration_us):>5}"
        click.echo(clean(f"{entry.id:<{width}}  {facts}  {entry.title}"))


@command.command("show")
@click.argument("name")
@click.option("--for", "audience", type=click.Choice(["candidate", "interviewer"]), default="candidate",
              show_default=True, help="Interviewers and authors are told the truth as well.")  # fmt: skip
@json_option
@scenarios_option
def show(name: str, audience: str, as_json: bool, scenarios: Path | None) -> None:
    """Show what a player may know of a scenario beforehand; with --for interviewer, everything.

    Everything is the timeline with its faults, the root causes with their evidence, the causal graph, who knows what,
    hints and solutions. Whoever reads that can't play it as an exercise any more.
    """
    from incidentsim.cli.library import load
    from incidentsim.scenario.outline import for_everyone, for_interviewers
    from incidentsim.specs.knobs import format_duration
    from incidentsim.text import clean

    scenario = load(name, load_config({"scenarios_dir": scenarios}).scenarios_dir)
    truth = audience == "interviewer"
    parts = (*for_everyone(scenario), *(for_interviewers(scenario) if truth else ()))
    facts = {
        "id": scenario.id,
        "version": scenario.version,
        "title": scenario.title,
        "summary": scenario.summary,
        "level": scenario.level,
        "duration": format_duration(scenario.duration),
        "prelude": format_duration(scenario.prelude),
        "stack": scenario.stack.title,
        "skills": list(scenario.skills),
        "shapes": list(scenario.shapes),
        "objectives": [slo.title for slo in scenario.slos],
        "team": [mate.role for mate in scenario.team],
        "hints": [f"{hint.price} points" for hint in scenario.hints],
        "digest": scenario.digest,
    }
    if as_json:
        told = {"parts": {part.title: list(part.lines) for part in parts}} if truth else {}
        click.echo(json.dumps({**facts, **told}, indent=2, ensure_ascii=False))
        return
    if truth:
        click.echo("FOR INTERVIEWERS AND AUTHORS ONLY: what follows tells the causes and the solutions.\n")
    for key, value in facts.items():
        click.echo(clean(f"{key:<11} {', '.join(value) if isinstance(value, list) else value}"))
    for part in parts:
        click.echo(clean(f"\n{part.title}", keep_newlines=True))
        for line in part.lines:
            click.echo(clean(line))
    if not truth:
        click.echo(f"\nTimeline, root causes and causal graph: incidentsim scenario show {name} --for interviewer")


@command.command("lint")
@click.argument("names", nargs=-1, metavar="[NAME|PATH]...")
@click.option("--all", "everything", is_flag=True, help="Check every scenario of the catalogue.")
@click.option("--explain", metavar="RULE", help="Say what a rule wants, and why; `list` names them all.")
@json_option
@scenarios_option
@click.pass_context
def lint(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    everything: bool,
    explain: str | None,
    as_json: bool,
    scenarios: Path | None,
) -> None:
    """Check scenario files: every mistake, then every rule of a good exercise.

    Ends with 1 when a rule finds something, with 2 when a file is not valid.
    """
    from incidentsim.scenario import lint as rules

    if explain is not None:
        click.echo(rules.explain(explain))
        return
    names = names or tuple(_catalogue(scenarios) if everything else ())
    if not names:
        raise UsageError("lint what? name scenarios or paths, or say --all")
    results = [_lint_one(name, scenarios) for name in names]
    if as_json:
        click.echo(json.dumps([result.to_json() for result in results], indent=2, ensure_ascii=False))
    else:
        for result in results:
            _print_lint(result)
    ctx.exit(2 if any(r.error for r in results) else 1 if any(r.findings for r in results) else 0)


command.add_command(certify)


@command.command("new")
@click.argument("name")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path("scenarios"), metavar="DIR",
              show_default=True, help="The folder in which the scenario's own folder is made.")  # fmt: skip
def new(name: str, into: Path) -> None:
    """Make a folder with a small working scenario, commented, to be turned into another one.

    It has a stack, a course of events, a root cause with its evidence, team-mates, hints, a runbook, two reference
    solutions, two tempting wrong ones and a held-out one. Nothing is ever overwritten.
    """
    from incidentsim.scenario.files import show_file
    from incidentsim.scenario.scaffold import create

    files = create(name, into)
    for path in files:
        click.echo(show_file(path))
    folder = show_file(files[0].parent)
    click.echo(f"Edit {show_file(files[0])}, then: incidentsim scenario lint {folder}")


@command.command("vary")
@click.argument("name", metavar="NAME|PATH")
@click.option("--count", type=click.IntRange(1, 200), default=1, show_default=True, help="How many siblings to write.")
@click.option("--first", type=click.IntRange(1, 999_000), default=1, show_default=True, help="Number of the first one.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Secret of the draws: another seed gives other siblings under the same numbers.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("scenarios"), show_default=True,
              help="Folder to write to; siblings in ./scenarios are found by name.")  # fmt: skip
@click.option("--show", "reveal", is_flag=True, help="Say what differs. Not for candidates: it tells what is wrong.")
@click.option("--certify", "seeds", type=click.IntRange(1, MAX_SEEDS), metavar="N",
              help="Certify each one on the seeds 1 to N with ten players, which takes minutes.")  # fmt: skip
@json_option
@scenarios_option
@data_option
def vary(
    *, name: str, count: int, first: int, seed: int, out: Path, reveal: bool, seeds: int | None, as_json: bool,
    scenarios: Path | None, data: Path | None,
) -> int:  # fmt: skip
    """Write siblings of a scenario: other incidents with the same symptom, as folders of their own.

    A sibling is NAME-v1 and so on, complete, checked and clean. Nothing is overwritten. Ends with 1 when one that was
    certified fails a check.
    """
    from incidentsim.scenario.catalogue import find
    from incidentsim.scenario.siblings import Parent
    from incidentsim.scenario.vary import told

    config = load_config({"scenarios_dir": scenarios, "data_dir": data})
    parent = Parent(find(name, config.scenarios_dir))
    made = [parent.sibling(number, seed=seed) for number in range(first, first + count)]
    for sibling in made:
        if sibling.findings:
            one = sibling.findings[0]
            raise ScenarioError(f"{sibling.scenario.id} is no good: {one.where}: {one.rule}: {one.message}")
    parent.refuse_overwriting(made, out)
    written: list[dict[str, object]] = []
    for sibling in made:
        folder = parent.write(sibling, out)
        lines = told(sibling.differences, reveal=reveal)
        written.append({"id": sibling.scenario.id, "path": str(folder), "digest": sibling.scenario.digest,
                        "differs": lines})  # fmt: skip
        if not as_json:
            click.echo(f"{sibling.scenario.id}  {folder}")
            for line in lines:
                click.echo(f"  {line}")
        if seeds is not None:
            written[-1]["failing"] = failing = prove(folder, config, seeds=seeds)
            if not as_json:
                click.echo(f"  certified on {seeds} seeds: {', '.join(failing) + ' FAILED' if failing else 'passed'}")
    if as_json:
        click.echo(json.dumps(written, indent=2, ensure_ascii=False))
    return FAILED if any(one.get("failing") for one in written) else 0


@command.command("schema")
@click.option("--stack", is_flag=True, help="The schema of stack files in place of scenario files.")
def schema(stack: bool) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from incidentsim.scenario.schema import scenario_schema, stack_schema

    click.echo(json.dumps(stack_schema() if stack else scenario_schema(), indent=2))


def _catalogue(scenarios: Path | None) -> list[str]:
    from incidentsim.scenario.catalogue import folders

    return list(folders(load_config({"scenarios_dir": scenarios}).scenarios_dir))


def _lint_one(name: str, scenarios: Path | None) -> Linted:
    from incidentsim.cli.library import load
    from incidentsim.scenario.lint import lint as run_rules

    try:
        scenario = load(name, load_config({"scenarios_dir": scenarios}).scenarios_dir)
    except ScenarioError as wrong:
        return Linted(name=name, error=str(wrong))
    return Linted(name=scenario.id, findings=(*run_rules(scenario), *_of_siblings(name, scenario, scenarios)))


def _of_siblings(name: str, scenario: Scenario, scenarios: Path | None) -> tuple[Finding, ...]:
    """Return what is wrong with a scenario's options, where it has any."""
    if scenario.variants is None:
        return ()
    from incidentsim.scenario.catalogue import find
    from incidentsim.scenario.lint import SOUND_SIBLINGS, Finding
    from incidentsim.scenario.siblings import Parent, problems_of_options

    parent = Parent(find(name, load_config({"scenarios_dir": scenarios}).scenarios_dir))
    return tuple(Finding(rule=SOUND_SIBLINGS, where=where, message=message)
                 for where, message in problems_of_options(parent))  # fmt: skip


def _print_lint(result: Linted) -> None:
    from incidentsim.text import clean

    if result.error:
        click.echo(clean(result.error, limit=50_000, keep_newlines=True))
    for finding in result.findings:
        click.echo(clean(f"{result.name}: {finding.where}: {finding.rule}: {finding.message}"))
    if not result.error and not result.findings:
        click.echo(f"{result.name}: fine")
