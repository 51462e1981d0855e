"""`incidentsim run`: an incident without a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from incidentsim.cli.options import Seeds, SeedType, data_option, json_option, scenarios_option
from incidentsim.config import load_config
from incidentsim.errors import UsageError
from incidentsim.specs.people import MEMORISERS, POLICIES


@click.command("run")
@click.argument("scenario")
@click.option("--policy", type=click.Choice((*POLICIES, *MEMORISERS)), metavar="NAME",
              help=f"A scripted player: {', '.join((*POLICIES, *MEMORISERS))}.")  # fmt: skip
@click.option("--script", type=click.Path(path_type=Path), metavar="FILE",
              help="JSON Lines of commands, each with its second after the page.")  # fmt: skip
@click.option("--seed", type=SeedType(), default="1", show_default=True, metavar="N|A..B", help="One seed, or a range.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Keep the transcript here; for a range, a folder.")  # fmt: skip
@json_option
@scenarios_option
@data_option
def command(
    *,
    scenario: str,
    policy: str | None,
    script: Path | None,
    seed: Seeds,
    out: Path | None,
    as_json: bool,
    scenarios: Path | None,
    data: Path | None,
) -> None:
    """Run an incident headless, with a scripted player or a script.

    The score is in the JSON: one object, or a list for a range of seeds. Ends with 0 whatever became of the
    incident. A range runs on two processes; ctrl+c prints what is finished.
    """
    if (policy is None) == (script is None):
        raise UsageError("say who plays: --policy NAME or --script FILE, and not both")
    from incidentsim.cli.headless import RunRequest
    from incidentsim.cli.library import cache_dir, load

    config = load_config({"data_dir": data, "scenarios_dir": scenarios})
    load(scenario, config.scenarios_dir)  # a mistake in the scenario is told once, before any worker starts
    text = _script(script) if script is not None else ""
    requests = [
        RunRequest(
            scenario=scenario,
            scenarios=config.scenarios_dir,
            seed=number,
            policy=policy or "",
            script=text,
            out=out / f"{Path(scenario).name}-seed{number}.jsonl" if out and seed.many else out,
            cache=cache_dir(config),
        )
        for number in seed.values
    ]
    taken = [str(r.out) for r in requests if r.out is not None and r.out.exists()]
    if taken:
        raise UsageError(f"{taken[0]} exists already; choose another --out")
    results: list[dict[str, Any]] = []
    try:
        for result in _run(requests):
            results.append(result)
            if not as_json:
                _print(result)
    finally:
        if as_json and results:  # also when interrupted: what is finished is not lost
            results.sort(key=lambda result: int(result["seed"]))
            click.echo(json.dumps(results if seed.many else results[0], indent=2, ensure_ascii=False))


def _run(requests: list[Any]) -> Iterator[dict[str, Any]]:
    from incidentsim.cli.headless import run_many, run_one
    from incidentsim.cli.progress import shown_progress

    if len(requests) == 1:
        with shown_progress("running and scoring") as tell:
            yield run_one(requests[0], tell)
        return
    with shown_progress(f"{len(requests)} seeds") as tell:
        tell(0, len(requests))
        for done, result in enumerate(run_many(requests), start=1):
            tell(done, len(requests))
            yield result


def _script(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise UsageError(f"{path}: can't be read: {wrong}") from wrong


def _print(result: dict[str, Any]) -> None:
    index = result["score"]["practice_index"]
    shown = "not measured" if index is None else f"{index:.1f}"
    kept = f"  {result['transcript']}" if result["transcript"] else ""
    counts = f"{result['commands']} commands, {len(result['rejected'])} rejected"
    who = f"{result['scenario']} seed {result['seed']} {result['player']}"
    click.echo(f"{who}: practice index {shown}, {counts}{kept}")
