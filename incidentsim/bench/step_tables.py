"""Tabulated step times and recorded runs of another simulator, read from a folder (VIDUR by default).

`incidentsim bench` and the tests run them on the naive engine: tables have no closed form. The folder holds
`step_nonattn.csv.gz`, `step_attn_decode.csv.gz`, `step_attn_prefill.csv.gz` and one `NAME_requests.csv.gz` per
recorded run; source and licence are in the README above it.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from incidentsim.bench.naive import Batch, NaiveReplica
from incidentsim.errors import UsageError
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.sequence import Sequence

VIDUR = Path(__file__).parent / "data" / "vidur"
"""The folder that travels with the package."""

LAYERS = 32
"""Layers of Llama 3 8B; the tables give times per layer."""

MANY_FACTOR = 1.1
"""Vidur's factor on the attention of more than one decode, and of more than one prefill, in one step."""

KV_STEP = 64
"""Tokens to which the attention tables round context lengths up."""

RUNS: dict[str, int] = {
    "A_sarathi512_50": 30_208,
    "A_sarathi512_80": 30_208,
    "A_sarathi512_95": 30_208,
    "C_kv2500_6rps": 2_500,
}
"""Recorded runs with their KV blocks; the others of their settings are CHUNK and BATCH_CAP."""

CHUNK = 512
"""Token budget of a step in all recorded runs."""

BATCH_CAP = 256
"""Most sequences at once in all recorded runs."""

PS_PER_MS = 1_000_000_000
"""Picoseconds in a millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request of a recorded run; latencies count from its arrival."""

    arrival_us: int
    prompt_tokens: int
    output_tokens: int
    ttft_us: float
    e2e_us: float
    preemptions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTables:
    """Times per layer in ms; called with a batch, the time of its step in ps.

    `rest` by tokens rounded up to 8; `decode` by (sequences, mean context rounded up to KV_STEP); `prefill` by
    (sum of prior contexts, each rounded up to KV_STEP; root of the sum of squared chunks). Calling raises KeyError
    for a batch that no recorded run had.
    """

    rest: dict[int, float]
    decode: dict[tuple[int, int], float]
    prefill: dict[tuple[int, int], float]

    def __call__(self, batch: Batch) -> int:
        """Return the step time in ps."""
        tokens = batch.n
        prior = squares = 0
        for done, m in batch.chunks:
            tokens += m
            prior += _up(done, KV_STEP)
            squares += m * m
        per_layer_ms = self.rest[_up(tokens, 8)]
        if batch.n:
            attention = self.decode[batch.n, _up(batch.kv // batch.n, KV_STEP)]
            per_layer_ms += attention * MANY_FACTOR if batch.n > 1 else attention
        if batch.chunks:
            attention = self.prefill[prior, round(sqrt(squares))]
            per_layer_ms += attention * MANY_FACTOR if len(batch.chunks) > 1 else attention
        return round(per_layer_ms * LAYERS * PS_PER_MS)


def load_step_tables(folder: Path) -> StepTables:
    """Return the tables in `folder`. Raises UsageError when one is missing."""
    return StepTables(
        rest={
            int(r["tokens_rounded_to_8"]): float(r["nonattn_ms_per_layer"]) for r in read_rows(folder, "step_nonattn")
        },
        decode={
            (int(r["decode_seqs"]), int(r["avg_kv_rounded_up_64"])): float(r["attn_ms_per_layer"])
            for r in read_rows(folder, "step_attn_decode")
        },
        prefill={
            (int(r["sum_prior_kv_rounded_up_64"]), int(r["rms_chunk"])): float(r["attn_ms_per_layer"])
            for r in read_rows(folder, "step_attn_prefill")
        },
    )


def load_recorded_run(folder: Path, name: str) -> tuple[RecordedRequest, ...]:
    """Return the requests of one recorded run in order of arrival. Raises UsageError when it is missing."""
    return tuple(
        RecordedRequest(
            arrival_us=round(float(r["arrival_s"]) * 1e6),
            prompt_tokens=int(r["prompt_tokens"]),
            output_tokens=int(r["output_tokens"]),
            ttft_us=float(r["ttft_s"]) * 1e6,
            e2e_us=float(r["e2e_s"]) * 1e6,
            preemptions=int(r["preemptions"]),
        )
        for r in read_rows(folder, f"{name}_requests")
    )


def rerun(requests: tuple[RecordedRequest, ...], step_ps: Callable[[Batch], int], *, blocks: int) -> list[Sequence]:
    """Run recorded requests on the naive engine to their end; return their sequences in the same order."""
    kernel = Kernel(0)
    engine = NaiveReplica(
        kernel, step_ps, blocks=blocks, max_num_seqs=BATCH_CAP, budget=CHUNK, reserve=True,
        on_first=_ignore, on_finish=_ignore,
    )  # fmt: skip
    sequences = [Sequence(i, r.arrival_us, r.prompt_tokens, r.output_tokens) for i, r in enumerate(requests)]

    def arrive(call: Call) -> None:
        engine.submit(call.argument)

    for sequence in sequences:
        kernel.at(sequence.arrived_us, arrive, sequence)
    end_us = 0
    while engine.busy or end_us <= sequences[-1].arrived_us:
        end_us += 60_000_000
        kernel.advance(end_us)
    return sequences


def read_rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of `NAME.csv.gz`. Raises UsageError when it can't be read."""
    path = folder / f"{name}.csv.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(f"can't read reference data from {path}: {error}; pass the folder that holds it") from error


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _ignore(_sequence: Sequence, _now: int) -> None:
    """Record nothing: the times are in the sequences."""
