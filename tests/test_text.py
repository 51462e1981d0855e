"""Untrusted text: nothing that a person or a file says can steer the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incidentsim.text import clean, safe_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


@given(ANY_TEXT, st.booleans())
@example("\x1b]8;;http://x\x07link\x1b]8;;\x07", False)
@example("a\r\nb\x85c\u2028d", True)
def test_cleaned_text_is_harmless_and_stays_so(text: str, keep_newlines: bool) -> None:
    """Cleaned text has no control, bidirectional or unassigned character; cleaning again changes nothing."""
    cleaned = clean(text, keep_newlines=keep_newlines)
    for char in cleaned:
        if char == "\n" and keep_newlines:
            continue
        assert unicodedata.category(char) not in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp")
        assert unicodedata.bidirectional(char) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
    assert clean(cleaned, keep_newlines=keep_newlines) == cleaned
    assert len(cleaned) <= len(text)
    cleaned.encode()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text", "plain text"),
        ("tab\tand\r\nlines", "tab and  lines"),
        ("\x1b[31mred", "\u241b[31mred"),
        ("\x00\x7f", "\u2400\u2421"),
        ("c1\x9bcsi", "c1\ufffdcsi"),
        ("a\u202eb\u2066c\u200bd", "abcd"),
        ("\ud800", "\ufffd"),
        ("tag\U000e0041", "tag"),
        ("[bold]Grüße ☃[/]", "[bold]Grüße ☃[/]"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    """Control codes become pictures, invisible characters vanish, everything readable stays."""
    assert clean(text) == cleaned


def test_newlines_can_be_kept() -> None:
    """With `keep_newlines` line feeds stay, carriage returns don't."""
    assert clean("a\r\nb", keep_newlines=True) == "a \nb"


def test_limit_cuts() -> None:
    """Text is cut to the limit in code points."""
    assert clean("äöü", limit=2) == "äö"


def test_safe_text_reads_no_markup() -> None:
    """Markup in data is shown, not obeyed."""
    text = safe_text("[red]x[/red]\x1b", "bold")
    assert text.plain == "[red]x[/red]\u241b"
    assert text.spans == []
