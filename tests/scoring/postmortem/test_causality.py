"""Causal claims are read from prose: who made what, denied or not, in forms nobody listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidentsim.scenario.catalogue import folders
from incidentsim.scoring.postmortem.causality import WRONG
from tests.scoring.postmortem.incidents import judged

DATA = Path(__file__).parent / "data" / "sentences.jsonl"
SENTENCES = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
TEXTS = Path(__file__).resolve().parents[3] / "benchmarks" / "postmortems"


def written(*starts: str) -> list[Path]:
    """Return the postmortems of all scenarios whose names begin so."""
    known = folders()
    return sorted(p for start in starts for p in TEXTS.glob(f"*/{start}*.md") if p.parent.name in known)


def name_of(path: Path) -> str:
    """Return how a test of this postmortem is called."""
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: case["text"][:60])
def test_a_sentence_claims_what_it_says(case: dict[str, str | list[str]]) -> None:
    """Every expected claim is read with its verdict, and no step or error that is not there."""
    found = judged(str(case["s"]), str(case["text"])).claims
    said = {f"{c.verdict} {c.cause}>{c.effect}" for c in found}
    expected = set(case["expect"])
    assert expected <= said, said
    assert {s for s in said if s.split()[0] in ("found", *WRONG)} <= expected


def test_there_are_sixty_sentences() -> None:
    """The data file holds the sixty paraphrases that the claim reader is held to."""
    assert len(SENTENCES) >= 60


@pytest.mark.parametrize("path", written("good", "paraphrase"), ids=name_of)
def test_good_texts_and_their_paraphrases_score_high(path: Path) -> None:
    """A text that tells what happened scores at least 0.6, however it is worded."""
    assert judged(path.parent.name, path.read_text(encoding="utf-8")).score >= 0.6


@pytest.mark.parametrize("path", written("stuffed", "reversed", "empty"), ids=name_of)
def test_stuffed_and_reversed_texts_score_nothing(path: Path) -> None:
    """Words without claims, claims in all directions and claims turned round score at most 0.15."""
    assert judged(path.parent.name, path.read_text(encoding="utf-8")).score <= 0.15


@pytest.mark.parametrize("path", written("shotgun"), ids=name_of)
def test_naming_every_cause_does_not_pay(path: Path) -> None:
    """A text that guesses at everything stays far below a good one."""
    assert judged(path.parent.name, path.read_text(encoding="utf-8")).score <= 0.3


@pytest.mark.parametrize("path", written("places"), ids=name_of)
def test_places_without_what_was_wrong_are_worth_half(path: Path) -> None:
    """Telling the topology in order, as anybody could before the incident, earns no more than half."""
    result = judged(path.parent.name, path.read_text(encoding="utf-8"))
    assert result.named == ()
    assert 0 < result.score <= 0.5


@pytest.mark.parametrize("path", written("good"), ids=name_of)
def test_good_texts_name_every_root_cause(path: Path) -> None:
    """A good text says what was wrong with each root cause, not only where."""
    result = judged(path.parent.name, path.read_text(encoding="utf-8"))
    assert len(result.named) >= 1
    assert result.missing == () or result.recall >= 0.75


@pytest.mark.parametrize("path", written("good"), ids=name_of)
def test_adding_a_wrong_cause_never_raises_the_score(path: Path) -> None:
    """One more claim that is not true lowers the measure, or leaves it where it is."""
    text = path.read_text(encoding="utf-8")
    plain = judged(path.parent.name, text).score
    blamed = judged(path.parent.name, f"DNS caused the latency and the errors.\n\n{text}").score
    assert blamed < plain


@pytest.mark.parametrize("path", written("good"), ids=name_of)
def test_saying_it_twice_changes_nothing(path: Path) -> None:
    """Repetition is not evidence."""
    text = path.read_text(encoding="utf-8")
    assert judged(path.parent.name, f"{text}\n\n{text}").score == judged(path.parent.name, text).score
