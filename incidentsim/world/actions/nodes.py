"""Hosts: cordon and drain. A drained replica stays where it is; a drained host's replica is placed elsewhere."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.world.actions.base import Action, keep_inverse, no_such, record_change, report, switched_on
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
        if node.cordoned == switched_on(command):
            raise CommandError(f"{node.host} is {'cordoned' if node.cordoned else 'schedulable'} already")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what stays and what does not come any more."""
        node = _find(stack, command.args["node"])
        if not switched_on(command):
            return [f"target: {node.host}", "change: new replicas may be placed here again"]
        there = node.pod.id if node.pod is not None else "none"
        return [f"target: {node.host}", "change: no new replica is placed here",
                f"replica on it: {there}, which stays and goes on until it is restarted or replaced",
                "users touched now: none"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Cordon or uncordon it."""
        _cordon(stack, _find(stack, command.args["node"]), ref, on=switched_on(command))


def _cordon(stack: Stack, node: Node, ref: int, *, on: bool) -> None:
    keep_inverse(stack, ref, _switch(node, on=not on))
    record_change(stack, "config", node.host, "cordoned" if on else "uncordoned")
    node.cordon(on)
    report(stack, ref, "done", f"{node.host}: {'no new replicas' if on else 'takes replicas again'}")


class Drain(Action):
    """`drain replica|node [on|off]`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The replica or the host must exist, and not be in that state already; a cordoned host may have a replica."""
        target, on = command.args["target"], switched_on(command)
        pod = stack.pod(target)
        if pod is not None:
            if pod.cordoned == on:
                why = f"drained already; `drain {pod.id} off` gives it traffic again" if on else "not drained"
                raise CommandError(f"{pod.id} is {why}")
            return
        if stack.stable(target) not in stack.components and target not in stack.cast.hosts.values():
            names = [*(p.id for p in stack.pods()), *(n.host for n in stack.nodes())]
            raise no_such("replica or host", target, names)
        if not on and not _find(stack, target).cordoned:
            raise CommandError(f"{target} is schedulable already")
        _find(stack, target)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what goes on and what is missing then."""
        pod = stack.pod(command.args["target"])
        if not switched_on(command):
            again = "new requests are sent there again" if pod is not None else "new replicas may be placed here again"
            return [f"target: {command.args['target']}", f"change: {again}"]
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
        """Drain it, or let it take work again."""
        target, on = command.args["target"], switched_on(command)
        pod = stack.pod(target)
        if pod is not None:
            self._turn(stack, pod, ref, on=on)
        elif on:
            self._empty(stack, _find(stack, target), ref)
        else:
            _cordon(stack, _find(stack, target), ref, on=False)

    def _turn(self, stack: Stack, pod: Pod, ref: int, *, on: bool) -> None:
        args = {"target": pod.id, "switch": "off" if on else "on"}
        keep_inverse(stack, ref, Command(verb="drain", args=args))
        if on:
            pod.pool.drain(pod)
            report(stack, ref, "done", f"{pod.id} gets no new requests; {pod.requests} in flight go on")
        else:
            pod.pool.uncordon(pod)
            report(stack, ref, "done", f"{pod.id} gets traffic again")
        record_change(stack, "config", pod.id, "drained" if on else "in rotation again")

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


def _switch(node: Node, *, on: bool) -> Command:
    return Command(verb="cordon", args={"node": node.host, "switch": "on" if on else "off"})
