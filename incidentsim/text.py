"""Untrusted text: cleaned once where it enters, rendered only through `safe_text`.

Scenario files, commands, chat, transcripts and postmortems pass through `clean`. Control codes become
visible pictures, so nothing that a person or a file says can move the cursor or colour the terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from rich.text import Text

MAX_CODE_POINTS = 4_000
"""Longest text accepted in one field, in code points: a screenful, far below a transcript line's 64 KiB."""

_INVISIBLE = {
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10),
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0,
}  # fmt: skip


def _replacement(code: int, *, keep_newlines: bool) -> str | None:
    if code == 0x0A and keep_newlines:
        return None
    if code < 0x20:
        return " " if code in (0x09, 0x0A, 0x0D) else chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0:
        return "\ufffd"
    if code in _INVISIBLE or 0xE0000 <= code <= 0xE0FFF or code in (0x2028, 0x2029):
        return ""
    if 0xD800 <= code <= 0xDFFF or unicodedata.category(chr(code)) in ("Cn", "Co"):
        return "\ufffd"
    return None


def clean(text: str, *, limit: int = MAX_CODE_POINTS, keep_newlines: bool = False) -> str:
    """Return `text` without control, bidirectional or zero-width characters, cut to `limit` code points.

    Idempotent. Tabs and line breaks become spaces unless `keep_newlines`, where `\\n` stays.
    """
    cut = text[:limit]
    if cut.isascii() and cut.isprintable():
        return cut
    out: list[str] = []
    for char in cut:
        new = _replacement(ord(char), keep_newlines=keep_newlines)
        out.append(char if new is None else new)
    return "".join(out)


def safe_text(text: str, style: str = "") -> Text:
    """Return rich Text that shows `text` literally: cleaned, and never read as markup."""
    return Text(clean(text, keep_newlines=True), style=style)


def listed(items: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
