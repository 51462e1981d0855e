"""Level presets of a session: how much help there is and how clear the signals are. Never what is true.

`play --level NAME` picks one; `scenario.levels` applies it. Without one a scenario is played as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass

AS_WRITTEN_PPM = 1_000_000
"""The factor that changes nothing, in ppm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One preset, in factors on what the scenario says, in ppm.

    `hints`: most hints of the ladder that are given, None for all; `hint_price`, rounded up to points;
    `hints_at_once`: their earliest times don't count. `access_logs`: share of requests that leave a line, which is
    what hides other lines; `alert_patience`: how long alerts wait before they fire; `pace`: seconds of the incident
    that pass in a second, which is how much time there is to think. A session begins so: the clock is the player's.
    """

    help: str
    hints: int | None = None
    hint_price: int = AS_WRITTEN_PPM
    hints_at_once: bool = False
    access_logs: int = AS_WRITTEN_PPM
    alert_patience: int = AS_WRITTEN_PPM
    pace: int = AS_WRITTEN_PPM


LEVELS: dict[str, Level] = {
    "junior": Level(
        help="Twice the time to think; hints at half price, at any time; a quarter of the routine log lines; alerts "
        "fire sooner.",
        hint_price=500_000, hints_at_once=True, access_logs=250_000, alert_patience=500_000, pace=500_000,
    ),
    "mid": Level(help="As the scenario is written."),
    "senior": Level(
        help="A fifth less time to think; hints cost half as much again; twice the routine log lines; alerts wait half "
        "as long again.",
        hint_price=1_500_000, access_logs=2_000_000, alert_patience=1_500_000, pace=1_250_000,
    ),
    "staff": Level(
        help="A third less time to think; no hints; four times the routine log lines; alerts wait twice as long.",
        hints=0, access_logs=4_000_000, alert_patience=2_000_000, pace=1_500_000,
    ),
}  # fmt: skip
"""The presets, by name, from the most help to the least."""
