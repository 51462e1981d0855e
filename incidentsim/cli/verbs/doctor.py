"""`incidentsim doctor`: how incidentsim sees this machine, its settings and its data."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from incidentsim.cli.machine import Check, data_checks, terminal_checks, version_checks
from incidentsim.cli.options import data_option
from incidentsim.config import SETTINGS, Config, load_config

_MARKS = {"ok": " ", "note": "~", "problem": "!"}


@click.command("doctor")
@data_option
@click.pass_context
def command(ctx: click.Context, data: Path | None) -> None:
    """Say how incidentsim sees this machine, its settings and its data.

    Settings are printed with the source of each value. Ends with 1 when something keeps it from working.
    """
    config = load_config({"data_dir": data})
    size = shutil.get_terminal_size()
    sections = {
        "Settings": _settings(config),
        "Versions": version_checks(),
        "Terminal": terminal_checks(
            os.environ,
            size=(size.columns, size.lines),
            encoding=sys.stdout.encoding or "unknown",
            interactive=sys.stdout.isatty(),
        ),
        "Data": [*data_checks(config.data_dir), _sessions(config)],
    }
    for title, checks in sections.items():
        click.echo(title)
        for check in checks:
            click.echo(f"{_MARKS[check.state]} {check.name:<16}{check.value}")
            if check.advice:
                click.echo(f"{'':<18}-> {check.advice}")
    problems = [check.name for checks in sections.values() for check in checks if check.state == "problem"]
    click.echo(f"\nTo put right: {', '.join(problems)}." if problems else "\nEverything needed is there.")
    ctx.exit(1 if problems else 0)


def _settings(config: Config) -> list[Check]:
    shown = {
        "theme": config.theme,
        "hz": f"{config.hz:g}",
        "speed": f"{config.speed:g}",
        "data_dir": str(config.data_dir),
        "scenarios_dir": str(config.scenarios_dir or "./scenarios, then the packaged ones"),
        "alert_webhook": config.alert_webhook or "none",
    }
    there = "read" if config.file.exists() else "not there"
    checks = [Check(name="file", value=f"{config.file} ({there})")]
    return checks + [Check(name=name, value=f"{shown[name]}  [{config.sources[name]}]") for name in SETTINGS]


def _sessions(config: Config) -> Check:
    found = sorted(config.sessions_dir.glob("*.jsonl")) if config.sessions_dir.is_dir() else []
    return Check(name="sessions", value=f"{len(found)} in {config.sessions_dir}")
