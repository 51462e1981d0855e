"""How the person worked: P (scoring.md §2).

Called by `score`. P = .75 · mean over moves (.45 evidence before + .30 hypothesis before + .25 verified
within 180 s) + .25 · coverage · (½ + ½ · efficiency); without moves .25 · coverage · efficiency. A move that
changed nothing for users (credit exactly 0) is not counted, so a placebo neither helps nor hurts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import RootCause, Scenario
from incidentsim.scoring.diagnosis import is_right
from incidentsim.scoring.evidence import USERS_SIDE, Evidence, items_of_look, signal_of
from incidentsim.scoring.moves import Move
from incidentsim.scoring.numbers import exact_total, share
from incidentsim.scoring.play import Names, Play

VERIFY_US = 180_000_000
"""A look within 180 s after a move counts as verifying it."""

USER_SIGNALS = (
    *USERS_SIDE,
    "vllm:time_to_first_token_seconds", "vllm:e2e_request_latency_seconds", "vllm:request_queue_time_seconds",
    "inference_extension_flow_control_queue_size",
)  # fmt: skip
"""What every mitigation should change: what users get, and the queues they wait in."""

BEFORE, HYPOTHESIS, VERIFIED = 0.45, 0.30, 0.25
"""Weights of the three habits in the value of one move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What surrounded one move: evidence on one of its causes, a hypothesis naming one, a look afterwards."""

    evidence_before: bool
    hypothesis_before: bool
    verified: bool

    def value(self) -> float:
        """Return the move's part in P."""
        return BEFORE * self.evidence_before + HYPOTHESIS * self.hypothesis_before + VERIFIED * self.verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """P with what it was made from; `counted` is the number of moves in the mean."""

    counted: int
    mean: float
    coverage: float
    efficiency: float
    p: float


def habits_of(move: Move, play: Play, evidence: Evidence, scenario: Scenario, names: Names) -> Habits:
    """Return the habits around one move."""
    causes = [c for c in scenario.root_causes if c.id in move.causes]
    return Habits(
        evidence_before=any(evidence.supports(cause, move.moment()) for cause in causes),
        hypothesis_before=any(_held(cause, move, play) for cause in causes),
        verified=_verified(move, play, evidence, names),
    )


def process(moves: Sequence[Habits], evidence: Evidence) -> Process:
    """Return P over these moves (those that count)."""
    coverage, efficiency = share(*evidence.coverage()), share(*evidence.efficiency())
    if not moves:
        return Process(counted=0, mean=0.0, coverage=coverage, efficiency=efficiency, p=0.25 * coverage * efficiency)
    mean = exact_total(m.value() for m in moves) / len(moves)
    p = 0.75 * mean + 0.25 * coverage * (0.5 + 0.5 * efficiency)
    return Process(counted=len(moves), mean=mean, coverage=coverage, efficiency=efficiency, p=p)


def _held(cause: RootCause, move: Move, play: Play) -> bool:
    """Return whether a hypothesis naming the cause stood when the move began."""
    dropped = {r.number for r in play.ruled_out if r.seq < move.seq}
    return any(
        b.seq < move.seq and b.t_us <= move.t_us and is_right(b.cause, cause)
        and (b.committed or b.number not in dropped)
        for b in play.beliefs
    )  # fmt: skip


def _verified(move: Move, play: Play, evidence: Evidence, names: Names) -> bool:
    """Return whether a signal that the move should change was looked at soon after it."""
    wanted = {f"metric:{name}" for name in USER_SIGNALS}
    wanted.update(signal_of(item) for item in evidence.listed if item.startswith("metric:"))
    wanted.update(f"inspect:{component}" for component in move.touched)
    return any(
        look.seq > move.seq and look.t_us <= move.t_us + VERIFY_US
        and any(signal_of(item) in wanted for item in items_of_look(look, names))
        for look in play.looks
    )  # fmt: skip
