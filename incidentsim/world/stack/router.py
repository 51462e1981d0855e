"""Chooses the replica for an admitted request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.pod import Pod
from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.pool import Pool


class Router(Component):
    """Policies count what the gateway itself has in flight: no reported metric is trusted here."""

    def __init__(self) -> None:
        super().__init__("router")
        self._policy = self.text_knob("policy")
        self._turns: dict[str, int] = {}

    def changed(self, name: str) -> None:
        """Take a new policy."""
        self._policy = self.text_knob("policy")

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its policy and the pools it serves."""
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary=self.describe()[0],
                              edges=tuple((pool, "") for pool in self._turns))  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines the router."""
        return [*super().state(), list(self._turns.values())]

    def serve(self, pool: str) -> None:
        """Make a pool known."""
        self._turns[pool] = 0

    def choose(self, pool: Pool, attempt: Attempt, most_requests: int, most_tokens: int) -> Pod | None:
        """Return the pod of `pool` for this request among those with room, or None. Ties go round.

        A pod has room with fewer than `most_requests` in flight, and when the request's tokens fit under
        `most_tokens` (or nothing else is in flight there). Each is -1 when it does not count.
        """
        pods = pool.routable
        count = len(pods)
        if not count:
            return None
        tokens = attempt.tokens
        policy = self._policy
        by_tokens = policy == "least_tokens"
        first_fit = policy == "round_robin"
        best: Pod | None = None
        best_load = best_step = 0
        turn = self._turns[pool.id]
        start = turn % count
        for i in range(count):
            pod = pods[(start + i) % count]
            requests = pod.requests
            if requests >= most_requests >= 0 or (requests and pod.tokens + tokens > most_tokens >= 0):
                continue
            load = pod.tokens if by_tokens else requests
            if best is None or load < best_load:
                best, best_load, best_step = pod, load, i + 1
                if first_fit or load == 0:
                    break
        if best is not None:
            self._turns[pool.id] = turn + (best_step if first_fit else 1)
        return best
