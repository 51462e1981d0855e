"""Faults of guardrail and preprocessing."""

from __future__ import annotations

from typing import Final, cast

from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.stages.guardrail import Guardrail
from incidentsim.world.stack.stages.preprocessing import Preprocessing

_ONE: Final = 1_000_000


class _OfGuardrail(Fault):
    @property
    def guardrail(self) -> Guardrail:
        """The guardrail it hits."""
        return cast(Guardrail, self.stack.components[self.component])


class CredentialExpired(_OfGuardrail):
    """The version in use when it begins is dead; a later one works."""

    def apply(self, strength_ppm: int) -> None:
        """Let the present credential expire, or revive it."""
        guardrail = self.guardrail
        guardrail.credential_dead = guardrail.int_knob("credential_version") if strength_ppm > 0 else 0

    @property
    def removed(self) -> bool:
        """Whether a newer credential is in use."""
        return self.started and self.guardrail.credential_works


class GuardrailSlow(_OfGuardrail):
    """Classification takes longer."""

    def apply(self, strength_ppm: int) -> None:
        """Scale the time."""
        self.guardrail.set_slow(_ONE + (self.params["slowdown"] - _ONE) * strength_ppm // _ONE)


class GuardrailBypass(_OfGuardrail):
    """A share skips the classifier."""

    def apply(self, strength_ppm: int) -> None:
        """Set the share."""
        self.guardrail.skip_ppm = self.params["share"] * strength_ppm // _ONE


class Overblocking(_OfGuardrail):
    """Honest requests score too high."""

    def apply(self, strength_ppm: int) -> None:
        """Set the shift."""
        self.guardrail.shift_ppm = self.params["shift"] * strength_ppm // _ONE


class _OfPreprocessing(Fault):
    @property
    def workers(self) -> Preprocessing:
        """The workers it hits."""
        return cast(Preprocessing, self.stack.components[self.component])


class PreprocessingLeak(_OfPreprocessing):
    """Memory left behind per request."""

    def apply(self, strength_ppm: int) -> None:
        """Set the leak."""
        self.workers.leak_kib = self.params["kib_per_request"] * strength_ppm // _ONE


class PoisonInput(_OfPreprocessing):
    """Inputs that explode."""

    def apply(self, strength_ppm: int) -> None:
        """Set their share."""
        self.workers.poison_ppm = self.params["share"] * strength_ppm // _ONE


class CpuSteal(_OfPreprocessing):
    """Less CPU for the workers."""

    def apply(self, strength_ppm: int) -> None:
        """Scale the time."""
        self.workers.set_speed(_ONE + (self.params["slowdown"] - _ONE) * strength_ppm // _ONE)
