"""Jobs of the data pipeline: pause, resume, rerun, backfill."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.world.actions.base import Action, keep_inverse, no_such, record_change, report
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.data.job import BACKFILL_TIMES, Job


class _OfJob(Action):
    def _job(self, stack: Stack, command: Command) -> Job:
        name = command.args["job"]
        job = stack.components.get(name)
        if not isinstance(job, Job):
            raise no_such("job", name, [n for n, c in stack.components.items() if isinstance(c, Job)])
        return job

    def check(self, stack: Stack, command: Command) -> None:
        """The job must exist."""
        self._job(stack, command)


class Pause(_OfJob):
    """`pause job`: it doesn't run at its times; a run under way is stopped and publishes nothing."""

    def check(self, stack: Stack, command: Command) -> None:
        """The job must not be paused already."""
        job = self._job(stack, command)
        if not job.int_knob("enabled") and not job.running:
            raise CommandError(f"{job.id} is paused already")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what stops."""
        job = self._job(stack, command)
        now = f"stop the {job.running} under way" if job.running else "none running"
        return [f"target: {job.id}", f"steps: {now}", "the snapshots published so far stay"]

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Disable and stop it."""
        job = self._job(stack, command)
        keep_inverse(stack, ref, Command(verb="resume", args={"job": job.id}))
        record_change(stack, "config", job.id, "paused")
        job.stop()
        stack.settings.set(f"{job.id}.enabled", 0)
        report(stack, ref, "done", f"{job.id} is paused; nothing more is published")


class Resume(_OfJob):
    """`resume job`."""

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say when it runs again."""
        return [f"target: {command.args['job']}", "steps: runs again at its next time"]

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Enable it."""
        job = self._job(stack, command)
        keep_inverse(stack, ref, Command(verb="pause", args={"job": job.id}))
        record_change(stack, "config", job.id, "resumed")
        stack.settings.set(f"{job.id}.enabled", 1)
        report(stack, ref, "done", f"{job.id} runs again at its next time")


class Rerun(_OfJob):
    """`rerun job`: once more over the present input."""

    how = "run"

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say how long it takes and what it reads."""
        job = self._job(stack, command)
        source = "the input as it is now" if self.how == "run" else "raw events, with the mapping of the last good run"
        return [f"target: {job.id}", f"steps: reads {source}, then publishes a new snapshot if the contract lets it",
                f"duration: about {self._takes(job) // 1_000_000} s", "cost: compute of one run"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Start it; one under way is stopped first."""
        job = self._job(stack, command)
        record_change(stack, "deploy", job.id, f"{command.verb} started by hand")
        job.run(self.how)
        report(stack, ref, "applied", f"{job.id}: {command.verb} started, about {self._takes(job) // 1_000_000} s")

    def _takes(self, job: Job) -> int:
        return job.part.takes * (BACKFILL_TIMES if self.how == "backfill" else 1)


class Backfill(Rerun):
    """`backfill job`: computed anew from raw events, past any renamed column; slower."""

    how = "backfill"
