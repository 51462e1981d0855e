"""Team-mates: which topic a question is about, who is there, and what an answer sets in motion."""

from __future__ import annotations

import pytest

from incidentsim.errors import CommandError
from incidentsim.events import FaultChanged, MessageReceived
from incidentsim.scenario.cast import make_cast, plain_cast
from incidentsim.scenario.model import Change, Doing, TimelineEntry, Topic
from incidentsim.world.stack.people.team import OTHER, Team
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_faults import AGENTS
from tests.world.worlds import SECOND, Played, Run, packaged, quiet, send, stack_of, with_fault

PARAPHRASES = [
    ("platform", "admission", "does the gateway count tokens or just requests when it admits?"),
    ("platform", "admission", "how is admission configured at the gateway?"),
    ("platform", "admission", "why do so many long requests get through the gateway?"),
    ("platform", "image", "could the new gateway image have broken this?"),
    ("platform", "image", "should we roll back the gateway deploy?"),
    ("platform", "clock", "why does one GPU run at a lower clock?"),
    ("platform", "clock", "is some node being throttled?"),
    ("platform", "capacity", "how many GPUs can we still get?"),
    ("platform", "capacity", "can we add more replicas?"),
    ("platform", "tenants", "who is sending most of the traffic?"),
    ("platform", "tenants", "which customer uses the most tokens?"),
    ("account-manager", "waiver", "why was {tenant.strategic}'s token limit waived?"),
    ("account-manager", "waiver", "does the waiver have an end date?"),
    ("account-manager", "waiver", "does this customer have a token limit?"),
    ("account-manager", "agree", "may I end the waiver now?"),
    ("account-manager", "agree", "do you agree that we put the limit back?"),
    ("account-manager", "reduce", "could you ask the customer to reduce traffic?"),
    ("account-manager", "reduce", "can they switch off the new feature?"),
    ("customer-success", "complaints", "which customers are affected?"),
    ("customer-success", "complaints", "is everybody affected or only some?"),
]
"""Questions as people put them, none of them as the scenario has it."""

UNRELATED = [
    ("platform", "what's for lunch?"),
    ("platform", "is the database slow?"),
    ("platform", "did anyone restart the mail server?"),
    ("platform", "how are you today?"),
    ("account-manager", "what is the kv cache usage?"),
    ("account-manager", "how do preemptions work?"),
    ("account-manager", "which vllm version do we run?"),
    ("customer-success", "what is max_num_seqs?"),
    ("customer-success", "please restart the pool"),
    ("customer-success", "when is the next release?"),
]
"""Questions that the person asked knows nothing about."""


@pytest.fixture(scope="module", params=["plain", "cast"])
def asked(request: pytest.FixtureRequest) -> World:
    """Return a world, once with plain names and once with a cast."""
    scenario = quiet(duration=0)
    cast = plain_cast(scenario) if request.param == "plain" else make_cast(scenario, 3)
    return Run(scenario=scenario, cast=cast).play().world


def team(world: World) -> Team:
    """Return a world's team."""
    return stack_of(world).team


@pytest.mark.parametrize(("who", "topic", "question"), PARAPHRASES)
def test_a_paraphrase_finds_its_topic(asked: World, who: str, topic: str, question: str) -> None:
    """Free wording of a question is understood, whatever the customers are called."""
    assert team(asked).topic_of(who, stack_of(asked).cast.render(question)) == topic


@pytest.mark.parametrize(("who", "question"), UNRELATED)
def test_an_unrelated_question_is_not_understood(asked: World, who: str, question: str) -> None:
    """A question about something else gets no topic, rather than a wrong one."""
    assert team(asked).topic_of(who, question) == OTHER


def test_every_way_of_asking_finds_itself(asked: World) -> None:
    """Each wording that the scenario lists is matched to its own topic."""
    for mate in packaged().team:
        for topic in mate.knows:
            for ask in topic.asks:
                assert team(asked).topic_of(mate.role, stack_of(asked).cast.render(ask)) == topic.topic


def test_nobody_of_that_role() -> None:
    """Asking a role that is not on the team is refused."""
    with pytest.raises(CommandError, match="there are: platform"):
        team(Run(scenario=quiet(duration=0)).play().world).topic_of("barista", "coffee?")


def messages(played: Played, who: str) -> list[MessageReceived]:
    """Return what a person wrote, in order."""
    return [f for f in played.facts if isinstance(f, MessageReceived) and f.who == who]


WHY = 'ask account-manager "why was the token limit waived?"'


def test_someone_on_call_answers_only_when_paged(world_twice: Twice) -> None:
    """Before they are paged nobody replies; after they have arrived they do; a second page finds them there."""
    script = (
        (SECOND, WHY),
        (10 * SECOND, "page account-manager"),
        (20 * SECOND, "page account-manager"),
        (140 * SECOND, WHY),
    )
    played = world_twice(Run(scenario=quiet(duration=300 * SECOND), script=script))
    said = messages(played, "account-manager")
    mate = next(m for m in packaged().team if m.role == "account-manager")
    assert [m.ref for m in said] == [1, 3, 2, 4]
    assert "no reply" in said[0].text
    assert next(m.t_us for m in said if m.ref == 2) == 10 * SECOND + mate.arrives_in
    assert "limit" in said[3].text
    assert 0 < said[3].t_us - 140 * SECOND < 2 * mate.answers_in


