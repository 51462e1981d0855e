"""Rows of retrieval: mixed embedding versions, a shard down for some tenants, a sparse index that lags."""

from __future__ import annotations

from typing import Any

from benchmarks.signatures.case import Case, Symptom
from benchmarks.signatures.worlds import MINUTE, chat, with_fault, with_slos
from incidentsim.scenario.model import Scenario, Slo
from incidentsim.scenario.parts import QualityPart, RetrievalPart, RoutePart

SECOND = 1_000_000

GROUNDED = Slo.model_validate({"id": "grounded", "title": "Answers are right", "kind": "quality", "objective": "90%"})
"""Users' questions are about the documents: an answer without them, or from an old one, is a bad answer."""


def rag(**part: Any) -> Scenario:
    """Return the small chat world whose questions pass retrieval, at a demand that leaves room for the passages."""
    plain = with_slos(chat(share=0.2), GROUNDED)
    pool = plain.stack.pools[0].id
    return plain.model_copy(update={"stack": plain.stack.model_copy(update={
        "routes": (RoutePart(id="chat", stages=("retrieval",), pools=(pool,)),),
        "components": (RetrievalPart(id="retrieval", **part), QualityPart(id="quality")),
    })})  # fmt: skip


def corpus() -> Scenario:
    """Return a world with a corpus that a refresh job is through in five minutes."""
    return rag(vectors=600_000)


def mixed() -> Scenario:
    """A refresh job embeds it with the next version, while questions stay with the first."""
    return with_fault(corpus(), "mixed_embeddings", "retrieval", 0, rate=2_000)


def shard_lost() -> Scenario:
    """The shard of one tenant of three loses its leader."""
    return with_fault(rag(), "partition_down", "shard-0", 30 * SECOND)


def news() -> Scenario:
    """Return a world where two of five questions are about documents of the last hour."""
    return rag(fresh_share=0.4)


def lagging() -> Scenario:
    """Its sparse index is fifteen minutes behind when people notice, and falls further."""
    return with_fault(news(), "index_lag", "retrieval", 0, throttle=0.85, behind="15m")


CASES = (
    Case(
        row=12, name="Mixed embedding versions", sick=mixed, well=corpus,
        symptoms=(
            Symptom(text="recall@k falls", at_us=6 * MINUTE,
                    promql='retrieval_recall_estimate{leg="hybrid"} < 0.7'),
            Symptom(text="top-1 similarity falls", at_us=6 * MINUTE, promql="retrieval_top1_similarity < 0.65"),
            Symptom(text="it worsens with the share of new vectors", at_us=6 * MINUTE,
                    promql='retrieval_recall_estimate{leg="dense"} < '
                           '0.8 * retrieval_recall_estimate{leg="dense"} offset 3m '
                           'and on() vector_index_vectors{version="bge-m3@v2"} > '
                           '1.5 * vector_index_vectors{version="bge-m3@v2"} offset 3m'),
            Symptom(text="keyword search finds as much as ever", at_us=6 * MINUTE,
                    promql='retrieval_recall_estimate{leg="sparse"} > 0.42'),
            Symptom(text="no errors", at_us=6 * MINUTE,
                    promql='(sum(rate(retrieval_errors_total[5m])) '
                           '+ sum(rate(gateway_responses_total{code="503"}[5m]))) == 0'),
            Symptom(text="the job tells its version", at_us=6 * MINUTE, logs="model=bge-m3@v2"),
        ),
        # new documents are embedded as questions are; then what the job has done is searched by its own encoder
        right=(("150s", "pin retrieval refresh=bge-m3@v1"), ("3m", "set retrieval.dual_index true")),
        wrong=(("150s", "set retrieval.top_k 20"),), wrong_is="raise top_k",
        help_at_most=0.6,
    ),
    Case(
        row=13, name="Vector shard without a leader for one tenant", sick=shard_lost, well=rag,
        symptoms=(
            Symptom(text="one tenant gets 5xx", at_us=2 * MINUTE,
                    promql='rate(gateway_responses_total{code="503", tenant="strategic"}[1m]) > 0.5'),
            Symptom(text="the others get none", at_us=2 * MINUTE,
                    promql='sum(rate(gateway_responses_total{code="503", tenant!="strategic"}[1m])) == 0'),
            Symptom(text="only one shard errs", at_us=2 * MINUTE,
                    promql="count(rate(retrieval_errors_total[1m]) > 0) == 1"),
            Symptom(text="its replica is down", at_us=2 * MINUTE, promql='vector_shard_up{shard="shard-0"} == 0'),
            Symptom(text="no leader in the log", at_us=2 * MINUTE, logs='"no available shard delegator"'),
        ),
        right=(("2m", "failover shard-0"),),
        wrong=(("2m", "set retrieval.rebuild dense"),), wrong_is="re-index everything",
        help_at_most=0.35,
    ),
    Case(
        row=14, name="Sparse index lags the dense one", sick=lagging, well=news,
        symptoms=(
            Symptom(text="the index is more than 15 min behind", at_us=90 * SECOND,
                    promql="sparse_index_lag_seconds > 900"),
            Symptom(text="and falls further", at_us=90 * SECOND, promql="delta(sparse_index_lag_seconds[1m]) > 20"),
            Symptom(text="its queue grows", at_us=90 * SECOND,
                    promql="sparse_index_queue_length > sparse_index_queue_length offset 1m"),
            Symptom(text="no errors", at_us=90 * SECOND, promql="sum(rate(retrieval_errors_total[1m])) == 0"),
            Symptom(text="throttled consumers in the log", at_us=90 * SECOND, logs='"now throttling indexing"'),
        ),
        right=(("90s", "set retrieval.freshness_label true"), ("92s", "set retrieval.sparse_consumers 32")),
        wrong=(("90s", "set retrieval.hybrid false"),), wrong_is="hybrid search off, without a label",
    ),
)  # fmt: skip
"""Rows 12, 13 and 14."""
