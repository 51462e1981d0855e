"""Figures and names are held against the record of a session."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scoring.postmortem.document import read
from incidentsim.scoring.postmortem.facts import Fact, check_facts
from incidentsim.scoring.postmortem.ledger import ledger
from incidentsim.scoring.postmortem.numbers import clock_zero
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read as read_transcript

RECORD = Path(__file__).resolve().parents[3] / "transcripts" / "slow-chat-by-hand.jsonl"


@cache
def played() -> Transcript:
    """Return the play that ships with the project."""
    return read_transcript(RECORD)


def facts(text: str, *, truth: bool = False) -> list[Fact]:
    """Return the facts of a text about that play."""
    scenario = load_scenario(find("slow-chat"))
    cast = Cast.from_json(played().header["cast"])
    book = ledger(played(), scenario, cast)
    sentences = read(text).sentences
    return list(check_facts(sentences, book, scenario, cast, zero_us=clock_zero(text), truth=truth))


CASES = [
    ("At T+00:55 we set gateway.admission to tokens.", "right"),
    ("At 0:55 admission was switched to tokens.", "right"),
    ("Fifty-five seconds after the page we set gateway.admission to tokens.", "right"),
    ("T+0 = 14:05. At 14:06 we set gateway.admission to tokens.", "right"),
    ("At T+01:54 we set gateway.admission to tokens.", "right"),
    ("At T+02:00 we set gateway.admission to tokens.", "wrong"),
    ("Seven minutes in, we set gateway.admission to tokens.", "wrong"),
    ("| T+03:23 | the waiver chg-2107 was ended |", "right"),
    ("At T+02:35 we asked the account manager.", "right"),
    ("We declared sev2 at T+00:06.", "right"),
    ("We declared sev2 at T+05:00.", "wrong"),
    ("TTFTBurnRateFast fired 15 s before the page.", "right"),
    ("We acknowledged within 4 seconds.", "right"),
    ("Users were back to normal eight minutes after the page.", "right"),
    ("The harm lasted for about nine minutes.", "right"),
    ("About a quarter of all requests were late.", "right"),
    ("23 % of requests were late.", "right"),
    ("90 % of requests were late.", "unsupported"),
    ("The dog barked at T+04:00.", "unsupported"),
    ("All three customers were affected.", "right"),
    ("All 8 replicas preempted.", "right"),
    ("jones-labs was affected.", "right"),
    ("node-77 was slow.", "wrong"),
    ("chg-9999 was harmless.", "wrong"),
    ("chg-2119 was harmless.", "right"),
]


@pytest.mark.parametrize(("text", "verdict"), CASES, ids=lambda v: str(v)[:50])
def test_a_figure_is_right_wrong_or_unsupported(text: str, verdict: str) -> None:
    """The figure or name of each sentence gets its verdict (±60 s, ±10 %)."""
    found = [f for f in facts(text) if f.said not in ("T+0", "14:05", "t+0")]
    assert verdict in [f.verdict for f in found]
    if verdict != "wrong":
        assert "wrong" not in [f.verdict for f in found]


def test_a_right_fact_names_its_record() -> None:
    """A time that is right points at the record that bears it out."""
    (fact,) = facts("At T+00:55 we set gateway.admission to tokens.")
    assert fact.seqs == (106,)
    assert "T+00:55" in fact.known


def test_the_beginning_of_a_fault_is_known_to_interviewers_only() -> None:
    """When the agent was launched stands in no record that a candidate may see."""
    text = "At T-03:00 jones-labs launched its context growth."
    assert [f.verdict for f in facts(text, truth=True) if f.kind == "time"] == ["right"]
    assert [f.verdict for f in facts(text) if f.kind == "time"] == ["unsupported"]


def test_what_was_saved_is_not_a_fact_of_the_record() -> None:
    """Figures of what would have been are left to re-simulation."""
    assert facts("Our actions saved 84,717 bad requests.") == []
