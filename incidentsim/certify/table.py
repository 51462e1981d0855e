"""The page of all scenarios and what their certificates say. Called by `tools.generate_docs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from incidentsim.certify.certificate import FILE, Certificate, read, staleness
from incidentsim.certify.demands import demanded
from incidentsim.certify.player_checks import LADDER, PLAYERS
from incidentsim.certify.siblings import first_siblings
from incidentsim.commands.reference import table
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.specs.exercises import SHAPES, SKILLS

HEADS = (
    "scenario", "current", "seeds, players", "failing checks", "reference", "novice", "best gaming", "margin",
    "difficulty (declared)", "first signal", "CPU a run",
)  # fmt: skip


def certificates_page(folders: Mapping[str, Path]) -> str:
    """Return the page: every scenario with the figures of its certificate."""
    known = {name: load_scenario(folder) for name, folder in folders.items()}
    return "\n".join([
        "# Scenarios and their certificates", "",
        "`incidentsim scenario certify` proves a scenario by running it, and writes `certificate.json` into its "
        "folder, with every figure behind the ten checks ([what they ask](../authoring.md)). Practice indices are "
        "means over seeds; the margin is that between reference and novice. Difficulty comes from the mean index of "
        f"{', '.join(LADDER)}. The first signal is when the first set of evidence with metrics or logs is complete, "
        "for the slowest cause and seed, in seconds after the page. CPU seconds of one run with telemetry are those of "
        "the machine that certified.", "",
        certificates_table(folders), "",
        "## Siblings", "",
        "The first sibling of every other cause (`scenario vary`, seed 0), through the same ten checks: "
        "`incidentsim scenario certify --all --siblings`.", "",
        siblings_table([folders[name] for name, one in known.items() if one.variants is not None]), "",
        "## Which exercise is which", "",
        "What scenarios say they train: shapes of exercises, and the four buckets that every set should sample.", "",
        shapes_table(known), "",
        "## What an incident can be", "",
        "Beside shapes, the catalogue must hold incidents that answer to none of the usual reflexes.", "",
        demands_table(known),
    ]) + "\n"  # fmt: skip


def certificates_table(folders: Mapping[str, Path]) -> str:
    """Return the table alone, a line a scenario."""
    return table(HEADS, [_row(name, folder / FILE, load_scenario(folder)) for name, folder in folders.items()])


def siblings_table(folders: Iterable[Path]) -> str:
    """Return a line for each sibling that has, or should have, a certificate in its parent's folder."""
    return table(HEADS, [_row(one.id, path, one) for folder in folders for path, one in first_siblings(folder)])


def shapes_table(known: Mapping[str, Scenario]) -> str:
    """Return a line for each exercise shape and each bucket, with the scenarios that serve it."""
    rows = [
        (shape, help_text, ", ".join(name for name, one in known.items() if shape in one.shapes) or "none")
        for shape, help_text in SHAPES.items()
    ] + [
        (skill, help_text, ", ".join(name for name, one in known.items() if skill in one.skills) or "none")
        for skill, help_text in SKILLS.items()
    ]  # fmt: skip
    return table(("shape or bucket", "what it is", "scenarios"), rows)


def demands_table(known: Mapping[str, Scenario]) -> str:
    """Return a line for each demand on the whole catalogue, with the scenarios that meet it."""
    return table(("an incident where", "what it is", "scenarios", "which"), demanded(known))


def _row(name: str, path: Path, scenario: Scenario) -> tuple[str, ...]:
    stale = staleness(path, scenario)
    certificate = read(path)
    if certificate is None:
        return (name, f"no: {stale}", *("" for _ in HEADS[2:]))
    figures = certificate.check("policies")["figures"]
    reference, novice, gaming = (figures[key] for key in ("reference", "novice", "best gaming"))
    margin = None if reference is None or novice is None else reference - novice
    failing = [check["name"] for check in certificate.checks if not check["ok"]]
    best = figures["best gaming player"]
    return (
        name, "no: " + stale if stale else "yes", f"{len(certificate.seeds)}, {_players(certificate)}",
        ", ".join(failing) or "none", _points(reference), _points(novice),
        f"{_points(gaming)} ({best})" if best else "", _points(margin), _difficulty(certificate.difficulty),
        "none" if certificate.first_signal_s is None else f"{certificate.first_signal_s:.0f} s",
        f"{certificate.measured['cpu_s']:.1f} s" + (" compiled" if certificate.measured["compiled"] else ""),
    )  # fmt: skip


def _players(certificate: Certificate) -> str:
    known = {players: name for name, players in PLAYERS.items()}
    return known.get(certificate.players, f"{len(certificate.players)} players")


def _difficulty(figures: dict[str, Any]) -> str:
    found = figures.get("ladder")
    measured = "" if found is None else f"{figures['measured']}, {found:.0f} "
    return f"{measured}({figures['declared']}: {figures['level']})"


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
