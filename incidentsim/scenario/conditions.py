"""Conditions on the state of the world: `removed_when` of root causes, `when` of timeline entries.

The world implements `ConditionState`; whoever asks whether a cause is gone calls `evaluate`.
"""

from __future__ import annotations

from typing import Protocol

from incidentsim.scenario.model import Condition
from incidentsim.scenario.naming import stored_value
from incidentsim.specs.knobs import UNLIMITED


class ConditionState(Protocol):
    """What a condition may ask about the world, by stable ids."""

    def knob_text(self, path: str) -> str:
        """Return the value of `component.knob` as it is written or shown."""
        ...

    def fault_removed(self, fault_id: str) -> bool:
        """Return whether the planted fault with this id is gone at its root."""
        ...

    def fault_started(self, fault_id: str) -> bool:
        """Return whether the planted fault with this id has begun."""
        ...

    def change_in_force(self, change_id: str) -> bool:
        """Return whether the change has been made and is not rolled back."""
        ...

    def ready(self, pool: str) -> int:
        """Return the number of replicas of a pool that are ready."""
        ...

    def bad_share_ppm(self) -> int:
        """Return the share of user requests of the last minute or two that were late or failed."""
        ...

    def customers_complain(self) -> bool:
        """Return whether some customer has so many bad requests, by any objective, that it writes to support."""
        ...

    def waiver_expiry_agreed(self, change_id: str) -> bool:
        """Return whether the waiver of this change has an expiry that its owner agreed to."""
        ...


def evaluate(condition: Condition, state: ConditionState) -> bool:
    """Return whether `condition` holds. Several tests side by side must all hold; none at all never holds."""
    tests: list[bool] = []
    if condition.any:
        tests.append(any(evaluate(part, state) for part in condition.any))
    if condition.all:
        tests.append(all(evaluate(part, state) for part in condition.all))
    if condition.knob:
        tests.append(_knob_test(condition, state))
    if condition.fault_removed:
        tests.append(state.fault_removed(condition.fault_removed))
    if condition.fault_started:
        tests.append(state.fault_started(condition.fault_started))
    if condition.fault_present:
        fault = condition.fault_present
        tests.append(state.fault_started(fault) and not state.fault_removed(fault))
    if condition.change_in_force:
        tests.append(state.change_in_force(condition.change_in_force))
    if condition.pool:
        tests.append(state.ready(condition.pool) < condition.ready_below)
    if condition.bad_share_above:
        tests.append(state.bad_share_ppm() > condition.bad_share_above)
    if condition.customers_complain:
        tests.append(state.customers_complain())
    if condition.waiver_expiry_agreed:
        tests.append(state.waiver_expiry_agreed(condition.waiver_expiry_agreed))
    return bool(tests) and all(tests)


def _knob_test(condition: Condition, state: ConditionState) -> bool:
    path, shown = condition.knob, state.knob_text(condition.knob)
    if condition.equals is not None:
        return same_value(path, shown, condition.equals)
    if condition.differs is not None:
        return not same_value(path, shown, condition.differs)
    size = size_of(path, shown)
    low, high = condition.at_least, condition.at_most
    return (low is None or size_of(path, low) <= size) and (high is None or size <= size_of(path, high))


def size_of(path: str, text: str) -> tuple[bool, int]:
    """Return what a knob's value is compared by: unlimited is larger than all. Raises ValueError without a size."""
    value = stored_value(path, text)
    if isinstance(value, str):
        raise ValueError(f"{path} is one of several words, which have no size")
    return (value == UNLIMITED, value)


def same_value(path: str, left: str, right: str) -> bool:
    """Return whether two texts are the same value of a knob: `400k` is `400000 tokens/min`."""
    try:
        return stored_value(path, left) == stored_value(path, right)
    except ValueError:
        return left == right
