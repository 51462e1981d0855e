"""What each kind of argument accepts, and the one text it is recorded as.

One function per `ArgumentKind`, in a table that the parser and completion look up; adding a kind to
`specs.verbs` without a validator fails a test. Each takes the typed word and what is already known of the
command, and returns the normalised text, or raises CommandError (ValueError from `specs.knobs` is converted
by the caller).

Recorded forms: names as the vocabulary shows them; probabilities as decimals (`0.6`); percentages as parts
per million (`500000`); counts and rates as digits (`300000`) or `unlimited`; durations as `format_duration`
writes them, in whole milliseconds; knob values in a form that `parse_value` reads again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from incidentsim.commands.names import closest, listing, match_name, shorten
from incidentsim.errors import CommandError
from incidentsim.specs.components import COMPONENTS, POOL, TENANT
from incidentsim.specs.knobs import (
    Knob,
    format_duration,
    format_ratio,
    parse_count,
    parse_duration,
    parse_ratio,
    parse_value,
    value_text,
)
from incidentsim.specs.verbs import ArgumentKind
from incidentsim.specs.vocabulary import Vocabulary

WHOLE_PPM = 1_000_000
"""Parts per million of 1, the upper bound of probabilities and shares."""

LONGEST_LOOK_BACK_US = 30 * 86_400_000_000
"""Longest duration a command takes: thirty days, far beyond any session."""

RESOURCE_KNOBS = {"tokens": "token_limit", "requests": "request_limit"}
"""The tenant knob that `limit TENANT RESOURCE` sets, whose bounds its rate has."""

CACHES = ("response-cache",)
"""Kinds of components that can be purged."""

PINNABLES = tuple(spec.kind for spec in COMPONENTS.values() if spec.pinnable)
"""Kinds of components whose version can be pinned."""

SWITCHES = ("on", "off")
SEVERITIES = ("sev1", "sev2", "sev3", "sev4")
WAIVER_ACTIONS = ("expire",)
ALERT_ACTIONS = ("set",)
COST_BY = ("tenant", "pool", "conversation")
DEFAULT_ROUTE = "default"
"""`route SELECTOR default` removes a rule."""

SLOWEST = "slowest"
"""`trace slowest` lists instead of opening one trace."""

_TRACE_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,63}")
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:/=@-]{0,63}")
_THRESHOLD = re.compile(r"(-?)([0-9]{0,12})(?:\.([0-9]{1,12}))?(%?)")
_SEQUENCE_NUMBER = re.compile(r"#?([0-9]{1,9})")
_PROMPT_SELECTOR = re.compile(r"prompt_tokens\s*>\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a validator may look at: the session's names and the arguments validated before this one."""

    vocabulary: Vocabulary
    args: Mapping[str, str] = field(default_factory=dict)


Validator = Callable[[str, Context], str]


def tiers() -> tuple[str, ...]:
    """Return the tiers of the flow-control queue."""
    knob = TENANT.knob("priority")
    return knob.choices if knob else ()


def component_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return everything that can be inspected: components and single replicas."""
    return tuple(dict.fromkeys((*vocabulary.components, *vocabulary.replicas)))


def cause_components(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the components that the vocabulary of diagnoses names, each once."""
    return tuple(dict.fromkeys(component for component, _ in vocabulary.causes))


def fault_kinds(vocabulary: Vocabulary, component: str) -> tuple[str, ...]:
    """Return the kinds of fault that a diagnosis may name for `component`."""
    return tuple(kind for name, kind in vocabulary.causes if name == component)


def knob_of(path: str, vocabulary: Vocabulary) -> Knob | None:
    """Return the knob that a normalised `component.knob` names, or None."""
    component, _, name = path.rpartition(".")
    spec = COMPONENTS.get(vocabulary.components.get(component, ""))
    return spec.knob(name) if spec else None


def knob_paths(vocabulary: Vocabulary, component: str) -> tuple[str, ...]:
    """Return `component.knob` for every knob of a component."""
    spec = COMPONENTS.get(vocabulary.components.get(component, ""))
    return tuple(f"{component}.{knob.name}" for knob in spec.knobs) if spec else ()


def _free_text(word: str, _context: Context) -> str:
    if not word.strip():
        raise CommandError("it is empty")
    return word.strip()


def _word(word: str, _context: Context) -> str:
    if not _WORD.fullmatch(word):
        raise CommandError(f"{shorten(word)!r} is not one word of letters, digits and . _ : / = @ -")
    return word


def of_kind(vocabulary: Vocabulary, *kinds: str) -> tuple[str, ...]:
    """Return the components of these kinds."""
    return tuple(name for name, kind in vocabulary.components.items() if kind in kinds)


