"""Every knob that is declared reaches its component, shows in inspect, and can be put back."""

from __future__ import annotations

import pytest

from incidentsim.commands.model import Command
from incidentsim.scenario.naming import kind_of
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.knobs import UNLIMITED, Knob, KnobValue, format_value, parse_value, value_text
from incidentsim.world.world import World
from tests.world.worlds import SECOND, Run, complete, quiet, send, stack_of

INSTANCES = {
    "gateway": "gateway",
    "router": "router",
    "pool": "chat-pool",
    "node": "node-1",
    "autoscaler": "autoscaler",
    "tenant": "tenant.storefront",
    "organisation": "organisation",
    "observability": "observability",
    "route": "route.chat",
    "quality": "quality",
    "registry": "registry",
    "control-plane": "control-plane",
    "guardrail": "guardrail",
    "pipeline": "pipeline",
    "job": "job.daily",
    "feature-store": "feature-store",
    "ranker": "ranker",
    "response-cache": "response-cache",
    "preprocessing": "preprocessing",
    "retrieval": "retrieval",
    "shard": "shard-0",
}
"""A component of each kind in the small world."""

KNOBS = [(INSTANCES[kind], knob) for kind, spec in COMPONENTS.items() for knob in spec.knobs]
IDS = [f"{component}.{knob.name}" for component, knob in KNOBS]


def fresh() -> World:
    """Return a small world without traffic, at T+0."""
    world = Run(scenario=complete(quiet(duration=0))).play().world
    world.facts()
    return world


def another(knob: Knob, now: KnobValue) -> KnobValue:
    """Return a value that the knob allows and does not have."""
    if knob.kind == "enum":
        return next(choice for choice in knob.choices if choice != now)
    if knob.kind == "bool":
        return 1 - int(now)
    low, high = (2, 4) if knob.name == "replicas" else (knob.low, knob.high)
    if knob.kind == "duration":
        low = max(low, SECOND)
    return low if now != low else high


def test_every_kind_has_an_instance_of_its_kind() -> None:
    """The table above covers all declared kinds."""
    assert {kind: kind_of(name) for kind, name in INSTANCES.items()} == {kind: kind for kind in COMPONENTS}


@pytest.mark.parametrize(("component", "knob"), KNOBS, ids=IDS)
def test_settings_hand_the_knob_to_its_component(component: str, knob: Knob) -> None:
    """A new value is taken, shown by inspect in place of the old one, and told by the settings."""
    world = fresh()
    stack, path = stack_of(world), f"{component}.{knob.name}"
    now = stack.settings.get(path)
    value = another(knob, now)
    before = world.inspect(component)
    assert f"{knob.name} = {format_value(knob, now)}" in before
    stack.settings.set(path, value)
    after = world.inspect(component)
    assert f"{knob.name} = {format_value(knob, value)}" in after
    assert f"{knob.name} = {format_value(knob, now)}" not in after
    assert stack.settings.text(path) == format_value(knob, value)
    assert stack.settings.get(path) == value


@pytest.mark.parametrize(("component", "knob"), KNOBS, ids=IDS)
def test_set_changes_it_after_the_push_and_undo_restores(component: str, knob: Knob) -> None:
    """`set` takes effect after the configuration push, and its inverse puts the former value back."""
    world = fresh()
    stack, path = stack_of(world), f"{component}.{knob.name}"
    now = stack.settings.get(path)
    value = another(knob, now)
    send(world, f"set {path} {value_text(knob, value)}", t_us=SECOND, ref=7)
    world.advance(5 * SECOND)
    assert stack.settings.get(path) == now
    world.advance(6 * SECOND)
    assert stack.settings.get(path) == value
    inverse = world.inverse(Command(verb="set"), 7)
    world.submit(inverse, t_us=7 * SECOND, k=0, ref=8)
    world.advance(13 * SECOND)
    assert stack.settings.get(path) == now


@pytest.mark.parametrize(("component", "knob"), KNOBS, ids=IDS)
def test_shown_values_can_be_typed(component: str, knob: Knob) -> None:
    """The default, and the text it has, mean the same; bounds are allowed values."""
    del component
    assert parse_value(knob, value_text(knob, knob.default)) == knob.default
    if knob.unlimited:
        assert parse_value(knob, "unlimited") == UNLIMITED
    if knob.kind in ("int", "ratio", "duration"):
        for bound in (knob.low, knob.high):
            assert parse_value(knob, value_text(knob, bound)) == bound


def test_overrides_hold_from_the_first_event() -> None:
    """A scenario's overrides are what the components start with."""
    stack = stack_of(fresh())
    assert stack.pool.int_knob("replicas") == len(stack.pool.pods) == 3
    assert [p.engine.max_num_seqs for p in stack.pool.pods if p.engine] == [32, 32, 32]
    assert stack.settings.get("autoscaler.enabled") == 0


def test_the_power_cap_slows_its_node() -> None:
    """Capping the power below what the load needs lowers the clock that is shown, and the engine's speed."""
    world = fresh()
    node = stack_of(world).pool.ensure_node(1)
    assert "SM clock 1410 MHz (max 1410)" in world.inspect("node-1")
    stack_of(world).settings.set("node-1.power_cap", 165)
    assert node.slowdown_ppm == 2_000_000
    assert "SM clock 705 MHz (max 1410)" in world.inspect("node-1")
