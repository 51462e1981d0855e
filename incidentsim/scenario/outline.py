"""A scenario told on a terminal: its topology for everyone; its course, causes and graph for interviewers.

`incidentsim scenario show` prints the sections. Pure text of the file; nothing is run. Names are stable ids, since
there is no session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from incidentsim.exact import format_clock
from incidentsim.scenario.model import Condition, RootCause, Scenario, TimelineEntry
from incidentsim.specs.knobs import format_duration
from incidentsim.specs.people import TEAM_ROLES

WIDTH = 100
"""Columns that long texts are broken at: fits beside other things on a large screen, and most small ones."""

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section: a title, and its lines, which are indented as they should be printed."""

    title: str
    lines: tuple[str, ...]


def for_everyone(scenario: Scenario) -> tuple[Part, ...]:
    """Return what a player may know beforehand: the topology, without what this scenario changes about it."""
    return (Part(title=f"Topology: {scenario.stack.id}, {scenario.stack.title}", lines=tuple(_topology(scenario))),)


def for_interviewers(scenario: Scenario) -> tuple[Part, ...]:
    """Return the truth: what happens when, why, how it can be seen and mended."""
    parts = (
        Part(title="Settings that differ from the stack's", lines=tuple(_overrides(scenario))),
        Part(title="Tenants", lines=tuple(_tenants(scenario))),
        Part(title="Timeline (T+00:00 is the page)", lines=tuple(_timeline(scenario))),
        Part(title="Root causes", lines=tuple(line for cause in scenario.root_causes for line in _cause(cause))),
        Part(title="Causal graph", lines=tuple(causal_tree(scenario))),
        Part(title="Red herrings", lines=tuple(_texts(scenario.herrings))),
        Part(title="Must stay as it is", lines=tuple(
            line for i in scenario.invariants for line in _text(f"{i.id}: {condition_text(i.holds)}. {i.why}"))),
        Part(title="Who knows what", lines=tuple(_team(scenario))),
        Part(title="Hints", lines=tuple(_hints(scenario))),
        Part(title="Solutions, and what looks like one", lines=tuple(_scripts(scenario))),
        Part(title="What to look for in a person", lines=tuple(
            line for a in scenario.assessment
            for line in _text(f"{a.claim}: {a.observable} (weight {a.weight / 1000:g})"))),
    )  # fmt: skip
    return tuple(part for part in parts if part.lines)


def _topology(scenario: Scenario) -> Iterator[str]:
    stack = scenario.stack
    for line in stack.diagram.rstrip("\n").split("\n") if stack.diagram else ():
        yield f"  {line}"
    pools = {pool.id: pool for pool in stack.pools}
    for route in stack.all_routes():
        to = " or ".join(route.pools) or "no pool"
        yield f"  route {route.id}: " + " → ".join(("gateway", *route.stages, "router", to))
    for pool in pools.values():
        where = f" in {pool.region}" if pool.region else ""
        yield f"  pool {pool.id}{where}: {pool.model_name} on {pool.gpu}, quota of {pool.gpu_quota} GPUs"
    for part, pool_id in stack.all_autoscalers():
        said = _knobs(part.knobs)
        yield f"  {part.id} of {pool_id}" + (f": {said}" if said else "")
    others = [part.id for part in stack.components]
    if others:
        yield f"  beside: {', '.join(others)}"


def _overrides(scenario: Scenario) -> Iterator[str]:
    for component, knobs in scenario.overrides.items():
        yield from _text(f"{component}: {_knobs(knobs)}")


