"""Small transcripts for tests: real writer, fixed salts, plausible records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from incidentsim.transcript.writer import TranscriptWriter

HEADER: dict[str, Any] = {
    "v": 1,
    "sid": "s-1",
    "created_utc": "2026-01-02T03:04:05Z",
    "authority": "self",
    "engine": {"name": "incidentsim", "version": "0.1.0", "compat": 1, "platform": "test"},
    "scenario": {"id": "slow-chat", "version": 1, "digest": "d", "byte_digest": "b"},
    "seed": 7,
    "cast": {"strategic": "mercer-labs"},
    "rng": "keyed/1",
    "tick_us": 100_000,
}


def counting_salts() -> Callable[[], str]:
    """Return a source of salts that counts: the same ones in every test."""
    count = iter(range(10**9))
    return lambda: f"{next(count):016x}"


def write_sample(path: Path, *, commands: int = 3, header: dict[str, Any] | None = None) -> bytes:
    """Write a transcript with prelude, looks, commands and checkpoints; return its bytes."""
    writer = TranscriptWriter.create(path, header or HEADER, new_salt=counting_salts())
    add(writer, "start", -1_000_000, {}, actor="host")
    add(writer, "page", 0, {"text": "chat is slow · é", "source": "alerts"}, actor="world")
    for number in range(commands):
        t_us = 10_000_000 * (number + 1)
        add(
            writer,
            "look",
            t_us - 50_000,
            {"verb": "query", "args": {"expr": "up"}, "digest": "x", "lines": 2, "nonce": ""},
        )
        record = writer.append(
            t_us=t_us,
            k=0,
            type="accepted",
            actor="candidate",
            vis="cig",
            wall_ms=number,
            body={
                "verb": "scale",
                "args": {"pool": "chat-pool", "count": str(9 + number)},
                "because": "more",
                "dry_run": False,
                "nonce": f"n{number}",
                "text": "scale",
            },
        )
        add(
            writer,
            "effect",
            t_us,
            {"ref": record.seq, "stage": "applied", "text": "scaled", "detail": {}},
            actor="world",
        )
        add(
            writer,
            "fault",
            t_us + 1,
            {"component": "gateway", "kind": "k", "state": "on"},
            actor="world",
            vis="g",
        )
        add(
            writer,
            "checkpoint",
            t_us + 2,
            {"dyn": f"{number}", "tel": "t", "sli": {"ttft/a": [9, 1]}, "cost_microdollars": 5},
            actor="world",
            vis="g",
        )
    writer.close()
    return path.read_bytes()


def add(
    writer: TranscriptWriter,
    type_: str,
    t_us: int,
    body: dict[str, Any],
    *,
    actor: str = "candidate",
    vis: str = "cig",
) -> None:
    """Append one record with plain defaults."""
    writer.append(t_us=t_us, k=0, type=type_, actor=actor, vis=vis, body=body, wall_ms=t_us // 1000)
