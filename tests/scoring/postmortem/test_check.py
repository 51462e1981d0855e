"""The check as a whole, the empty form, revisions, and the words every kind needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.load import behaviour_digest
from incidentsim.scoring.postmortem.check import check
from incidentsim.scoring.postmortem.report import SCHEMA, PostmortemCheck, delta
from incidentsim.scoring.postmortem.template import template
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.words import CHANGE_WORDS, COMPONENT_WORDS, FAULT_WORDS, HARM_WORDS
from tests.scoring.postmortem.incidents import incident, judged
from tests.scoring.postmortem.test_facts import played
from tests.scoring.postmortem.test_prevention import toy

TEXTS = Path(__file__).resolve().parents[3] / "benchmarks" / "postmortems" / "slow-chat"


def text_of(name: str) -> str:
    """Return one of the postmortems with the names of the play."""
    cast = Cast.from_json(played().header["cast"])
    return cast.render((TEXTS / f"{name}.md").read_text(encoding="utf-8"))


def checked(text: str, **how: object) -> PostmortemCheck:
    """Return the check of a text about the play that ships."""
    scenario, _ = incident("slow-chat")
    return check(text, played(), scenario, **how)  # type: ignore[arg-type]


def test_a_good_text_is_right_in_facts_and_causes() -> None:
    """Nothing of the good text is contradicted, and its strength names a proven control."""
    result = checked(text_of("good"), rehearse=toy)
    assert not result.contradicted()
    assert result.counted("right") >= 10
    assert result.strength.text.startswith("gateway.admission=tokens would have prevented 60%")
    assert result.strength.lines == (36,)


def test_the_empty_form_says_nothing() -> None:
    """Lines that the form had from the start earn nothing, and its comments are not read."""
    result = checked(template(played(), "Chat is slow to answer"))
    assert (result.facts, result.causality.claims, result.prevention.items) == ((), (), ())
    assert result.improvement.text.startswith("No step of the causal chain")


def test_the_form_holds_what_the_candidate_did_and_no_truth() -> None:
    """Commands and statuses stand in its timeline; the fault that only the record's truth names does not."""
    form = template(played(), "Chat is slow to answer")
    assert "| T+00:55 | set gateway.admission tokens" in form
    assert "status: Recovered" in form
    assert "context_growth" not in form
    assert "length_blind" not in form


def test_what_is_missing_is_told_to_interviewers_only() -> None:
    """A candidate learns how many steps are missing, an interviewer which."""
    short = "Full KV caches caused late first tokens."
    mine, theirs = checked(short).to_json(), checked(short, audience="interviewer").to_json()
    assert mine["causality"]["missing"] is None
    assert mine["causality"]["missing_count"] == 3
    assert ["gateway", "chat-pool"] in theirs["causality"]["missing"]


def test_json_has_its_schema_and_is_the_same_each_time() -> None:
    """Two checks of one text are the same bytes, under the name of the shape."""
    first = checked(text_of("terse")).to_text()
    assert first == checked(text_of("terse")).to_text()
    assert json.loads(first)["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("text", "improvement"),
    [
        ("Late first tokens caused full KV caches.", "has cause and effect the wrong way round."),
        ("DNS caused late first tokens.", "is nothing that happened in this incident."),
        ("Full KV caches caused late first tokens. Late first tokens caused full KV caches.", "both ways round."),
        ("We had an incident.", "No step of the causal chain"),
        ("Full KV caches caused late first tokens.\n\nWe declared sev2 at T+05:00.", "“T+05:00” is not"),
        ("Full KV caches caused late first tokens.", "3 of 4 steps"),
    ],
)
def test_one_improvement_is_the_most_urgent(text: str, improvement: str) -> None:
    """What is untrue comes before what is missing."""
    assert improvement in checked(text).improvement.text


def test_a_revision_is_told_by_its_difference() -> None:
    """The second text finds three steps more, and has one wrong time less."""
    before = checked("Full KV caches caused late first tokens.\n\nWe declared sev2 at T+05:00.").to_json()
    after = checked(text_of("good")).to_json()
    change = delta(before, after)
    assert change.edges_found == 3
    assert change.wrong == -1
    assert change.causality > 0
    assert change.prevention is None


def test_a_hostile_text_is_only_a_text() -> None:
    """Control characters, endless lines and broken Markdown give a result, not an error."""
    long = "because " * 20_000
    result = checked(f"\x1b[31m# {long}\n```yaml\n- alert\n## Action items\n- a\n  control: \x00=;;=\n{long}")
    assert result.causality.score == 0


def test_every_kind_has_words() -> None:
    """Each component kind, fault kind, objective and change kind can be named in prose."""
    assert set(COMPONENTS) - set(COMPONENT_WORDS) == set()
    assert set(FAULTS) - set(FAULT_WORDS) == set()
    assert set(CHANGE_WORDS) == {"deploy", "config", "flag", "waiver", "scale"}
    assert {"", "ttft", "availability", "quality", "safety", "residency", "privacy"} == set(HARM_WORDS)


def test_a_scenarios_own_words_are_understood_and_change_no_play() -> None:
    """With `words` a scenario teaches a name of its own; its digest, and so every record, stays."""
    scenario, _ = incident("slow-chat")
    taught = scenario.model_copy(update={"words": {"chat-pool": ("the blue machine",)}})
    assert behaviour_digest(taught) == scenario.digest
    text = "The blue machine was full, and as a result users waited."
    assert judged("slow-chat", text).claims == ()
    assert [c.verdict for c in check(text, played(), taught).causality.claims] == ["found"]


def test_a_record_without_a_cast_is_refused() -> None:
    """A copy for candidates has no cast in its header, which is said."""
    scenario, _ = incident("slow-chat")
    bare = played().__class__(header={}, records=())
    with pytest.raises(ScenarioError):
        check("x", bare, scenario)
