"""Which evidence a person saw, and when (scoring.md §2).

Called by `diagnosis`, `process`, `harm` and `score`. An explicit look (query, filter, inspection, opened
change, trace, runbook, answered question) shows its signals at once. A screen shows what is on it after 2 s
in front, but only helps a set of which another member was looked at explicitly. Tiles, banners and the list
of changes show nothing: they summarise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scoring.play import Issued, Looked, Moment, Names, Play
from incidentsim.scoring.promql_names import family, metrics_in

SCREEN_US = 2_000_000
"""A screen counts after two seconds in front: long enough to read a line."""

SLO_METRICS = ("slo_requests_total", "slo_bad_requests_total")
"""Looking at these is checking on users, not searching: they don't count against efficiency."""

USERS_SIDE = (*SLO_METRICS, "gateway_time_to_first_token_seconds", "gateway_responses_total")
"""What users get, as the gateway sees it."""

_SERVICE = re.compile(r"(?:^|\s)(?:svc|service)[:=]([\w.-]+)(?=\s|$)")

_SCREEN_SHOWS = {"logs": "logs:", "traces": "trace", "trace": "trace"}
"""Screens that show evidence by themselves, with the start of the items they show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting(Moment):
    """The first time an item was seen; `explicit` when by a look of its own."""

    item: str
    explicit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen of what a scenario lists. Sightings are in order; an item may have one of each kind."""

    listed: tuple[str, ...]
    sightings: tuple[Sighting, ...]
    queried: tuple[str, ...]
    """Distinct signals that explicit looks showed, objectives left out, in order."""

    def supports(self, cause: RootCause, moment: Moment) -> bool:
        """Return whether one of the cause's any-of sets had been seen before `moment`."""
        return any(self._complete(wanted, moment) for wanted in cause.evidence)

    def seen(self) -> tuple[str, ...]:
        """Return the listed items seen by an explicit look, in the order of the list."""
        explicit = {s.item for s in self.sightings if s.explicit}
        return tuple(item for item in self.listed if item in explicit)

    def missed(self) -> tuple[str, ...]:
        """Return the listed items never looked at explicitly, in the order of the list."""
        explicit = {s.item for s in self.sightings if s.explicit}
        return tuple(item for item in self.listed if item not in explicit)

    def coverage(self) -> tuple[int, int]:
        """Return (listed items seen, listed items)."""
        return len(self.seen()), len(self.listed)

    def efficiency(self) -> tuple[int, int]:
        """Return (distinct signals seen that are evidence, distinct signals queried)."""
        useful = {signal_of(item) for item in self.seen()}
        return len(useful), len(self.queried)

    def _complete(self, wanted: Sequence[str], moment: Moment) -> bool:
        explicit = False
        for item in map(canonical, wanted):
            before = [s for s in self.sightings if s.item == item and s.seq < moment.seq and s.t_us <= moment.t_us]
            if not before:
                return False
            explicit = explicit or any(s.explicit for s in before)
        return explicit


def gather(play: Play, scenario: Scenario, names: Names) -> Evidence:
    """Return what `play` shows to have been seen of the scenario's evidence."""
    listed = listed_items(scenario)
    first: dict[tuple[str, bool], Sighting] = {}
    queried: dict[str, None] = {}

    def see(item: str, moment: Moment, *, explicit: bool) -> None:
        if item in listed:
            sighting = Sighting(t_us=moment.t_us, seq=moment.seq, item=item, explicit=explicit)
            earlier = first.get((item, explicit))
            if earlier is None or (sighting.seq, sighting.t_us) < (earlier.seq, earlier.t_us):
                first[item, explicit] = sighting

    shown: list[tuple[Moment, tuple[str, ...]]] = [(look, items_of_look(look, names)) for look in play.looks]
    shown += [(command, _items_of_preview(command, names)) for command in play.issued]
    questions = {command.seq: command for command in play.given() if command.command.verb == "ask"}
    for answer in play.answers:
        question = questions.get(answer.ref)
        if question is not None and question.command.args.get("topic"):
            who = names(question.command.args.get("who", ""))
            shown.append((answer, (f"ask:{who}/{question.command.args['topic']}",)))
    for moment, items in sorted(shown, key=lambda pair: pair[0].seq):
        for item in items:
            see(item, moment, explicit=True)
            signal = signal_of(item)
            if signal.removeprefix("metric:") not in SLO_METRICS:
                queried[signal] = None
    for screen in play.screens:
        prefix = _SCREEN_SHOWS.get(screen.screen)
        if prefix is not None and screen.open_us >= SCREEN_US:
            after = Moment(t_us=screen.t_us + SCREEN_US, seq=screen.seq)
            for item in listed:
                if item.startswith(prefix):
                    see(item, after, explicit=False)
    sightings = tuple(sorted(first.values(), key=lambda s: (s.seq, s.item, s.explicit)))
    return Evidence(listed=listed, sightings=sightings, queried=tuple(queried))


def listed_items(scenario: Scenario) -> tuple[str, ...]:
    """Return every evidence item of every root cause, each once, in the scenario's order."""
    items = (canonical(item) for cause in scenario.root_causes for wanted in cause.evidence for item in wanted)
    return tuple(dict.fromkeys(items))


def canonical(item: str) -> str:
    """Return an item with the metric family in place of a histogram's series."""
    if not item.startswith("metric:"):
        return item
    name, at, label = item.removeprefix("metric:").partition("@")
    return f"metric:{family(name)}{at}{label}"


def signal_of(item: str) -> str:
    """Return the signal an item is about: an item sliced by a label is the same signal as the whole."""
    return item.partition("@")[0] if item.startswith("metric:") else item


def items_of_look(look: Looked, names: Names) -> tuple[str, ...]:
    """Return the evidence items that an explicit look shows."""
    args = look.args
    match look.verb:
        case "query":
            out: list[str] = []
            for metric, labels in metrics_in(args.get("expr", "")).items():
                out.append(f"metric:{metric}")
                out += [f"metric:{metric}@{label}" for label in labels]
            return tuple(out)
        case "logs":
            return tuple(f"logs:{names(s)}" for s in _services(args.get("filter", ""))) or ("logs",)
        case "trace":
            return ("trace",)
        case "inspect":
            return (f"inspect:{names(args.get('component', ''))}",)
        case "changes" if args.get("id"):
            return (f"change:{names(args['id'])}",)
        case "runbook" if args.get("name"):
            return (f"runbook:{names(args['name'])}",)
    return ()


def _items_of_preview(issued: Issued, names: Names) -> tuple[str, ...]:
    """Return what a dry run shows: previewing the reversal of a change lists what that change did."""
    command = issued.command
    change = command.args.get({"rollback": "change", "waiver": "waiver"}.get(command.verb, ""), "")
    return (f"change:{names(change)}",) if command.dry_run and change else ()


def _services(filter_text: str) -> tuple[str, ...]:
    """Return the services a log filter asks for by name: `svc:NAME`, `service=NAME`; `-svc:NAME` hides
    instead."""
    return tuple(dict.fromkeys(_SERVICE.findall(filter_text)))
