"""Looking at components: what their own APIs say (inspect), and health as monitoring reports it (topology)."""

from __future__ import annotations

from math import isnan
from typing import Final

from incidentsim.client_api import Health
from incidentsim.errors import CommandError
from incidentsim.world.observability.lies import KV_USAGE
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.component import ComponentState
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.pools.pool import Pool

FULL_KV: Final = 0.95
"""Reported KV usage from which a replica is shown as bad; vLLM preempts soon after."""

WAITING_WARN: Final = 10
"""Reported waiting requests from which a replica is shown with a warning."""


def inspect(stack: Stack, shown_name: str) -> tuple[str, ...]:
    """Return settings and state of a component by shown name. Raises CommandError when there is none."""
    name = stack.stable(shown_name)
    pod = stack.pod(name)
    if pod is not None:
        return tuple(_pod_lines(pod))
    component = stack.components.get(name)
    if component is None:
        raise CommandError(f"there is no component {shown_name!r}; see `topology`")
    return tuple(component.describe())


def _pod_lines(pod: Pod) -> list[str]:
    lines = [f"state = {pod.state}{' (drained)' if pod.cordoned else ''}", f"node = {pod.where}",
             *(f"{key} = {revision}" for key, revision in pod.revisions.items()), f"restarts = {pod.restarts}",
             f"in flight at the gateway: {pod.requests} requests, {pod.tokens} tokens admitted"]  # fmt: skip
    engine = pod.engine
    if engine is not None:
        used = engine.used_blocks()
        lines += [f"running = {engine.running}, waiting = {engine.queued}, max_num_seqs = {engine.max_num_seqs}",
                  f"kv blocks = {used} of {engine.blocks} ({100 * used // engine.blocks} %)",
                  f"preemptions since start = {engine.preemptions}"]  # fmt: skip
    return lines


def topology(stack: Stack) -> list[ComponentState]:
    """Return every component with health and traffic, from the last scrape; tenants first, pods below their pool."""
    shown = stack.cast.shown
    order = [*stack.tenants.values(), *(c for n, c in stack.components.items() if not n.startswith("tenant."))]
    out: list[ComponentState] = []
    for component in order:
        state = component.view(stack.store)
        if state is None:
            continue
        if component.kind == "tenant":
            state = ComponentState(name=shown(state.name), kind=state.kind, health=state.health,
                                   summary=state.summary, edges=state.edges)  # fmt: skip
        out.append(state)
        if isinstance(component, Pool):
            out += [_pod_state(stack, pod) for pod in component.members]
    return out


def _pod_state(stack: Stack, pod: Pod) -> ComponentState:
    labels = {"model_name": pod.pool.model_name, "engine": pod.id}
    kv = stack.store.latest(stack.lies.read_name(KV_USAGE), labels)
    waiting = stack.store.latest("vllm:num_requests_waiting", labels)
    edges = ((pod.where, ""),)
    if pod.state != "ready":
        return ComponentState(name=pod.id, kind="replica", health="bad" if pod.state == "crashed" else "warn",
                              summary=pod.state, edges=edges)  # fmt: skip
    if kv is None or isnan(kv) or waiting is None:
        return ComponentState(name=pod.id, kind="replica", health="unknown", summary="no metrics", edges=edges)
    health: Health = "bad" if kv >= FULL_KV else "warn" if waiting >= WAITING_WARN else "ok"
    return ComponentState(name=pod.id, kind="replica", health=health, summary=f"kv {kv:.0%}, {waiting:.0f} waiting",
                          edges=edges)  # fmt: skip
