"""The weights registry: where replicas fetch model weights from when they start, all over one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from incidentsim.scenario.parts import RegistryPart
from incidentsim.specs.knobs import UNLIMITED
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.edge.limits import TokenBucket
from incidentsim.world.stack.pools.pod import Pod

DISK_BYTES_PER_S: Final = 2_000_000_000
"""What a host reads from or writes to its local disk (a data-centre NVMe drive in sequential use)."""

_MB: Final = 1_000_000
_SECOND_US: Final = 1_000_000


@dataclass(slots=True)
class _Download:
    """A replica's weights on their way. `left`: bytes times 10^6, so that µs times bytes/s is exact."""

    pod: Pod
    left: int
    then: Callable[[Pod], None]


class WeightsRegistry(Component):
    """Downloads share the bandwidth of the source equally; none is faster than the host's disk.

    A host keeps the weights of its last replica, which another start there reads from its disk. A pull beyond the
    limit of the vendor gets 429, which ends the container: it comes back with the kubelet's back-off.
    """

    def __init__(self, part: RegistryPart, kernel: Kernel, registry: Registry, journal: Journal) -> None:
        super().__init__(part.id)
        self.throttled_to = UNLIMITED
        self._kernel = kernel
        self._journal = journal
        self._bucket = TokenBucket(UNLIMITED)
        self._downloads: list[_Download] = []
        self._kept: dict[str, str] = {}
        self._since = kernel.now
        self._rate = 0
        self._version = 0
        self._sent = 0
        self._refused = registry.counter("weights_registry_throttled_total", {}, target="registry")
        registry.gauge("weights_registry_active_downloads", {}, lambda: float(len(self._downloads)), target="registry")
        registry.counter_from("weights_registry_bytes_total", {}, self._bytes_sent, target="registry")

    def changed(self, name: str) -> None:
        """Take a new line, limit or source: downloads in progress go on at the new rate."""
        self.apply_limit()
        self._share()

    def apply_limit(self) -> None:
        """Take the smaller of the contract's limit and what the vendor throttles to now."""
        limits = [n for n in (self.int_knob("pull_limit"), self.throttled_to) if n != UNLIMITED]
        self._bucket.set_rate(min(limits) if limits else UNLIMITED, self._kernel.now)

    def status(self) -> list[str]:
        """Return who fetches, and who keeps what."""
        lines = [f"{d.pod.id} fetches {d.pod.revisions['weights']}" for d in self._downloads]
        kept = ", ".join(f"{host} {revision}" for host, revision in self._kept.items())
        return [*lines, f"on hosts' disks: {kept or 'nothing'}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return how many replicas fetch."""
        count = len(self._downloads)
        return ComponentState(name=self.id, kind=self.kind, health="ok", summary=f"{count} downloads")

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.throttled_to, self._bucket.state(), self._rate, self._sent,
                [[d.pod.id, d.left] for d in self._downloads], list(self._kept.values())]  # fmt: skip

    # -- fetching -------------------------------------------------------------------------------------------

    def keep(self, pod: Pod) -> None:
        """The host has the weights of this pod on its disk."""
        self._kept[pod.node.id] = pod.revisions["weights"]

    def fetch(self, pod: Pod, then: Callable[[Pod], None], refuse: Callable[[Pod, str], None]) -> None:
        """Bring the pod's weights to its GPU, then call `then`; or call `refuse` with what the client dies of."""
        size = pod.pool.model.preset.weights_bytes
        kept = bool(self.int_knob("host_cache")) and self._kept.get(pod.node.id) == pod.revisions["weights"]
        if kept:
            self._kernel.after(size * _SECOND_US // DISK_BYTES_PER_S, self._read, (pod, pod.epoch, then))
        elif self.text_knob("source") == "origin" and not self._bucket.take(1, self._kernel.now):
            self._refused.value += 1
            refuse(pod, "huggingface_hub.errors.HfHubHTTPError: 429 Client Error: Too Many Requests for url: "
                   f"https://weights-registry/{pod.pool.model_name}/resolve/{pod.revisions['weights']}/"
                   "model-00001-of-00004.safetensors")  # fmt: skip
        else:
            self._advance()
            self._downloads.append(_Download(pod, size * _SECOND_US, then))
            self._share()

    def drop(self, pod: Pod) -> None:
        """Forget a download whose container ended: what came so far is lost."""
        if any(d.pod is pod for d in self._downloads):
            self._advance()
            self._downloads = [d for d in self._downloads if d.pod is not pod]
            self._share()

    def _read(self, call: Call) -> None:
        pod, epoch, then = call.argument
        if pod.epoch == epoch and pod.state == "loading":
            then(pod)

    def _advance(self) -> None:
        """Account for what came since the rate last changed."""
        now = self._kernel.now
        came = (now - self._since) * self._rate
        for download in self._downloads:
            self._sent += min(came, download.left)
            download.left = max(0, download.left - came)
        self._since = now

    def _share(self) -> None:
        """Give every download its rate from now on, and wait for the first to end."""
        self._advance()
        self._version += 1
        if not self._downloads:
            self._rate = 0
            return
        line = self.int_knob("bandwidth" if self.text_knob("source") == "origin" else "mirror_bandwidth") * _MB
        self._rate = min(DISK_BYTES_PER_S, line // len(self._downloads))
        first = min(d.left for d in self._downloads)
        self._kernel.after(-(-first // self._rate), self._ended, self._version)

    def _ended(self, call: Call) -> None:
        if call.argument != self._version:
            return
        self._advance()
        here = [d for d in self._downloads if d.left == 0]
        self._downloads = [d for d in self._downloads if d.left > 0]
        self._share()
        for download in here:
            self.keep(download.pod)
            download.then(download.pod)

    def _bytes_sent(self) -> float:
        came = (self._kernel.now - self._since) * self._rate
        total = self._sent
        for download in self._downloads:
            total += min(came, download.left)
        return float(total // _SECOND_US)
