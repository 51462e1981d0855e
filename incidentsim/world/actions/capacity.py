"""Capacity: scale, restart."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.scenario.naming import stored_value
from incidentsim.world.actions.base import Action, keep_inverse, no_such, record_change, report
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.pools.pod import Pod


class Scale(Action):
    """`scale pool count`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The pool must exist and the count be within the knob's bounds."""
        name = command.args["pool"]
        if name not in stack.pools:
            raise no_such("pool", name, list(stack.pools))
        try:
            stored_value(f"{name}.replicas", command.args["count"])
        except ValueError as error:
            raise CommandError(str(error)) from None

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say how many come or go, when, and at what price."""
        pool = stack.pools[command.args["pool"]]
        now = pool.int_knob("replicas")
        count = int(command.args["count"])
        part = pool.part
        lines = [f"target: {pool.id}", f"change: {now} -> {count} replicas", *_steered(stack, pool.id)]
        if count > now:
            gpus = part.gpus_per_replica
            free = max(0, part.gpu_quota - gpus * len(pool.capacity.held()))
            lines += [f"GPU quota: {part.gpu_quota}, free: {free}",
                      f"duration: about {(part.provision_time + part.load_time) // 1_000_000} s to provision and load",
                      f"cost: ${(count - now) * gpus * part.dollars_per_gpu_hour / 1000:.2f}/h more"]  # fmt: skip
        else:
            lines += ["steps: retires the newest pods, each drained for up to 30 s"]
        return lines

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Change the wanted count; the autoscaler may change it again."""
        pool = stack.pools[command.args["pool"]]
        before, count = pool.int_knob("replicas"), int(command.args["count"])
        keep_inverse(stack, ref, Command(verb="scale", args={"pool": pool.id, "count": str(before)}))
        record_change(stack, "scale", pool.id, f"replicas {before} -> {count}")
        pool.on_change = lambda stage, text: report(stack, ref, stage, text)
        steered = "".join(f"; {line}" for line in _steered(stack, pool.id))
        report(stack, ref, "applied", f"{pool.id}: {before} -> {count} replicas wanted{steered}")
        stack.settings.set(f"{pool.id}.replicas", count)


def _steered(stack: Stack, pool: str) -> list[str]:
    settings, scaler = stack.settings, stack.autoscalers.get(pool)
    if scaler is None or not scaler.int_knob("enabled"):
        return []
    low, high = settings.text(f"{scaler.id}.min_replicas"), settings.text(f"{scaler.id}.max_replicas")
    return [f"the autoscaler steers this pool between {low} and {high} and will change the number again"]


class Restart(Action):
    """`restart replica|pool`: a pool restarts all at once, as people do in a hurry."""

    def _pods(self, stack: Stack, command: Command) -> list[Pod]:
        target = command.args["target"]
        if target in stack.pools:
            return [p for p in stack.pools[target].pods if p.state in ("ready", "draining", "crashed", "loading")]
        pod = stack.pod(target)
        if pod is None:
            raise no_such("replica or pool", target, [*stack.pools, *(p.id for p in stack.pods())])
        return [pod]

    def check(self, stack: Stack, command: Command) -> None:
        """The target must exist and run."""
        pods = self._pods(stack, command)
        if all(p.state in ("pending", "provisioning", "refused") for p in pods):
            raise CommandError(f"{command.args['target']} is not running yet; nothing to restart")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what is lost."""
        pods = self._pods(stack, command)
        flying = sum(p.requests for p in pods)  # exact: ints
        seconds = pods[0].pool.part.load_time // 1_000_000 if pods else 0
        return [f"target: {', '.join(p.id for p in pods)}",
                "steps: delete the pod at once, make it again with the settings and revisions wanted now, load weights "
                f"(about {seconds} s each, all at the same time)",
                f"users touched now: {flying} requests in flight are lost", "KV caches start cold"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Kill and load again."""
        pods = self._pods(stack, command)
        record_change(stack, "deploy", command.args["target"], f"restart of {len(pods)} pods")
        seconds = pods[0].pool.part.load_time // 1_000_000 if pods else 0
        report(stack, ref, "applied", f"restarting {', '.join(p.id for p in pods)}; ready again in about {seconds} s")
        for pod in pods:
            pod.pool.restart(pod, "restart requested by the on-call person")
