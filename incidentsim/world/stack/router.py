"""Chooses the replica for an admitted request."""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.specs.components import ROUTER
from incidentsim.specs.knobs import KnobValue
from incidentsim.world.stack.pod import Pod
from incidentsim.world.stack.requests import Attempt


class Router:
    """Policies count what the gateway itself has in flight: no reported metric is trusted here."""

    def __init__(self) -> None:
        self.id = "router"
        self._policy = str(ROUTER.knobs[0].default)
        self._turn = 0

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new policy."""
        self._policy = str(value)

    def describe(self) -> list[str]:
        """Return its settings."""
        return [f"policy = {self._policy}"]

    def state(self) -> list[object]:
        """Return what defines the router."""
        return [self._policy, self._turn]

    def choose(self, pods: Sequence[Pod], attempt: Attempt, most_requests: int, most_tokens: int) -> Pod | None:
        """Return the pod for this request among those with room, or None. Ties go round.

        A pod has room with fewer than `most_requests` in flight, and when the request's tokens fit under
        `most_tokens` (or nothing else is in flight there). Each is -1 when it does not count.
        """
        count = len(pods)
        if not count:
            return None
        tokens = attempt.tokens
        policy = self._policy
        by_tokens = policy == "least_tokens"
        first_fit = policy == "round_robin"
        best: Pod | None = None
        best_load = best_step = 0
        start = self._turn % count
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
            self._turn += best_step if first_fit else 1
        return best