def test_who_was_paged_is_part_of_the_dynamics() -> None:
    """A page changes the state that is digested, before anything comes of it."""
    world = Run(scenario=quiet(duration=0)).play().world
    before = stack_of(world).state()
    send(world, "page account-manager", t_us=1)
    world.advance(1)
    assert stack_of(world).state() != before


def test_another_question_makes_no_answer_later(world_twice: Twice) -> None:
    """How long somebody takes is drawn for each question by itself: asking more changes nothing of the rest."""
    ask = 'ask platform "how many replicas can we add?"'
    other = (3 * SECOND, 'ask customer-success "which customers are affected?"')

    def answered(*before: tuple[int, str]) -> list[int]:
        script = (*before, (20 * SECOND, ask), (80 * SECOND, ask))
        played = world_twice(Run(scenario=quiet(duration=240 * SECOND), script=script))
        return [m.t_us for m in messages(played, "platform")]

    alone = answered()
    assert answered(other) == alone
    assert alone[1] - 80 * SECOND != alone[0] - 20 * SECOND, "the same question again takes its own time"


def test_answers_tell_the_present_state(world_twice: Twice) -> None:
    """The same question is answered from what is the case when the answer comes."""
    ask = 'ask platform "how many replicas can we add?"'
    script = ((SECOND, ask), (100 * SECOND, "scale chat-pool 1"), (140 * SECOND, ask))
    said = messages(world_twice(Run(scenario=quiet(duration=240 * SECOND), script=script)), "platform")
    assert said[0].text.startswith("3 of 3 replicas are ready")
    assert said[1].text.startswith("1 of 1 replicas are ready")


def test_an_agreement_and_a_favour_change_the_world(world_twice: Twice) -> None:
    """Agreeing gives the waiver its owner's consent; asking the customer to pause ends the fault later."""
    scenario = with_fault(quiet(duration=700 * SECOND), "context_growth", "tenant.strategic", 0,
                          **{**AGENTS, "conversations_per_minute": 2_000_000})  # fmt: skip
    entry = scenario.timeline[-1]
    assert entry.fault is not None
    renamed = entry.model_copy(update={"fault": entry.fault.model_copy(update={"id": "agents"})})
    scenario = scenario.model_copy(update={"timeline": (*scenario.timeline[:-1], renamed)})
    script = (
        (SECOND, "page account-manager"),
        (130 * SECOND, 'ask account-manager "do you agree that we put the limit back?"'),
        (200 * SECOND, 'ask account-manager "can they switch off the new feature?"'),
    )
    agreed: list[bool] = []

    def look(world: World) -> None:
        agreed.append(stack_of(world).organisation.waivers["chg-2107"].agreed)

    run = Run(scenario=scenario, script=script, probes=((129 * SECOND, look), (199 * SECOND, look)))
    played = world_twice(run)
    assert agreed[:2] == [False, True]
    assert played.stack.faults["agents"].removed
    assert [f.state for f in played.facts if isinstance(f, FaultChanged) and f.kind == "context_growth"][
        -1
    ] == "removed"
    assert "paused the agent" in messages(played, "account-manager")[-1].text


def test_a_colleague_rolls_a_change_back(world_twice: Twice) -> None:
    """What the change set goes back after the time it takes, under their name; one rolled back already stays so."""
    written = {"id": "chg-7", "kind": "config", "target": "gateway", "actor": "deploy-bot",
               "summary": "longer queue", "sets": {"gateway.max_queue": "9000"}}  # fmt: skip
    change = Change.model_validate(written)
    entry = TimelineEntry.model_construct(at=-SECOND, change=change)
    does = Doing.model_validate({"rolls_back": "chg-7", "after": "30s", "who": "platform", "says": "Done."})
    favour = Topic(topic="mend", asks=("please roll the queue change back",), answer="On it.", does=does)
    base = quiet(duration=200 * SECOND)
    team = tuple(m.model_copy(update={"knows": (favour,)}) if m.role == "platform" else m for m in base.team)
    scenario = base.model_copy(update={"timeline": (*base.timeline, entry), "team": team})
    ask = (SECOND, 'ask platform "please roll the queue change back"')
    world = world_twice(Run(scenario=scenario, script=(ask,))).world
    assert stack_of(world).settings.text("gateway.max_queue").startswith("4000")
    assert [(e.actor, e.summary) for e in world.changes()][-1] == ("platform (platform)", "roll back chg-7")
    mine = world_twice(Run(scenario=scenario, script=(ask, (2 * SECOND, "rollback chg-7")))).world
    assert stack_of(mine).settings.text("gateway.max_queue").startswith("4000")
    assert [e.actor for e in mine.changes() if e.summary == "roll back chg-7"] == ["you (on call)"]