def _component_of(what: str, *kinds: str) -> Validator:
    return _one_of(lambda v: of_kind(v, *kinds), what)


def _filter(word: str, _context: Context) -> str:
    return word.strip()


def _one_of(names: Callable[[Vocabulary], tuple[str, ...]], what: str) -> Validator:
    def validate(word: str, context: Context) -> str:
        return match_name(word, names(context.vocabulary), what)

    return validate


def _trace(word: str, _context: Context) -> str:
    if word.casefold() == SLOWEST:
        return SLOWEST
    if not _TRACE_ID.fullmatch(word):
        raise CommandError(f"{shorten(word)!r} is not a trace id")
    return word


def _knob(word: str, context: Context) -> str:
    name, dot, knob = word.rpartition(".")
    components = tuple(context.vocabulary.components)
    if not dot:
        known = closest(word, components)
        options = knob_paths(context.vocabulary, known)
        raise CommandError(
            f"{shorten(word)!r} names no knob; write component.knob", suggestion=options[0] if options else ""
        )
    component = match_name(name, components, "component")
    paths = knob_paths(context.vocabulary, component)
    knobs = tuple(path.removeprefix(component + ".") for path in paths)
    if not knobs:
        raise CommandError(f"{component} has no knobs that can be set")
    try:
        return f"{component}.{match_name(knob, knobs, 'knob')}"
    except CommandError as wrong:
        near = closest(knob, knobs)
        suggestion = f"{component}.{near}" if near else ""
        known = "" if near else f"; it has {listing(knobs)}"
        raise CommandError(f"{component} has no knob called {shorten(knob)!r}{known}", suggestion=suggestion) from wrong


def _value(word: str, context: Context) -> str:
    knob = knob_of(context.args["knob"], context.vocabulary)
    if knob is None:
        raise CommandError(f"{context.args['knob']} can't be set")
    if knob.kind == "enum" and word not in knob.choices:
        word = match_name(word, knob.choices, f"{knob.name} value")
    return value_text(knob, parse_value(knob, word))


def _rate(word: str, context: Context) -> str:
    knob = TENANT.knob(RESOURCE_KNOBS[context.args["resource"]])
    if knob is None:
        raise CommandError(f"{context.args['resource']} can't be limited")
    return value_text(knob, parse_value(knob, word))


def _count(word: str, _context: Context) -> str:
    knob = POOL.knob("replicas")
    return str(parse_value(knob, word) if knob else parse_count(word))


def _shed_selector(word: str, context: Context) -> str:
    key, equals, name = word.partition("=")
    match (key.strip().casefold(), equals):
        case ("all", ""):
            return "all"
        case ("tenant", "="):
            return f"tenant={match_name(name.strip(), context.vocabulary.tenants, 'tenant')}"
        case ("tier", "="):
            return f"tier={match_name(name.strip(), tiers(), 'tier')}"
    if prompt := _PROMPT_SELECTOR.fullmatch(word.strip()):
        tokens = parse_count(prompt[1])
        if tokens < 0:
            raise CommandError("prompt_tokens>N needs an N of 0 or more")
        return f"prompt_tokens>{tokens}"
    raise CommandError(f"{shorten(word)!r} selects nothing; write all, tenant=X, tier=X or prompt_tokens>N")


def _share_ppm(word: str) -> int:
    ppm = parse_ratio(word)
    if ppm > WHOLE_PPM:
        hint = f"{word}%" if not word.endswith("%") and ppm <= 100 * WHOLE_PPM else ""
        raise CommandError(f"{shorten(word)} is more than 1 (100%)", suggestion=hint)
    return ppm


def _percent(word: str, _context: Context) -> str:
    return str(_share_ppm(word))


def _probability(word: str, _context: Context) -> str:
    return format_ratio(_share_ppm(word))


def _sequence_number(word: str, _context: Context) -> str:
    number = _SEQUENCE_NUMBER.fullmatch(word)
    if not number:
        raise CommandError(f"{shorten(word)!r} is not the number of a command")
    return str(int(number[1]))


def _duration(word: str, _context: Context) -> str:
    milliseconds = parse_duration(word) // 1_000
    if milliseconds < 1 or milliseconds * 1_000 > LONGEST_LOOK_BACK_US:
        longest = format_duration(LONGEST_LOOK_BACK_US)
        raise CommandError(f"{shorten(word)} is out of range; write a duration from 1ms to {longest}")
    return format_duration(milliseconds * 1_000)


