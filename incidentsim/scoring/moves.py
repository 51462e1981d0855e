"""Commands to moves: the units that earn credit.

Called by `score` and `baseline`. Same verb and target within 60 s is one move, since a person who corrects a
value has not acted twice. What undoes a command, or ends a measure of one's own by the verb's way to end it
(`limit … unlimited`, `shed … 0%`, `pin …=latest`), belongs to the move it undoes: a harmful command and its undo
are worth their net effect, tidying up costs nothing of its own, and leaving a move out never leaves an undo of
nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidentsim.commands.model import Command
from incidentsim.scenario.model import Doing, RootCause, Scenario
from incidentsim.scoring.play import Issued, Moment, Names, world_verb
from incidentsim.specs.verbs import VERBS
from incidentsim.transcript.model import TimedCommand

MERGE_US = 60_000_000
"""Longest gap between two commands of one move: 60 s (scoring.md §1)."""

_ENDS = {
    "limit": ("rate", ("unlimited",)), "shed": ("percent", ("0", "0%")), "canary": ("percent", ("0", "0%")),
    "route": ("pool", ("default",)), "cordon": ("switch", ("off",)), "drain": ("switch", ("off",)),
    "rollback": ("switch", ("off",)),
}  # fmt: skip
"""The argument, and its values, by which a verb ends its kind of measure instead of making one."""

_ENDED_BY = {"resume": "pause"}
"""Verbs that end the measure of another verb."""

_PLACEHOLDER = re.compile(r"\{(tenant|host)\.([\w.-]+)\}")
_REPLICA = re.compile(r"(.+)-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One credited unit of action, at the time of its first command.

    `target` and `touched` are stable ids; `seqs` are its commands in the transcript, undoing ones included.
    `causes` are the root causes whose causal chain contains a component it touched. A question to a team-mate
    is a move (`act` False) because an answer may set things in motion.
    """

    t_us: int
    seq: int
    verb: str
    target: str
    text: str
    act: bool
    destructive: bool
    seqs: tuple[int, ...]
    touched: tuple[str, ...]
    causes: tuple[str, ...]
    undone_at: Moment | None = None

    def moment(self) -> Moment:
        """Return when it began."""
        return Moment(t_us=self.t_us, seq=self.seq)


def moves_of(
    issued: Sequence[Issued], reverts: Sequence[tuple[int, int]], scenario: Scenario, names: Names
) -> tuple[Move, ...]:
    """Return the moves of the commands that went to the world, in order. Dry runs must be left out before."""
    groups: list[list[Issued]] = []
    undoing: dict[int, Moment] = {}
    home: dict[int, int] = {}
    latest: dict[tuple[str, str], int] = {}
    reverted = dict(reverts)
    for command in issued:
        if not world_verb(command.command.verb):
            continue
        original = reverted.get(command.seq)
        key = (command.command.verb, target_of(command.command, names))
        place = home.get(original) if original is not None else _own_measure(command.command, key, groups, latest)
        if place is not None:
            undoing[place] = Moment(t_us=command.t_us, seq=command.seq)
        else:
            place = latest.get(key)
            if place is None or command.t_us - groups[place][-1].t_us > MERGE_US:
                place = len(groups)
                groups.append([])
                latest[key] = place
            undoing.pop(place, None)
        groups[place].append(command)
        home[command.seq] = place
    return tuple(_move(group, undoing.get(place), scenario, names) for place, group in enumerate(groups))


def without(commands: Sequence[TimedCommand], move: Move) -> tuple[TimedCommand, ...]:
    """Return the commands with this move left out: the others keep their times (open loop)."""
    return tuple(c for c in commands if c.ref not in move.seqs)


def ends_measure(command: Command) -> bool:
    """Return whether a command ends its kind of measure instead of making one."""
    if command.verb == "pin":
        return command.args.get("revision", "").endswith("=latest")
    argument, values = _ENDS.get(command.verb, ("", ()))
    return command.verb in _ENDED_BY or command.args.get(argument) in values


def target_of(command: Command, names: Names) -> str:
    """Return what a command acts on, as a stable id: its first argument, except where that is not the
    object."""
    args = command.args
    match command.verb:
        case "waiver":
            return names(args.get("waiver", ""))
        case "ask":
            return f"{names(args.get('who', ''))}/{args.get('topic', '')}"
        case "set":
            component, _, knob = args.get("knob", "").rpartition(".")
            return f"{names(component)}.{knob}"
        case "shed" | "route":
            key, equals, name = args.get("selector", "").partition("=")
            return f"{key}={names(name)}" if equals else key
    spec = VERBS.get(command.verb)
    return names(args.get(spec.arguments[0].name, "")) if spec and spec.arguments else ""


