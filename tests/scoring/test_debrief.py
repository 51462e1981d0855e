"""The scorecard in sentences, and the rules in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from incidentsim.errors import UsageError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Doing
from incidentsim.scoring.debrief import Section, debrief
from incidentsim.scoring.debrief_names import as_shown
from incidentsim.scoring.explain import RULES, explain
from incidentsim.scoring.index import gate
from incidentsim.scoring.protocol import Outcome, Plan
from incidentsim.scoring.score import score
from tests.scoring.plays import EXPERT, LUCKY, NOVICE, TOKENS, Line, played, renamed_cast, shown_vocabulary
from tests.scoring.toy import ToyWorld, toy_scenario

SCENARIO = toy_scenario()
VOCABULARY = shown_vocabulary(SCENARIO, plain_cast(SCENARIO))


def told(*lines: Line, world: bool = True) -> dict[str, Section]:
    """Return the debrief of a play, sections by title."""
    card = score(played(lines, SCENARIO), SCENARIO, ToyWorld() if world else None, vocabulary=VOCABULARY)
    return {section.title: section for section in debrief(card)}


def test_actions_are_told_by_what_they_did_to_users() -> None:
    """Each move says in plain words what it saved, caused, or that it changed nothing."""
    lines = [line.text for line in told(*LUCKY, (300, "restart chat-pool"), (400, "priority others batch"))[
        "What your actions did to users"].lines]  # fmt: skip
    assert lines[0].startswith("Together your actions saved 1")
    assert lines[1].startswith("set gateway.admission tokens (seq ")
    assert "T+01:00) saved 1" in lines[1] and lines[1].endswith(" bad requests")
    assert "caused" in lines[2]
    assert lines[3].endswith("changed nothing for users")


def test_every_play_has_one_strength_and_one_improvement() -> None:
    """From idle to expert there is one of each, and those about actions link their records."""
    for play in ((), LUCKY, NOVICE, EXPERT):
        sections = told(*play)
        assert len(sections["Strength"].lines) == 1
        assert len(sections["To improve"].lines) == 1
    assert told(*EXPERT)["Strength"].lines[0].seqs
    assert "Your most useful action" in told(*EXPERT)["Strength"].lines[0].text
    assert "No strength" in told()["Strength"].lines[0].text


def test_marks_stand_where_something_went_well_or_badly_and_nowhere_else() -> None:
    """A move's line has its sign, a claim's whether it was right; a line that only links a move has none."""
    sections = told(*EXPERT)
    moved = sections["What your actions did to users"].lines
    assert {line.mark for line in moved if " saved " in line.text and "Together" not in line.text} == {"good"}
    assert {line.mark for line in sections["Diagnosis"].lines if "right, evidence seen" in line.text} == {"good"}
    assert {line.mark for line in sections["The causal chain, and when you were there"].lines} == {""}
    assert any(line.seqs for line in sections["The causal chain, and when you were there"].lines)


def test_a_lucky_fix_is_told_that_nothing_carried_it() -> None:
    """Saving users without evidence leads to the advice to look and say first."""
    improvement = told(*LUCKY)["To improve"].lines[0]
    assert "before you had looked, and the diagnosis carried little of it" in improvement.text
    assert improvement.seqs


@pytest.mark.parametrize(
    ("saved", "de", "evidenced", "text"),
    [
        (1.0, 0.1, 0.0, "before you had looked, and the diagnosis carried little of it"),
        (1.0, 0.4, 0.5, "some of it before you had looked, and the diagnosis carried little of it"),
        (1.0, 0.0, 0.0, "before you had looked, and no diagnosis carried it"),
        (0.9, 0.9, 0.5, "You knew what broke, but some of what helped came before you had seen why"),
        (0.75, 0.4, 1.0, "You looked before you acted, and it helped, but the diagnosis carried little of it"),
        (0.96, 0.9, 1.0, "with a surer diagnosis"),
    ],
)
def test_what_the_gate_lacked_is_told_and_no_more(saved: float, de: float, evidenced: float, text: str) -> None:
    """Where the gate takes off most, the advice names what it lacked: evidence before acting, a diagnosis, or both."""
    card = score(played(EXPERT, SCENARIO), SCENARIO, ToyWorld(), vocabulary=VOCABULARY)
    moves = tuple(replace(move, evidence_before=evidenced == 1.0, credit=1.0) for move in card.moves)
    g = gate(evidenced, de)
    values = {"S": saved, "De": de, "g": g, "P": 1.0, "T": 1.0 / g, "C": 1.0}
    parts = {name: replace(part, value=values.get(name, part.value)) for name, part in card.parts.items()}
    parts["g"] = replace(parts["g"], inputs={"De": de, "credit_with_evidence": evidenced})
    sections = {s.title: s for s in debrief(replace(card, moves=moves, parts=parts))}
    line = sections["To improve"].lines[0]
    assert text in line.text
    assert bool(line.seqs) == (evidenced < 1.0)


def test_a_look_that_came_late_is_told_with_what_it_missed() -> None:
    """Whoever acts first, then looks and names every cause, is told to look first, not that a diagnosis is missing."""
    late = (*LUCKY[:1], (90, TOKENS), (100, "inspect gateway"), *EXPERT[-3:-1])
    improvement = told(*late)["To improve"].lines[0]
    assert "You knew what broke, but what helped came before you had seen why" in improvement.text
    assert improvement.seqs


class DearBeforeMending(ToyWorld):
    """The toy, but that giving `others` a lower priority costs 5,000 dollars unless tokens are counted before."""

    def __call__(self, plans: Sequence[Plan], /) -> list[Outcome]:
        """Return the toy's outcomes, dearer where it is so."""
        return [self._priced(plan, outcome) for plan, outcome in zip(plans, super().__call__(plans), strict=True)]

    def _priced(self, plan: Plan, outcome: Outcome) -> Outcome:
        verbs = [timed.command.verb for timed in plan.commands]
        if "priority" not in verbs:
            return outcome
        dear = 0 if "set" in verbs[: verbs.index("priority")] else 5_000_000_000
        return replace(outcome, cost_microdollars=outcome.cost_microdollars + dear, state=outcome.state + "p")


