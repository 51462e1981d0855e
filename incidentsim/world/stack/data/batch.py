"""What a batch of features is like: missing values, shift against the training data, when it was computed.

The population stability index (PSI) and the Kolmogorov-Smirnov distance are those of a shifted normal distribution:
a shift of d standard deviations has PSI = d² for small bins, and KS = 2·Φ(d/2) − 1, here by its first term d/√(2π),
at most 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt
from typing import Final

_ONE: Final = 1_000_000

SQRT_2PI_PPM: Final = 2_506_628
"""√(2π) in millionths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureState:
    """One feature of a batch. `missing_ppm` and `psi_ppm` in millionths; `as_of_us`: how new its values are."""

    missing_ppm: int
    psi_ppm: int
    as_of_us: int

    def ks_ppm(self) -> int:
        """Return the Kolmogorov-Smirnov distance to the training data, missing values counted as moved."""
        shift_ppm = isqrt(self.psi_ppm * _ONE)
        moved = shift_ppm * _ONE // SQRT_2PI_PPM
        return min(_ONE, max(moved, self.missing_ppm))

    def information_ppm(self) -> int:
        """Return the share of its information that a model can still use: present, and not moved."""
        present = _ONE - self.missing_ppm
        usable = _ONE * _ONE // (_ONE + 2 * self.psi_ppm)
        return present * usable // _ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A published set of features, by feature id."""

    id: str
    published_us: int
    features: dict[str, FeatureState]

    def with_features(self, snapshot_id: str, now_us: int, changed: dict[str, FeatureState]) -> Snapshot:
        """Return the next snapshot: this one with some features computed anew."""
        return replace(self, id=snapshot_id, published_us=now_us, features=self.features | changed)
