"""Conditions on world state."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from incidentsim.scenario.conditions import evaluate
from incidentsim.scenario.model import Condition


@dataclass
class State:
    """A world state made of three tables."""

    knobs: dict[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    in_force: tuple[str, ...] = ()
    pods: dict[str, int] = field(default_factory=dict)
    bad_ppm: int = 0
    complaints: bool = False

    def fault_started(self, fault_id: str) -> bool:
        return fault_id in self.started

    def change_in_force(self, change_id: str) -> bool:
        return change_id in self.in_force

    def ready(self, pool: str) -> int:
        return self.pods[pool]

    def bad_share_ppm(self) -> int:
        return self.bad_ppm

    def customers_complain(self) -> bool:
        return self.complaints

    def knob_text(self, path: str) -> str:
        return self.knobs[path]

    def fault_removed(self, fault_id: str) -> bool:
        return fault_id in self.removed

    def waiver_expiry_agreed(self, change_id: str) -> bool:
        return change_id in self.agreed


LIMIT = "tenant.acme.token_limit"


@pytest.mark.parametrize(
    ("shown", "wanted", "equal"),
    [
        ("400000 tokens/min", "400k", True),
        ("unlimited", "unlimited", True),
        ("unlimited", "400k", False),
        ("399999", "400k", False),
    ],
)
def test_knob_values_are_compared_as_values(shown: str, wanted: str, equal: bool) -> None:
    """A value is the same however it is written, with its unit or without."""
    state = State(knobs={LIMIT: shown})
    assert evaluate(Condition(knob=LIMIT, equals=wanted), state) is equal
    assert evaluate(Condition(knob=LIMIT, differs=wanted), state) is not equal


@pytest.mark.parametrize(
    ("shown", "bounds", "holds"),
    [
        ("400000 tokens/min", {"at_least": "400k"}, True),
        ("399999", {"at_least": "400k"}, False),
        ("unlimited", {"at_least": "400k"}, True),
        ("unlimited", {"at_most": "400k"}, False),
        ("0", {"at_least": "1k", "at_most": "400k"}, False),
        ("1000", {"at_least": "1k", "at_most": "400k"}, True),
    ],
)
def test_values_with_a_size_have_bounds(shown: str, bounds: dict[str, str], holds: bool) -> None:
    """From and up to a value, bounds included; no limit is more than any limit."""
    assert evaluate(Condition.model_validate({"knob": LIMIT, **bounds}), State(knobs={LIMIT: shown})) is holds


def test_choices_and_booleans_are_compared() -> None:
    """Choices compare as text, and YAML's true is the knob's on."""
    state = State(knobs={"gateway.admission": "tokens", "autoscaler.enabled": "true"})
    assert evaluate(Condition(knob="gateway.admission", equals="tokens"), state)
    assert evaluate(Condition.model_validate({"knob": "autoscaler.enabled", "equals": True}), state)
    assert not evaluate(Condition.model_validate({"knob": "autoscaler.enabled", "equals": "off"}), state)


def test_faults_and_waivers_are_asked_of_the_state() -> None:
    """A removed fault and an agreed waiver hold, others don't."""
    state = State(removed=("growth",), agreed=("chg-7",))
    assert evaluate(Condition(fault_removed="growth"), state)
    assert not evaluate(Condition(fault_removed="other"), state)
    assert evaluate(Condition(waiver_expiry_agreed="chg-7"), state)


def test_any_and_all_combine() -> None:
    """`any` wants one part, `all` every part, and no test at all never holds."""
    yes, no = Condition(fault_removed="a"), Condition(fault_removed="b")
    state = State(removed=("a",))
    assert evaluate(Condition(any=(no, yes)), state)
    assert not evaluate(Condition(all=(no, yes)), state)
    assert evaluate(Condition(all=(yes, Condition(any=(yes, no)))), state)
    assert not evaluate(Condition(), state)


def test_the_course_of_events_can_be_asked_for() -> None:
    """A fault that began, a pool with too few replicas and users who suffer hold; the opposite doesn't."""
    state = State(started=("growth",), pods={"large": 2}, bad_ppm=300_000)
    assert evaluate(Condition(fault_started="growth"), state)
    assert not evaluate(Condition(fault_started="other"), state)
    assert evaluate(Condition(pool="large", ready_below=3), state)
    assert not evaluate(Condition(pool="large", ready_below=2), state)
    assert evaluate(Condition.model_validate({"bad_share_above": "29.9%"}), state)
    assert not evaluate(Condition.model_validate({"bad_share_above": "30%"}), state)
    assert not evaluate(Condition(customers_complain=True), state)
    assert evaluate(Condition(customers_complain=True), State(complaints=True))


def test_what_has_not_been_mended_can_be_asked_for() -> None:
    """A fault is present from its start until it is gone at its root; a change in force until it is rolled back."""
    state = State(started=("a", "b"), removed=("b",), in_force=("chg-1",))
    present = [evaluate(Condition(fault_present=fault), state) for fault in ("a", "b", "c")]
    assert present == [True, False, False]
    assert evaluate(Condition(change_in_force="chg-1"), state)
    assert not evaluate(Condition(change_in_force="chg-2"), state)
