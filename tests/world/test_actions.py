"""Every verb that acts: checked, previewed, applied, undone; a wrong one changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from incidentsim.commands.model import Command
from incidentsim.commands.parse import parse
from incidentsim.errors import CommandError
from incidentsim.events import EffectObserved, MessageReceived
from incidentsim.exact import Draws
from incidentsim.scenario.model import Change, Scenario, TimelineEntry
from incidentsim.specs.verbs import VERBS
from incidentsim.world.actions import ACTIONS
from incidentsim.world.stack.clients.sessions import conversation_id
from incidentsim.world.stack.data.job import Job
from incidentsim.world.stack.data.store import FeatureStore
from incidentsim.world.stack.retrieval import Shard
from incidentsim.world.stack.stages.response_cache import ResponseCache
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_edge import two_pools
from tests.world.test_tenants import sessions
from tests.world.worlds import SECOND, Run, complete, packaged, quiet, send, stack_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A line of a verb, what its preview must say, what undoes it, and wrong versions of it.

    `first` is a line that must have taken effect before.
    """

    line: str
    preview: str
    inverse: str
    wrong: tuple[dict[str, str], ...]
    first: str = ""
    scenario: Callable[[], Scenario] = lambda: complete(quiet(duration=0))


def with_canary() -> Scenario:
    """Return two pools, the second of them a canary, without traffic."""
    return two_pools(rate=0, duration=0, canary=True)


def with_session() -> Scenario:
    """Return one tenant with one user in one long conversation."""
    return sessions(sessions=1, history=10**6).model_copy(update={"duration": 0})


CONVERSATION = conversation_id(Draws(1, "tenant.storefront", "conversation-id").key, 0)
"""Id of that conversation under seed 1."""


ACTS = {
    "set": Sample(line="set gateway.admission tokens", preview="requests -> tokens", inverse="set",
                  wrong=({"knob": "gatewy.admission", "value": "tokens"},
                         {"knob": "gateway.admision", "value": "tokens"},
                         {"knob": "gateway.admission", "value": "bytes"},
                         {"knob": "gateway.max_queue", "value": "-4"})),
    "limit": Sample(line="limit storefront tokens 300k", preview="unlimited -> 300000", inverse="limit",
                    wrong=({"tenant": "nobody", "resource": "tokens", "rate": "1"},)),
    "priority": Sample(line="priority storefront batch", preview="standard -> batch", inverse="priority",
                       wrong=({"tenant": "nobody", "tier": "batch"},)),
    "shed": Sample(line="shed tenant=storefront 40%", preview="refuse 40% of them", inverse="shed",
                   wrong=({"selector": "tenant=nobody", "percent": "100000"},)),
    "waiver": Sample(line="waiver expire chg-2107", preview="ends now", inverse="limit",
                     wrong=({"action": "expire", "waiver": "chg-1"},)),
    "rollback": Sample(line="rollback chg-2107", preview="holds again", inverse="rollback",
                       wrong=({"change": "chg-1"},)),
    "pin": Sample(line="pin chat-pool template=r1", preview="template r2 -> r1", inverse="pin",
                  wrong=({"component": "chat-pool", "revision": "template=r9"},
                         {"component": "chat-pool", "revision": "colour=r1"},
                         {"component": "chat-pool", "revision": "r1"}, {"component": "gateway", "revision": "a=b"})),
    "scale": Sample(line="scale chat-pool 4", preview="3 -> 4 replicas", inverse="scale",
                    wrong=({"pool": "chat", "count": "4"}, {"pool": "chat-pool", "count": "0"},
                           {"pool": "chat-pool", "count": "65"})),
    "restart": Sample(line="restart chat-pool-1", preview="requests in flight are lost", inverse="",
                      wrong=({"target": "chat-pool-9"}, {"target": "gateway"})),
    "drain": Sample(line="drain chat-pool-1", preview="one fewer while drained", inverse="drain",
                    wrong=({"target": "chat-pool-9"}, {"target": "gateway"}, {"target": "node-9"},
                           {"target": "chat-pool-1", "switch": "off"}, {"target": "node-1", "switch": "off"})),
    "route": Sample(line="route prompt_tokens>9000 chat-pool", preview="by default -> chat-pool", inverse="route",
                    wrong=({"selector": "tenant=nobody", "pool": "chat-pool"}, {"selector": "all", "pool": "chat"})),
    "canary": Sample(line="canary spare-pool 10%", preview="canary_share 0.0 -> 0.1", inverse="canary",
                     wrong=({"pool": "chat-pool", "percent": "1000"}, {"pool": "nothing", "percent": "1000"}),
                     scenario=with_canary),
    "terminate": Sample(line=f"terminate {CONVERSATION}", preview="refuse further ones with 403", inverse="terminate",
                        wrong=({"conversation": "conv-0"},), scenario=with_session),
    "flush": Sample(line="flush chat-pool", preview="0 queued requests", inverse="", wrong=({"pool": "chat"},)),
    "renew": Sample(line="renew listener", preview="valid for 90 days", inverse="", wrong=({"certificate": "moon"},)),
    "cordon": Sample(line="cordon node-1", preview="no new replica is placed here", inverse="cordon",
                     wrong=({"node": "node-9"}, {"node": "node-3"}, {"node": "node-1", "switch": "off"})),
    "purge": Sample(line="purge response-cache", preview="every entry is dropped", inverse="", wrong=({"cache": "x"},)),
    "pause": Sample(line="pause job.daily", preview="none running", inverse="resume", wrong=({"job": "job.x"},)),
    "resume": Sample(line="resume job.daily", preview="at its next time", inverse="pause", first="pause job.daily",
                     wrong=({"job": "job.x"},)),
    "rerun": Sample(line="rerun job.daily", preview="about 5 s", inverse="", wrong=({"job": "gateway"},)),
    "backfill": Sample(line="backfill job.daily", preview="about 15 s", inverse="", wrong=({"job": "gateway"},)),
    "failover": Sample(line="failover shard-1", preview="replica 0 -> replica 1", inverse="",
                       wrong=({"shard": "shard-9"}, {"shard": "gateway"})),
    "silence": Sample(line="silence TTFTBurnRateFast", preview="notifications stop", inverse="silence",
                      wrong=({"alert": "Nothing"},)),
    "alert": Sample(line="alert set EngineQueueDepth 5", preview="60 -> 5", inverse="alert",
                    wrong=({"action": "set", "alert": "Nothing", "setting": "5"},)),
}  # fmt: skip


