"""The chain: every change shows, with the line it is in; redaction leaves it whole."""

from __future__ import annotations

import json
from pathlib import Path

from incidentsim.exact import Draws
from incidentsim.transcript.chain import verify
from incidentsim.transcript.codec import redact
from incidentsim.transcript.recovery import read
from tests.transcript.builders import write_sample


def test_an_untouched_file_verifies(tmp_path: Path) -> None:
    """A file as written is fine, and its head is the last link."""
    data = write_sample(tmp_path / "a.jsonl")
    report = verify(data)
    assert report.ok
    assert report.broken is None
    assert report.lines == data.count(b"\n")
    assert report.head == json.loads(data.splitlines()[-1])["link"]


def test_every_single_mutation_is_detected(tmp_path: Path) -> None:
    """200 files with one byte changed, removed or added: not one verifies."""
    data = write_sample(tmp_path / "a.jsonl")
    draws = Draws(1, "mutations", "test")
    undetected = []
    for index in range(200):
        at = draws.below(3 * index, len(data))
        other = (data[at] + 1 + draws.below(3 * index + 1, 255)) % 256
        changed = (bytes([other]), b"", bytes([data[at], other]))[draws.below(3 * index + 2, 3)]
        if verify(data[:at] + changed + data[at + 1 :]).ok:
            undetected.append((index, at))
    assert undetected == []


def test_every_moved_or_missing_line_is_named(tmp_path: Path) -> None:
    """Removing, doubling or exchanging lines breaks the chain at that place."""
    lines = write_sample(tmp_path / "a.jsonl").splitlines(keepends=True)
    for at in range(1, len(lines) - 1):
        for changed in (
            lines[:at] + lines[at + 1 :],
            lines[: at + 1] + lines[at:],
            [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        ):
            report = verify(b"".join(changed))
            assert report.broken is not None
            assert abs(report.broken.line - (at + 1)) <= 1


def test_a_value_changed_with_care_is_named_by_its_leaf(tmp_path: Path) -> None:
    """A well-formed line with another argument is reported as changed, with its line number."""
    lines = write_sample(tmp_path / "a.jsonl").splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if b'"type":"accepted"' in line)
    lines[at] = lines[at].replace(b'"count":"9"', b'"count":"8"')
    report = verify(b"".join(lines))
    assert str(report.broken) == f"line {at + 1} was changed: its content doesn't match its leaf hash"


def test_redaction_keeps_the_chain(tmp_path: Path) -> None:
    """Any subset of emptied records still verifies, is listed, and no longer holds its content."""
    path = tmp_path / "a.jsonl"
    lines = write_sample(path).splitlines(keepends=True)
    for at in (1, 2, 5):
        lines[at] = redact(json.loads(lines[at]))
    report = verify(b"".join(lines))
    assert report.ok
    assert report.redacted == (0, 1, 4)
    path.write_bytes(b"".join(lines))
    assert b"chat is slow" not in path.read_bytes()
    assert [r.type for r in read(path).records[:2]] == ["redacted", "redacted"]


def test_an_empty_file_and_a_foreign_file_are_reported() -> None:
    """Files that are no transcripts give a report, not an exception."""
    assert str(verify(b"").broken) == "line 1 is missing: the file is empty"
    assert "not the header" in str(verify(b"{}\n").broken)
    assert not verify(b"\x00\xff\n").ok