def _alert_setting(word: str, _context: Context) -> str:
    key, equals, duration = word.partition("=")
    if equals:
        if key.strip().casefold() != "for":
            hint = f"for={duration}"
            raise CommandError(f"{shorten(word)!r} sets nothing; write a number, or for=2m", suggestion=hint)
        held = parse_duration(duration) // 1_000 * 1_000
        if not 0 <= held <= LONGEST_LOOK_BACK_US:
            raise CommandError(f"{shorten(word)} is out of range; write for=0s to for=30d")
        return f"for={format_duration(held)}"
    number = _THRESHOLD.fullmatch(word)
    if not number or not (number[2] or number[3]):
        raise CommandError(f"{shorten(word)!r} is not a threshold; write a number such as 0.05 or 5%, or for=2m")
    digits, places = (number[2] or "0") + (number[3] or ""), len(number[3] or "") + (2 if number[4] else 0)
    padded = digits.rjust(places + 1, "0")
    whole, rest = padded[: len(padded) - places].lstrip("0"), padded[len(padded) - places :].rstrip("0")
    return f"{number[1]}{whole or '0'}{'.' + rest if rest else ''}"


def _fault_component(word: str, context: Context) -> str:
    return match_name(word, cause_components(context.vocabulary), "component to diagnose")


def _fault_kind_of(component: str, word: str, context: Context) -> str:
    kinds = fault_kinds(context.vocabulary, component)
    try:
        return match_name(word, kinds, "fault kind")
    except CommandError as wrong:
        raise CommandError(
            f"{component} has no fault kind called {shorten(word)!r}; it can have {listing(kinds)}",
            suggestion=wrong.suggestion,
        ) from wrong


def _fault_kind(word: str, context: Context) -> str:
    return _fault_kind_of(context.args["component"], word, context)


def _cause(word: str, context: Context) -> str:
    name, colon, kind = word.rpartition(":")
    if not colon:
        component = closest(word, cause_components(context.vocabulary))
        raise CommandError(
            f"{shorten(word)!r} is not a cause; write COMPONENT:FAULT",
            suggestion=":".join((component, *fault_kinds(context.vocabulary, component)[:1])) if component else "",
        )
    component = _fault_component(name, context)
    return f"{component}:{_fault_kind_of(component, kind, context)}"


VALIDATORS: dict[ArgumentKind, Validator] = {
    "promql": _free_text,
    "filter": _filter,
    "trace": _trace,
    "component": _one_of(component_names, "component"),
    "knob": _knob,
    "value": _value,
    "tenant": _one_of(lambda v: v.tenants, "tenant"),
    "resource": _one_of(lambda _: tuple(RESOURCE_KNOBS), "resource"),
    "rate": _rate,
    "waiver_action": _one_of(lambda _: WAIVER_ACTIONS, "waiver action"),
    "waiver": _one_of(lambda v: v.waivers, "waiver"),
    "tier": _one_of(lambda _: tiers(), "tier"),
    "pool": _one_of(lambda v: v.pools, "pool"),
    "replica": _one_of(lambda v: v.replicas, "replica"),
    "count": _count,
    "target": _one_of(lambda v: (*v.pools, *v.replicas), "pool or replica"),
    "change": _one_of(lambda v: v.changes, "change"),
    "runbook": _one_of(lambda v: v.runbooks, "runbook"),
    "shed_selector": _shed_selector,
    "route_target": _one_of(lambda v: (*v.pools, DEFAULT_ROUTE), "pool"),
    "cost_by": _one_of(lambda _: COST_BY, "way to sum costs"),
    "percent": _percent,
    "alert": _one_of(lambda v: v.alerts, "alert"),
    "seq": _sequence_number,
    "person": _one_of(lambda v: v.people, "team-mate"),
    "text": _free_text,
    "fault_component": _fault_component,
    "fault_kind": _fault_kind,
    "probability": _probability,
    "word": _word,
    "node": _component_of("node", "node"),
    "drainable": _one_of(lambda v: (*v.replicas, *of_kind(v, "node")), "replica or node"),
    "route": _component_of("route", "route"),
    "job": _component_of("job", "job"),
    "cache": _component_of("cache", *CACHES),
    "shard": _component_of("shard", "shard"),
    "pinnable": _component_of("component", *PINNABLES),
    "switch": _one_of(lambda _: SWITCHES, "switch"),
    "severity": _one_of(lambda _: SEVERITIES, "severity"),
    "duration": _duration,
    "cause": _cause,
    "alert_action": _one_of(lambda _: ALERT_ACTIONS, "alert action"),
    "alert_setting": _alert_setting,
}
"""How each kind of argument is checked and normalised."""
