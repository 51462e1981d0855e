"""The Markdown form: the same content, and text that can't become markup."""

from __future__ import annotations

import re

import pytest

from incidentsim.report.as_markdown import escaped, to_markdown
from tests.report import sample


def test_it_carries_what_the_page_carries() -> None:
    """Every section of the model has its heading and its rows."""
    text = to_markdown(sample.report())
    headings = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert headings == [
        "In short", "Timeline", "Actions, and what they did to users", "Diagnosis and evidence",
        "What was never looked at", "Interview scorecard", "Red and green flags",
        "Postmortem, checked against the record", "Interviewer's notes", "Practice index and its parts",
        "What this report can't tell", "Rules", "Transcript",
    ]  # fmt: skip
    for found in ("saved 900 bad requests", "unsafe: destructive", "4 of 5", "Prevention, by running", "§credit"):
        assert found in text


def test_links_have_their_anchors() -> None:
    """Every link is to an anchor in the text."""
    text = to_markdown(sample.report())
    anchors = set(re.findall(r'<a id="([^"]+)">', text))
    links = re.findall(r"\]\(#([^)]+)\)", text)
    assert links and set(links) <= anchors


def test_rows_have_as_many_cells_as_their_table() -> None:
    """What people wrote can't break a table."""
    rows = 0
    for block in to_markdown(sample.report(text="a | b\nc `d` | e")).split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("| "):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
            assert len(cells) == 1, block
            rows += len(lines)
    assert rows > 30


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>x</script>", r"\<script\>x\</script\>"),
        ("[a](http://b)", r"\[a\](http\://b)"),
        ("![i](x) *b* _c_ snake_case", r"!\[i\](x) \*b\* \_c\_ snake_case"),
        ("# no heading", r"\# no heading"),
        ("- no item", r"\- no item"),
        ("12. no item", r"12\. no item"),
        ("0.25 of T-01:00", "0.25 of T-01:00"),
        ("a\nb", "a b"),
        ("&lt;", "&amp;lt;"),
        ("www.example.org", r"www\.example.org"),
    ],
)
def test_text_is_shown_literally(text: str, shown: str) -> None:
    """What Markdown would read is escaped, plain text stays plain."""
    assert escaped(text) == shown


def test_controls_never_reach_the_text() -> None:
    """Terminal escapes and reordering characters are cleaned away before rendering."""
    text = to_markdown(sample.report(text="\x1b[31mred\u202e"))
    assert "\x1b" not in text and "\u202e" not in text
