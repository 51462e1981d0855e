"""One shard of the dense index: a leader, its replicas, and the threads that search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.stages.station import Station

THREADS: Final = 8
"""Searches that one replica runs at once: a core each (the default of common vector databases)."""

LOAD_BYTES_PER_S: Final = 200_000_000
"""Speed at which a replica reads its segments from object storage."""

FAILOVER_US: Final = 8_000_000
"""Time from promoting a replica to its first search: fencing the old leader, replaying the log, telling routers."""

BUILD_FACTOR_PPM: Final = 1_800_000
"""Service time of a search while an index build takes the same cores and memory bandwidth."""

SYNCED, LOADING, LOST = "synced", "loading", "lost"
"""States of a replica."""


@dataclass(slots=True, kw_only=True)
class Copy:
    """One replica. A load that was overtaken by another change has an old `load`."""

    number: int
    state: str
    load: int = 0


class Shard(Component):
    """Serves searches while it has a leader. Nobody is promoted but by `failover`.

    `on_lost` gets the searches that a vanished leader had, each of which must be answered otherwise.
    """

    def __init__(
        self, shard_id: str, kernel: Kernel, registry: Registry, journal: Journal, *, size_bytes: int
    ) -> None:  # fmt: skip
        super().__init__(shard_id)
        self._kernel = kernel
        self._registry = registry
        self._journal = journal
        self._born = kernel.now
        self._load_us = max(1_000_000, size_bytes * 1_000_000 // LOAD_BYTES_PER_S)
        self._handover = 0
        self.promoting = -1
        self.leader = 0
        self.copies: list[Copy] = []
        self.station = Station(kernel, 0, queue_limit=400)
        self.on_lost: Callable[[list[Any]], None] = lambda _: None
        self.on_change: Callable[[], None] = lambda: None
        self.changed("replicas")

    # -- settings and readings ------------------------------------------------------------------------------

    @property
    def serving(self) -> bool:
        """Whether it answers searches."""
        return self.leader >= 0

    @property
    def target(self) -> str:
        """What monitoring scrapes."""
        return f"vector-index/{self.id}"

    def changed(self, name: str) -> None:
        """Start or stop replicas; the leader stays."""
        wanted = self.int_knob("replicas")
        while len(self.copies) > wanted:
            spares = [c for c in self.copies if c.number not in (self.leader, self.promoting)]
            spare = max(spares, key=lambda c: (c.state != SYNCED, c.number))
            self.copies.remove(spare)
            self._registry_gauge(spare.number)
        while len(self.copies) < wanted:
            number = next(n for n in range(wanted) if all(c.number != n for c in self.copies))
            copy = Copy(number=number, state=SYNCED)
            self.copies.append(copy)
            self._registry_gauge(number)
            if self._kernel.now > self._born:
                self._begin_load(copy)
        self._resize()

    def _registry_gauge(self, number: int) -> None:
        labels = {"shard": self.id, "replica": str(number)}
        self._registry.gauge("vector_shard_up", labels, lambda: self._up(number), target=self.target)

    def _up(self, number: int) -> float:
        copy = next((c for c in self.copies if c.number == number), None)
        if copy is None:
            return float("nan")
        return float(copy.state == SYNCED)

    def successor(self) -> Copy | None:
        """Return the replica that a failover would promote."""
        return next((c for c in self.copies if c.state == SYNCED and c.number != self.leader), None)

    def status(self) -> list[str]:
        """Return its replicas and what they do."""
        who = [f"replica {c.number}: {c.state}{' (leader)' if c.number == self.leader else ''}" for c in self.copies]
        state = "serving" if self.serving else "promoting a replica" if self.promoting >= 0 else "no leader"
        return [f"state: {state}", *who, f"searches: {self.station.busy} running, {self.station.queued} waiting"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return how many of its replicas are reported up."""
        ups = [store.latest("vector_shard_up", {"shard": self.id, "replica": str(c.number)}) for c in self.copies]
        up = len([u for u in ups if u == 1.0])
        return ComponentState(name=self.id, kind=self.kind, health="ok" if up == len(ups) else "warn" if up else "bad",
                              summary=f"{up} of {len(ups)} replicas up")  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.leader, self.promoting, [[c.number, c.state] for c in self.copies],
                self.station.state()]  # fmt: skip

    # -- what happens to it ---------------------------------------------------------------------------------

    def lose_leader(self) -> None:
        """The leader's segments are gone; searches in it fail."""
        leader = self._copy(self.leader)
        if leader is None:
            return
        leader.state = LOST
        leader.load += 1
        self.leader = -1
        self._log("error", f"channel {self.id} is not available in any replica: no shard leader, "
                           f"segments of replica {leader.number} are released")  # fmt: skip
        lost = self.station.drop_all()
        self._resize()
        self.on_change()
        self.on_lost(lost)

    def recover(self) -> None:
        """What was lost is there again; the first replica leads when nobody else does."""
        for copy in self.copies:
            if copy.state == LOST:
                copy.state = SYNCED
        if self.leader < 0 and self.promoting < 0:
            first = self.successor()
            if first is not None:
                self._lead(first)
        self._resize()

    def failover(self) -> None:
        """Promote the first replica in sync: no searches until it leads, then the old leader loads afresh."""
        heir = self.successor()
        if heir is None or self.promoting >= 0:
            return
        self.promoting = heir.number
        self._handover += 1
        former, self.leader = self.leader, -1
        if former >= 0:
            self.on_lost(self.station.drop_all())
        self._log("info", f"transfer leader of {self.id} to replica {heir.number}")
        self._resize()
        self.on_change()
        self._kernel.after(FAILOVER_US, self._promoted, self._handover)

    def _promoted(self, call: Call) -> None:
        if call.argument != self._handover:
            return
        heir = self._copy(self.promoting)
        self.promoting = -1
        if heir is None or heir.state != SYNCED:
            self._log("error", f"leader transfer of {self.id} failed: the replica is not in sync")
            return
        self._lead(heir)
        for copy in self.copies:
            if copy.state == LOST:
                self._begin_load(copy)

    def _lead(self, copy: Copy) -> None:
        self.leader = copy.number
        self._log("info", f"replica {copy.number} is the leader of {self.id} now, shard is serviceable")
        self._resize()
        self.on_change()

    def _begin_load(self, copy: Copy) -> None:
        copy.state = LOADING
        copy.load += 1
        self._kernel.after(self._load_us, self._loaded, (copy, copy.load))
        self._log("info", f"load segments of {self.id} into replica {copy.number} from object storage")
        self._resize()

    def _loaded(self, call: Call) -> None:
        copy, load = call.argument
        if copy.load == load and copy.state == LOADING and copy in self.copies:
            copy.state = SYNCED
            self._log("info", f"replica {copy.number} of {self.id} caught up")
            self._resize()

    def slow_down(self, *, building: bool) -> None:
        """Searches share the machine with an index build, or no longer."""
        self.station.set_factor_ppm(BUILD_FACTOR_PPM if building else 1_000_000)

    def _copy(self, number: int) -> Copy | None:
        return next((c for c in self.copies if c.number == number), None)

    def _resize(self) -> None:
        synced = len([c for c in self.copies if c.state == SYNCED])
        self.station.set_servers(THREADS * synced if self.serving else 0)

    def _log(self, level: str, message: str) -> None:
        self._journal.emit(level, self.id, self.id, message, {"shard": self.id})