def touched_by(command: Command, scenario: Scenario, names: Names) -> tuple[str, ...]:
    """Return the components a command touches, as stable ids, each once."""
    stack = scenario.stack
    target = target_of(command, names)
    out: list[str] = []
    match command.verb:
        case "set":
            out.append(target.rpartition(".")[0])
        case "rollback" | "waiver":
            out += _touched_by_change(target, scenario, names)
        case "shed" | "route":
            out.append(stack.gateway.id)
            key, equals, name = target.partition("=")
            if equals and key == "tenant":
                out.append(name)
        case "silence":
            out.append("observability")
        case "ask" | "page":
            out += _touched_by_question(target, scenario, names)
        case _:
            pools = [pool.id for pool in stack.pools]
            replica = _REPLICA.fullmatch(target)
            out.append(replica[1] if replica and replica[1] in pools and target not in pools else target)
    return tuple(dict.fromkeys(out))


def taken_back_by(move: Move, scenario: Scenario) -> tuple[str, ...]:
    """Return the ids of the changes that team-mates were asked to take back; a rollback has its change as target."""
    if move.verb != "ask":
        return ()
    return tuple(does.rolls_back for does in _doings(move.target, scenario) if does.rolls_back)


def chain_components(cause: RootCause) -> tuple[str, ...]:
    """Return the components on the cause's causal chain, its own first. Nodes are `component` or
    `component:fault`."""
    nodes = [cause.component, *(node for edge in cause.chain for node in edge)]
    return tuple(dict.fromkeys(node.partition(":")[0] for node in nodes))


def _own_measure(
    command: Command, key: tuple[str, str], groups: Sequence[Sequence[Issued]], latest: Mapping[tuple[str, str], int]
) -> int | None:
    """Return the place of the move that made what this command ends; None when it ends nothing of one's own."""
    if not ends_measure(command):
        return None
    verb, target = key
    place = latest.get((_ENDED_BY.get(verb, verb), target))
    if place is None:
        return None
    resource = command.args.get("resource")
    made = any(not ends_measure(i.command) and i.command.args.get("resource") == resource for i in groups[place])
    return place if made else None


def _move(group: Sequence[Issued], undone_at: Moment | None, scenario: Scenario, names: Names) -> Move:
    first = group[0]
    spec = VERBS[first.command.verb]
    touched = touched_by(first.command, scenario, names)
    causes = tuple(c.id for c in scenario.root_causes if any(t in chain_components(c) for t in touched))
    return Move(
        t_us=first.t_us, seq=first.seq, verb=spec.name, target=target_of(first.command, names),
        text=first.text,
        act=spec.group == "act", destructive=spec.danger == "destructive", seqs=tuple(c.seq for c in group),
        touched=touched, causes=causes, undone_at=undone_at,
    )  # fmt: skip


def _touched_by_change(change_id: str, scenario: Scenario, names: Names) -> list[str]:
    for entry in scenario.timeline:
        change = entry.change
        if change is not None and change.id == change_id:
            out = [_component_in(change.target, names), *(knob.rpartition(".")[0] for knob in change.sets)]
            if change.waiver is not None:
                out += ["organisation", f"tenant.{change.waiver.tenant}"]
            return out
    return []


def _component_in(target: str, names: Names) -> str:
    """Return the component that a change's target names, by its id or by a placeholder of the cast."""
    placeholder = _PLACEHOLDER.search(target)
    if placeholder is None:
        return names(target)
    return f"tenant.{placeholder[2]}" if placeholder[1] == "tenant" else placeholder[2]


def _touched_by_question(target: str, scenario: Scenario, names: Names) -> list[str]:
    faults: Mapping[str, str] = {e.fault.id: e.fault.component for e in scenario.timeline if e.fault is not None}
    out = ["organisation"]
    for does in _doings(target, scenario):
        out.append(faults.get(does.fault, ""))
        out += _touched_by_change(does.rolls_back, scenario, names)
    return [component for component in out if component]


def _doings(question: str, scenario: Scenario) -> list[Doing]:
    """Return what the answer to `role/topic` sets in motion; nothing for most."""
    role, _, topic = question.partition("/")
    return [
        known.does for mate in scenario.team for known in mate.knows
        if mate.role == role and known.topic == topic and known.does is not None
    ]  # fmt: skip
