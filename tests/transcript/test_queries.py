"""What can be asked of a transcript, what the behaviour digest covers, and what a candidate's copy holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from incidentsim.transcript import queries
from incidentsim.transcript.chain import verify
from incidentsim.transcript.model import Record, Transcript
from incidentsim.transcript.projection import candidate_copy, commitment
from incidentsim.transcript.recovery import read
from tests.transcript.builders import HEADER, counting_salts, write_sample


def sample(tmp_path: Path, *, header: dict[str, object] | None = None) -> Transcript:
    """Return a small transcript read back from disk."""
    write_sample(tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl", header=header)
    return read(sorted(tmp_path.iterdir())[-1])


def without(transcript: Transcript, *types: str) -> Transcript:
    """Return the transcript without these records, the others numbered anew as if they had never been."""
    kept = [r for r in transcript.records if r.type not in types]
    number = {r.seq: place for place, r in enumerate(kept)}
    return replace(transcript, records=tuple(_renumber(r, number) for r in kept))


def _renumber(record: Record, number: dict[int, int]) -> Record:
    if record.type == "effect":
        record = replace(record, body={**record.body, "ref": number[record.body["ref"]]})
    return replace(record, seq=number[record.seq])


def test_commands_looks_and_checkpoints_come_out_as_they_went_in(tmp_path: Path) -> None:
    """The queries return the recorded commands with their ticks, the looks, and the last checkpoint."""
    transcript = sample(tmp_path)
    timed = queries.commands(transcript)
    assert [(c.t_us, c.k, c.command.args["count"]) for c in timed] == [
        (10_000_000, 0, "9"),
        (20_000_000, 0, "10"),
        (30_000_000, 0, "11"),
    ]
    assert [look.args for look in queries.looks(transcript)] == [{"expr": "up"}] * 3
    last = queries.last_checkpoint(transcript)
    assert last is not None
    assert (last.t_us, last.dyn, last.sli) == (30_000_002, "2", {"ttft/a": [9, 1]})
    assert len(queries.checkpoints(transcript)) == 3
    assert not queries.has_ended(transcript)
    assert queries.end_us(transcript) == 30_000_002


def test_views_are_intervals_closed_by_the_next_or_by_the_end(tmp_path: Path) -> None:
    """A screen is in front until another is opened, it is closed, or the session ends."""
    transcript = sample(tmp_path)
    base = transcript.records[0]
    opened: list[tuple[str, int, dict[str, Any]]] = [
        ("view_opened", 5, {"screen": "logs"}),
        ("view_opened", 9, {"screen": "changes"}),
        ("view_closed", 12, {"screen": "changes", "open_us": 3}),
        ("view_opened", 20, {"screen": "logs"}),
        ("end", 30, {"reason": "time"}),
    ]
    records = tuple(replace(base, seq=i, type=t, t_us=at, body=b) for i, (t, at, b) in enumerate(opened))
    found = queries.views(replace(transcript, records=records))
    assert [(v.screen, v.opened_us, v.closed_us) for v in found] == [
        ("logs", 5, 9),
        ("changes", 9, 12),
        ("logs", 20, 30),
    ]


def test_the_behaviour_digest_ignores_the_persons_pace(tmp_path: Path) -> None:
    """Other sid, times of day, platform, looks, pauses and numbering give the same digest."""
    one = sample(tmp_path)
    other_header = {
        **HEADER,
        "sid": "s-2",
        "created_utc": "2027",
        "engine": {**HEADER["engine"], "platform": "other"},
    }
    two = without(sample(tmp_path, header=other_header), "look", "start")
    two = replace(two, records=tuple(replace(r, wall_ms=r.wall_ms * 3) for r in two.records))
    assert queries.behaviour_digest(one) == queries.behaviour_digest(two)


def test_the_behaviour_digest_sees_everything_else(tmp_path: Path) -> None:
    """Another seed, cast, engine, command, tick, order, fact or checkpoint changes the digest."""
    one = sample(tmp_path)
    digests = {queries.behaviour_digest(one)}
    changes: tuple[dict[str, Any], ...] = (
        {"seed": 8},
        {"cast": {}},
        {"engine": {"compat": 2}},
        {"scenario": {"id": "x"}},
    )
    for change in changes:
        digests.add(queries.behaviour_digest(replace(one, header={**one.header, **change})))
    for type_ in ("accepted", "effect", "checkpoint", "fault"):
        at = next(r for r in one.records if r.type == type_)
        for changed in (
            replace(at, t_us=at.t_us + 100_000),
            replace(at, body={**at.body, "verb": "drain", "text": "?"}),
        ):
            records = tuple(changed if r is at else r for r in one.records)
            digests.add(queries.behaviour_digest(replace(one, records=records)))
    assert len(digests) == 1 + 4 + 4 * 2


def test_the_candidates_copy_holds_no_truth_and_verifies(tmp_path: Path) -> None:
    """The copy has a whole chain, no ground truth, no scenario or seed, and consecutive numbers."""
    transcript = sample(tmp_path)
    copy = candidate_copy(transcript, commitment_salt="secret", new_salt=counting_salts())
    assert verify(copy).ok
    for hidden in (b"slow-chat", b"mercer", b"fault", b"checkpoint", b'"seed"', b"secret"):
        assert hidden not in copy
    (tmp_path / "copy.jsonl").write_bytes(copy)
    shown = read(tmp_path / "copy.jsonl")
    effects = queries.of_type(shown, "effect")
    assert [shown.records[e.body["ref"]].type for e in effects] == ["accepted"] * 3
    assert shown.header["commitment"] == commitment(transcript.header, "secret")
