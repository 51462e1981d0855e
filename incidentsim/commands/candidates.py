"""What completion offers for each kind of argument, from the vocabulary of the session and from `specs`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from incidentsim.commands.items import CompletionItem
from incidentsim.commands.reference import bounds
from incidentsim.commands.validate import (
    ALERT_ACTIONS,
    CACHES,
    COST_BY,
    DEFAULT_ROUTE,
    PINNABLES,
    RESOURCE_KNOBS,
    SEVERITIES,
    SLOWEST,
    SWITCHES,
    WAIVER_ACTIONS,
    Context,
    cause_components,
    component_names,
    fault_kinds,
    knob_of,
    knob_paths,
    of_kind,
    tiers,
)
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.knobs import Knob, format_value, value_text
from incidentsim.specs.people import TEAM_ROLES
from incidentsim.specs.verbs import ArgumentKind
from incidentsim.specs.vocabulary import Vocabulary

Candidates = Callable[[Context, str], Iterable[CompletionItem]]
"""From what is known of the command and what is typed of the argument to everything it may become."""


def describe_knob(knob: Knob) -> str:
    """Return a knob's bounds, unit and default, in one line."""
    return f"{bounds(knob)}; default {format_value(knob, knob.default)}"


def _component_help(vocabulary: Vocabulary, name: str) -> str:
    spec = COMPONENTS.get(vocabulary.components.get(name, ""))
    if spec is None:
        return "replica" if name in vocabulary.replicas else ""
    return spec.help


def _components(context: Context, _typed: str) -> Iterable[CompletionItem]:
    for name in component_names(context.vocabulary):
        yield CompletionItem(text=name, help=_component_help(context.vocabulary, name), kind="component")


def _knobs(context: Context, typed: str) -> Iterable[CompletionItem]:
    """Offer components first and their knobs once something is typed: all knobs at once are too many."""
    vocabulary = context.vocabulary
    for component in vocabulary.components:
        paths = knob_paths(vocabulary, component)
        if paths and "." not in typed.removeprefix(component):
            help_text = _component_help(vocabulary, component)
            yield CompletionItem(text=f"{component}.", help=help_text, kind="component")
    if not typed:
        return
    for component in vocabulary.components:
        for path in knob_paths(vocabulary, component):
            knob = knob_of(path, vocabulary)
            if knob is not None:
                yield CompletionItem(
                    text=path,
                    help=f"{knob.help} {describe_knob(knob)}",
                    danger="caution" if knob.rolls else "none",
                    kind="knob",
                )


def _values(context: Context, _typed: str) -> Iterable[CompletionItem]:
    knob = knob_of(context.args.get("knob", ""), context.vocabulary)
    if knob is None:
        return
    if knob.kind in ("enum", "bool"):
        for choice in knob.choices or ("true", "false"):
            note = "default" if choice == format_value(knob, knob.default) else ""
            yield CompletionItem(text=choice, help=note, kind="value")
        return
    if knob.unlimited:
        yield CompletionItem(text="unlimited", help="no limit", kind="value")
    for note, value in (("default", knob.default), ("lowest", knob.low), ("highest", knob.high)):
        yield CompletionItem(text=value_text(knob, value), help=f"{note}; {bounds(knob)}", kind="value")


def _names(names: Callable[[Vocabulary], tuple[str, ...]], kind: str) -> Candidates:
    def offer(context: Context, _typed: str) -> Iterable[CompletionItem]:
        for name in names(context.vocabulary):
            yield CompletionItem(text=name, help=kind, kind=kind)

    return offer


def _changes(context: Context, _typed: str) -> Iterable[CompletionItem]:
    """Offer the newest change first: it is the likeliest to be meant."""
    vocabulary = context.vocabulary
    for name in reversed(vocabulary.changes):
        yield CompletionItem(text=name, help=vocabulary.change_notes.get(name, "change"), kind="change")


def _fixed(kind: str, *offers: tuple[str, str]) -> Candidates:
    items = tuple(CompletionItem(text=text, help=note, kind=kind) for text, note in offers)
    return lambda _context, _typed: items


def _nothing(_context: Context, _typed: str) -> Iterable[CompletionItem]:
    return ()


def _people(context: Context, _typed: str) -> Iterable[CompletionItem]:
    for name in context.vocabulary.people:
        yield CompletionItem(text=name, help=TEAM_ROLES.get(name, "team-mate"), kind="person")


def _targets(context: Context, _typed: str) -> Iterable[CompletionItem]:
    for name in context.vocabulary.replicas:
        yield CompletionItem(text=name, help="one replica", kind="replica")
    for name in context.vocabulary.pools:
        yield CompletionItem(text=name, help="every replica of the pool at once", danger="destructive", kind="pool")


def _drainables(context: Context, _typed: str) -> Iterable[CompletionItem]:
    for name in context.vocabulary.replicas:
        yield CompletionItem(text=name, help="one replica, which stays where it is", kind="replica")
    for name in of_kind(context.vocabulary, "node"):
        yield CompletionItem(text=name, help="a host: its replica is placed elsewhere", kind="node")


