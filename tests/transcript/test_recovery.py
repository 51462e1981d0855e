"""A killed writer: at most one torn line, nothing else lost, and the file goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.errors import TranscriptError
from incidentsim.transcript.chain import verify
from incidentsim.transcript.recovery import read, recover
from incidentsim.transcript.writer import TranscriptWriter
from tests.transcript.builders import HEADER, add, counting_salts, write_sample


def test_a_cut_at_any_byte_loses_at_most_the_torn_line(tmp_path: Path) -> None:
    """Truncated at each byte of its last four lines, a file recovers every complete line before the cut."""
    path = tmp_path / "a.jsonl"
    data = write_sample(path)
    start = sum(len(line) for line in data.splitlines(keepends=True)[:-4])
    for cut in range(start, len(data) + 1):
        path.write_bytes(data[:cut])
        recovered = recover(path)
        complete = data[:cut].count(b"\n") - 1
        assert len(recovered.transcript.records) == complete
        torn = data[data.rfind(b"\n", 0, cut) + 1 : cut]
        assert recovered.transcript.torn_tail == torn
        assert (recovered.torn_path is not None) == bool(torn)
        assert verify(path.read_bytes()).ok


def test_torn_tails_are_kept_beside_and_the_writer_goes_on(tmp_path: Path) -> None:
    """After two crashes the torn pieces are in one file beside, and the chain holds over the seam."""
    path = tmp_path / "a.jsonl"
    data = write_sample(path)
    for piece in (b'{"act', b'{"body":{"x'):
        path.write_bytes(data + piece)
        recovered = recover(path)
        writer = TranscriptWriter.reopen(path, recovered.transcript, new_salt=counting_salts())
        add(writer, "recovered", 1, {"checkpoint_t": 0, "lost_tail_bytes": len(piece)})
        writer.close()
        data = path.read_bytes()
    assert (tmp_path / "a.jsonl.torn").read_bytes() == b'{"act\n{"body":{"x\n'
    report = verify(data)
    assert report.ok
    assert [r.seq for r in read(path).records] == list(range(report.lines - 1))


def test_zeros_after_a_power_cut_are_torn_but_a_changed_line_is_not(tmp_path: Path) -> None:
    """Zeros at the end are moved aside; a complete line that fails its hash is tampering, an error."""
    path = tmp_path / "a.jsonl"
    data = write_sample(path)
    path.write_bytes(data + b"\0" * 100)
    assert recover(path).transcript.torn_tail == b"\0" * 100
    last = data.splitlines(keepends=True)[-1]
    for changed in (
        data.replace(last, last.replace(b'"tel":"t"', b'"tel":"u"')),
        data.replace(b"chat", b"chut", 1),
    ):
        path.write_bytes(changed)
        with pytest.raises(TranscriptError, match="was changed"):
            read(path)


def test_a_file_without_a_whole_header_is_an_error(tmp_path: Path) -> None:
    """With no complete header there was no acknowledged command, and the message says so."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(write_sample(path)[:50])
    with pytest.raises(TranscriptError, match="no transcript can be recovered"):
        read(path)
    with pytest.raises(TranscriptError, match="No such file"):
        read(tmp_path / "absent.jsonl")


def test_a_second_writer_is_turned_away(tmp_path: Path) -> None:
    """A file that a session is writing can't be opened by another, nor created over."""
    path = tmp_path / "a.jsonl"
    writer = TranscriptWriter.create(path, HEADER, new_salt=counting_salts(), durability="full")
    with pytest.raises(TranscriptError, match="another process"):
        TranscriptWriter.reopen(path, read(path), new_salt=counting_salts())
    with pytest.raises(TranscriptError, match="exists already"):
        TranscriptWriter.create(path, HEADER, new_salt=counting_salts())
    writer.close()
    with pytest.raises(TranscriptError, match="no longer writable"):
        add(writer, "note", 0, {})


def test_text_of_a_foreign_transcript_is_cleaned(tmp_path: Path) -> None:
    """Escape codes in a file that verifies don't come out of reading it."""
    path = tmp_path / "a.jsonl"
    writer = TranscriptWriter.create(path, HEADER, new_salt=counting_salts())
    add(writer, "note", 0, {"text": "\x1b[31mred\u202e"})
    writer.close()
    assert verify(path.read_bytes()).ok
    assert read(path).records[0].body["text"] == "␛[31mred"
