"""Changes, waivers and their owners: what the organisation did, and how it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Change
from incidentsim.specs.knobs import UNLIMITED, KnobValue
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState


@dataclass(slots=True, kw_only=True)
class WaiverState:
    """A limit lifted for a tenant. `ends_us` None: nothing ends it. `agreed`: its owner agreed to an end."""

    tenant: str
    ends_us: int | None
    active: bool = True
    agreed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEntry:
    """One entry of the change log, with shown names."""

    id: str
    t_us: int
    kind: str
    target: str
    actor: str
    summary: str
    detail: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Record:
    change: Change
    before: dict[str, KnobValue] = field(default_factory=dict)
    rolled_back: bool = False
    wanted_back: bool = False


class Organisation(Component):
    """The change log and the waivers. `set_knob(path, value)` and `get_knob(path)` reach the components."""

    def __init__(
        self, kernel: Kernel, cast: Cast, set_knob: Callable[[str, KnobValue], None],
        get_knob: Callable[[str], KnobValue], contract_limit: Callable[[str], int],
    ) -> None:  # fmt: skip
        super().__init__("organisation")
        self.entries: list[ChangeEntry] = []
        self.waivers: dict[str, WaiverState] = {}
        self._kernel = kernel
        self._cast = cast
        self._set = set_knob
        self._get = get_knob
        self._contract = contract_limit
        self._records: dict[str, _Record] = {}

    def state(self) -> list[object]:
        """Return what defines the organisation's records."""
        return [*super().state(), len(self.entries), *self.in_force()]

    def in_force(self) -> list[object]:
        """Return what its records have decided: waivers, and which changes are rolled back."""
        return [[[w.tenant, w.ends_us, w.active, w.agreed] for w in self.waivers.values()],
                [[i, r.rolled_back, r.wanted_back] for i, r in self._records.items()]]  # fmt: skip

    def view(self, store: SeriesStore) -> ComponentState | None:
        """People are not part of the topology."""
        return None

    def status(self) -> list[str]:
        """Return the waivers in force, as the admin page lists them."""
        lines = [f"{len(self.entries)} changes on record; see `changes`"]
        for change, waiver in self.waivers.items():
            state = "in force" if waiver.active else "ended"
            lines.append(f"waiver {change} for {self._cast.shown(waiver.tenant)}: {state}")
        return lines

    # -- changes --------------------------------------------------------------------------------------------

    def happened(self, change: Change, t_us: int, settings: dict[str, KnobValue]) -> ChangeEntry:
        """Enter a change in the log and apply what it sets."""
        record = _Record(change=change)
        for path, value in settings.items():
            record.before[path] = self._get(path)
            self._set(path, value)
        self._records[change.id] = record
        if change.waiver is not None:
            waiver = WaiverState(tenant=change.waiver.tenant, ends_us=change.waiver.expires)
            self.waivers[change.id] = waiver
            self._set(f"tenant.{waiver.tenant}.token_limit", UNLIMITED)
            self._watch(change.id, waiver)
        render = self._cast.render
        return self.log(change.id, t_us, change.kind, self._cast.target(change.target), render(change.actor),
                        render(change.summary), tuple(render(line) for line in change.detail))  # fmt: skip

    def log(
        self, change_id: str, t_us: int, kind: str, target: str, actor: str, summary: str,
        detail: tuple[str, ...] = (),
    ) -> ChangeEntry:  # fmt: skip
        """Enter something in the log."""
        entry = ChangeEntry(id=change_id, t_us=t_us, kind=kind, target=target, actor=actor, summary=summary,
                            detail=detail)  # fmt: skip
        self.entries.append(entry)
        return entry

    def next_id(self) -> str:
        """Return an id for a change made during the incident."""
        return f"inc-{sum(1 for e in self.entries if e.id.startswith('inc-')) + 1}"  # exact: ints

    def known(self, change_id: str) -> Change | None:
        """Return the planned change with this id, if it is in the log."""
        record = self._records.get(change_id)
        return record.change if record is not None else None

    def is_rolled_back(self, change_id: str) -> bool:
        """Whether the change was reverted."""
        return self._records[change_id].rolled_back

    def want_back(self, change_id: str, wanted: bool) -> None:
        """Somebody has ordered a rollback, or that the change be applied again; its push is on the way."""
        self._records[change_id].wanted_back = wanted

    def is_wanted_back(self, change_id: str) -> bool:
        """Whether the change was reverted, or will be by what was ordered."""
        return self._records[change_id].wanted_back

    def roll_back(self, change_id: str) -> list[str]:
        """Revert what a change set; return the paths touched."""
        record = self._records[change_id]
        record.rolled_back = record.wanted_back = True
        for path, value in record.before.items():
            self._set(path, value)
        if change_id in self.waivers:
            self.end_waiver(change_id)
            return [f"tenant.{self.waivers[change_id].tenant}.token_limit"]
        return list(record.before)

    def roll_forward(self, change_id: str, settings: dict[str, KnobValue]) -> None:
        """Apply a reverted change again."""
        record = self._records[change_id]
        record.rolled_back = record.wanted_back = False
        for path, value in settings.items():
            self._set(path, value)
        if change_id in self.waivers:
            self.reinstate(change_id)

    # -- waivers --------------------------------------------------------------------------------------------

    def end_waiver(self, change_id: str) -> None:
        """End a waiver now: the contract's limit holds again."""
        waiver = self.waivers[change_id]
        waiver.active = False
        self._set(f"tenant.{waiver.tenant}.token_limit", self._contract(waiver.tenant))

    def expire_waiver(self, change_id: str, in_us: int) -> None:
        """Give a waiver an end; 0 ends it now."""
        waiver = self.waivers[change_id]
        if in_us == 0:
            self.end_waiver(change_id)
        else:
            waiver.ends_us = self._kernel.now + in_us
            self._watch(change_id, waiver)

    def reinstate(self, change_id: str) -> None:
        """Lift the limit again, without an end."""
        waiver = self.waivers[change_id]
        waiver.active, waiver.ends_us = True, None
        self._set(f"tenant.{waiver.tenant}.token_limit", UNLIMITED)

    def agree(self, change_id: str) -> None:
        """The waiver's owner agrees that it gets an end."""
        self.waivers[change_id].agreed = True

    def expiry_agreed(self, change_id: str) -> bool:
        """Whether the waiver has ended or will, and its owner agreed."""
        waiver = self.waivers.get(change_id)
        if waiver is None or not waiver.agreed:
            return False
        if waiver.active:
            return waiver.ends_us is not None
        # ended, unless someone has lifted the limit again since
        return self._get(f"tenant.{waiver.tenant}.token_limit") != UNLIMITED

    def _watch(self, change_id: str, waiver: WaiverState) -> None:
        if waiver.ends_us is not None and waiver.ends_us > self._kernel.now:
            self._kernel.at(waiver.ends_us, self._due, change_id)

    def _due(self, call: Call) -> None:
        waiver = self.waivers[call.argument]
        if waiver.active and waiver.ends_us == self._kernel.now:
            self.end_waiver(call.argument)
