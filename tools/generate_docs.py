"""Writes docs/reference from what the program itself knows, or checks that it is current.

`make docs` writes, `make check` checks. Commands, knobs, faults and metrics come from `incidentsim.specs`,
the command line from click, the settings from `incidentsim.config`, scenario files and lint from
`incidentsim.scenario`, what is proven of each scenario from its certificate: nobody edits these pages.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from incidentsim.certify.table import certificates_page
from incidentsim.cli.main import INTERNAL_ERROR, INTERRUPTED, cli
from incidentsim.commands.help import markdown_reference
from incidentsim.commands.reference import fault_reference, knob_reference, metric_reference, table
from incidentsim.config import CONFIG_VARIABLE, SETTINGS
from incidentsim.errors import BudgetExceeded, DigestMismatch, TranscriptError, UsageError
from incidentsim.scenario.catalogue import folders
from incidentsim.scenario.reference import lint_reference, scenario_reference
from incidentsim.sources import PURE_VARIABLE

REPOSITORY = Path(__file__).resolve().parent.parent
REFERENCE = REPOSITORY / "docs" / "reference"
NOTE = "<!-- Written by `make docs`; edit the program instead. -->\n\n"

EXIT_CODES = (
    (0, "fine, whatever became of the incident"),
    (
        DigestMismatch.exit_code,
        "a check found something: lint, a certificate that fails or is not current, digests that differ, what doctor "
        "finds missing, a missed benchmark goal, a postmortem that the record contradicts, a play of "
        "a sweep that ended with an error",
    ),
    (UsageError.exit_code, "bad usage, or an input file that can't be used"),
    (TranscriptError.exit_code, "a transcript can't be read, or its chain is broken"),
    (BudgetExceeded.exit_code, "the world used more than its budget allows"),
    (INTERNAL_ERROR, "a bug in incidentsim; please report it"),
    (INTERRUPTED, "interrupted; what was finished, and the transcript, are kept"),
)


def pages() -> dict[str, str]:
    """Return every generated page: file name to content."""
    found = {
        "commands.md": markdown_reference(),
        "knobs.md": knob_reference(),
        "faults.md": fault_reference(),
        "metrics.md": metric_reference(),
        "cli.md": cli_reference(),
        "scenario.md": scenario_reference(),
        "lint.md": lint_reference(),
        "scenarios.md": certificates_page(folders(REPOSITORY / "scenarios")),
    }
    return {name: NOTE + text for name, text in found.items()}


def cli_reference() -> str:
    """Return the verbs with their arguments and options, the exit codes and the settings."""
    out = ["# The command line", "", "`incidentsim` without a verb opens the home screen."]
    context = click.Context(cli, info_name="incidentsim")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        out += _verb_section(command, click.Context(command, info_name=name, parent=context))
    codes = [(str(code), meaning) for code, meaning in EXIT_CODES]
    out += ["", "## Exit codes", "", table(("code", "meaning"), codes)]
    out += [
        "",
        "## Settings",
        "",
        _settings_intro(),
        "",
        table(("setting", "default", "meaning"), _settings()),
    ]
    return "\n".join(out) + "\n"


def _verb_section(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    text = inspect.cleandoc(command.help or "")
    yield from ("", f"## {context.command_path}", "", text, "", "```", usage, "```")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            for line in _verb_section(inner, click.Context(inner, info_name=name, parent=context)):
                yield f"#{line}" if line.startswith("## ") else line
        return
    rows = [_option_row(option, context) for option in command.params if isinstance(option, click.Option)]
    if rows:
        yield from ("", table(("option", "meaning"), rows))


def _option_row(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None
    return f"`{record[0]}`", record[1]


def _settings_intro() -> str:
    return (
        f"A TOML file; `incidentsim doctor` says where it is (or set `{CONFIG_VARIABLE}`), and where each "
        "value comes from. Options win over variables `INCIDENTSIM_NAME`, and those over the file. "
        f"`{PURE_VARIABLE}=1` runs the world interpreted where `make fast` has compiled it."
    )


def _settings() -> Iterator[tuple[str, str, str]]:
    for setting in SETTINGS.values():
        default = "" if setting.default is None else f"`{setting.default}`"
        choices = f" One of {', '.join(setting.choices)}." if setting.choices else ""
        bounds = f" From {setting.low:g} to {setting.high:g}." if setting.kind == "number" else ""
        yield f"`{setting.name}`", default, setting.help + choices + bounds


def stale_pages() -> list[str]:
    """Return the names of pages in docs/reference that differ from what would be written now."""
    out = []
    for name, text in pages().items():
        path = REFERENCE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            out.append(name)
    return out


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are not current."""
    if arguments == ["--check"]:
        stale = stale_pages()
        if stale:
            print(f"docs/reference is not current ({', '.join(stale)}); run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
