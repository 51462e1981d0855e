"""Changes and waivers: rollback, expiry, agreement, and when the cause counts as gone."""

from __future__ import annotations

import pytest

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.scenario.model import Change, Invariant, Scenario, TimelineEntry
from incidentsim.specs.knobs import UNLIMITED
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Run, packaged, quiet, stack_of

LIMIT = "tenant.strategic.token_limit"
WAIVER = "chg-2107"
CONTRACT = packaged().tenant("strategic").token_limit


def with_change(scenario: Scenario, change: Change, at_us: int) -> Scenario:
    """Return the scenario with a further planned change."""
    entry = TimelineEntry.model_construct(at=at_us, change=change)
    return scenario.model_copy(update={"timeline": (*scenario.timeline, entry)})


def push(change_id: str, **more: object) -> Change:
    """Return a planned configuration change of the gateway."""
    return Change.model_validate(
        {
            "id": change_id,
            "kind": "config",
            "target": "gateway",
            "actor": "deploy-bot",
            "summary": "a change",
            **more,
        }
    )


def limit(world: World) -> object:
    """Return the limit in force."""
    stack = stack_of(world)
    assert stack.settings.get(LIMIT) == stack.tenants["strategic"].token_bucket.rate
    return stack.settings.get(LIMIT)


def agree(world: World) -> None:
    """The waiver's owner agrees to an end."""
    stack_of(world).organisation.agree(WAIVER)


def present(world: World) -> bool:
    """Return whether the waiver is still a root cause."""
    return world.root_causes_present()["waiver"]


def test_a_waiver_lifts_the_limit_from_the_start(world_twice: Twice) -> None:
    """A waiver of days ago holds at the first event, and is a root cause."""
    played = world_twice(Run(scenario=quiet()))
    assert limit(played.world) == UNLIMITED
    assert present(played.world)
    assert "waiver chg-2107 for strategic: in force" in played.world.inspect("organisation")


def test_expiring_now_restores_the_contract(world_twice: Twice) -> None:
    """The contract's limit holds again after the push, and the cause is gone."""
    played = world_twice(Run(scenario=quiet(), script=((SECOND, f"waiver expire {WAIVER}"),)))
    assert limit(played.world) == CONTRACT
    assert not present(played.world)
    assert "waiver chg-2107 for strategic: ended" in played.world.inspect("organisation")
    with pytest.raises(CommandError, match="has ended already"):
        played.world.check(Command(verb="waiver", args={"action": "expire", "waiver": WAIVER}))


def test_expiring_later_needs_consent_to_count(world_twice: Twice) -> None:
    """A future end leaves the limit lifted until then; with the owner's consent the cause is gone at once."""
    seen: list[tuple[object, bool]] = []

    def look(world: World) -> None:
        seen.append((limit(world), present(world)))

    script = ((SECOND, f"waiver expire {WAIVER} --in 30s"),)
    probes = ((10 * SECOND, look), (11 * SECOND, agree), (12 * SECOND, look), (37 * SECOND, look))
    world_twice(Run(scenario=quiet(), script=script, probes=probes))
    assert seen[:3] == [(UNLIMITED, True), (UNLIMITED, False), (CONTRACT, False)]


def test_consent_alone_removes_nothing(world_twice: Twice) -> None:
    """An owner who agrees has not given the waiver an end."""
    played = world_twice(Run(scenario=quiet(), probes=((SECOND, agree),)))
    assert present(played.world)


def test_lifting_the_limit_again_brings_the_cause_back(world_twice: Twice) -> None:
    """After an agreed end, an unlimited tenant is unlimited once more: the cause is there again."""
    script = ((5 * SECOND, f"waiver expire {WAIVER}"), (20 * SECOND, "limit strategic tokens unlimited"))
    played = world_twice(Run(scenario=quiet(), script=script, probes=((SECOND, agree),)))
    assert limit(played.world) == UNLIMITED
    assert present(played.world)


def test_a_waiver_with_an_end_ends_by_itself(world_twice: Twice) -> None:
    """An expiry that the change itself names is kept."""
    change = push("chg-1", kind="waiver", target="tenant.newsroom", waiver={"tenant": "newsroom", "expires": "20s"})
    scenario = with_change(quiet(), change, -3600 * SECOND)
    tenants = tuple(t.model_copy(update={"token_limit": 5_000}) if t.id == "newsroom" else t for t in scenario.tenants)
    seen: list[object] = []

    def look(world: World) -> None:
        seen.append(stack_of(world).settings.get("tenant.newsroom.token_limit"))

    run = Run(scenario=scenario.model_copy(update={"tenants": tenants}),
              probes=((20 * SECOND - 1, look), (20 * SECOND, look)))  # fmt: skip
    world_twice(run)
    assert seen[:2] == [UNLIMITED, 5_000]


