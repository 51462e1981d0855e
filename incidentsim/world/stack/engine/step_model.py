"""How long one engine step takes, in integer picoseconds, and what memory the model needs.

`t = a + sqrt(w0^2 + (d*(n+p))^2) + b*n + c*kv + e*at` with n decoding sequences, p prefill tokens, kv context
tokens of the decoding sequences, at = sum of m*(2*prior+m) over prefill chunks of m tokens. The first two
terms are rounded once per n + p and cached; b, c and e are integers, so sums over steps have a closed form.

Coefficients: fits to public measured kernel tables (aiconfigurator-core 0.12.0, Apache-2.0; LLMServingSim
profiles, MIT), fit errors 2 to 3 %; KV capacities at gpu_memory_utilization 0.90.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Final

PS_PER_US: Final = 1_000_000
"""Picoseconds in a microsecond."""

BLOCK_TOKENS: Final = 16
"""Tokens per KV block (vLLM's default block size)."""


SAMPLER_BYTES_PER_LOGIT: Final = 24
"""Top-k/top-p sampling keeps, per sequence and word of the vocabulary: the logit, the sorted logit (4 bytes each), its

index (8), the probability and its running sum (4 each). 1,024 sequences of Llama 3 (128,256 words) take 3.2 GB, which
vLLM does not count in gpu_memory_utilization (vllm-project/vllm#15105, #13100)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPreset:
    """Measured coefficients of one (model, GPU) pair, in picoseconds, and its memory.

    Memory that is not KV cache (weights, activations) is the same at every utilisation u: with `kv_blocks` at
    u = 0.9, another u gives `(gpu_bytes * u - other) / block_bytes` blocks. `weights_bytes` are read at a start.
    A preset of a TP group counts the memory of all its GPUs; `link_bytes` is what each of them sends and receives
    over NVLink for a token (0 without a group).
    """

    gpu: str
    a: int
    w0: int
    d: int
    b: int
    c: int
    e: int
    kv_blocks: int
    block_bytes: int
    gpu_bytes: int
    link_bytes: int = 0
    weights_bytes: int = 16_060_522_496
    vocabulary: int = 128_256

    def sampler_bytes(self, sequences: int) -> int:
        """Return the memory that the sampler's warm-up takes beside the KV cache, for so many dummy requests."""
        return sequences * self.vocabulary * SAMPLER_BYTES_PER_LOGIT

    def blocks_at(self, utilization_ppm: int) -> int:
        """Return the KV blocks that fit when vLLM may use this share of the GPU's memory."""
        other = self.gpu_bytes * 9 // 10 - self.kv_blocks * self.block_bytes
        return (self.gpu_bytes * utilization_ppm // 1_000_000 - other) // self.block_bytes


_GIB80: Final = 80 * 1024**3
_70B = 141_107_412_992


def _ring(layers: int, hidden: int, gpus: int) -> int:
    """Return bytes per token and GPU: two 16-bit all-reduces a layer, 2(n-1)/n of them sent and as much received."""
    return layers * 2 * hidden * 2 * 2 * 2 * (gpus - 1) // gpus


PRESETS: Final[dict[str, StepPreset]] = {
    "llama3_8b_a100_tp1": StepPreset(
        gpu="A100-SXM4-80GB", a=4_941_300_000, w0=6_266_700_000, d=55_105_000, b=2_354_800, c=85_174, e=1_422,
        kv_blocks=27_925, block_bytes=16 * 131_072, gpu_bytes=_GIB80,
    ),
    "llama3_8b_h100_tp1": StepPreset(
        gpu="H100-SXM5-80GB", a=796_380_000, w0=6_004_800_000, d=19_854_000, b=2_589_000, c=43_329, e=376,
        kv_blocks=27_925, block_bytes=16 * 131_072, gpu_bytes=_GIB80,
    ),
    "llama3_70b_a100_tp4": StepPreset(
        gpu="A100-SXM4-80GB", a=19_502_000_000, w0=8_803_200_000, d=177_260_000, b=502_530, c=60_662, e=1_198,
        kv_blocks=29_612, block_bytes=16 * 327_680, gpu_bytes=4 * _GIB80,
        weights_bytes=_70B, link_bytes=_ring(80, 8_192, 4),
    ),
    "llama3_70b_h100_tp4": StepPreset(
        gpu="H100-SXM5-80GB", a=8_759_500_000, w0=7_865_900_000, d=70_334_000, b=0, c=29_018, e=539,
        kv_blocks=29_612, block_bytes=16 * 327_680, gpu_bytes=4 * _GIB80,
        weights_bytes=_70B, link_bytes=_ring(80, 8_192, 4),
    ),
    "llama3_70b_h100_tp8": StepPreset(
        gpu="H100-SXM5-80GB", a=9_365_600_000, w0=802_460_000, d=48_811_000, b=0, c=13_187, e=158,
        kv_blocks=86_136, block_bytes=16 * 327_680, gpu_bytes=8 * _GIB80,
        weights_bytes=_70B, link_bytes=_ring(80, 8_192, 8),
    ),
}  # fmt: skip
"""Presets a stack may name."""


class StepModel:
    """The closed form for one preset. Only `root_ps` is costly; engines look it up in `roots` before they call."""

    __slots__ = ("b", "c", "e", "preset", "roots")

    def __init__(self, preset: StepPreset) -> None:
        self.preset = preset
        self.b = preset.b
        self.c = preset.c
        self.e = preset.e
        self.roots: dict[int, int] = {}

    def root_ps(self, tokens: int) -> int:
        """Return picoseconds that depend on n + p = `tokens` only, and keep them in `roots`."""
        value = self.roots.get(tokens)
        if value is None:
            preset = self.preset
            work = preset.d * tokens
            value = self.roots[tokens] = preset.a + isqrt(preset.w0 * preset.w0 + work * work)
        return value

    def base_ps(self, n: int, p: int) -> int:
        """Return picoseconds of a step of n decodes and p prefill tokens, without the kv and attention terms."""
        return self.root_ps(n + p) + self.b * n
