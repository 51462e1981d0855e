"""A pool of replicas of one model: its settings, its revisions, its pods, and what is read of them.

How pods come up is in `launcher`, how they are replaced in `rollout`, hosts and price in `capacity`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import PoolPart
from incidentsim.specs.components import POOL
from incidentsim.specs.knobs import KnobValue, format_value
from incidentsim.telemetry.registry import Registry
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.engine.step_model import BLOCK_TOKENS, PRESETS, StepModel
from incidentsim.world.stack.hardware.node import Node
from incidentsim.world.stack.pools.capacity import Capacity
from incidentsim.world.stack.pools.launcher import Launcher
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.pools.revisions import Effect, Revisions
from incidentsim.world.stack.pools.rollout import Rollout

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.gateway import Gateway
    from incidentsim.world.stack.pools.control_plane import ControlPlane

JITTER_WINDOW_US: Final = 5_000_000
"""Step times wobble by a factor that is constant in each window of scenario time (world.md §2)."""

JITTER_SPREAD_PPM: Final = 20_000
"""Half width of that wobble: ±2 %, the fit error of the step model."""

REFUSED_RETRY_US, LONGEST_REFUSED_RETRY_US = 10_000_000, 80_000_000
"""Wait of the replica-set controller after a refused creation; it doubles (its rate limiter is exponential)."""


class Pool(Component):
    """Pods by index, each on a host of its own. `routable` is what the router may choose from, in order.
    `max_model_len` is the longest prompt plus output.

    `explicit` names the knobs that somebody has set: what is not set, the image decides. `control` is the cluster's
    control plane, None: one that never fails.
    """

    gateway: Gateway
    control: ControlPlane | None = None

    def __init__(
        self, kernel: Kernel, part: PoolPart, *, seed: int, registry: Registry, journal: Journal,
        host_of: Callable[[str], str], first_node: int = 0, hosts: int = 64,
        explicit: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(part.id)
        self.model_name = part.model_name
        self.max_model_len = self.int_knob("max_model_len")
        self.model = StepModel(PRESETS[part.step_model])
        self.revisions = Revisions(part)
        self.pods: list[Pod] = []
        self.routable: tuple[Pod, ...] = ()
        self.part = part
        self.seed = seed
        self.explicit = list(explicit)
        self._templates: list[list[object]] = []
        self._kernel = kernel
        self._registry = registry
        self._journal = journal
        self._jitter = [Draws(seed, f"{part.id}-{i}", "jitter") for i in range(64)]
        self._window = 0
        self.capacity = Capacity(self, kernel, seed=seed, registry=registry, journal=journal, host_of=host_of,
                                 first_node=first_node, hosts=hosts)  # fmt: skip
        self.launcher = Launcher(self, kernel, seed=seed, registry=registry, journal=journal)
        self.rollout = Rollout(self, kernel, journal)
        self.on_change: Callable[[str, str], None] = lambda stage, text: None
        label = {"name": part.id}
        for name, read in (
            ("inference_pool_average_kv_cache_utilization", self._mean_kv),
            ("inference_pool_average_queue_size", self._mean_queue),
            ("inference_pool_ready_pods", self._ready),
        ):
            registry.gauge(name, label, read, target="epp")
        price = self.capacity.dollars_per_hour
        registry.gauge("gpu_cost_dollars_per_hour", {"pool": part.id}, price, target="billing")

    # -- settings -------------------------------------------------------------------------------------------

    @property
    def kv_blocks(self) -> int:
        """KV blocks of one engine with the present memory share."""
        return self.model.preset.blocks_at(self.int_knob("gpu_memory_utilization"))

    @property
    def image(self) -> str:
        """The runtime image wanted now."""
        return self.revisions.wanted["image"]

    def spare_gpu_bytes(self) -> int:
        """Memory of each card that neither vLLM's share nor other processes take: the sampler runs on one of them."""
        spare = 1_000_000 - self.int_knob("gpu_memory_utilization") - self.part.other_gpu_memory
        return self.model.preset.gpu_bytes // self.part.gpus_per_replica * spare // 1_000_000

    def start(self) -> None:
        """Bring up the initial pods, warm and ready, before the world's first event."""
        for _ in range(self.int_knob("replicas")):
            pod = self.capacity.add_pod()
            self.ensure_node(pod.index).take(pod)
            pod.state = "ready"
            pod.holds_gpu = True
            pod.made_from_wanted()
            if self.launcher.weights is not None:
                self.launcher.weights.keep(pod)
            pod.boot()
            self._registry.set_up(f"vllm/{pod.id}", True)
        self.reroute()
        self.launcher.watch()
        self._kernel.after(JITTER_WINDOW_US, self._next_window, None)

    def knob_names(self) -> tuple[str, ...]:
        """Return the names of its knobs."""
        return tuple(self._knobs)

    def init_knob(self, name: str, value: KnobValue) -> None:
        """Set a knob before the start: nothing rolls."""
        self._knobs[name] = value
        self.max_model_len = self.int_knob("max_model_len")
        if name == "cordon_on_xid":
            self.capacity.hosts.watch_xids(bool(value))

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new setting: `replicas` scales, engine arguments and probes roll the pods."""
        newly = name not in self.explicit and name == "max_num_seqs"
        if self._knobs[name] == value and not newly:
            return
        self._knobs[name] = value
        self.max_model_len = self.int_knob("max_model_len")
        if name == "replicas":
            self.scale_to(int(value))
            return
        if name == "cordon_on_xid":
            self.capacity.hosts.watch_xids(bool(value))
            return
        if newly:
            self.explicit.append(name)
        self.launcher.watch()
        self.roll(f"{name}={format_value(POOL.knob(name), value)}")  # type: ignore[arg-type]

    def status(self) -> list[str]:
        """Return what runs, and the pods."""
        lines = [*(f"{key} = {revision}" for key, revision in self.revisions.wanted.items()),
                 f"kv cache = {self.kv_blocks} blocks of {BLOCK_TOKENS} tokens per replica",
                 f"GPU quota = {self.part.gpu_quota}"]  # fmt: skip
        if "max_num_seqs" not in self.explicit:
            lines.append("max_num_seqs is not set in the deployment: the image's own default holds")
        if self.part.region:
            lines.append(f"region = {self.part.region}")
        return lines + [f"{pod.id}: {pod.summary()}" for pod in self.pods if pod.state != "gone"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return how many replicas are ready."""
        ready, wanted = len(self.routable), self.int_knob("replicas")
        return ComponentState(name=self.id, kind=self.kind, summary=f"{ready}/{wanted} ready",
                              health="ok" if ready >= wanted else "warn" if ready * 2 > wanted else "bad",
                              edges=tuple((p.id, f"{p.requests} in flight") for p in self.members))  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines the pool."""
        return [*super().state(), self.revisions.state(), [p.dyn() for p in self.pods], self.rollout.state(),
                self.explicit]  # fmt: skip

    # -- revisions ------------------------------------------------------------------------------------------

    def pins(self) -> dict[str, tuple[str, ...]]:
        """Return the revisions that can be pinned, by key, the wanted one first."""
        return self.revisions.options()

    def pin(self, key: str, revision: str) -> None:
        """Want this revision, and replace the pods by such as have it."""
        self.revisions.want(key, revision)
        self.roll(f"{key}={revision}")

    def deploy(self, change: str, revisions: dict[str, str], *, pods: int = 0, at_once: bool = False) -> None:
        """Roll out what a change deploys, to `pods` of the pods (0 = all). `at_once`: it happened long ago."""
        self.revisions.deploy(change, revisions)
        if not revisions:
            for pod in self.pods:  # they have it
                pod.template = self._number([*self._templates[pod.template], change])
        elif at_once:
            for pod in self.pods[: pods or None]:
                pod.made_from_wanted()
                pod.apply_effects()
                if self.launcher.weights is not None:
                    self.launcher.weights.keep(pod)
        else:
            self.roll(", ".join(f"{key}={revision}" for key, revision in revisions.items()), pods=pods)

    def afflict(self, fault: str, combination: dict[str, str], effect: Effect | None) -> None:
        """Say what a combination of revisions does to the pods that run it, None = nothing any more."""
        self.revisions.afflict(fault, combination, effect)
        for pod in self.pods:
            pod.apply_effects()

    def unlike(self, revisions: Mapping[str, str]) -> int:
        """Return how many pods don't have these revisions."""
        return sum(not revisions.items() <= pod.revisions.items() for pod in self.members)  # exact: ints

    def uses(self, combination: dict[str, str]) -> bool:
        """Whether a pod runs these revisions, or the next one would."""
        return any(combination.items() <= has.items()
                   for has in (self.revisions.wanted, *(p.revisions for p in self.members)))  # fmt: skip

    def template(self, revisions: dict[str, str]) -> int:
        """Return the number of the pod template with these revisions and the settings that containers start with now.

        What was there before has its former number again, so that a change that is taken back half way leaves those
        pods alone that it had not reached (a Deployment's replica sets, told apart by their `pod-template-hash`).
        """
        settings = (self._knobs[knob.name] for knob in POOL.knobs if knob.rolls)
        return self._number([*revisions.values(), *settings, *self.explicit, *self.revisions.unnamed])

    def _number(self, template: list[object]) -> int:
        if template not in self._templates:
            self._templates.append(template)
        return self._templates.index(template)

    # -- pods -----------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[Node]:
        """Its hosts."""
        return self.capacity.nodes

    @property
    def first_node(self) -> int:
        """Number of its first host."""
        return self.capacity.first_node

    @property
    def members(self) -> list[Pod]:
        """Pods that the cluster knows, wanted ones without a GPU included."""
        return [p for p in self.pods if p.state != "gone"]

    def ensure_node(self, index: int) -> Node:
        """Return the pool's host `index`, standing idle when it has no pod yet."""
        return self.capacity.ensure_node(index)

    def scale_to(self, count: int, *, spare_loading: bool | None = None) -> None:
        """Add or retire pods until `count` are wanted (see `Capacity.scale_to`)."""
        self._knobs["replicas"] = count
        self.capacity.scale_to(count, spare_loading=spare_loading)

    def roll(self, why: str, *, pods: int = 0) -> None:
        """Replace the live pods that are not as wanted, a few at a time, only `pods` of them if that is not 0."""
        self.rollout.roll(why, pods=pods)

    def crash(self, pod: Pod, why: str) -> None:
        """The engine died; it is started again on the same host, with back-off."""
        self.launcher.crash(pod, why)

    def evict(self, pod: Pod) -> None:
        """Take a pod off its host, drained for its grace period, and place it anew."""
        self.capacity.evict(pod)

    def restart(self, pod: Pod, why: str) -> None:
        """Delete the pod at once and have it made again: work in flight is lost."""
        if pod.state in ("pending", "provisioning", "refused", "gone"):
            return
        pod.restarts += 1
        self._journal.emit("warn", "kubelet", pod.node.host, f"Killing container vllm: {why}", {"pod": pod.id})
        self.replace(pod)

    def replace(self, pod: Pod) -> None:
        """End the pod and make it again, with the settings and revisions of now, on its host if that takes pods."""
        if not pod.node.schedulable:
            self.capacity.move(pod)
            return
        self.stop(pod, "loading")
        self.create(pod, self.launcher.load_new)

    def create(self, pod: Pod, then: Callable[[Pod], None], wait_us: int = REFUSED_RETRY_US) -> None:
        """Have the control plane make the pod, then go on; refused, its controller tries again and again."""
        why = self.control.refusal() if self.control is not None else ""
        if not why:
            then(pod)
            return
        pod.state = "refused"
        pod.epoch += 1
        self._registry.unlist(f"vllm/{pod.id}")
        self._journal.emit("error", "kube-controller-manager", "control-plane",
                           f"Error creating pod {pod.id}: {why}", {"pod": pod.id})  # fmt: skip
        later = min(2 * wait_us, LONGEST_REFUSED_RETRY_US)
        self._kernel.after(wait_us, self._create_again, (pod, pod.epoch, then, later))

    def _create_again(self, call: Call) -> None:
        pod, epoch, then, wait_us = call.argument
        if pod.epoch == epoch and pod.state == "refused":
            self.create(pod, then, wait_us)

    def drain(self, pod: Pod) -> None:
        """Stop routing to the pod; its work goes on, and it stays until told otherwise."""
        pod.cordoned = True
        self.reroute()

    def uncordon(self, pod: Pod) -> None:
        """Route to the pod again."""
        pod.cordoned = False
        self.reroute()
        self.gateway.dispatch()

    def stop(self, pod: Pod, state: str) -> None:
        """End the pod's engine, give its work back to the gateway, and leave it in `state`."""
        if self.launcher.weights is not None:
            self.launcher.weights.drop(pod)
        pod.state = state  # type: ignore[assignment]
        pod.epoch += 1
        lost = pod.stop()
        self.reroute()
        if state in ("gone", "pending"):
            self._registry.unlist(f"vllm/{pod.id}")
        elif state == "crashed":
            self._registry.set_up(f"vllm/{pod.id}", False)
        self.gateway.lost(lost)

    def reroute(self) -> None:
        """Say anew which pods may be chosen: ready, not drained, and with a name that resolves."""
        pods = (p for p in self.pods if p.state == "ready" and not p.cordoned)
        control = self.control
        self.routable = tuple(pods if control is None else (p for p in pods if control.resolves(p)))

    # -- jitter, price, readings ----------------------------------------------------------------------------

    def jitter_ppm(self, index: int) -> int:
        """Return the wobble of pod `index` in the present window."""
        spread = JITTER_SPREAD_PPM
        return 1_000_000 - spread + self._jitter[index].below(self._window, 2 * spread + 1)

    def _next_window(self, _: Call) -> None:
        self._window += 1
        for pod in self.routable:
            pod.apply_speed()
        self._kernel.after(JITTER_WINDOW_US, self._next_window, None)

    def cost_microdollars(self) -> int:
        """Price of all GPUs held so far; reading it changes nothing."""
        return self.capacity.cost_microdollars()

    def dollars_per_hour(self) -> float:
        """Price of the GPUs held now."""
        return self.capacity.dollars_per_hour()

    def _ready(self) -> float:
        return float(len(self.routable))

    def _mean_kv(self) -> float:
        ready = self.routable
        total = 0.0
        for pod in ready:
            total += pod.kv_usage()
        return total / len(ready) if ready else float("nan")

    def _mean_queue(self) -> float:
        ready = self.routable
        total = 0
        for pod in ready:
            total += pod.engine.queued if pod.engine is not None else 0
        return total / len(ready) if ready else float("nan")
