"""The cluster's control plane: API servers, admission webhook, DNS. What runs does without it, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import ControlPlanePart
from incidentsim.specs.knobs import UNLIMITED, KnobValue
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.pools.pool import Pool
from incidentsim.world.stack.pools.rollout import UNREACHABLE_RETRY_US

SERVER_REQUESTS_PER_S: Final = 1_000
"""What one API server answers: 600 in flight (its flags' defaults, 400 reads and 200 writes) at 0.6 s of cost each."""

SERVER_START_US: Final = 120_000_000
"""From asking for another API server to its answering: a virtual machine, etcd's client, its caches."""

DNS_CHECK_US: Final = 5_000_000
"""How often clients ask again for names that did not resolve."""

WEBHOOK: Final = "pods.serving.admission"
"""Name of the webhook that every new pod passes."""


class ControlPlane(Component):
    """Saturated when it is asked for more than its servers can answer. Then nobody reaches it: pods are neither

    made nor replaced, and as each node's DNS cache expires, its pods' names no longer resolve and the gateway loses
    them, though they serve. `certificate_expired` and `agent_requests` are set by faults.
    """

    def __init__(
        self, part: ControlPlanePart, kernel: Kernel, pools: Iterable[Pool], *, seed: int, registry: Registry,
        journal: Journal,
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.certificate_expired = False
        self.agent_requests = 0
        self._part = part
        self._kernel = kernel
        self._pools = tuple(pools)
        self._journal = journal
        self._seed = seed
        self._made_us = kernel.now
        self._servers = self.int_knob("api_servers")
        self._onset: int | None = None
        self._checking = False
        self._lost: list[str] = []
        self._counted_us = kernel.now
        self._ok = self._rejected = 0
        target = "control-plane"
        self._failures = registry.counter("coredns_dns_responses_total", {"rcode": "SERVFAIL"}, target=target)
        self._webhook_calls = registry.counter(
            "apiserver_admission_webhook_rejection_count",
            {"name": WEBHOOK, "error_type": "calling_webhook_error"}, target=target,
        )  # fmt: skip
        for code in ("200", "429"):
            registry.counter_from("apiserver_request_total", {"code": code}, self._reader(code), target=target)

    # -- what it can do now ---------------------------------------------------------------------------------

    def load(self) -> int:
        """API requests a second that its servers have to work on."""
        limit = self.int_knob("agent_request_limit")
        agents = self.agent_requests if limit == UNLIMITED else min(self.agent_requests, limit)
        return self._part.base_requests + agents

    @property
    def reachable(self) -> bool:
        """Whether a request to the API gets an answer."""
        return self.load() <= self._servers * SERVER_REQUESTS_PER_S

    def refusal(self) -> str:
        """Return why a new pod can't be made now, empty when it can."""
        if not self.reachable:
            return "Timeout: request did not complete within requested timeout - context deadline exceeded"
        if self._webhook_serves() or self.text_knob("webhook_failure_policy") == "ignore":
            return ""
        self._webhook_calls.value += 1
        return (f'Internal error occurred: failed calling webhook "{WEBHOOK}": failed to call webhook: Post '
                '"https://admission.serving.svc:443/mutate-pods?timeout=10s": tls: failed to verify certificate: '
                "x509: certificate has expired or is not yet valid")  # fmt: skip

    def _webhook_serves(self) -> bool:
        return not self.certificate_expired or self.text_knob("webhook_certificate") == "watched"

    def resolves(self, pod: Pod) -> bool:
        """Whether the gateway can still find the pod: its name is in the node's DNS cache, or DNS answers."""
        onset = self._onset
        if onset is None:
            return True
        if pod.ready_us > onset:
            return False
        ttl = self.int_knob("dns_ttl")
        phase = Draws(self._seed, pod.id, "dns").below(0, ttl)
        return self._kernel.now < onset + (phase - onset) % ttl

    def when_reachable(self, then: Callable[[], None]) -> None:
        """Do `then` as soon as the API answers: tools try again and again."""
        if self.reachable:
            then()
        else:
            self._kernel.after(UNREACHABLE_RETRY_US, self._try, then)

    def _try(self, call: Call) -> None:
        self.when_reachable(call.argument)

    # -- changes --------------------------------------------------------------------------------------------

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new setting; another API server joins later, one less is gone at once."""
        self._count()
        super().on_knob(name, value)

    def changed(self, name: str) -> None:
        """Act on a new setting."""
        wanted = self.int_knob("api_servers")
        if name == "api_servers" and wanted > self._servers and self._kernel.now > self._made_us:
            self._kernel.after(SERVER_START_US, self._joined, wanted)
        elif name == "api_servers":
            self._servers = wanted
        self.review()

    def _joined(self, call: Call) -> None:
        self._count()
        self._servers = min(call.argument, self.int_knob("api_servers"))
        self.review()

    def set_agents(self, requests: int) -> None:
        """Have telemetry agents make so many requests a second."""
        self._count()
        self.agent_requests = requests
        self.review()

    def review(self) -> None:
        """See whether it is saturated now; while it is, watch names expire."""
        if self.reachable == (self._onset is None):
            return
        self._onset = None if self.reachable else self._kernel.now
        if self._onset is None:
            self._journal.emit("info", self.id, self.id, "apiserver: request queues drained", {})
        else:
            self._journal.emit("error", self.id, self.id, "apiserver: too many requests, please try again later: "
                               f"{self.load()} requests/s for {self._servers} servers", {})  # fmt: skip
        if not self._checking:
            self._checking = True
            self._kernel.after(DNS_CHECK_US, self._check_names, None)

    def _check_names(self, _: Call) -> None:
        lost = [pod.id for pool in self._pools for pod in pool.pods if pod.state == "ready" and not self.resolves(pod)]
        for name in lost:
            self._failures.value += 1
            if name not in self._lost:
                self._journal.emit("error", "coredns", self.id, f"[ERROR] plugin/errors: 2 {name}.serving.svc.cluster."
                                   "local. A: dial tcp: i/o timeout", {"pod": name})  # fmt: skip
        self._lost = lost
        for pool in self._pools:
            pool.reroute()
            pool.gateway.dispatch()
        self._checking = self._onset is not None
        if self._checking:
            self._kernel.after(DNS_CHECK_US, self._check_names, None)

    # -- readings -------------------------------------------------------------------------------------------

    def status(self) -> list[str]:
        """Return its load, and what does not work."""
        lines = [f"API load = {self.load()} requests/s, capacity {self._servers * SERVER_REQUESTS_PER_S}",
                 f"telemetry agents ask for {self.agent_requests} requests/s"]  # fmt: skip
        if not self._webhook_serves():
            lines.append(f"webhook {WEBHOOK}: serves a certificate that has expired; the secret holds a newer one")
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return whether it answers."""
        return ComponentState(name=self.id, kind=self.kind, health="ok" if self.reachable else "bad",
                              summary=f"{self.load()} requests/s")  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines it."""
        return [*super().state(), self.certificate_expired, self.agent_requests, self._servers, self._onset, self._lost]

    def _count(self) -> None:
        """Add the requests since the last change of load, exactly; called before any change."""
        now = self._kernel.now
        asked = self._part.base_requests + self.agent_requests
        answered = min(self.load(), self._servers * SERVER_REQUESTS_PER_S)
        self._ok += answered * (now - self._counted_us)
        self._rejected += (asked - answered) * (now - self._counted_us)
        self._counted_us = now

    def _reader(self, code: str) -> Callable[[], float]:
        def read() -> float:
            self._count()
            return float((self._ok if code == "200" else self._rejected) // 1_000_000)

        return read
