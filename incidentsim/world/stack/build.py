"""Puts a stack together: every component of one world, wired, with its starting settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast as typed

from incidentsim.commands.model import Command
from incidentsim.events import Fact
from incidentsim.exact import RollingDigest
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import first_node, node_ids, stored_value
from incidentsim.scenario.parts import PoolPart
from incidentsim.specs.knobs import KnobValue
from incidentsim.telemetry.alerts import RuleSet
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.spans import SpanStore
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.accounting import Accounts
from incidentsim.world.environment import Environment
from incidentsim.world.faults.base import Fault
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.observability.lies import KV_USAGE, Lies
from incidentsim.world.stack.builders import BUILDERS
from incidentsim.world.stack.clients.tenant import TenantState
from incidentsim.world.stack.component import Component, Stage
from incidentsim.world.stack.edge.billing import Billing
from incidentsim.world.stack.edge.certificates import Certificates
from incidentsim.world.stack.edge.gateway import Gateway
from incidentsim.world.stack.edge.gateway_metrics import ClusterMetrics, GatewayMetrics
from incidentsim.world.stack.edge.lane import Lane
from incidentsim.world.stack.edge.regions import Regions
from incidentsim.world.stack.edge.route import Route
from incidentsim.world.stack.hardware.node import Node
from incidentsim.world.stack.people.organisation import Organisation
from incidentsim.world.stack.people.team import Team
from incidentsim.world.stack.pools.autoscaler import Autoscaler
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.pools.pool import Pool
from incidentsim.world.stack.pools.router import Router
from incidentsim.world.stack.settings import Settings
from incidentsim.world.stack.sli import SliBook


class Stack:
    """All components of one world by stable id, and what they share. `emit` hands out facts."""

    team: Team

    def __init__(
        self, scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool, emit: Callable[[Fact], None]
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.cast = cast
        self.emit = emit
        self.telemetry = telemetry
        self.kernel = kernel = Kernel(-scenario.prelude)
        self.environment = Environment(kernel)
        self.registry = Registry()
        self.store = SeriesStore()
        self.tel = RollingDigest()
        self.logs = LogStore(digest=self.tel)
        self.spans = SpanStore(digest=self.tel)
        self.rules = RuleSet.from_mapping(scenario.stack.alert_rules) if scenario.stack.alert_rules else None
        self.journal = Journal(
            kernel, scenario.stack.observability, cast, seed, self.logs if telemetry else None,
            self.spans if telemetry else None,
        )  # fmt: skip
        self.settings = Settings()
        self.accounts = Accounts(self)
        self.components: dict[str, Component] = {}
        self.faults: dict[str, Fault] = {}
        self.inverses: dict[int, Command] = {}
        self.skewed_clocks: dict[str, int] = {}
        shown = {t.id: cast.shown(t.id) for t in scenario.tenants}
        self.book = SliBook(scenario.slos, tuple(shown), shown, self.registry)
        self.pools: dict[str, Pool] = {}
        for part in scenario.stack.pools:
            self._add_pool(part)
        self.lies = Lies(self.registry, scenario.stack.observability.names,
                         lambda pool: [f"vllm/{pod.id}" for pod in self.pools[pool].routable])  # fmt: skip
        self.router = Router(kernel, self.store, seed, self.lies.read_name(KV_USAGE))
        lanes = {p.id: self._lane(p, tuple(shown), i) for i, p in enumerate(self.pools.values())}
        all_lanes = tuple(lanes.values())
        self.billing = Billing(kernel, self.registry, self.pools, shown)
        self.gateway = Gateway(
            kernel, all_lanes, tuple(r.id for r in scenario.stack.all_routes()),
            GatewayMetrics(self.registry, shown), self.journal, seed, billing=self.billing,
            regions=Regions(self.book, self.registry, [t.region for t in scenario.tenants],
                            [p.region for p in scenario.stack.pools]),
            certificates=Certificates(kernel, self.registry, self.journal, all_lanes),
        )  # fmt: skip
        for pool in self.pools.values():
            pool.gateway = self.gateway
        self._adopt(self.gateway, scenario.stack.gateway.knobs)
        self._adopt(self.router, scenario.stack.router.knobs)
        for component in scenario.stack.components:
            for made in BUILDERS[component.kind](self, component):
                self._adopt(made, component.knobs if made.id == component.id else {})
        self._add_routes(lanes)
        for pool in self.pools.values():
            pool.start()
            pool.capacity.hosts.on_new = self.adopt_nodes
        self.adopt_nodes()
        self.tenants: dict[str, TenantState] = {}
        for number, tenant in enumerate(scenario.tenants):
            state = TenantState(kernel, self.gateway, self.book, tenant, number, seed)
            self.tenants[tenant.id] = state
            self._adopt(state, {"token_limit": tenant.token_limit, "request_limit": tenant.request_limit,
                                "priority": tenant.priority}, name=f"tenant.{tenant.id}", stored=True)  # fmt: skip
        self.autoscalers: dict[str, Autoscaler] = {}
        for scaler, pool_id in scenario.stack.all_autoscalers():
            made = Autoscaler(scaler.id, kernel, self.pools[pool_id], self.store, self.registry, self.journal)
            made.on_scale = self._scaled
            self.autoscalers[pool_id] = made
            self._adopt(made, scaler.knobs)
        self.organisation = Organisation(
            kernel, cast, self.settings.set, self.settings.get, lambda tenant: scenario.tenant(tenant).token_limit
        )
        self.components["organisation"] = self.organisation
        for name in self.components:
            if name not in self.pools and self.settings.known(name):
                self.settings.announce(name)

    def _add_pool(self, part: PoolPart) -> None:
        pool = Pool(self.kernel, part, seed=self.seed, registry=self.registry, journal=self.journal,
                    host_of=self.cast.shown, first_node=first_node(self.scenario, part.id),
                    hosts=len(node_ids(self.scenario, part.id)),
                    explicit=(*part.knobs, *self.scenario.overrides.get(part.id, {})))  # fmt: skip
        self.pools[part.id] = pool
        self._adopt(pool, part.knobs)
        for name in pool.knob_names():
            pool.init_knob(name, self.settings.get(f"{part.id}.{name}"))

    def _lane(self, pool: Pool, tenants: tuple[str, ...], number: int) -> Lane:
        self.router.serve(pool)
        metrics = ClusterMetrics(self.registry, pool.id)
        lane = Lane(self.kernel, self.router, pool, tenants, metrics, number)
        metrics.watch(lane)
        return lane

    def _add_routes(self, lanes: dict[str, Lane]) -> None:
        for part in self.scenario.stack.all_routes():
            # the loader has checked that these are stages
            stages = tuple(typed("Stage", self.components[name]) for name in part.stages)
            route = Route(part, stages, tuple(lanes[name] for name in part.pools), self.seed)
            self.gateway.routes[part.id] = route
            if self.scenario.stack.routes:
                self._adopt(route, part.knobs)

    def _adopt(
        self, component: Component, given: dict[str, str | int | float | bool], *, name: str = "", stored: bool = False
    ) -> None:  # fmt: skip
        name = name or component.id
        self.components[name] = component
        values: dict[str, KnobValue] = {}
        for knob, text in given.items():
            values[knob] = text if stored else stored_value(f"{name}.{knob}", str(text))  # type: ignore[assignment]
        for knob, text in self.scenario.overrides.get(name, {}).items():
            values[knob] = stored_value(f"{name}.{knob}", str(text))
        self.settings.adopt(name, component, values)

    def adopt_observability(
        self, plane: Component, stored: dict[str, KnobValue], knobs: dict[str, str | int | float | bool]
    ) -> None:  # fmt: skip
        """Make monitoring known as a component: `stored` settings first, then `knobs`, then the scenario's."""
        given = {name: stored_value(f"{plane.id}.{name}", str(text)) for name, text in knobs.items()}
        self._adopt(plane, {**stored, **given}, stored=True)
        self.settings.announce(plane.id)

    def adopt_nodes(self) -> None:
        """Make nodes that pools have added since known as components."""
        for node in self.nodes():
            if node.id not in self.components:
                self._adopt(node, {})
                self.settings.announce(node.id)

    def _scaled(self, pool: str, before: int, after: int) -> None:
        self.settings.note(f"{pool}.replicas", after)
        self.organisation.log(self.organisation.next_id(), self.kernel.now, "scale", pool, "autoscaler",
                              f"replicas {before} to {after}")  # fmt: skip

    # -- finding things -------------------------------------------------------------------------------------

    @property
    def pool(self) -> Pool:
        """The first pool."""
        return next(iter(self.pools.values()))

    @property
    def autoscaler(self) -> Autoscaler:
        """The first pool's autoscaler."""
        return next(iter(self.autoscalers.values()))

    def nodes(self) -> list[Node]:
        """Return all hosts."""
        return [node for pool in self.pools.values() for node in pool.nodes]

    def node(self, node_id: str) -> Node:
        """Return a host by its id, standing idle when no pod is there yet. Raises KeyError for unknown ones."""
        number = int(node_id.removeprefix("node-"))
        owner = max((p for p in self.pools.values() if p.first_node <= number), key=lambda p: p.first_node)
        return owner.ensure_node(number - owner.first_node)

    def pods(self) -> list[Pod]:
        """Return all pods that the cluster knows."""
        return [pod for pool in self.pools.values() for pod in pool.members]

    def pod(self, pod_id: str) -> Pod | None:
        """Return a pod by its id, if it exists."""
        return next((p for p in self.pods() if p.id == pod_id), None)

    def skew_us(self, host: str) -> int:
        """Return how far the clock is ahead of a host, or of the host that a pod stands on."""
        pod = self.pod(host)
        return self.skewed_clocks.get(host if pod is None else pod.node.id, 0)

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
            [c.state() for c in self.components.values()], [f.state() for f in self.faults.values()],
            self.settings.state(), self.team.state(),
        ]  # fmt: skip
