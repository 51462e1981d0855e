"""The prefix cache by hand: what is shared, what is found again, what is lost. Equality is in test_engine_equality."""

from __future__ import annotations

import pytest

from incidentsim.errors import UsageError
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import Prefix, Sequence
from incidentsim.world.stack.engine.step_model import PRESETS, StepModel

MINUTE = 60_000_000


class Bench:
    """One engine, fed by hand."""

    def __init__(self, *, blocks: int = 1_000, prefix_caching: bool = True) -> None:
        self.kernel = Kernel(0)
        self.engine = Replica(
            self.kernel, StepModel(PRESETS["llama3_8b_a100_tp1"]), blocks=blocks, max_num_seqs=64, budget=2_048,
            on_first=lambda _q, _now: None, on_finish=lambda _q, _now: None, prefix_caching=prefix_caching,
        )  # fmt: skip
        self._count = 0

    def submit(self, prompt: int, output: int, prefix: Prefix | None) -> Sequence:
        """Queue a sequence."""
        self._count += 1
        q = Sequence(self._count, self.kernel.now, prompt, output, prefix=prefix)
        self.engine.submit(q)
        return q

    def serve(self, prompt: int, output: int, prefix: Prefix | None) -> int:
        """Run one sequence alone to its end; return how many of its tokens were found."""
        before = self.engine.prefix_hits
        q = self.submit(prompt, output, prefix)
        self.run()
        assert q.finished_us > 0
        return self.engine.prefix_hits - before

    def run(self) -> None:
        """Let everything finish."""
        self.kernel.advance(self.kernel.now + 10 * MINUTE)


def test_a_template_is_found_in_full_blocks() -> None:
    """A second prompt finds the full blocks of the template it shares, and computes the rest."""
    bench = Bench()
    assert bench.serve(1_000, 10, (("t", 810),)) == 0
    assert bench.serve(1_200, 10, (("t", 810),)) == 800
    assert bench.engine.prefix_queries == 2_200
    assert bench.engine.prefill_tokens == 1_000 + 400


@pytest.mark.parametrize(("prompt", "found"), [(16, 0), (17, 16), (64, 48), (65, 64), (70, 64)])
def test_at_least_one_token_is_computed(prompt: int, found: int) -> None:
    """A prompt that is wholly in the cache still computes its last block, or what is beyond it."""
    bench = Bench()
    bench.serve(prompt, 1, (("same", prompt),))
    assert bench.serve(prompt, 1, (("same", prompt),)) == found


@pytest.mark.parametrize(("output", "found"), [(1, 496), (108, 592), (109, 608)])
def test_the_next_turn_finds_prompt_and_answer(output: int, found: int) -> None:
    """A conversation's next turn finds the last prompt and what was generated, but for the very last token."""
    bench = Bench()
    bench.serve(500, output, (("t", 200), ("talk", 500)))
    assert bench.serve(700, 10, (("t", 200), ("talk", 700))) == found
    assert bench.engine.cached_tokens((("t", 200), ("talk", 5_000))) == 704


def test_what_lies_beyond_the_prefix_is_never_found() -> None:
    """A prefix that ends inside the prompt says nothing about the rest, nor about the answer."""
    bench = Bench()
    bench.serve(500, 100, (("talk", 300),))
    assert bench.serve(700, 10, (("talk", 700),)) == 288


def test_equal_keys_after_another_template_are_other_content() -> None:
    """A conversation's key means the same content only after the same template of the same length."""
    bench = Bench()
    bench.serve(500, 1, (("t", 160), ("talk", 500)))
    assert bench.serve(500, 1, (("u", 160), ("talk", 500))) == 0
    assert bench.serve(500, 1, (("t", 150), ("talk", 500))) == 144
    assert bench.serve(500, 1, (("t", 160), ("talk", 500))) == 496


def test_free_blocks_keep_their_content() -> None:
    """What a finished sequence leaves counts as free and is found again."""
    bench = Bench()
    bench.serve(800, 10, (("a", 800),))
    assert bench.engine.used_blocks() == 0
    assert bench.engine.cached_tokens((("a", 800),)) == 800


def test_shared_blocks_are_held_once() -> None:
    """Two sequences with one template hold its blocks once, while one of them runs."""
    bench = Bench()
    bench.submit(1_600, 400, (("t", 1_600),))
    bench.kernel.advance(2_000_000)
    alone = bench.engine.used_blocks()
    bench.submit(1_616, 100, (("t", 1_600),))
    bench.kernel.advance(2_500_000)
    assert bench.engine.running == 2
    assert alone > 100
    assert bench.engine.used_blocks() < alone + 10
    bench.run()
    assert bench.engine.used_blocks() == 0


def test_sharing_begins_with_the_chunk() -> None:
    """A prompt admitted in the step that computes a template shares what that step computes, as in vLLM."""
    bench = Bench()
    first = bench.submit(1_000, 1, None)
    second, third = (bench.submit(720, 5, (("t", 640),)) for _ in range(2))
    bench.run()
    assert first.admitted_us < second.admitted_us == third.admitted_us
    assert bench.engine.prefix_hits == 640


