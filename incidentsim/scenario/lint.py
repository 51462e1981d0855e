"""Lint: what makes a valid scenario a bad exercise. Named rules, each with its reason.

Called by `incidentsim scenario lint` and by certificates. Rules read the file only; what needs runs is the
certificate's. A rule is a function in `RULES`; its docstring is what `explain` prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from incidentsim.errors import UsageError
from incidentsim.scenario.evidence import VERB_OF_SIGNAL, parse_signal
from incidentsim.scenario.leaks import cause_words, culprit_tenants, leaks_in, readable_texts, words_of
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.problems import did_you_mean, show_path
from incidentsim.specs.knobs import format_duration
from incidentsim.specs.verbs import VERBS

LATEST_EVIDENCE_SHARE = 0.75
"""Evidence that appears later than this share of the incident leaves no time to use it."""

EVEN_EVENTS = 4
"""So many events at one distance from each other are a clock, not an incident."""

Found = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that lint found: the rule, the place in the file, what is wrong and what to do."""

    rule: str
    where: str
    message: str


def no_truth_in_text(scenario: Scenario) -> Found:
    """What a candidate reads before looking must not name the cause.

    Title, summary, briefing, rules, pages, messages and objectives may say what users feel. They may not
    hold a fault kind, the root cause's component beside a word of its fault, or the culprit tenant's id (or
    its placeholder alone): whoever reads closely would not need to investigate.
    """
    for path, text in readable_texts(scenario):
        for message in leaks_in(text, scenario):
            yield show_path(path), message


def id_names_symptom(scenario: Scenario) -> Found:
    """The id and the title name the symptom a user would report, never the cause.

    `slow-chat` is a symptom; `gateway-admission` or `noisy-tenant` gives the answer away in the gallery. What the
    stack itself is called says nothing.
    """
    for cause in scenario.root_causes:
        hidden = cause_words(cause)
        hidden |= words_of(cause.component.removeprefix("tenant.")) - words_of(scenario.stack.id)
        for where in ("id", "title"):
            named = sorted(hidden & words_of(getattr(scenario, where)))
            if named:
                yield where, f"{named[0]!r} names the root cause {cause.id}; name what users notice"
    for tenant in culprit_tenants(scenario):
        if tenant in scenario.id.split("-"):
            yield "id", f"names the tenant {tenant!r}; name what users notice"


def unreachable_evidence(scenario: Scenario) -> Found:
    """Every evidence signal can be seen with the commands there are, early enough to be used.

    A change has to be in the log, a team-mate has to be there and to answer, and traces have to be sampled,
    in the first three quarters of the incident.
    """
    latest = int(scenario.duration * LATEST_EVIDENCE_SHARE)
    for i, cause in enumerate(scenario.root_causes):
        for j, signals in enumerate(cause.evidence):
            for k, text in enumerate(signals):
                reason = _unreachable(text, scenario, latest)
                if reason:
                    yield f"root_causes[{i}].evidence[{j}][{k}]", f"{text}: {reason}"


def _unreachable(text: str, scenario: Scenario, latest: int) -> str:
    signal = parse_signal(text)
    verb = VERB_OF_SIGNAL[signal.kind]
    if verb not in VERBS:
        return f"there is no command {verb} to see it with"
    if signal.kind == "change":
        at = next(e.at for e in scenario.timeline if e.change and e.change.id == signal.name)
        return f"the change comes at {format_duration(at)}, too late to be used" if at > latest else ""
    if signal.kind == "ask":
        mate = next(m for m in scenario.team if m.role == signal.name)
        if max(mate.arrives_in, 0) + mate.answers_in > latest:
            return "the team-mate answers too late for it to be used"
    if signal.kind == "trace" and scenario.stack.observability.trace_sampling == 0:
        return "no trace is sampled (observability.trace_sampling is 0)"
    return ""


def two_evidence_sets(scenario: Scenario) -> Found:
    """Each root cause can be proven in at least two different ways.

    With a single set the exercise becomes a hunt for the author's favourite chart, and a person who found it
    another way is scored as if they had guessed.
    """
    for i, cause in enumerate(scenario.root_causes):
        different = {frozenset(signals) for signals in cause.evidence}
        if len(different) < 2:
            yield f"root_causes[{i}].evidence", f"{cause.id} has one evidence set; give a second one"


