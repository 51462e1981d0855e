"""What conditions of a scenario may ask about a world: used by root causes and by entries that wait for one."""

from __future__ import annotations

from incidentsim.world.stack.build import Stack


class Conditions:
    """What conditions may ask about this world."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def knob_text(self, path: str) -> str:
        """Return a knob's value as shown."""
        return self._stack.settings.text(path)

    def fault_removed(self, fault_id: str) -> bool:
        """Return whether the fault is gone at its root."""
        return self._stack.faults[fault_id].removed

    def fault_started(self, fault_id: str) -> bool:
        """Return whether the fault has begun."""
        return self._stack.faults[fault_id].started

    def change_in_force(self, change_id: str) -> bool:
        """Return whether the change has been made and not been rolled back."""
        organisation = self._stack.organisation
        return organisation.known(change_id) is not None and not organisation.is_rolled_back(change_id)

    def ready(self, pool: str) -> int:
        """Return how many replicas are ready."""
        return len(self._stack.pools[pool].routable)

    def bad_share_ppm(self) -> int:
        """Return the share of late or failed requests over the last one to two minutes."""
        return self._stack.book.recent_bad_ppm()

    def customers_complain(self) -> bool:
        """Return whether a customer has enough harm to write to support."""
        return bool(self._stack.book.complaining())

    def waiver_expiry_agreed(self, change_id: str) -> bool:
        """Return whether the waiver has an agreed end."""
        return self._stack.organisation.expiry_agreed(change_id)
