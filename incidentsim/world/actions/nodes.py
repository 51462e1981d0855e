"""Hosts: cordon and drain. A drained replica stays where it is; a drained host's replica is placed elsewhere."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.world.actions.base import Action, keep_inverse, no_such, record_change, report
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.hardware.node import Node
from incidentsim.world.stack.pools.pod import Pod
from incidentsim.world.stack.pools.rollout import DRAIN_GRACE_US


def _find(stack: Stack, shown: str) -> Node:
    """Return the host of this shown name. Raises CommandError when there is none, or none as yet."""
    name = stack.stable(shown)
    node = stack.components.get(name)
    if isinstance(node, Node):
        return node
    if name in stack.cast.hosts:
        raise CommandError(f"{shown} is not provisioned: there is nothing on it, and nothing to keep off it")
    raise no_such("host", shown, [n.host for n in stack.nodes()])


class Cordon(Action):
    """`cordon node [on|off]`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The host must exist and not be in that state already."""
        node = _find(stack, command.args["node"])
        if node.cordoned == _on(command):
            raise CommandError(f"{node.host} is {'cordoned' if node.cordoned else 'schedulable'} already")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what stays and what does not come any more."""
        node = _find(stack, command.args["node"])
        if not _on(command):
            return [f"target: {node.host}", "change: new replicas may be placed here again"]
        there = node.pod.id if node.pod is not None else "none"
        return [f"target: {node.host}", "change: no new replica is placed here",
                f"replica on it: {there}, which stays and goes on until it is restarted or replaced",
                "users touched now: none"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Cordon or uncordon it."""
        node = _find(stack, command.args["node"])
        on = _on(command)
        keep_inverse(stack, ref, _switch(node, on=not on))
        record_change(stack, "config", node.host, "cordoned" if on else "uncordoned")
        node.cordon(on)
        report(stack, ref, "done", f"{node.host}: {'no new replicas' if on else 'takes replicas again'}")


class Drain(Action):
    """`drain replica|node`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The replica or the host must exist."""
        target = command.args["target"]
        if stack.pod(target) is None:
            if stack.stable(target) not in stack.components and target not in stack.cast.hosts.values():
                names = [*(p.id for p in stack.pods()), *(n.host for n in stack.nodes())]
                raise no_such("replica or host", target, names)
            _find(stack, target)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what goes on and what is missing then."""
        pod = stack.pod(command.args["target"])
        if pod is None:
            return self._preview_host(stack, command.args["target"])
        return [f"target: {pod.id}", f"steps: no new requests; {pod.requests} in flight go on to their end",
                f"capacity: {len(pod.pool.routable)} ready replicas, one fewer while drained"]  # fmt: skip

    def _preview_host(self, stack: Stack, target: str) -> list[str]:
        node = _find(stack, target)
        pod = node.pod
        if pod is None:
            return [f"target: {node.host}", "steps: cordon; no replica is on it"]
        part = pod.pool.part
        seconds = (part.provision_time + part.load_time) // 1_000_000
        return [f"target: {node.host} with {pod.id}",
                f"steps: cordon; no new requests, {DRAIN_GRACE_US // 1_000_000} s for the {pod.requests} in flight; "
                "then the replica is placed on another host if the quota has one",
                f"duration: up to {DRAIN_GRACE_US // 1_000_000} s, then about {seconds} s to provision and load",
                f"capacity: {len(pod.pool.routable)} ready replicas, one fewer until then",
                "KV cache starts cold"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Drain it; a replica that is drained already gets traffic again."""
        target = command.args["target"]
        pod = stack.pod(target)
        if pod is None:
            self._empty(stack, _find(stack, target), ref)
        else:
            keep_inverse(stack, ref, command)
            self._turn(stack, pod, ref)

    def _turn(self, stack: Stack, pod: Pod, ref: int) -> None:
        if pod.cordoned:
            pod.pool.uncordon(pod)
            report(stack, ref, "done", f"{pod.id} gets traffic again")
        else:
            pod.pool.drain(pod)
            report(stack, ref, "done", f"{pod.id} gets no new requests; {pod.requests} in flight go on")
        record_change(stack, "config", pod.id, "drained" if pod.cordoned else "in rotation again")

    def _empty(self, stack: Stack, node: Node, ref: int) -> None:
        if not node.cordoned:
            keep_inverse(stack, ref, _switch(node, on=False))
        record_change(stack, "config", node.host, "drained")
        node.cordon(True)
        pod = node.pod
        if pod is None:
            report(stack, ref, "done", f"{node.host} is cordoned; no replica was on it")
            return
        pod.pool.on_change = lambda stage, text: report(stack, ref, stage, text)
        report(stack, ref, "applied", f"{node.host} is cordoned; {pod.id} leaves it within "
               f"{DRAIN_GRACE_US // 1_000_000} s and is placed elsewhere")  # fmt: skip
        pod.pool.evict(pod)


def _on(command: Command) -> bool:
    return command.args.get("switch", "on") == "on"


def _switch(node: Node, *, on: bool) -> Command:
    return Command(verb="cordon", args={"node": node.host, "switch": "on" if on else "off"})
