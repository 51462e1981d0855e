"""A stack under its ordinary demand, without any fault: what benchmarks and health checks run."""

from __future__ import annotations

from pathlib import Path

from incidentsim.errors import ScenarioError
from incidentsim.scenario.files import MAX_TEXT_BYTES, Folder
from incidentsim.scenario.model import Scenario
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
