"""A stack under its ordinary demand, without any fault: what benchmarks and health checks run, and the healthy twin
of an incident, against which runbooks and the controls of postmortems show what they cost where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

from incidentsim.errors import ScenarioError
from incidentsim.scenario.files import MAX_TEXT_BYTES, Folder
from incidentsim.scenario.load import with_own_digest
from incidentsim.scenario.model import Scenario, TeamMate, TimelineEntry
from incidentsim.scenario.parts import Stack
from incidentsim.scenario.places import scenario_roots
from incidentsim.scenario.problems import Problems
from incidentsim.scenario.safe_yaml import load_yaml
from incidentsim.scenario.validate import Located, Source, validate

DEFAULT_STACK = "assistant"
"""The stack that benchmarks measure."""


def load_stack(stack_id: str, *, stacks: Path | None = None) -> Stack:
    """Return a stack by its id, from `stacks` or the known scenario folders. Raises ScenarioError."""
    folders = [stacks] if stacks is not None else [root / "stacks" for root in scenario_roots()]
    problems = Problems()
    for folder in folders:
        if not (folder / f"{stack_id}.yaml").exists():
            continue
        files = Folder(folder, problems)
        raw = files.read(f"{stack_id}.yaml", MAX_TEXT_BYTES)
        document = load_yaml(raw, files.shown(f"{stack_id}.yaml"), problems) if raw is not None else None
        if document is not None and isinstance(document.data, dict):
            located = Located(problems, {(): Source(files.shown(f"{stack_id}.yaml"), document)})
            stack = validate(Stack, document.data, located, skip=())
            problems.raise_if_any()
            if stack is not None:
                return stack
        problems.raise_if_any()
    raise ScenarioError(f"there is no stack {stack_id!r} in {', '.join(str(f) for f in folders)}")


def healthy(stack: Stack, *, duration_us: int, prelude_us: int = 720_000_000) -> Scenario:
    """Return `stack` under its own tenants' demand for so long, with nothing planted.

    Raises ScenarioError when the stack brings no tenants or objectives.
    """
    if not stack.tenants or not stack.slos:
        raise ScenarioError(f"the stack {stack.id!r} has no tenants or objectives of its own")
    return Scenario.model_construct(
        id=f"healthy-{stack.id}", version=1, title=stack.title, summary=stack.title, level="junior",
        duration=duration_us, prelude=prelude_us, stack=stack, tenants=stack.tenants, slos=stack.slos, timeline=(),
        root_causes=(), team=(), overrides={},
    )  # fmt: skip


def healthy_twin(scenario: Scenario) -> Scenario:
    """Return the scenario's stack under its tenants' demand, with nothing planted and nothing changed.

    Changes stay in the log, without effect, so that it reads as in the incident; team-mates know what they know, and
    set nothing in motion.
    """
    timeline = tuple(
        _harmless(entry) for entry in scenario.timeline if entry.change is not None and entry.when is None
    )  # fmt: skip
    team = tuple(_idle(mate) for mate in scenario.team)
    return with_own_digest(scenario.model_copy(update={"timeline": timeline, "root_causes": (), "team": team}))


def _harmless(entry: TimelineEntry) -> TimelineEntry:
    change = entry.change
    if change is None:
        return entry
    kind = "config" if change.kind == "waiver" else change.kind
    nothing: dict[str, object] = {"sets": {}, "waiver": None, "revisions": {}, "pods": 0, "kind": kind}
    return entry.model_copy(update={"change": change.model_copy(update=nothing)})


def _idle(mate: TeamMate) -> TeamMate:
    return mate.model_copy(update={"knows": tuple(t.model_copy(update={"does": None}) for t in mate.knows)})
