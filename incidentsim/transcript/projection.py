"""The candidate's copy of a transcript: only what they may see, with a chain of its own.

Made by the host when it hands a record to the candidate. The header says nothing of scenario and seed but a
salted commitment; the salt, released afterwards, lets anyone check that nothing was exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.transcript.codec import GENESIS, seal
from incidentsim.transcript.model import FORMAT, REDACTED, Record, Transcript

_OPEN_HEADER_KEYS = ("v", "sid", "created_utc", "authority", "tick_us", "clock")
"""Header fields that tell a candidate nothing about the scenario."""


def visible_to(record: Record, letters: str) -> bool:
    """Say whether a reader with these letters of `vis` may see the record."""
    return any(letter in record.vis for letter in letters)


def commitment(header: dict[str, Any], salt: str) -> str:
    """Return the salted commitment to the header's scenario and seed."""
    return sha256_hex(salt + canonical_json({"scenario": header.get("scenario"), "seed": header.get("seed")}))


def candidate_copy(transcript: Transcript, *, commitment_salt: str, new_salt: Callable[[], str]) -> bytes:
    """Return the bytes of the candidate's copy.

    Records are numbered anew, so that gaps don't tell of hidden ones; references follow the new numbers.
    """
    header: dict[str, Any] = {
        "fmt": FORMAT,
        "copy": "candidate",
        "commitment": commitment(transcript.header, commitment_salt),
    }
    header.update({key: transcript.header[key] for key in _OPEN_HEADER_KEYS if key in transcript.header})
    line = seal(header, salt=new_salt(), previous=GENESIS)
    chunks = [line.data]
    shown = [r for r in transcript.records if visible_to(r, "c") and r.type != REDACTED]
    number = {record.seq: place for place, record in enumerate(shown)}
    for record in shown:
        plain = {
            "seq": number[record.seq],
            "t": record.t_us,
            "k": record.k,
            "type": record.type,
            "actor": record.actor,
            "vis": "c",
            "w": record.wall_ms,
            "body": _renumbered(record, number),
        }
        line = seal(plain, salt=new_salt(), previous=line.link)
        chunks.append(line.data)
    return b"".join(chunks)


def _renumbered(record: Record, number: dict[int, int]) -> dict[str, Any]:
    body = dict(record.body)
    for key in ("ref", "by"):
        if record.type in ("effect", "undone", "message") and body.get(key):
            body[key] = number.get(body[key], 0)
    return body