def _knobs(knobs: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {str(v).lower() if isinstance(v, bool) else v}" for name, v in knobs.items())


def _tenants(scenario: Scenario) -> Iterator[str]:
    for tenant in scenario.tenants:
        facts = [f"{tenant.workload.rate / 1000:g} requests/s", tenant.priority]
        if tenant.token_limit >= 0:
            facts.append(f"{tenant.token_limit:,} tokens/min")
        if tenant.region:
            facts.append(f"in {tenant.region}" + (", bound to it" if tenant.resident else ""))
        yield from _text(f"{tenant.id}: {', '.join(facts)}. {tenant.about}")


def _timeline(scenario: Scenario) -> Iterator[str]:
    for entry in sorted(scenario.timeline, key=lambda e: e.at):
        head = f"  {when_text(entry.at):>9}  "
        first, *rest = wrap(_entry(entry), WIDTH - len(head)) or [""]
        yield head + first
        for line in rest:
            yield " " * len(head) + line


def when_text(at_us: int) -> str:
    """Return a time as `T-05:50`, or `-2d` where minutes would be hard to read."""
    if abs(at_us) >= DAY_US // 12:
        return f"{'-' if at_us < 0 else '+'}{format_duration(abs(at_us))}"
    return format_clock(at_us)


def _entry(entry: TimelineEntry) -> str:
    held = f" [as soon as {condition_text(entry.when)}]" if entry.when else ""
    if entry.change:
        change = entry.change
        sets = "".join(f"; sets {knob} = {value}" for knob, value in change.sets.items())
        return f"change {change.id}: {change.kind} of {change.target} by {change.actor}: {change.summary}{sets}{held}"
    if entry.fault:
        fault = entry.fault
        brought = f", brought by {fault.with_change}" if fault.with_change else ""
        return f"FAULT {fault.id}: {fault.kind} of {fault.component}{brought}{held}"
    if entry.message:
        return f"{entry.message.who} writes: {entry.message.text}{held}"
    return f"PAGE: {entry.page.text}" if entry.page else ""


def _cause(cause: RootCause) -> Iterator[str]:
    yield f"  {cause.id}: {cause.fault} of {cause.component}"
    yield from _text(f"why: {cause.why}", indent=4)
    if cause.aliases:
        yield "    also right: " + ", ".join(f"{fault} of {component}" for component, fault in cause.aliases)
    yield from _text(f"gone when {condition_text(cause.removed_when)}", indent=4)
    yield "    any of these shows it:"
    for signals in cause.evidence:
        yield f"      {' + '.join(signals)}"


def condition_text(condition: Condition) -> str:
    """Return a condition in words: `gateway.admission is tokens`, `fault x is gone`, `… or …`."""
    for parts, word in ((condition.any, " or "), (condition.all, " and ")):
        if parts:
            return word.join(f"({condition_text(p)})" if p.any or p.all else condition_text(p) for p in parts)
    if condition.knob:
        compared = (("is", condition.equals), ("is not", condition.differs), ("is at least", condition.at_least),
                    ("is at most", condition.at_most))  # fmt: skip
        return f"{condition.knob} " + " and ".join(f"{is_} {value}" for is_, value in compared if value is not None)
    if condition.pool:
        return f"fewer than {condition.ready_below} replicas of {condition.pool} are ready"
    if condition.bad_share_above:
        return f"more than {condition.bad_share_above / 10_000:g} % of requests are bad"
    if condition.customers_complain:
        return "customers complain"
    told = (
        ("fault {} is gone", condition.fault_removed), ("fault {} has begun", condition.fault_started),
        ("fault {} is there", condition.fault_present), ("change {} is in force", condition.change_in_force),
        ("an end of waiver {} is agreed", condition.waiver_expiry_agreed),
    )  # fmt: skip
    return " and ".join(text.format(name) for text, name in told if name)


def causal_tree(scenario: Scenario) -> Iterator[str]:
    """Yield the causal graph as trees from where nothing comes from; a place that comes again is marked `↑`.

    Places that a root cause hits carry its name. The edges of the causes' chains belong to it, each once.
    """
    edges = dict.fromkeys((*scenario.causal_graph, *(edge for cause in scenario.root_causes for edge in cause.chain)))
    after: dict[str, list[str]] = {}
    for start, end in edges:
        after.setdefault(start, []).append(end)
        after.setdefault(end, [])
    reached = {end for _, end in edges}
    marks = {cause.component: cause.id for cause in scenario.root_causes}
    drawn: dict[str, None] = {}
    tops = [place for place in after if place not in reached]
    for place in (*tops, *after):  # what only lies on a circle comes last
        if place not in drawn:
            yield f"  {_place(place, marks)}"
            drawn[place] = None
            yield from _below(place, after, marks, drawn, "  ")


def _below(
    place: str, after: dict[str, list[str]], marks: dict[str, str], drawn: dict[str, None], indent: str
) -> Iterator[str]:
    following = after[place]
    for i, child in enumerate(following):
        last = i == len(following) - 1
        again = child in drawn
        yield f"{indent}{'└' if last else '├'}▶ {_place(child, marks)}{' ↑' if again else ''}"
        if not again:
            drawn[child] = None
            yield from _below(child, after, marks, drawn, indent + ("   " if last else "│  "))


def _place(place: str, marks: dict[str, str]) -> str:
    return f"{place}  ◀ root cause {marks[place]}" if place in marks else place


def _team(scenario: Scenario) -> Iterator[str]:
    for mate in scenario.team:
        there = "in the channel" if mate.reach == "channel" else f"after a page, in {format_duration(mate.arrives_in)}"
        yield f"  {mate.role} ({there}): {TEAM_ROLES.get(mate.role, '')}"
        for topic in mate.knows:
            does = "  (and does something about it)" if topic.does else ""
            yield from _text(f"{topic.topic}: {topic.answer}{does}", indent=4)


def _hints(scenario: Scenario) -> Iterator[str]:
    for hint in scenario.hints:
        later = f", from {format_duration(hint.after)} on" if hint.after else ""
        yield from _text(f"{hint.price} points{later}: {hint.text}")


def _scripts(scenario: Scenario) -> Iterator[str]:
    for script in scenario.references:
        yield from _text(f"reference {script.name}: {script.summary}")
    for script in scenario.tempting:
        yield from _text(f"tempting, and wrong: {script.name}: {script.summary}")
    if scenario.held_out:
        yield from _text(f"held out: {scenario.held_out.name}: {scenario.held_out.summary}")


def _texts(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from _text(text)


def _text(text: str, *, indent: int = 2) -> Iterator[str]:
    return iter(wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4)))