def test_a_broken_prefix_shows_as_lost_hits_and_more_prefill() -> None:
    """A salt that changes from turn to turn loses every hit, prefills everything, and fills as much KV."""

    def talk(salted: bool) -> tuple[int, int, int, int]:
        bench = Bench()
        peak = 0
        for turn in range(5):
            tokens = 600 + 300 * turn
            q = bench.submit(tokens, 200, ((("t", turn if salted else 0), 512), ("talk", tokens)))
            while q.finished_us < 0:
                bench.kernel.advance(bench.kernel.now + 10_000)
                peak = max(peak, bench.engine.used_blocks())
        return bench.engine.prefix_hits, bench.engine.prefill_tokens, peak, bench.kernel.now

    hits, prefill, peak, end = talk(salted=False)
    lost, more, as_much, later = talk(salted=True)
    assert lost == 0 < hits
    assert more == prefill + hits
    assert as_much == peak
    assert later > end


def test_the_least_recently_used_goes_first_and_from_its_end() -> None:
    """New blocks take those that were free longest; of one sequence's the last ones first."""
    bench = Bench(blocks=100)
    bench.serve(480, 1, (("a", 480),))
    bench.serve(480, 1, (("b", 480),))
    bench.serve(640, 1, None)
    assert bench.engine.cached_tokens((("a", 480),)) == 480
    assert bench.serve(481, 1, (("a", 480),)) == 480
    bench.serve(160, 1, None)
    cached = [bench.engine.cached_tokens(((name, 480),)) for name in "ab"]
    assert cached == [480, 480 - 16 * 11], "11 blocks were taken since all had been used once: b's last ones"


def test_a_template_in_use_is_never_lost() -> None:
    """However much else passes through, the blocks of a running sequence stay."""
    bench = Bench(blocks=200)
    bench.submit(320, 2_000, (("t", 320),))
    for _ in range(30):
        bench.submit(600, 2, None)
        bench.kernel.advance(bench.kernel.now + 500_000)
    assert bench.engine.running == 1
    assert bench.engine.cached_tokens((("t", 320),)) == 320


def test_preempted_sequences_find_their_own_blocks() -> None:
    """Recomputation after a preemption starts from what is left of the sequence's own blocks; it counts as no hit."""
    spent = []
    for caching in (False, True):
        bench = Bench(blocks=120, prefix_caching=caching)
        for i in range(3):
            bench.submit(400, 500, ((("talk", i), 400),))
        bench.run()
        assert bench.engine.preemptions > 0
        assert bench.engine.prefix_hits == 0
        spent.append(bench.engine.prefill_tokens)
    assert spent[1] < spent[0]


def test_a_reset_forgets_and_running_sequences_stay_private() -> None:
    """After a reset nothing is found, not even what a sequence computed that ran meanwhile, until it comes again."""
    bench = Bench()
    running = bench.submit(640, 300, (("t", 640),))
    bench.kernel.advance(1_000_000)
    assert bench.engine.cached_tokens((("t", 640),)) == 640
    bench.engine.reset_prefix_cache()
    assert bench.engine.cached_tokens((("t", 640),)) == 0
    bench.run()
    assert running.finished_us > 0
    assert bench.engine.cached_tokens((("t", 640),)) == 0
    assert bench.serve(700, 1, (("t", 640),)) == 0
    assert bench.serve(700, 1, (("t", 640),)) == 640


def test_a_killed_engine_has_an_empty_cache() -> None:
    """Killing the process loses what was cached, also what its sequences held."""
    bench = Bench()
    bench.submit(640, 300, (("t", 640),))
    bench.kernel.advance(1_000_000)
    lost = bench.engine.kill()
    assert [q.hold for q in lost] == [None]
    assert bench.engine.used_blocks() == 0
    assert bench.serve(700, 1, (("t", 640),)) == 0


def test_without_caching_a_prefix_means_nothing() -> None:
    """With prefix caching off, prefixes change no time and count nothing; with it on, nor do prompts without one."""
    ends = []
    for caching, prefix in ((False, None), (False, (("t", 300),)), (True, None)):
        bench = Bench(prefix_caching=caching)
        queue = [bench.submit(300 + i, 20, prefix) for i in range(20)]
        bench.run()
        assert bench.engine.prefix_hits == 0
        assert bench.engine.cached_tokens((("t", 300),)) == 0
        ends.append([(q.first_us, q.finished_us) for q in queue])
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize("prefix", [(), (("t", 0),), (("t", 50), ("u", 50)), (("t", 100), ("u", 120))])
def test_a_prefix_that_does_not_fit_is_refused(prefix: Prefix) -> None:
    """Ends that don't rise, or two that reach the prompt's end, are a usage error that names them."""
    with pytest.raises(UsageError, match="prefix ends"):
        Bench().submit(100, 10, prefix)


def test_what_is_not_used_any_more_is_forgotten() -> None:
    """Segments whose blocks are gone leave the tree, so that a long run does not grow."""
    bench = Bench(blocks=100)
    for i in range(200):
        bench.serve(300, 5, (("t", 100), (("talk", i), 300)))
    cache = bench.engine._cache
    assert cache is not None
    template = cache._root.children[0, "t"]
    assert 1 <= len(template.children) <= 10
    assert len(cache._queue) <= 100
