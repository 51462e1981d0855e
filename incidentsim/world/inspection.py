"""Looking at components: what their own APIs say (inspect), and health as monitoring reports it (topology)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

from incidentsim.client_api import Health
from incidentsim.errors import CommandError
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.pod import Pod

FULL_KV = 0.95
"""Reported KV usage from which a replica is shown as bad; vLLM preempts soon after."""

WAITING_WARN = 10
"""Reported waiting requests from which a replica is shown with a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentState:
    """One component as monitoring sees it. `edges`: (name, traffic text)."""

    name: str
    kind: str
    health: Health
    summary: str
    edges: tuple[tuple[str, str], ...] = ()


def inspect(stack: Stack, shown_name: str) -> tuple[str, ...]:
    """Return settings and state of a component by shown name. Raises CommandError when there is none."""
    name = stack.stable(shown_name)
    pod = stack.pod(name)
    if pod is not None:
        return tuple(_pod_lines(stack, pod))
    if name.startswith("tenant."):
        tenant = stack.tenants.get(name.removeprefix("tenant."))
        if tenant is not None:
            return tuple([tenant.spec.about, *tenant.describe()] if tenant.spec.about else tenant.describe())
    for node in stack.pool.nodes:
        if node.id == name:
            return tuple(node.describe())
    part = stack.scenario.stack.observability
    owners: dict[str, Callable[[], list[str]]] = {
        "gateway": stack.gateway.describe, "router": stack.router.describe, stack.pool.id: stack.pool.describe,
        "autoscaler": stack.autoscaler.describe, "organisation": stack.organisation.describe,
        "observability": lambda: [f"scrape interval = {part.scrape_interval // 1_000_000} s",
                                  f"access log: errors, and {part.access_log_sampling / 10_000:g}% of successes",
                                  f"traces: {part.trace_sampling / 10_000:g}% of requests"],
    }  # fmt: skip
    if name not in owners:
        raise CommandError(f"there is no component {shown_name!r}; see `topology`")
    return tuple(owners[name]())


def _pod_lines(stack: Stack, pod: Pod) -> list[str]:
    lines = [f"state = {pod.state}{' (drained)' if pod.cordoned else ''}", f"node = {pod.node.host}",
             f"image = {stack.pool.image}", f"restarts = {pod.restarts}",
             f"in flight at the gateway: {pod.requests} requests, {pod.tokens} tokens admitted"]  # fmt: skip
    engine = pod.engine
    if engine is not None:
        used = engine.used_blocks()
        lines += [f"running = {engine.running}, waiting = {engine.queued}, max_num_seqs = {engine.max_num_seqs}",
                  f"kv blocks = {used} of {engine.blocks} ({100 * used // engine.blocks} %)",
                  f"preemptions since start = {engine.preemptions}"]  # fmt: skip
    return lines


def topology(stack: Stack) -> list[ComponentState]:
    """Return every component with health and traffic, from the last scrape."""
    store = stack.store
    cluster = {"cluster": stack.pool.id}
    shown = stack.cast.shown
    total = store.latest("envoy_cluster_upstream_rq_active", cluster)
    queued = sum(stack.gateway.flow.sizes.values())  # exact: ints
    ready, wanted = len(stack.pool.routable), stack.pool.int_knob("replicas")
    out = [
        ComponentState(name=shown(t.id), kind="tenant", health="ok", summary=f"priority {t.priority}",
                       edges=(("gateway", f"{t.rate_milli() / 1000:.0f} req/s"),))
        for t in stack.tenants.values()
    ]  # fmt: skip
    summary = f"{total or 0:.0f} in flight, {queued} queued"
    out.append(ComponentState(name="gateway", kind="gateway", health="warn" if queued > 0 else "ok", summary=summary,
                              edges=(("router", ""),)))  # fmt: skip
    out.append(ComponentState(name="router", kind="router", health="ok", summary=stack.router.describe()[0],
                              edges=((stack.pool.id, ""),)))  # fmt: skip
    health: Health = "ok" if ready >= wanted else "warn" if ready * 2 > wanted else "bad"
    out.append(ComponentState(name=stack.pool.id, kind="pool", health=health, summary=f"{ready}/{wanted} ready",
                              edges=tuple((p.id, f"{p.requests} in flight") for p in stack.pool.pods
                                          if p.state != "gone")))  # fmt: skip
    for pod in stack.pool.pods:
        if pod.state != "gone":
            out.append(_pod_state(stack, pod))
    out.append(ComponentState(name="autoscaler", kind="autoscaler", health="ok", summary=f"wants {wanted}",
                              edges=((stack.pool.id, ""),)))  # fmt: skip
    return out


def _pod_state(stack: Stack, pod: Pod) -> ComponentState:
    labels = {"model_name": stack.pool.model_name, "engine": pod.id}
    kv = stack.store.latest("vllm:kv_cache_usage_perc", labels)
    waiting = stack.store.latest("vllm:num_requests_waiting", labels)
    if pod.state != "ready":
        return ComponentState(name=pod.id, kind="replica", health="bad" if pod.state == "crashed" else "warn",
                              summary=pod.state, edges=((pod.node.host, ""),))  # fmt: skip
    if kv is None or isnan(kv) or waiting is None:
        return ComponentState(name=pod.id, kind="replica", health="unknown", summary="no metrics",
                              edges=((pod.node.host, ""),))  # fmt: skip
    health: Health = "bad" if kv >= FULL_KV else "warn" if waiting >= WAITING_WARN else "ok"
    return ComponentState(name=pod.id, kind="replica", health=health, summary=f"kv {kv:.0%}, {waiting:.0f} waiting",
                          edges=((pod.node.host, ""),))  # fmt: skip