def fresh(verb: str = "") -> World:
    """Return a quiet world at T+0 that suits a verb, its facts taken."""
    change = Change(id="chg-9", kind="deploy", target="chat-pool", actor="bot", summary="chat template",
                    revisions={"template": "r2"})  # fmt: skip
    entry = TimelineEntry.model_construct(at=-3_600 * SECOND, change=change)
    scenario = ACTS[verb].scenario() if verb else complete(quiet(duration=0))
    world = Run(scenario=scenario.model_copy(update={"timeline": (*scenario.timeline, entry)})).play().world
    world.facts()
    return world


def configuration(world: World) -> list[object]:
    """Return what people can set: knobs, shed rules, drained pods, wanted replicas, silences, waivers."""
    stack = stack_of(world)
    assert stack.rules is not None
    return [
        {path: value for path, value in stack.settings._values.items() if not path.startswith("node-")},
        list(stack.gateway.shedder.rules.values()),
        list(stack.gateway.rules.values()),
        list(stack.gateway.guards.killed),
        list(stack.gateway.certificates.not_after.values()),
        [p.cordoned for p in stack.pool.pods if p.state != "gone"],
        [node.host for node in stack.pool.nodes if node.cordoned],
        stack.pool.int_knob("replicas"),
        dict(stack.pool.revisions.wanted),
        [stack.rules.silenced(name) for name in stack.rules.names()],
        [(rule.expr, rule.for_us) for name in stack.rules.names() for rule in stack.rules.rules_of(name)],
        stack.router.describe(),
        [t.describe()[:3] for t in stack.tenants.values()],
        sum(p.restarts for p in stack.pool.pods),
        [c.state()[-1] for c in stack.components.values() if isinstance(c, ResponseCache)],
        [c.running for c in stack.components.values() if isinstance(c, Job)],
        [c.serving.id for c in stack.components.values() if isinstance(c, FeatureStore)],
        [c.leader for c in stack.components.values() if isinstance(c, Shard)],
    ]


def test_every_act_verb_has_an_action_and_a_sample() -> None:
    """The world acts on exactly the declared act verbs, besides undo, and on ask and page."""
    acts = {name for name, spec in VERBS.items() if spec.group == "act"} - {"undo"}
    assert set(ACTIONS) == acts | {"ask", "page"}
    assert set(ACTS) == acts


@pytest.mark.parametrize("verb", ACTS)
def test_a_preview_tells_and_changes_nothing(verb: str) -> None:
    """Checking and previewing leave the world's state as it is, and the preview says what it is about."""
    world = fresh(verb)
    command = parse(ACTS[verb].line, world.vocabulary())
    before = stack_of(world).state()
    world.check(command)
    lines = world.preview(command)
    assert ACTS[verb].preview in " ".join(lines)
    assert lines[0].startswith("target: ")
    assert stack_of(world).state() == before
    assert world.facts() == []


