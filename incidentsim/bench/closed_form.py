"""The closed-form step model that stands for tabulated step times, made from the tables alone (F3).

The tables' attention time is nearly linear in context tokens at a fixed number of sequences, and in
`at = m*(2*prior+m)` at a fixed prefill length m. So `t = g(n, p) + c*kv + e*at` with g tabulated is what the macro
engine needs: it sums c*kv in closed form. No recorded latency is used in making it, so that comparing latencies
tests the model and the engine together. It derives from a class of the world, and so is compiled with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from incidentsim.bench.step_tables import BATCH_CAP, CHUNK, KV_STEP, LAYERS, MANY_FACTOR, PS_PER_MS, StepTables
from incidentsim.world.stack.engine.step_model import PRESETS, StepModel

FITTED_CONTEXT = 2_048
"""Context in tokens up to which the linear terms are fitted: about twice the mean of the recorded runs, so that
the lines are best where their steps lie; the kernels bend a little over longer ones."""

FITTED_BATCHES = range(2, 129)
"""Numbers of decodes that give the slope c: all that the recorded runs reach."""

FITTED_CHUNKS = range(16, CHUNK + 1, 8)
"""Prefill lengths that give the slope e."""

_HALF_STEP = KV_STEP // 2
"""The tables round contexts up to KV_STEP: the true ones lie half a step below, in the mean."""


class TabulatedModel(StepModel):
    """g(n, p) by the tables; c and e are integers in picoseconds, as in every StepModel."""

    __slots__ = ("_decode", "_prefill", "_rest")

    def __init__(self, tables: StepTables) -> None:
        super().__init__(PRESETS["llama3_8b_a100_tp1"])  # the pair that was tabulated; its coefficients are not used
        contexts = range(KV_STEP, FITTED_CONTEXT + 1, KV_STEP)
        priors = range(0, FITTED_CONTEXT + 1, KV_STEP)

        def decode(n: int, context: int) -> float:
            return tables.decode[n, context] * (MANY_FACTOR if n > 1 else 1.0)

        def kv(n: int, context: int) -> int:
            return n * (context - _HALF_STEP)

        def prefill(m: int, prior: int) -> float:
            return tables.prefill[prior, m]

        def at(m: int, prior: int) -> int:
            return m * (2 * max(prior - _HALF_STEP, 0) + m)

        c = _slope(FITTED_BATCHES, contexts, kv, decode)
        e = _slope(FITTED_CHUNKS, priors, at, prefill)
        self.c, self.e = _ps(c), _ps(e)
        self._rest = {tokens: _ps(ms) for tokens, ms in tables.rest.items()}
        self._decode = [0] + [_ps(_intercept(n, contexts, kv, decode, c)) for n in range(1, BATCH_CAP + 1)]
        self._prefill = [0] + [_ps(_intercept(m, priors, at, prefill, e)) for m in range(1, CHUNK + 1)]

    def base_ps(self, n: int, p: int) -> int:
        """Return picoseconds of a step of n decodes and p prefill tokens, without the kv and attention terms."""
        return self._rest[-(-(n + p) // 8) * 8] + self._decode[n] + self._prefill[p]


def _slope(
    groups: Iterable[int], points: Sequence[int], x: Callable[[int, int], int], y: Callable[[int, int], float]
) -> float:
    """Return the least-squares slope of y over x that all groups share, each with an intercept of its own."""
    covariance = variance = 0.0
    for group in groups:
        xs, ys = [x(group, point) for point in points], [y(group, point) for point in points]
        mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
        covariance += sum((a - mean_x) * (b - mean_y) for a, b in zip(xs, ys, strict=True))
        variance += sum((a - mean_x) ** 2 for a in xs)
    return covariance / variance


def _intercept(
    group: int, points: Sequence[int], x: Callable[[int, int], int], y: Callable[[int, int], float], slope: float
) -> float:
    return sum(y(group, point) - slope * x(group, point) for point in points) / len(points)


def _ps(ms_per_layer: float) -> int:
    return round(ms_per_layer * LAYERS * PS_PER_MS)
