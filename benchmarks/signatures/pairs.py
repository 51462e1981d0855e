"""Rows that look alike at first, and what a person at the terminal can ask to tell them apart.

`python -m benchmarks.signatures.pairs [--seeds A..B]` plays each of them on every seed, asks, and prints on how many
seeds the answers tell them apart; ends with 1 when those are fewer than nineteen of twenty. `tests/signatures` asks the
same of the plays that the rows' own test makes. The pairs are those that the catalogue names.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from benchmarks.seeds import seeds
from benchmarks.signatures.case import Case, Symptom, play, seen
from benchmarks.signatures.rows import CASES
from benchmarks.signatures.worlds import MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question to the reported telemetry, and the rows in which the answer is yes."""

    asked: Symptom
    yes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Rows with a first symptom in common."""

    rows: tuple[int, ...]
    alike: str
    checks: tuple[Check, ...]


def _asks(text: str, promql: str, at_us: int, *yes: int) -> Check:
    return Check(asked=Symptom(text=text, promql=promql, at_us=at_us), yes=yes)


_FULL = "vllm:kv_cache_usage_perc > 0.9 and on (engine) "
_USERS = "(sum(rate(gateway_requests_total[1m])) - sum(rate(gateway_client_retries_total[1m])))"
_TOKENS = "sum by (tenant) (rate(gateway_tokens_total[1m]))"
_BILLED = "sum(rate(gateway_billed_tokens_total[2m]))"
_THUMBS = "rate(feedback_thumbs_down_total[3m]) / rate(quality_audited_answers_total[3m])"
_TEMPERATURES = 'count(DCGM_FI_DEV_GPU_TEMP{Hostname="node-1"})'

PAIRS: tuple[Pair, ...] = (
    Pair(rows=(1, 27), alike="a KV cache is about full", checks=(
        _asks("a replica that reports it preempts", f"{_FULL}increase(vllm:num_preemptions_total[3m]) > 0",
              4 * MINUTE, 1),
        _asks("a replica that reports it hardly has requests",
              f"{_FULL}min_over_time(vllm:num_requests_running[2m]) < 3", 4 * MINUTE, 27),
    )),
    Pair(rows=(2, 21), alike="the slowest answers are much slower", checks=(
        _asks("some prompts have more than 20,000 tokens",
              'sum(rate(vllm:request_prompt_tokens_bucket{le="+Inf"}[3m])) - '
              'sum(rate(vllm:request_prompt_tokens_bucket{le="20000.0"}[3m])) > 0', 5 * MINUTE, 2),
        _asks("one SM clock is below the others", "min(DCGM_FI_DEV_SM_CLOCK) < 0.9 * max(DCGM_FI_DEV_SM_CLOCK)",
              5 * MINUTE, 21),
    )),
    Pair(rows=(10, 12, 6), alike="answers are worse, none fails", checks=(
        _asks("a feature is missing in most rows", "feature_missing_ratio > 0.5", 6 * MINUTE, 10),
        _asks("questions are less similar to what they find than they were",
              "retrieval_top1_similarity < 0.9 * retrieval_top1_similarity offset 5m", 6 * MINUTE, 12),
        _asks("users of one pool complain, those of the other do not", f"max({_THUMBS}) > 3 * min({_THUMBS})",
              6 * MINUTE, 6),
    )),
    Pair(rows=(19, 23), alike="a group of GPUs gives no token and does not exit", checks=(
        _asks("it gives none", 'rate(vllm:generation_tokens_total{engine="chat-pool-1"}[30s]) == 0', 75_000_000,
              19, 23),
        _asks("series of a GPU are missing", f"{_TEMPERATURES} < 4", 75_000_000, 19),
        _asks("all four are at 100 %", 'count(DCGM_FI_DEV_GPU_UTIL{Hostname="node-1"} == 100) == 4', 75_000_000, 23),
    )),
    Pair(rows=(3, 15), alike="far more requests and tokens than an hour ago, and everybody waits", checks=(
        _asks("most requests are retries of others", f"sum(rate(gateway_requests_total[1m])) > 3 * {_USERS}",
              4 * MINUTE, 3),
        _asks("most tokens are one tenant's", f"max({_TOKENS}) > 0.5 * sum({_TOKENS})", 4 * MINUTE, 15),
    )),
    Pair(rows=(16, 24), alike="the GPUs work harder, and it costs more", checks=(
        _asks("more tokens are billed", f"{_BILLED} > 1.3 * ({_BILLED.replace('[2m]', '[2m] offset 5m')})",
              4 * MINUTE + 30_000_000, 16),
        _asks("hits of the prefix cache fall, queries do not",
              "sum(rate(vllm:prefix_cache_hits_total[2m])) / sum(rate(vllm:prefix_cache_queries_total[2m])) < 0.2",
              5 * MINUTE, 24),
    )),
)  # fmt: skip
"""In the order of the catalogue."""


def case_of(row: int) -> Case:
    """Return the first case of a catalogue row."""
    return next(case for case in CASES if case.row == row)


def asked_of(case: Case) -> dict[Symptom, bool]:
    """Return the questions that tell a case from those like it, with the answers that it must give."""
    return {check.asked: case.row in check.yes for pair in PAIRS if case.row in pair.rows and case is case_of(case.row)
            for check in pair.checks}  # fmt: skip


def main() -> int:
    """Play the rows of every pair on every seed and print the answers as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=seeds, default="1..20")
    chosen = parser.parse_args().seeds
    print("| rows | alike in | asked | yes in | right on |")
    print("|---|---|---|---|---|")
    fewest = len(chosen)
    for pair in PAIRS:
        asked = tuple(check.asked for check in pair.checks)
        rows = " / ".join(str(row) for row in pair.rows)
        found = {(row, seed): seen(play(case_of(row).sick(), seed=seed), asked) for row in pair.rows for seed in chosen}
        right = {
            (check, seed): all(found[row, seed][check.asked.text] is (row in check.yes) for row in pair.rows)
            for check in pair.checks
            for seed in chosen
        }
        for check in pair.checks:
            yes = ", ".join(str(row) for row in check.yes)
            good = sum(right[check, seed] for seed in chosen)
            print(f"| {rows} | {pair.alike} | {check.asked.text} | {yes} | {good} of {len(chosen)} |", flush=True)
        told = sum(all(right[check, seed] for check in pair.checks) for seed in chosen)
        fewest = min(fewest, told)
        print(f"| {rows} | | all of these: told apart | | {told} of {len(chosen)} |", flush=True)
    return 0 if fewest * 20 >= 19 * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
