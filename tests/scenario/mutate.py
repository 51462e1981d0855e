"""Mutated scenario files, the same for one seed: what a typo, a bad merge or an attacker leaves behind."""

from __future__ import annotations

import random

_CHARACTERS = "[]{}:&*!|>-?\"'\n\t #%@`,~<0123456789.aé\x00\x85\u2028\u202e\ud800"
_WORDS = (
    "9" * 400, "1e999999999", "-1", "0", "null", "true", "~", "{}", "[]", "-5m", "999999999999d", "sNaN",
    ".inf", "unlimited", "{tenant.x}", "- " * 30, "[" * 40, "<<: ", "*a", "&a ", "!!str ", "100%", "²", "p50",
    "strategic", "node-999999", "tenant.", ".", "..", "../x.jsonl", "\\", "up" + "+up" * 40, "((((((((",
)  # fmt: skip


def mutations(text: str, seed: int) -> bytes:
    """Return `text` with one to a dozen places changed: characters, words, lines, copies, raw bytes."""
    draw = random.Random(seed)
    body = text
    for _ in range(draw.randrange(1, 12)):
        at = draw.randrange(len(body) + 1)
        kind = draw.random()
        if kind < 0.25:
            body = body[:at] + draw.choice(_CHARACTERS) + body[at + 1 :]
        elif kind < 0.45:
            body = body[:at] + body[at + draw.randrange(1, 30) :]
        elif kind < 0.6:
            other = draw.randrange(len(body) + 1)
            body = body[:at] + body[other : other + draw.randrange(60)] + body[at:]
        elif kind < 0.85:
            body = _replace_value(body, draw)
        else:
            lines = body.split("\n")
            i, j = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            body = "\n".join(lines)
    raw = bytearray(body.encode("utf-8", "surrogatepass"))
    if draw.random() < 0.1 and raw:
        raw[draw.randrange(len(raw))] = draw.randrange(256)
    return bytes(raw)


def _replace_value(body: str, draw: random.Random) -> str:
    """Put a hostile word in place of a value, so that the file often stays valid YAML."""
    places = [i for i in range(len(body) - 1) if body[i : i + 2] == ": "]
    if not places:
        return body
    start = draw.choice(places) + 2
    end = start
    while end < len(body) and body[end] not in ",}\n":
        end += 1
    return body[:start] + draw.choice(_WORDS) + body[end:]