@pytest.mark.parametrize("verb", ACTS)
def test_it_takes_effect_and_its_inverse_restores(verb: str) -> None:
    """Applied, it changes the configuration and says so; its inverse puts everything back."""
    world = fresh(verb)
    sample = ACTS[verb]
    if sample.first:
        send(world, sample.first, t_us=SECOND // 2, ref=10)
        world.advance(SECOND // 2)
        world.facts()
    before = configuration(world)
    command = parse(sample.line, world.vocabulary())
    send(world, sample.line, t_us=SECOND, ref=11)
    world.advance((8 if sample.inverse else 50) * SECOND)
    effects = [f for f in world.facts() if isinstance(f, EffectObserved)]
    assert [f.ref for f in effects] == [11] * len(effects)
    assert effects[0].stage in ("applied", "done")
    assert not any(f.stage == "failed" for f in effects)
    if not sample.inverse:
        assert verb == "flush" or configuration(world) != before, "nobody waits in a quiet world"
        with pytest.raises(CommandError, match="can't be undone"):
            world.inverse(command, 11)
        return
    assert configuration(world) != before
    inverse = world.inverse(command, 11)
    assert inverse.verb == sample.inverse
    world.check(inverse)
    world.submit(inverse, t_us=9 * SECOND, k=0, ref=12)
    world.advance(16 * SECOND)
    assert configuration(world) == before


@pytest.mark.parametrize("verb", ACTS)
def test_a_wrong_target_changes_nothing(verb: str) -> None:
    """A command for something that isn't there is refused with the reason; applied, it fails without a trace."""
    world = fresh(verb)
    for args in ACTS[verb].wrong:
        command = Command(verb=verb, args=args)
        before = stack_of(world).state()
        with pytest.raises(CommandError):
            world.check(command)
        with pytest.raises(CommandError):
            world.preview(command)
        assert stack_of(world).state() == before
        world.submit(command, t_us=world.now_us + 1, k=0, ref=5)
        world.advance(world.now_us + 1)
        effects = [f for f in world.facts() if isinstance(f, EffectObserved)]
        assert [(f.ref, f.stage) for f in effects] == [(5, "failed")]
        assert stack_of(world).state() == before


@pytest.mark.parametrize("verb", ["query", "note", "resolve", "undo"])
def test_other_verbs_do_not_reach_the_world(verb: str) -> None:
    """Looking, thinking and undo itself are refused: they are the session's."""
    with pytest.raises(CommandError, match="does not act on the world"):
        fresh().check(Command(verb=verb))


def test_what_a_person_did_is_in_the_change_log(world_twice: Twice) -> None:
    """Acts are entered under ids of their own, in order, as done by the person on call."""
    script = (
        (SECOND, "set gateway.admission tokens"),
        (2 * SECOND, "scale chat-pool 4"),
        (3 * SECOND, "drain chat-pool-0"),
    )
    played = world_twice(Run(scenario=quiet(), script=script))
    mine = [e for e in played.world.changes() if e.actor == "you (on call)"]
    assert [(e.id, e.t_us // SECOND, e.target) for e in mine] == [
        ("inc-1", 1, "gateway.admission"), ("inc-2", 2, "chat-pool"), ("inc-3", 3, "chat-pool-0"),
    ]  # fmt: skip
    assert all(e.id in played.world.vocabulary().changes for e in mine)
    with pytest.raises(CommandError, match="use undo"):
        played.world.check(Command(verb="rollback", args={"change": "inc-1"}))


def test_two_commands_of_a_tick_apply_in_order(world_twice: Twice) -> None:
    """Of two commands at one tick the later one wins."""
    script = ((SECOND, "set gateway.max_queue 10"), (SECOND, "set gateway.max_queue 20"))
    assert world_twice(Run(scenario=quiet(), script=script)).stack.settings.get("gateway.max_queue") == 20
    assert world_twice(Run(scenario=quiet(), script=script[::-1])).stack.settings.get("gateway.max_queue") == 10


def test_ask_and_page_answer_later(world_twice: Twice) -> None:
    """A question and a page are answered in the channel, with the number of the command that asked."""
    script = ((SECOND, 'ask platform "what is the gpu quota?"'), (2 * SECOND, "page account-manager"))
    played = world_twice(Run(scenario=quiet(duration=200 * SECOND), script=script))
    answers = {f.ref: f for f in played.facts if isinstance(f, MessageReceived) and f.ref}
    assert {ref: f.who for ref, f in answers.items()} == {1: "platform", 2: "account-manager"}
    assert all(f.t_us > 2 * SECOND for f in answers.values())


@pytest.mark.parametrize("verb", ["ask", "page"])
def test_nobody_of_that_name(verb: str) -> None:
    """Asking or paging someone who isn't on the team is refused, and the team is listed."""
    args = {"who": "nobody", "question": "why?", "topic": "other"}
    with pytest.raises(CommandError, match=packaged().team[0].role):
        fresh().check(Command(verb=verb, args=args))
