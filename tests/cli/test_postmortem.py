"""The postmortem verb: writes the form, checks a text, remembers, and says by its exit code what it found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine


@pytest.fixture
def form(incidentsim: CommandLine, played: Path, place: Path) -> Path:
    """Return the empty form of a play."""
    path = place / "mine.md"
    assert incidentsim("postmortem", played, "--new", path).code == 0
    return path


def test_new_writes_the_form_once(incidentsim: CommandLine, played: Path, form: Path) -> None:
    """The form holds what was done; a second time nothing is overwritten."""
    before = form.read_text(encoding="utf-8")
    assert "| T+00:20 | scale chat-pool 12 |" in before
    again = incidentsim("postmortem", played, "--new", form)
    assert again.code == 2
    assert "not overwritten" in again.err
    assert form.read_text(encoding="utf-8") == before


def test_an_editor_is_opened_at_a_terminal_only(
    incidentsim: CommandLine, played: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$EDITOR gets the new file when a person is there; not from a pipe, and not with --no-edit."""
    opened: list[list[str]] = []
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "my-editor --wait")
    monkeypatch.setattr("incidentsim.cli.verbs.postmortem.subprocess.run", lambda args, check: opened.append(args))
    assert incidentsim("postmortem", played, "--new", place / "a.md").code == 0
    assert opened == []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert incidentsim("postmortem", played, "--new", place / "b.md", "--no-edit").code == 0
    assert opened == []
    assert incidentsim("postmortem", played, "--new", place / "c.md").code == 0
    assert opened == [["my-editor", "--wait", str(place / "c.md")]]


def test_check_runs_controls_and_tells_of_revisions(incidentsim: CommandLine, played: Path, place: Path) -> None:
    """A control is run over the seeds asked for; the next text is compared with the last."""
    text = place / "text.md"
    text.write_text("At T+00:20 we scaled chat-pool to 12.\n", encoding="utf-8")
    first = incidentsim("postmortem", played, "--check", text, "--seeds", "2", "--json")
    assert first.code == 0, first.err
    body = json.loads(first.out)
    assert (body["schema"], body["facts"]["right"], body["delta"]) == ("incidentsim-postmortem/1", 1, None)
    text.write_text(
        "At T+09:20 we scaled chat-pool to 12.\n\n## Action items\n- more\n  - control: chat-pool.replicas=12\n",
        encoding="utf-8",
    )
    second = incidentsim("postmortem", played, "--check", text, "--seeds", "2", "--json")
    assert second.code == 1, second.err
    body = json.loads(second.out)
    assert body["prevention"]["items"][0]["measure"]["seeds"] == 2
    assert (body["delta"]["right"], body["delta"]["wrong"]) == (-1, 1)


def test_check_prints_lines_for_people(incidentsim: CommandLine, played: Path, form: Path) -> None:
    """The printed check says facts, claims, prevention, a strength and an improvement."""
    out = incidentsim("postmortem", played, "--check", form, "--seeds", "0")
    assert out.code == 0, out.err
    for word in ("Facts:", "Causal claims:", "Prevention:", "Strength", "To improve", "For a person to mark"):
        assert word in out.out


def test_against_compares_with_a_given_text(incidentsim: CommandLine, played: Path, place: Path) -> None:
    """--against takes the earlier text from a file in place of memory."""
    old, new = place / "old.md", place / "new.md"
    old.write_text("Nothing.\n", encoding="utf-8")
    new.write_text("At T+00:20 we scaled chat-pool to 12.\n", encoding="utf-8")
    out = incidentsim("postmortem", played, "--check", new, "--against", old, "--seeds", "0", "--json")
    assert json.loads(out.out)["delta"]["right"] == 1


@pytest.mark.parametrize(
    "arguments",
    [(), ("--new", "a.md", "--check", "b.md"), ("--new", "a.md", "--against", "b.md"), ("--check", "no-such-file.md")],
)
def test_bad_usage_exits_with_two(incidentsim: CommandLine, played: Path, arguments: tuple[str, ...]) -> None:
    """Neither or both of --new and --check, or a file that is not there, is bad usage."""
    assert incidentsim("postmortem", played, *arguments).code == 2


def test_bytes_that_are_no_text_are_refused(incidentsim: CommandLine, played: Path, place: Path) -> None:
    """A file that is not UTF-8 is named as the problem."""
    (place / "x.md").write_bytes(b"\xff\xfe\x00")
    out = incidentsim("postmortem", played, "--check", place / "x.md")
    assert out.code == 2
    assert "UTF-8" in out.err
