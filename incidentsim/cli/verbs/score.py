"""`incidentsim score`: transcripts to scorecards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from incidentsim.cli.options import TranscriptType, data_option, json_option, scenarios_option
from incidentsim.config import Config, load_config
from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from incidentsim.scenario.rubric import Rubric
    from incidentsim.scoring.explain import Rule
    from incidentsim.scoring.scorecard import Scorecard
    from incidentsim.transcript.model import Transcript

LIST = "list"
"""Value of --explain that lists the rules."""


@click.command("score")
@click.argument("transcripts", nargs=-1, type=TranscriptType(), metavar="TRANSCRIPT...")
@click.option("--rubric", metavar="NAME|FILE",
              help="Show the interview scorecard of a rubric. Without a transcript, print the rubric.")  # fmt: skip
@click.option("--marks", type=click.Path(path_type=Path), metavar="FILE",
              help="A person's marks for the rubric (YAML), of one transcript.")  # fmt: skip
@click.option("--explain", metavar="RULE",
              help="Say what a rule of the score means, and what it gave here; `list` names the rules.")  # fmt: skip
@click.option("--deep", is_flag=True, help="Credit over 24 orders of moves, standard errors from 4 more seeds.")
@json_option
@scenarios_option
@data_option
def command(
    *,
    transcripts: tuple[Path, ...],
    rubric: str | None,
    marks: Path | None,
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
    if not transcripts and explain is None and rubric is None:
        raise UsageError("score what? name a transcript, or a rule: score --explain g")
    if marks is not None and (rubric is None or len(transcripts) != 1):
        raise UsageError("--marks are one person's of one transcript: name it, and the rubric with --rubric")
    from incidentsim.cli.report import console
    from incidentsim.scenario.rubric_files import load_rubric, rubric_text

    chosen = load_rubric(rubric) if rubric is not None else None
    out = console()
    if explain is not None:
        rule = _explained(explain, chosen or load_rubric("default"), as_json=as_json)
        if rule is None:
            return
    else:
        rule = None
        if rubric is not None and not transcripts:
            click.echo(rubric_text(rubric), nl=False)
            return
    config = load_config({"data_dir": data, "scenarios_dir": scenarios})
    cards = []
    for path in transcripts:
        card, transcript = _score(path, config, chosen, marks, deep=deep)
        cards.append(card.to_json())
        if as_json:
            continue
        if rule is None and len(transcripts) > 1:
            out.rule(path.name)
        _print(card, transcript, rule, path.name)
    if as_json:
        click.echo(json.dumps(cards[0] if len(cards) == 1 else cards, indent=2, ensure_ascii=False))


def _explained(name: str, rubric: Rubric, *, as_json: bool) -> Rule | None:
    """Print a rule and return it, or the list of rules and None. Raises UsageError for an unknown one."""
    from incidentsim.cli.interview import print_rules, weight_in
    from incidentsim.cli.report import console, print_rule
    from incidentsim.scoring.explain import explain as rule_of

    if name == LIST:
        print_rules(console(), rubric)
        return None
    rule = rule_of(name)
    if not as_json:
        print_rule(rule, console(), weight=weight_in(rule, rubric))
    return rule


def _print(card: Scorecard, transcript: Transcript, rule: Rule | None, name: str) -> None:
    from incidentsim.cli.interview import print_interview, print_interview_rule, print_records
    from incidentsim.cli.report import console, print_debrief, print_rule_in
    from incidentsim.scoring.debrief_names import as_shown
    from incidentsim.scoring.explain_interview import INTERVIEW_RULES
    from incidentsim.text import safe_text

    out = console()
    if rule is None:
        if card.interview.rubric is None:
            print_debrief(as_shown(card, transcript), out)
        print_interview(card, out)
        return
    if rule in INTERVIEW_RULES:
        out.print(safe_text(name, "bold"))
        print_interview_rule(rule, card, transcript, out)
        return
    print_rule_in(rule, card, name, out)
    print_records([seq for part in card.parts.values() if part.rule == rule.id for seq in part.seqs], transcript, out)


def _score(
    path: Path, config: Config, rubric: Rubric | None, marks: Path | None, *, deep: bool
) -> tuple[Scorecard, Transcript]:  # fmt: skip
    from incidentsim.cli.library import cache_dir, load
    from incidentsim.cli.progress import shown_progress
    from incidentsim.scenario.rubric import NO_MARKS
    from incidentsim.scenario.rubric_files import load_marks
    from incidentsim.scoring.interview import appraise
    from incidentsim.session.judging import judge
    from incidentsim.transcript.recovery import read

    transcript = read(path)
    last = transcript.records[-1].seq if transcript.records else 0
    given = load_marks(marks, rubric, last_seq=last) if marks is not None and rubric is not None else NO_MARKS
    scenario = load(str(transcript.header["scenario"]["id"]), config.scenarios_dir)
    with shown_progress(f"scoring {path.name}") as tell:
        card = judge(transcript, scenario, cache=cache_dir(config), progress=tell, deep=deep)
    return (card if rubric is None else appraise(card, rubric, given)), transcript
