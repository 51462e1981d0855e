"""Chooses the replica for an admitted request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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

    def choose(
        self, pods: Sequence[Pod], attempt: Attempt, has_room: Callable[[Pod, Attempt], bool]
    ) -> Pod | None:  # fmt: skip
        """Return the pod for this request among those with room, or None. Ties go round."""
        count = len(pods)
        if not count:
            return None
        if self._policy == "round_robin":
            for i in range(count):
                pod = pods[(self._turn + i) % count]
                if has_room(pod, attempt):
                    self._turn += i + 1
                    return pod
            return None
        by_tokens = self._policy == "least_tokens"
        best: Pod | None = None
        best_load = 0
        start = self._turn % count
        for i in range(count):
            pod = pods[(start + i) % count]
            load = pod.tokens if by_tokens else pod.requests
            if (best is None or load < best_load) and has_room(pod, attempt):
                best, best_load = pod, load
        if best is not None:
            self._turn += 1
        return best
