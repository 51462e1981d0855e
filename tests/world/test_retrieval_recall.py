"""What a question may expect of two indexes, as pure arithmetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from incidentsim.world.stack.retrieval import recall
from incidentsim.world.stack.retrieval.recall import ONE, ground

PPM = st.integers(0, ONE)


def dense(top_k: int = 8, *, reranked: bool = False) -> int:
    """Return the healthy dense leg's recall."""
    return recall.found(recall.DENSE_CEILING, recall.DENSE_HALF, top_k, reranked=reranked)


def sparse(top_k: int = 8, *, reranked: bool = False) -> int:
    """Return the healthy sparse leg's recall."""
    return recall.found(recall.SPARSE_CEILING, recall.SPARSE_HALF, top_k, reranked=reranked)


def test_two_thirds_of_foreign_vectors_take_dense_recall_from_71_to_25_percent() -> None:
    """The healthy and the mixed figure are those of the report behind catalogue row 12."""
    assert 700_000 < dense() < 720_000
    assert 245_000 < dense() * 350_000 // ONE < 255_000


def test_hybrid_with_a_reranker_finds_more_than_either_leg() -> None:
    """The order is sparse, dense, hybrid, hybrid with reranker."""
    hybrid = recall.union(dense(), sparse())
    best = recall.union(dense(reranked=True), sparse(reranked=True))
    assert sparse() < dense() < hybrid < best
    assert 860_000 < best < 890_000


def test_more_passages_find_little_more() -> None:
    """From 8 to 32 passages the gain is below six points: top_k is no cure."""
    assert dense(8) < dense(32) < dense(8) + 80_000
    assert dense(8, reranked=True) < dense(32, reranked=True) < dense(8, reranked=True) + 20_000


def test_without_anything_found_only_what_the_model_knows_is_right() -> None:
    """Empty results leave the whole harm of missing passages, and nothing stale."""
    made = ground(0, 0, new_to_dense=0, new_to_sparse=0, updated_share=ONE)
    assert made == recall.Grounding(recall_ppm=0, ungrounded_ppm=recall.UNGROUNDED_HARM, stale_ppm=0)


def test_a_lagging_leg_alone_gives_old_versions() -> None:
    """When every question is about something newer than the sparse index, that index finds what was before."""
    made = ground(0, 600_000, new_to_dense=0, new_to_sparse=ONE, updated_share=ONE)
    assert made.recall_ppm == 0
    assert made.stale_ppm == 600_000 * recall.STALE_HARM // ONE
    assert made.ungrounded_ppm == 400_000 * recall.UNGROUNDED_HARM // ONE


def test_too_new_is_the_share_of_the_window_that_an_index_misses() -> None:
    """A lag of a quarter of the window misses a quarter of the fresh questions, a longer one no more than all."""
    assert recall.too_new(900, 400_000, 3_600) == 100_000
    assert recall.too_new(99_999, 400_000, 3_600) == 400_000


@given(PPM, PPM, PPM, PPM, PPM)
def test_shares_stay_shares(d: int, s: int, new_to_dense: int, new_to_sparse: int, updated: int) -> None:
    """Recall and harm lie between nothing and everything, and together don't exceed it."""
    made = ground(d, s, new_to_dense=new_to_dense, new_to_sparse=new_to_sparse, updated_share=updated)
    assert 0 <= made.recall_ppm <= recall.union(d, s) <= ONE
    assert made.ungrounded_ppm >= 0
    assert made.stale_ppm >= 0
    assert made.ungrounded_ppm + made.stale_ppm <= ONE


@given(PPM, PPM, PPM, PPM)
def test_lag_never_helps(d: int, s: int, less: int, more: int) -> None:
    """The further the sparse index is behind, the less is found."""
    less, more = min(less, more), max(less, more)
    fresh = ground(d, s, new_to_dense=0, new_to_sparse=less, updated_share=700_000)
    late = ground(d, s, new_to_dense=0, new_to_sparse=more, updated_share=700_000)
    assert late.recall_ppm <= fresh.recall_ppm + 1