@pytest.mark.parametrize(("t_mending", "harmless"), [(60, True), (900, False)])
def test_what_would_have_hurt_earlier_is_no_harm(t_mending: int, harmless: bool) -> None:
    """A move with a negative credit that made nothing worse when it came is told so, and nothing is held against it."""
    play = sorted([(t_mending, "set gateway.admission tokens"), (600, "priority others batch")])
    card = score(played(tuple(play), SCENARIO), SCENARIO, DearBeforeMending(), vocabulary=VOCABULARY)
    lower = next(m for m in card.moves if m.verb == "priority")
    assert (lower.credit or 0) < 0 and lower.harmless is harmless
    assert (card.parts["H"].inputs["harm"] == 0.0) is harmless
    told_of = {section.title: section for section in debrief(card)}
    lines = [line.text for line in told_of["What your actions did to users"].lines if line.text.startswith("priority")]
    assert lines[0].endswith("it made nothing worse, so it is no harm") is harmless
    assert ("made-it-worse" not in {flag.id for flag in card.flags.proposed}) is harmless


def test_it_speaks_in_the_names_of_the_session() -> None:
    """Who diagnosed a customer by its name reads that name in every section, and never the scenario's id for it."""
    cast = renamed_cast(SCENARIO)
    play = (
        (30, 'hypothesis "their prompts grow" --cause {tenant.strategic}:context_growth --p 0.6'),
        (60, "diagnose {tenant.strategic} context_growth --p 0.8"),
    )
    record = played(play, SCENARIO, cast=cast)
    card = score(record, SCENARIO, ToyWorld(), vocabulary=shown_vocabulary(SCENARIO, cast))
    sections = {section.title: section for section in debrief(as_shown(card, record))}
    assert sections["Diagnosis"].lines[0].text.startswith("tenant.str-foods context_growth at 80 %")
    assert "T+00:30 tenant.str-foods context_growth 60 %" in sections["How your belief moved"].lines[1].text
    assert not [line for section in sections.values() for line in section.lines if "strategic" in line.text]


def test_harm_comes_first() -> None:
    """Restarting again and again is the improvement, with the move that did it."""
    play = tuple((60.0 + 200 * i, "restart chat-pool") for i in range(7))
    improvement = told(*((0.0, "set gateway.admission tokens"), *play))["To improve"].lines[0]
    assert improvement.text.startswith("restart chat-pool")
    assert "--dry-run" in improvement.text


def test_a_false_all_clear_is_quoted() -> None:
    """A status that was not true is shown as such with its record."""
    words = told((30, 'status "all recovered"'))["Words"].lines
    assert "users were still harmed" in words[0].text
    assert words[0].seqs


def test_unreached_times_say_so() -> None:
    """A milestone that was not reached is named, not left out."""
    lines = told((20, "ack"))["Times"].lines
    assert [line.text for line in lines][:3] == [
        "Detected: T+00:20",
        "Acknowledged: T+00:20",
        "Engaged: not reached",
    ]
    assert lines[-1].text == "Causes gone, temporary measures settled: not reached"


