"""The runs behind a certificate: one job a seed, each result plain JSON, kept on disk and never made twice.

`observe` runs the incident twice, its healthy twin and the world of its decoys, with telemetry; `scripts` carries out
every script of the scenario by re-simulation; `score` plays one script as a session and scores it. Called by `certify`
through `run_jobs`, in this process or on several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from incidentsim.certify.courses import Course, Watched, clock, course_of, missed, shares_between, watch
from incidentsim.certify.kept import Kept
from incidentsim.certify.scripts import played, results
from incidentsim.certify.signals import decoy_faults, decoy_world, evidence_items, first_shown, usual
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.healthy import healthy_twin
from incidentsim.scenario.model import Scenario
from incidentsim.sources import digest_of
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.local import InProcess, Processes

DECIDING = tuple(f"certify/{name}.py" for name in ("courses", "runs", "scripts", "signals"))
"""The files beside the engine that decide what a job gives."""

PAGES = "page"
"""Severity of an alert that pages."""

Value = dict[str, Any]

Kind = Literal["observe", "scripts", "score"]
"""What a job does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. `script` is the name of the script to score; `cache` is where re-simulated runs and results are kept."""

    scenario: Scenario
    seed: int
    kind: Kind
    script: str = ""
    cache: Path | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (self.scenario.id, self.kind, self.script, str(self.seed)) if part)

    def key(self) -> list[Any]:
        """Return what decides the result."""
        return [
            this_engine().digest, digest_of(DECIDING), self.scenario.id, self.scenario.digest, self.seed, self.kind,
            self.script, self.scenario.scripts.get(self._file(), ""),
        ]  # fmt: skip

    def kept(self) -> Kept:
        """Return where its result is kept; a scenario without a digest has no identity to keep it under."""
        return Kept(folder=self.cache / "certify" if self.cache is not None and self.scenario.digest else None)

    def _file(self) -> str:
        return next((s.file for s in self.scenario.references if s.name == self.script), "")


def run_jobs(jobs: Iterable[Job], *, workers: int, tell: Callable[[str], None]) -> list[Value]:
    """Return the result of every job, in order; `tell` hears of each when it is finished."""
    wanted = list(jobs)
    found: dict[int, Value] = {}
    for place, job in enumerate(wanted):
        value = job.kept().get(job.kind, job.key())
        if value is not None:
            found[place] = value
            tell(f"{job} is kept already")
    missing = [(place, job) for place, job in enumerate(wanted) if place not in found]
    many = workers > 1 and len(missing) > 1
    with Processes(_placed, workers) if many else InProcess(_placed) as backend:
        waiting = missing[::-1]
        for _ in range(len(missing)):
            if len(found) == len(wanted):
                break
            while waiting and backend.room():
                backend.submit(waiting.pop())
            for place, value in backend.finished():
                found[place] = value
                tell(str(wanted[place]))
    return [found[place] for place in range(len(wanted))]


def run_job(job: Job) -> Value:
    """Do one job, and keep what came of it."""
    match job.kind:
        case "observe":
            value = observe(job.scenario, job.seed)
        case "scripts":
            value = {name: asdict(r) for name, r in results(job.scenario, job.seed, cache=job.cache).items()}
        case "score":
            script = next(s for s in job.scenario.references if s.name == job.script)
            value = {"index": played(job.scenario, job.seed, script, cache=job.cache)}
    job.kept().put(job.kind, job.key(), value)
    return value


def observe(scenario: Scenario, seed: int) -> Value:
    """Return what shows when nobody acts: in the incident, in its healthy twin, and in the world of its decoys."""
    cast = make_cast(scenario, seed)
    items = evidence_items(scenario)
    calm = watch(healthy_twin(scenario), seed)
    healthy = _healthy(calm)
    known = usual(watch(decoy_world(scenario), seed) if decoy_faults(scenario) else calm, items, cast)
    del calm
    incident = watch(scenario, seed)
    shown = {cause.id: first_shown(incident, cause, items, known, cast) for cause in scenario.root_causes}
    first = {"dyn": incident.world.dyn_digest(), "tel": incident.world.tel_digest()}
    value = {"course": asdict(course_of(incident)), "healthy": healthy, "shown": shown, "cpu_s": incident.cpu_s}
    del incident
    again = watch(scenario, seed)
    second = {"dyn": again.world.dyn_digest(), "tel": again.world.tel_digest()}
    return {**value, "first": first, "second": second}


def course_in(value: Value) -> Course:
    """Return the course of what `observe` gave."""
    fields = value["course"]
    return Course(**{**fields, "missed": tuple(fields["missed"]), "problems": tuple(fields["problems"])})


def _healthy(calm: Watched) -> Value:
    pages = [f"{fact.alert} at {clock(fact.t_us)}" for fact in calm.fired if fact.severity == PAGES]
    pages += [f"{page.text} at {clock(page.t_us)}" for page in calm.pages]
    share = shares_between(calm, 0)
    return {"share": share, "missed": list(missed(calm.scenario, share)), "pages": pages}


def _placed(task: tuple[int, Job]) -> tuple[int, Value]:
    place, job = task
    return place, run_job(job)
