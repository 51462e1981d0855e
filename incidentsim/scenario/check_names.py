"""Checks of single names: a knob with its value, a cause. Used by the other reference checks."""

from __future__ import annotations

from incidentsim.scenario.naming import Inventory
from incidentsim.scenario.parts.serving import PoolPart
from incidentsim.scenario.problems import Path, did_you_mean, quoted
from incidentsim.scenario.validate import Located
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.knobs import parse_value
from incidentsim.specs.step_models import STEP_MODELS


def check_knob_value(kind: str, name: str, value: object, path: Path, located: Located) -> None:
    """Report a knob that a kind of component lacks, or a value that the knob can't take."""
    _check_knob(kind, name, value, (path, path), located)


def _check_knob(kind: str, name: str, value: object, paths: tuple[Path, Path], located: Located) -> None:
    knob_path, value_path = paths
    spec = COMPONENTS[kind]
    knob = spec.knob(name)
    if knob is None:
        names = [k.name for k in spec.knobs]
        hint = did_you_mean(name, names) or f"; it has {', '.join(names) or 'none'}"
        located.report(knob_path, f"a {kind} has no knob {name!r}{hint}", key=True)
        return
    try:
        parse_value(knob, str(value))
    except ValueError as error:
        located.report(value_path, f"{error}{did_you_mean(value, knob.choices)}")


def check_knob_path(text: str, value: object, paths: tuple[Path, Path], known: Inventory, located: Located) -> None:
    """Check `component.knob` in one word with its value; `paths` say where each stands."""
    component, _, name = text.rpartition(".")
    kind = known.components.get(component)
    if kind is None:
        names = [f"{c}.{name}" for c, k in known.components.items() if COMPONENTS[k].knob(name)]
        hint = did_you_mean(text, names)
        located.report(paths[0], f"{text!r} is not component.knob of this stack{hint}", key=True)
    else:
        _check_knob(kind, name, value, paths, located)


def check_step_model(pool: PoolPart, path: Path, located: Located) -> None:
    """Report a step model that was never measured, or cards on which it was not."""
    known = STEP_MODELS.get(pool.step_model)
    if known is None:
        hint = did_you_mean(pool.step_model, STEP_MODELS) or f"; there are {', '.join(STEP_MODELS)}"
        located.report((*path, "step_model"), f"there is no step model {quoted(pool.step_model)}{hint}")
        return
    gpu, count = known
    if pool.gpu != gpu:
        located.report((*path, "gpu"), f"{pool.step_model} was measured on {gpu}, not on {quoted(pool.gpu)}")
    if pool.gpus_per_replica != count:
        located.report(
            (*path, "gpus_per_replica"),
            f"{pool.step_model} was measured on {count} cards a replica, not on {pool.gpus_per_replica}",
        )


def check_cause(component: str, fault: str, paths: tuple[Path, Path], known: Inventory, located: Located) -> None:
    """Report an unknown component or fault kind, or one that can't hit it; `paths` say where each stands."""
    component_path, fault_path = paths
    kind = known.components.get(component)
    if kind is None:
        hint = did_you_mean(component, known.components)
        located.report(component_path, f"there is no component {quoted(component)}{hint}")
    spec = FAULTS.get(fault)
    if spec is None:
        located.report(fault_path, f"there is no fault kind {quoted(fault)}{did_you_mean(fault, FAULTS)}")
    elif kind is not None and spec.component != kind:
        can = ", ".join(f.kind for f in FAULTS.values() if f.component == kind) or "none"
        located.report(fault_path, f"{fault} hits a {spec.component}; {component} is a {kind}, whose faults are {can}")