def _shed_selectors(context: Context, _typed: str) -> Iterable[CompletionItem]:
    yield CompletionItem(text="all", help="every request", danger="destructive", kind="selector")
    for name in context.vocabulary.tenants:
        yield CompletionItem(text=f"tenant={name}", help="requests of one tenant", kind="selector")
    for tier in tiers():
        yield CompletionItem(text=f"tier={tier}", help="requests of one tier", kind="selector")
    yield CompletionItem(text="prompt_tokens>", help="requests with longer prompts", kind="selector")


def _fault_components(context: Context, _typed: str) -> Iterable[CompletionItem]:
    for name in cause_components(context.vocabulary):
        yield CompletionItem(text=name, help=_component_help(context.vocabulary, name), kind="component")


def _fault_help(kind: str) -> str:
    spec = FAULTS.get(kind)
    return spec.help if spec else ""


def _fault_kinds(context: Context, _typed: str) -> Iterable[CompletionItem]:
    for kind in fault_kinds(context.vocabulary, context.args.get("component", "")):
        yield CompletionItem(text=kind, help=_fault_help(kind), kind="fault")


def _causes(context: Context, typed: str) -> Iterable[CompletionItem]:
    component, colon, _ = typed.rpartition(":")
    if not colon:
        for name in cause_components(context.vocabulary):
            note = _component_help(context.vocabulary, name)
            yield CompletionItem(text=f"{name}:", help=note, kind="component")
    for name, kind in context.vocabulary.causes:
        if typed and (not colon or name.casefold() == component.casefold()):
            yield CompletionItem(text=f"{name}:{kind}", help=_fault_help(kind), kind="fault")


_TIER_HELP = {"interactive": "served first", "standard": "served second", "batch": "served last"}

CANDIDATES: dict[ArgumentKind, Candidates] = {
    "promql": _nothing,
    "filter": _nothing,
    "text": _nothing,
    "count": _nothing,
    "seq": _nothing,
    "trace": _fixed("trace", (SLOWEST, "list the slowest sampled requests")),
    "component": _components,
    "knob": _knobs,
    "value": _values,
    "tenant": _names(lambda v: v.tenants, "tenant"),
    "resource": _fixed("resource", *((name, f"{name} per minute") for name in RESOURCE_KNOBS)),
    "rate": _fixed(
        "rate",
        ("unlimited", "lift the limit"),
        ("100k", "100,000 a minute"),
        ("300k", "300,000 a minute"),
        ("1m", "1,000,000 a minute"),
        ("0", "block everything"),
    ),
    "waiver_action": _fixed("action", *((name, "end the waiver") for name in WAIVER_ACTIONS)),
    "waiver": _names(lambda v: v.waivers, "waiver"),
    "tier": _fixed("tier", *((name, _TIER_HELP.get(name, "")) for name in tiers())),
    "pool": _names(lambda v: v.pools, "pool"),
    "replica": _names(lambda v: v.replicas, "replica"),
    "target": _targets,
    "change": _changes,
    "runbook": _names(lambda v: v.runbooks, "runbook"),
    "shed_selector": _shed_selectors,
    "route_target": lambda context, _typed: [
        *(CompletionItem(text=name, help="pool", kind="pool") for name in context.vocabulary.pools),
        CompletionItem(text=DEFAULT_ROUTE, help="remove the rule", kind="pool"),
    ],
    "cost_by": _fixed("by", *((name, "") for name in COST_BY)),
    "percent": _fixed(
        "percent",
        ("10%", ""),
        ("25%", ""),
        ("50%", ""),
        ("100%", "refuse all of them"),
        ("0%", "remove the rule"),
    ),
    "alert": _names(lambda v: v.alerts, "alert"),
    "word": _nothing,
    "node": _names(lambda v: of_kind(v, "node"), "node"),
    "drainable": _drainables,
    "route": _names(lambda v: of_kind(v, "route"), "route"),
    "job": _names(lambda v: of_kind(v, "job"), "job"),
    "cache": _names(lambda v: of_kind(v, *CACHES), "cache"),
    "shard": _names(lambda v: of_kind(v, "shard"), "shard"),
    "pinnable": _names(lambda v: of_kind(v, *PINNABLES), "component"),
    "switch": _fixed("switch", *((name, "") for name in SWITCHES)),
    "person": _people,
    "fault_component": _fault_components,
    "fault_kind": _fault_kinds,
    "probability": _fixed(
        "probability", ("0.5", "even"), ("0.8", "likely"), ("0.95", "almost sure"), ("0.2", "unlikely")
    ),
    "severity": _fixed("severity", *zip(SEVERITIES, ("the worst", "", "", "the mildest"), strict=True)),
    "duration": _fixed("duration", ("5m", ""), ("10m", ""), ("30m", ""), ("1m", "")),
    "cause": _causes,
    "alert_action": _fixed("action", *((name, "change the rule") for name in ALERT_ACTIONS)),
    "alert_setting": _fixed("setting", ("for=0s", "fire at once"), ("for=1m", ""), ("for=5m", "")),
}
"""Offers by kind of argument. PromQL and log filters have their own completion (`signal_words`)."""