def test_a_rollback_puts_back_what_was_before(world_twice: Twice) -> None:
    """Rolling a change back restores the values it found; `off` applies it once more."""
    change = push("chg-7", sets={"gateway.max_queue": 50, "router.policy": "round_robin"})
    scenario = with_change(quiet(), change, -5 * SECOND)
    seen: list[tuple[object, object]] = []

    def look(world: World) -> None:
        settings = stack_of(world).settings
        seen.append((settings.get("gateway.max_queue"), settings.get("router.policy")))

    script = ((SECOND, "rollback chg-7"), (20 * SECOND, "rollback chg-7 off"))
    probes = tuple((t * SECOND, look) for t in (-6, -4, 10, 30))
    played = world_twice(Run(scenario=scenario, script=script, probes=probes))
    assert seen[0] == seen[2] != seen[1] == seen[3] == (50, "round_robin")
    assert [e.kind for e in played.world.changes() if e.id == "chg-7"] == ["config"]


def test_a_rolled_back_waiver_has_ended(world_twice: Twice) -> None:
    """Rolling the waiver's change back ends it, and `off` reinstates it without an end."""
    once = world_twice(Run(scenario=quiet(), script=((SECOND, f"rollback {WAIVER}"),)))
    assert limit(once.world) == CONTRACT
    twice = world_twice(
        Run(scenario=quiet(), script=((SECOND, f"rollback {WAIVER}"), (20 * SECOND, f"rollback {WAIVER} off")))
    )
    assert limit(twice.world) == UNLIMITED
    assert present(twice.world)


def test_rolling_back_twice_is_once(world_twice: Twice) -> None:
    """Nobody applies a change again by taking it back, whether they or a colleague did it before; undoing does."""
    change = push("chg-7", sets={"gateway.max_queue": 50})
    scenario = with_change(quiet(), change, -5 * SECOND)
    script = ((SECOND, "rollback chg-7"), (3 * SECOND, "rollback chg-7"), (20 * SECOND, "rollback chg-7"))
    played = world_twice(Run(scenario=scenario, script=script))
    assert played.effects("failed") == ["chg-7 is rolled back already; `rollback chg-7 off` applies it again"] * 2
    assert stack_of(played.world).settings.get("gateway.max_queue") != 50
    hasty = ((SECOND, "rollback chg-7"), (3 * SECOND, "rollback chg-7 off"))
    assert stack_of(world_twice(Run(scenario=scenario, script=hasty)).world).settings.get("gateway.max_queue") == 50
    with pytest.raises(CommandError, match="chg-7 is not rolled back"):
        Run(scenario=with_change(quiet(duration=0), change, -SECOND)).play().world.check(
            Command(verb="rollback", args={"change": "chg-7", "switch": "off"})
        )


def test_a_change_without_effect_can_not_be_rolled_back() -> None:
    """A change that set nothing has nothing that a machine could revert."""
    world = Run(scenario=with_change(quiet(duration=0), push("chg-9"), -SECOND)).play().world
    with pytest.raises(CommandError, match="nothing that a machine could revert"):
        world.check(Command(verb="rollback", args={"change": "chg-9"}))


def test_a_deploy_of_the_pool_is_rolled_back_pod_by_pod(world_twice: Twice) -> None:
    """Rolling a deploy of the pool back replaces its pods."""
    change = push("chg-8", kind="deploy", target="chat-pool")
    scenario = with_change(quiet(duration=90 * SECOND), change, -SECOND)
    played = world_twice(Run(scenario=scenario, script=((SECOND, "rollback chg-8"),)))
    assert played.effects("done")[-1] == "every pod of chat-pool is as wanted now"
    assert all(p.ready_us > SECOND for p in played.stack.pool.pods)


def test_what_must_stay_as_it_is_is_watched(world_twice: Twice) -> None:
    """An invariant that a command breaks is listed with its reason, and no longer once it holds again."""
    rule = Invariant.model_validate({"id": "patience", "holds": {"knob": "gateway.queue_timeout", "differs": "1s"},
                                     "why": "Users must be allowed to wait."})  # fmt: skip
    scenario = quiet().model_copy(update={"invariants": (rule,)})
    broken, mended = (SECOND, "set gateway.queue_timeout 1s"), (10 * SECOND, "set gateway.queue_timeout 20s")
    assert world_twice(Run(scenario=scenario)).world.violations() == ()
    found = world_twice(Run(scenario=scenario, script=(broken,))).world.violations()
    assert found == ("patience: Users must be allowed to wait.",)
    assert world_twice(Run(scenario=scenario, script=(broken, mended))).world.violations() == ()
