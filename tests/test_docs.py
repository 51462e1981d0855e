"""The documentation is current and names everything a person can type, set, plant or query."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from incidentsim.cli.main import VERBS as CLI_VERBS
from incidentsim.cli.main import cli
from incidentsim.config import SETTINGS
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.metrics import METRICS
from incidentsim.specs.verbs import VERBS
from tools.generate_docs import REFERENCE, stale_pages

ROOT = REFERENCE.parent.parent


def page(name: str) -> str:
    """Return one reference page."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def commands_below(command: click.Command, path: str) -> dict[str, click.Command]:
    """Return a command and everything below it, by its path."""
    found = {path: command}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= commands_below(inner, f"{path} {name}")
    return found


def test_the_reference_is_current() -> None:
    """docs/reference is what the program would write today."""
    assert stale_pages() == []


def test_every_command_and_its_options_are_documented() -> None:
    """Each verb of a session has a section, and each of its own options a line."""
    text = page("commands.md")
    missing = [name for name in VERBS if f"### {name}\n" not in text]
    missing += [
        f"{verb.name} --{option.name}"
        for verb in VERBS.values()
        for option in verb.options
        if f"`--{option.name}`" not in text.partition(f"### {verb.name}\n")[2].partition("\n### ")[0]
    ]
    assert missing == []


def test_every_knob_is_documented_under_its_component() -> None:
    """Each knob has a line in its component's section."""
    text = page("knobs.md")
    missing = [
        f"{kind}.{knob.name}"
        for kind, spec in COMPONENTS.items()
        for knob in spec.knobs
        if f"`{knob.name}`" not in text.partition(f"## {kind}\n")[2].partition("\n## ")[0]
    ]
    assert missing == []


def test_every_fault_and_parameter_is_documented() -> None:
    """Each kind of fault has a section with its parameters."""
    text = page("faults.md")
    missing = [
        f"{kind} {parameter}"
        for kind, spec in FAULTS.items()
        for parameter in ("", *(p.name for p in spec.parameters))
        if f"`{parameter}`" not in text.partition(f"## {kind}\n")[2].partition("\n## ")[0] + "``"
    ]
    assert missing == []
    assert [kind for kind in FAULTS if f"## {kind}\n" not in text] == []


def test_every_metric_is_documented() -> None:
    """Each metric family has a line."""
    text = page("metrics.md")
    assert [name for name in METRICS if f"`{name}`" not in text] == []


def test_every_flag_of_the_command_line_is_documented() -> None:
    """Each verb, each option and each setting of the program is on its page."""
    text = page("cli.md")
    wanted = [f"`{name}`" for name in SETTINGS]
    for path, command in commands_below(cli, "incidentsim").items():
        if path != "incidentsim":
            wanted.append(f"# {path}\n")
            wanted += [max(o.opts, key=len) for o in command.params if isinstance(o, click.Option)]
    assert [item for item in wanted if item not in text] == []


@pytest.mark.parametrize("name", CLI_VERBS)
def test_one_line_help_tells_what_the_verb_does(name: str) -> None:
    """The help shown in the list of verbs is the first line of the verb's own help."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    first = " ".join((command.help or "").split("\n\n")[0].split())
    assert first == CLI_VERBS[name]


def markdown_files() -> list[Path]:
    """Return the pages people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a page points at a file that exists."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_names_only_verbs_that_exist() -> None:
    """A command line shown in README or docs/playing.md starts with a verb that the program has."""
    shown = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "docs/playing.md").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^ *(?:\$ )?incidentsim ([a-z]+)", shown, flags=re.MULTILINE))
    assert verbs <= CLI_VERBS.keys()
    assert verbs >= {"play", "run", "score"}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on this machine")
def test_make_targets_of_the_readme_exist() -> None:
    """Every `make TARGET` that the README shows is a target of the Makefile."""
    shown = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    for target in sorted(shown):
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert {"play", "test"} <= shown