def test_without_a_world_the_debrief_says_what_is_missing() -> None:
    """Nothing is invented: no index, no effects of actions, but diagnosis and words."""
    sections = told(*EXPERT, world=False)
    assert "No practice index" in sections["Result"].lines[0].text
    assert all("not measured" in line.text for line in sections["What your actions did to users"].lines)
    assert sections["Diagnosis"].lines


def test_the_chain_is_told_with_the_first_look_and_act_at_each_place() -> None:
    """Root causes, what they went through and users, in causal order, each with times and records."""
    lines = told(*EXPERT)["The causal chain, and when you were there"].lines
    assert [line.text.partition(" ")[0] for line in lines] == ["root", "root", "spread", "impact"]
    blind = next(line for line in lines if "length_blind_admission" in line.text)
    assert "looked T+" in blind.text and "acted T+" in blind.text
    assert len(blind.seqs) == 2
    idle = told()["The causal chain, and when you were there"].lines
    assert all("never looked at" in line.text and not line.seqs for line in idle)
    assert idle[-1].text.endswith("nothing helped")


def test_what_a_colleague_was_asked_to_take_back_was_acted_on() -> None:
    """A question that helped is an act on the change that the answer takes back, and on its root cause."""
    before, growth, page = SCENARIO.timeline
    assert growth.fault is not None
    growth = growth.model_copy(update={"fault": growth.fault.model_copy(update={"with_change": "chg-1"})})
    scenario = SCENARIO.model_copy(update={"timeline": (before, growth, page)})
    mate = scenario.team[0]
    for does, acted in ((Doing(rolls_back="chg-1"), True), (Doing(fault="growth"), False)):
        team = (mate.model_copy(update={"knows": tuple(k.model_copy(update={"does": does}) for k in mate.knows)}),)
        other = scenario.model_copy(update={"team": team})
        words = shown_vocabulary(other, plain_cast(other))
        asked = played(((90, "ask account-manager can they trim it"),), other)
        card = score(asked, other, ToyWorld(), vocabulary=words)
        (trigger,) = [step for step in card.chain if step.part == "trigger"]
        assert (trigger.acted_us == 90_000_000) == acted
        root = next(step for step in card.chain if step.part == "root")
        assert root.acted_us == 90_000_000


def test_belief_and_its_evidence_are_told_step_by_step() -> None:
    """When a right cause was on top, each step with its Brier score, and what made a committed cause supported."""
    sections = told(*EXPERT)
    belief = sections["How your belief moved"].lines
    assert belief[0].text.startswith("A right cause was on top")
    assert all("Brier" in line.text and line.seqs for line in belief[1:-1])
    assert belief[-1].text.startswith("Committed: ")
    carried = sections["What carried the diagnosis"].lines
    assert any(line.text.endswith("which made it enough") and line.seqs for line in carried)
    assert "How your belief moved" not in told()
    wrong = told((60, 'hypothesis "the pool" --cause chat-pool:engine_hang --p 0.9'))
    assert "What carried the diagnosis" not in wrong


def test_flags_are_told_as_proposals_without_weight() -> None:
    """The section says what they are; each names its colour and its records, red ones first."""
    lines = told(*((60.0 + 200 * i, "restart chat-pool") for i in range(4)))["Flags proposed, without weight"].lines
    assert "no points" in lines[0].text
    assert lines[1].text.startswith("red")
    assert all(line.seqs for line in lines[1:])


def test_never_looked_at_names_the_evidence_that_was_needed() -> None:
    """Missed evidence is listed with its cause when that cause had none."""
    lines = [line.text for line in told(*LUCKY)["What you never looked at"].lines]
    assert "inspect:gateway (evidence for blind)" in lines
    assert "logs" in lines


def test_every_rule_of_a_scorecard_can_be_explained() -> None:
    """Each part's rule has a formula, a section and a reason."""
    card = score(played(EXPERT, SCENARIO), SCENARIO, ToyWorld(), vocabulary=VOCABULARY)
    for part in card.parts.values():
        rule = explain(part.rule)
        assert rule.formula and rule.why and rule.section.startswith("§")
    assert explain("de") is RULES["De"]


def test_an_unknown_rule_gets_a_suggestion() -> None:
    """A typo is answered with the nearest rule and the list of all."""
    with pytest.raises(UsageError, match=r"did you mean 'credit'.*Rules: S, credit"):
        explain("credits")
