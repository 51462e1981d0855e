"""`incidentsim score`: transcripts to scorecards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from incidentsim.cli.options import data_option, json_option, scenarios_option
from incidentsim.config import Config, load_config
from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from incidentsim.scoring.scorecard import Scorecard


@click.command("score")
@click.argument("transcripts", nargs=-1, type=click.Path(path_type=Path), metavar="TRANSCRIPT...")
@click.option("--explain", metavar="RULE", help="Say what a rule of the score means, and what it gave here.")
@click.option("--deep", is_flag=True, help="Credit over 24 orders of moves, standard errors from 4 more seeds.")
@json_option
@scenarios_option
@data_option
def command(
    transcripts: tuple[Path, ...],
    explain: str | None,
    deep: bool,
    as_json: bool,
    scenarios: Path | None,
    data: Path | None,
) -> None:
    """Score transcripts and explain the score.

    The incident is run again with some of the actions left out, up to 40 times, so scoring takes up to a minute or
    two; finished runs are kept in the data directory. With --deep it may take an hour. With --explain alone, prints
    the rule.
    """
    if not transcripts and explain is None:
        raise UsageError("score what? name a transcript, or a rule: score --explain g")
    from incidentsim.cli.report import console, print_debrief, print_rule, print_rule_in
    from incidentsim.scoring.explain import explain as rule_of

    rule = rule_of(explain) if explain is not None else None
    config = load_config({"data_dir": data, "scenarios_dir": scenarios})
    out = console()
    if rule is not None and not as_json:
        print_rule(rule, out)
    cards = []
    for path in transcripts:
        card = _score(path, config, deep=deep)
        cards.append(card.to_json())
        if as_json:
            continue
        if rule is not None:
            print_rule_in(rule, card, path.name, out)
        else:
            if len(transcripts) > 1:
                out.rule(path.name)
            print_debrief(card, out)
    if as_json:
        click.echo(json.dumps(cards[0] if len(cards) == 1 else cards, indent=2, ensure_ascii=False))


def _score(path: Path, config: Config, *, deep: bool) -> Scorecard:
    from incidentsim.cli.judge import judge
    from incidentsim.cli.library import cache_dir, load
    from incidentsim.cli.progress import shown_progress
    from incidentsim.transcript.recovery import read

    transcript = read(path)
    scenario = load(str(transcript.header["scenario"]["id"]), config.scenarios_dir)
    with shown_progress(f"scoring {path.name}") as tell:
        return judge(transcript, scenario, cache=cache_dir(config), progress=tell, deep=deep)
