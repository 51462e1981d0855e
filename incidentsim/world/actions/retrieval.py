"""The vector index: failover."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.world.actions.base import Action, no_such, record_change, report
from incidentsim.world.call import Call
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.retrieval import Shard
from incidentsim.world.stack.retrieval.shard import FAILOVER_US


class Failover(Action):
    """`failover shard`: promote a replica that is in sync."""

    def _shard(self, stack: Stack, command: Command) -> Shard:
        name = command.args["shard"]
        shard = stack.components.get(name)
        if not isinstance(shard, Shard):
            raise no_such("shard", name, [n for n, c in stack.components.items() if isinstance(c, Shard)])
        return shard

    def check(self, stack: Stack, command: Command) -> None:
        """The shard must exist, with a replica in sync that does not lead it, and no failover going on."""
        shard = self._shard(stack, command)
        if shard.promoting >= 0:
            raise CommandError(f"{shard.id} is promoting replica {shard.promoting} already")
        if shard.successor() is None:
            raise CommandError(f"{shard.id} has no replica in sync to promote; "
                               f"`set {shard.id}.replicas` makes one, which takes a while to load")  # fmt: skip

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say who leads then, and what fails meanwhile."""
        shard = self._shard(stack, command)
        heir = shard.successor()
        assert heir is not None
        now = f"replica {shard.leader}" if shard.serving else "nobody"
        return [f"target: {shard.id}", f"change: leader {now} -> replica {heir.number}",
                f"duration: about {FAILOVER_US // 1_000_000} s, in which the shard serves no searches",
                f"users touched now: {shard.station.busy + shard.station.queued} searches in it fail",
                "cost: a replica fewer until a former leader that lost its segments has loaded them"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Promote it."""
        shard = self._shard(stack, command)
        heir = shard.successor()
        assert heir is not None
        what = f"{shard.id}: replica {heir.number} becomes the leader"
        record_change(stack, "config", shard.id, what)
        report(stack, ref, "applied", f"{what}, in about {FAILOVER_US // 1_000_000} s")
        shard.failover()

        def ended(_: Call) -> None:
            stage = "done" if shard.leader == heir.number else "failed"
            report(stack, ref, stage, f"{shard.id} is led by replica {shard.leader}" if shard.serving
                   else f"{shard.id} has no leader")  # fmt: skip

        stack.kernel.after(FAILOVER_US, ended, None)
