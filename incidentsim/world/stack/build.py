"""Puts a stack together: every component of one world, wired, with its starting settings."""

from __future__ import annotations

from collections.abc import Callable

from incidentsim.commands.model import Command
from incidentsim.errors import ScenarioError
from incidentsim.events import Fact
from incidentsim.exact import RollingDigest
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import stored_value
from incidentsim.specs.knobs import KnobValue
from incidentsim.telemetry.alerts import RuleSet
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.spans import SpanStore
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.faults.base import Fault
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.autoscaler import Autoscaler
from incidentsim.world.stack.gateway import Gateway
from incidentsim.world.stack.gateway_metrics import GatewayMetrics
from incidentsim.world.stack.organisation import Organisation
from incidentsim.world.stack.pod import Pod
from incidentsim.world.stack.pool import Pool
from incidentsim.world.stack.router import Router
from incidentsim.world.stack.settings import Settings
from incidentsim.world.stack.sli import SliBook
from incidentsim.world.stack.team import Team
from incidentsim.world.stack.tenant import TenantState


class Stack:
    """All components of one world. Everything that changes goes through them; `emit` hands out facts."""

    team: Team

    def __init__(
        self, scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool, emit: Callable[[Fact], None]
    ) -> None:
        if len(scenario.stack.pools) != 1:
            raise ScenarioError(f"{scenario.stack.id}: a stack has exactly one pool in this version")
        self.scenario = scenario
        self.seed = seed
        self.cast = cast
        self.emit = emit
        self.telemetry = telemetry
        self.kernel = kernel = Kernel(-scenario.prelude)
        self.registry = registry = Registry()
        self.store = SeriesStore()
        self.tel = RollingDigest()
        self.logs = LogStore(digest=self.tel)
        self.spans = SpanStore(digest=self.tel)
        self.rules = RuleSet.from_mapping(scenario.stack.alert_rules) if scenario.stack.alert_rules else None
        self.journal = journal = Journal(
            kernel, scenario.stack.observability, cast, seed, self.logs if telemetry else None,
            self.spans if telemetry else None,
        )  # fmt: skip
        self.settings = settings = Settings()
        tenants = {t.id: cast.shown(t.id) for t in scenario.tenants}
        ids = tuple(tenants)
        self.book = SliBook(scenario.slos, ids, tenants, registry)
        part = scenario.stack.pools[0]
        self.pool = pool = Pool(kernel, part, seed=seed, registry=registry, journal=journal, host_of=cast.shown)
        self.router = Router()
        metrics = GatewayMetrics(registry, tenants, part.id)
        self.gateway = Gateway(kernel, self.router, pool, ids, metrics, journal, seed)
        pool.gateway = self.gateway
        self.tenants: dict[str, TenantState] = {}
        settings.adopt("gateway", self.gateway, self._starting("gateway", scenario.stack.gateway.knobs))
        settings.adopt("router", self.router, self._starting("router", scenario.stack.router.knobs))
        settings.adopt(part.id, pool, self._starting(part.id, part.knobs))
        for knob in ("replicas", "max_num_seqs", "max_num_batched_tokens", "max_model_len", "gpu_memory_utilization"):
            pool.init_knob(knob, settings.get(f"{part.id}.{knob}"))
        pool.start()
        for number, tenant in enumerate(scenario.tenants):
            state = TenantState(kernel, self.gateway, self.book, tenant, number, seed)
            self.tenants[tenant.id] = state
            own: dict[str, KnobValue] = {"token_limit": tenant.token_limit, "request_limit": tenant.request_limit,
                                         "priority": tenant.priority}  # fmt: skip
            settings.adopt(f"tenant.{tenant.id}", state, own | self._overrides(f"tenant.{tenant.id}"))
        self.autoscaler = Autoscaler(kernel, pool, self.store, registry, journal)
        self.autoscaler.on_scale = self._scaled
        settings.adopt("autoscaler", self.autoscaler, self._starting("autoscaler", scenario.stack.autoscaler.knobs))
        for name in ("gateway", "router", "autoscaler", *(f"tenant.{t}" for t in ids)):
            settings.announce(name)
        self.adopt_nodes()
        self.organisation = Organisation(
            kernel, cast, settings.set, settings.get, lambda tenant: scenario.tenant(tenant).token_limit
        )
        self.faults: dict[str, Fault] = {}
        self.inverses: dict[int, Command] = {}

    def _starting(self, component: str, given: dict[str, str | int | float | bool]) -> dict[str, KnobValue]:
        stored = {name: stored_value(f"{component}.{name}", str(text)) for name, text in given.items()}
        return stored | self._overrides(component)

    def _overrides(self, component: str) -> dict[str, KnobValue]:
        given = self.scenario.overrides.get(component, {})
        return {name: stored_value(f"{component}.{name}", str(text)) for name, text in given.items()}

    def adopt_nodes(self) -> None:
        """Make nodes that the pool has added since known to the settings."""
        for node in self.pool.nodes:
            if not self.settings.known(node.id):
                self.settings.adopt(node.id, node, {})

    def _scaled(self, before: int, after: int) -> None:
        self.settings.note(f"{self.pool.id}.replicas", after)
        self.adopt_nodes()
        self.organisation.log(self.organisation.next_id(), self.kernel.now, "scale", self.pool.id, "autoscaler",
                              f"replicas {before} to {after}")  # fmt: skip

    # -- finding things -------------------------------------------------------------------------------------

    def pod(self, pod_id: str) -> Pod | None:
        """Return a pod by its id, if it exists."""
        return next((p for p in self.pool.pods if p.id == pod_id and p.state != "gone"), None)

    def stable(self, shown: str) -> str:
        """Return the stable id of a shown component name; tenants come with their `tenant.` prefix."""
        found = self.cast.id_or_none(shown) or shown
        return f"tenant.{found}" if found in self.tenants else found

    def tenant_id(self, shown: str) -> str:
        """Return the stable id of a tenant's shown name, without prefix."""
        return self.stable(shown).removeprefix("tenant.")

    def state(self) -> list[object]:
        """Return everything that defines the dynamics, for the dyn digest."""
        return [
            self.gateway.state(), self.router.state(), self.pool.state(), [t.state() for t in self.tenants.values()],
            self.autoscaler.state(), self.organisation.state(), [f.state() for f in self.faults.values()],
            self.settings.state(), self.team.state(),
        ]  # fmt: skip
