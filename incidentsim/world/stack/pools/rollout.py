"""Replacing the pods of a pool a few at a time: engine arguments, deploys, rollbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.pools.pod import Pod

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pool import Pool

DRAIN_GRACE_US: Final = 30_000_000
"""terminationGracePeriodSeconds: longest wait for work in flight when a pod is replaced (Kubernetes default)."""

REPLACED: Final = ("ready", "loading", "crashed", "refused")
"""States in which a pod is replaced; one that has no host yet will be made from what is wanted then."""

UNREACHABLE_RETRY_US: Final = 10_000_000
"""How long a controller that can't reach the API server waits before it tries again."""


class Rollout:
    """One rolling change at a time; a later one takes over from an earlier one, and what it replaces gets both.

    Failure rule: a pod that can't come up counts as replaced, so that one broken host does not stop a change.
    One whose creation is refused is waited for.
    """

    def __init__(self, pool: Pool, kernel: Kernel, journal: Journal) -> None:
        self.rolling: list[Pod] = []
        self.replacing: list[Pod] = []
        self._pool = pool
        self._kernel = kernel
        self._journal = journal
        self._version = 0

    def state(self) -> list[object]:
        """Return what defines it."""
        return [len(self.rolling), len(self.replacing)]

    def roll(self, why: str, *, pods: int = 0) -> None:
        """Replace the live pods of another template, a few at a time; only `pods` of them if not 0.

        Each is drained for its grace period. Those that are as wanted stay, as with a Deployment.
        """
        wanted = self._pool.template(self._pool.revisions.wanted)
        # a pod that an earlier change is draining comes back with these settings too; one that drains because
        # it is retired must not come back
        self.replacing = [p for p in self.replacing if p.state == "draining"]
        self.rolling = [p for p in self._pool.pods if p.state in REPLACED and p.template != wanted]
        self.rolling.sort(key=_is_ready)  # those that are down first, as a Deployment does
        if pods:
            self.rolling = self.rolling[:pods]
        self._version += 1
        self._journal.emit("info", "kube-controller-manager", "control-plane",
                           f"Scaled up replica set {self._pool.id}: rolling update, {why}", {})  # fmt: skip
        if not self.rolling and not self.replacing:
            self._kernel.after(0, self._nothing, self._version)
        self._next()

    def _nothing(self, call: Call) -> None:
        if call.argument == self._version:
            self._pool.on_change("done", f"every pod of {self._pool.id} is like that already; none is replaced")

    def _next(self) -> None:
        pool = self._pool
        while self.rolling and len(self.replacing) < pool.part.roll_parallel:
            if pool.control is not None and not pool.control.reachable:
                self._kernel.after(UNREACHABLE_RETRY_US, self._again, self._version)
                return
            pod = self.rolling.pop(0)
            if pod.state == "gone":
                continue
            self.replacing.append(pod)
            pod.epoch += 1
            if pod.state == "ready":
                pod.state = "draining"
                pool.reroute()
                self.drain_then(pod, pool.replace)
            else:
                pool.replace(pod)

    def _again(self, call: Call) -> None:
        if call.argument == self._version:
            self._version += 1
            self._next()

    def settled(self, pod: Pod) -> None:
        """The pod is up, down or away: when a rolling change was replacing it, the next one's turn comes."""
        if pod in self.replacing:
            self.replacing.remove(pod)
            self._next()
            if not self.rolling and not self.replacing:
                self._pool.on_change("done", f"every pod of {self._pool.id} is as wanted now")

    def drain_then(self, pod: Pod, then: Callable[[Pod], None]) -> None:
        """Wait for the pod's work in flight, at most its grace period, then go on."""
        epoch = pod.epoch

        def check(call: Call) -> None:
            if pod.epoch != epoch or pod.state != "draining":
                return
            if pod.requests == 0 or self._kernel.now >= call.argument:
                then(pod)
            else:
                self._kernel.after(1_000_000, check, call.argument)

        self._kernel.after(0, check, self._kernel.now + DRAIN_GRACE_US)


def _is_ready(pod: Pod) -> bool:
    return pod.state == "ready"