def two_fixes(scenario: Scenario) -> Found:
    """There are at least two different reference solutions.

    Real incidents have several good ways out; a scenario with one is usually scripted in disguise.
    """
    different = {scenario.scripts.get(script.file, script.file) for script in scenario.references}
    if len(different) < 2:
        yield "references", f"{len(different)} reference solution; give at least two that differ"


def tempting_fix(scenario: Scenario) -> Found:
    """There is at least one tempting wrong fix, which the certificate can show to hurt or not to help."""
    if not scenario.tempting:
        yield "tempting", "no tempting wrong fix; add the one that people try first"


def held_out_fix(scenario: Scenario) -> Found:
    """There is a fix that the scorer knows nothing of, which proves that effects are scored, not names."""
    if scenario.held_out is None:
        yield "held_out", "no held-out fix; add a solution that no other list mentions"


def page_at_zero(scenario: Scenario) -> Found:
    """Exactly one page comes at T+0 and none before: T+0 is defined as the first page."""
    at_zero = [i for i, entry in enumerate(scenario.timeline) if entry.page and entry.at == 0]
    for i, entry in enumerate(scenario.timeline):
        if entry.page and entry.at < 0:
            yield f"timeline[{i}].at", f"a page at {format_duration(entry.at)}; the first page is at 0s"
    if len(at_zero) != 1:
        yield "timeline", f"{len(at_zero)} pages at 0s; there must be exactly one"


def perfectly_periodic(scenario: Scenario) -> Found:
    """Nothing runs like a clock: real demand breathes, and real events are not evenly spaced.

    Even spacing and flat demand make curves that people recognise as a simulation, and let them predict what
    comes next.
    """
    times = sorted({entry.at for entry in scenario.timeline if entry.at >= -scenario.prelude})
    gaps = [later - earlier for earlier, later in pairwise(times)]
    run = 1
    for previous, gap in pairwise(gaps):
        run = run + 1 if gap == previous else 1
        if run == EVEN_EVENTS - 1:
            yield "timeline", f"{EVEN_EVENTS} events in a row are {format_duration(gap)} apart; move some"
            break
    if all(tenant.workload.breathing == 0 for tenant in scenario.tenants):
        yield "tenants", "no tenant's demand breathes; give some a workload.breathing above 0"


Rule = Callable[[Scenario], Found]

RULES: dict[str, Rule] = {
    function.__name__.replace("_", "-"): function
    for function in (
        no_truth_in_text,
        id_names_symptom,
        unreachable_evidence,
        two_evidence_sets,
        two_fixes,
        tempting_fix,
        held_out_fix,
        page_at_zero,
        perfectly_periodic,
    )
}
"""Every rule by its name, in the order they run."""


SOUND_SIBLINGS = "sound-siblings"

OF_FOLDERS: dict[str, str] = {
    SOUND_SIBLINGS: """Every option of the variants section gives a scenario that is valid and clean.

    Each option is tried beside what is written of the other choices, with the lowest and the highest values of all
    ranges. A sibling nobody has tried would fail in front of a candidate.
    """,
}
"""Rules that need a scenario's folder, with what they want: `scenario.siblings` looks after them."""


def lint(scenario: Scenario) -> tuple[Finding, ...]:
    """Return everything the rules find in a loaded scenario."""
    return tuple(
        Finding(rule=name, where=where, message=message)
        for name, rule in RULES.items()
        for where, message in rule(scenario)
    )


def explain(rule: str) -> str:
    """Return what a rule wants and why. Raises UsageError for an unknown name."""
    wants = {name: function.__doc__ or "" for name, function in RULES.items()} | OF_FOLDERS
    if rule not in wants:
        listed = ", ".join(wants)
        raise UsageError(f"there is no lint rule {rule!r}{did_you_mean(rule, wants)}; rules: {listed}")
    lines = [line.strip() for line in wants[rule].strip().splitlines()]
    return f"{rule}: " + "\n".join(lines)
