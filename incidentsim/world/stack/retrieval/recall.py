"""How likely the passage that a question needs reaches the prompt, and what an answer without it is worth.

Pure integer functions (ppm), called by the stage and by the golden questions. A leg finds the needed passage
among its `n` best candidates with probability `ceiling * n / (n + half)`: it rises steeply and saturates, as
recall@n curves do. The constants below are set so that the dense leg alone finds 71 % at 8 passages without a
reranker, the size of the healthy 72 % in the report behind catalogue row 12 (Aletheore#347), and hybrid search
with a reranker 87 %; public comparisons of dense, BM25, hybrid and reranked retrieval put them in this order
and at about these distances (BEIR, Thakur et al. 2021; Anthropic, Contextual Retrieval, 2024).

Legs fail independently, so that hybrid search finds `d + s - d*s`. A vector that another version embedded is
as near to the question as a random one: it is not found, so dense recall is multiplied by the share of vectors
that match. With 65 % replaced, 71 % become 25 %, the figure of that report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ONE: Final = 1_000_000

DENSE_CEILING, DENSE_HALF = 800_000, 1
"""Dense leg: best recall (ppm), and the number of candidates that reaches half of it."""

SPARSE_CEILING, SPARSE_HALF = 580_000, 2
"""Sparse leg (BM25), likewise: weaker alone, and other questions than the dense one's."""

OVERSAMPLING: Final = 4
"""Candidates per passage that are fetched for a reranker."""

RERANK_KEEP: Final = 970_000
"""Share (ppm) of needed passages among the candidates that a cross-encoder puts among the best `top_k`."""

UNGROUNDED_HARM: Final = 400_000
"""Share (ppm) of questions answered badly without the needed passage. The others the model knows by itself, or
says that it doesn't know: closed-book accuracy on open-domain questions is 30-60 % (Petroni et al. 2019; Kandpal
et al. 2023)."""

STALE_HARM: Final = 500_000
"""Share (ppm) of answers from an outdated passage that are wrong: half of the updates change what was asked."""

LABELLED_UNGROUNDED: Final = 500_000
"""What is left (ppm) of that harm when users are told that retrieval was incomplete: half of them check."""

LABELLED_STALE: Final = 250_000
"""What is left (ppm) of the harm of stale passages that carry their age: model and user prefer the newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """What one question may expect, in ppm: the needed passage in the prompt; bad answers by reason."""

    recall_ppm: int
    ungrounded_ppm: int
    stale_ppm: int


def found(ceiling: int, half: int, top_k: int, *, reranked: bool) -> int:
    """Return the probability (ppm) that a complete leg's passage gets into a prompt of `top_k` passages."""
    if reranked:
        candidates = top_k * OVERSAMPLING
        return ceiling * candidates // (candidates + half) * RERANK_KEEP // ONE
    return ceiling * top_k // (top_k + half)


def union(dense: int, sparse: int) -> int:
    """Return the probability (ppm) that one of two independent legs finds it."""
    return dense + sparse - dense * sparse // ONE


def too_new(lag_us: int, fresh_share: int, window_us: int) -> int:
    """Return the share (ppm) of questions about documents newer than an index that lags by `lag_us`.

    `fresh_share` of the questions are about documents whose age is even over `window_us`.
    """
    return fresh_share * min(lag_us, window_us) // window_us


def ground(dense: int, sparse: int, *, new_to_dense: int, new_to_sparse: int, updated_share: int) -> Grounding:
    """Return what comes of two legs that find with these probabilities, 0 for one that isn't asked.

    `new_to_dense`, `new_to_sparse`: shares of questions about documents that are too new for a leg. For those it
    finds the version before, if there was one (`updated_share`). With both versions in the prompt each wins half
    of the time: fusion ranks by place, not by age.
    """
    both = union(dense, sparse)
    older = max(new_to_dense, new_to_sparse)
    classes = (
        (ONE - older, both, 0),
        (max(0, new_to_sparse - new_to_dense), dense, sparse),
        (max(0, new_to_dense - new_to_sparse), sparse, dense),
        (min(new_to_dense, new_to_sparse), 0, both),
    )
    recall = missing = stale = 0
    for share, new, old in classes:
        old = old * updated_share // ONE
        recall += share * new
        missing += share * (ONE - new) // ONE * (ONE - old)
        stale += share * old // ONE * (ONE - new // 2)
    return Grounding(recall_ppm=recall // ONE, ungrounded_ppm=missing // ONE * UNGROUNDED_HARM // ONE,
                     stale_ppm=stale // ONE * STALE_HARM // ONE)  # fmt: skip
