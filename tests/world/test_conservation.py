"""Requests, tokens and KV blocks are conserved exactly; the second set of books finds what is not (F6)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from incidentsim.bench.audited_replica import AuditedReplica
from incidentsim.bench.cases import random_case
from incidentsim.bench.conservation import turbulent
from incidentsim.bench.ledger import Ledger, audited_world
from incidentsim.bench.subject import incident, send, world_of
from incidentsim.exact import Draws
from incidentsim.world.call import Call
from incidentsim.world.kernel import OBSERVE, Kernel
from incidentsim.world.stack.engine.replica import Replica
from incidentsim.world.stack.engine.sequence import Sequence
from incidentsim.world.stack.engine.step_model import StepModel
from incidentsim.world.world import World
from tests.world.worlds import SECOND, small, stack_of, with_fault

LAST_MINUTE = 9

AGENTS: dict[str, Any] = {
    "conversations_per_minute": 60_000_000, "burst": 30, "turns": 6, "think_time": 2 * SECOND, "max_prompt": 9_000,
    "first_prompt": ((0, 3_000), (1_000_000, 6_000)), "growth": ((0, 500), (1_000_000, 2_000)),
    "output": ((0, 200), (1_000_000, 800)),
}  # fmt: skip


@pytest.fixture(scope="module")
def books() -> Ledger:
    """Return the closed books of the packaged incident with restarts, drains, rolls and scaling."""
    with audited_world(partial(world_of, telemetry=False), incident()) as made:
        return turbulent(made, LAST_MINUTE)


def test_nothing_is_lost_in_a_whole_incident(books: Ledger) -> None:
    """Every audit agrees on every request, attempt, token and KV block, through all that can befall them."""
    assert books.breaks == []
    totals = books.totals()
    assert totals["preemptions"] > 50
    assert totals["kills"] >= 15
    assert totals["cancels"] > 1_000
    assert totals["retries"] > 1_000
    assert books.codes.keys() >= {200, 499, 503}


def test_littles_law_holds_for_every_queue(books: Ledger) -> None:
    """Mean number = arrival rate x mean stay within 1 % at the gateway, on the pods and in each engine's queue."""
    queues = books.queues(60 * SECOND)
    assert len(queues) >= 10
    assert {q.name for q in queues} >= {"gateway queue", "dispatched"}
    assert {q.name: q.error_pct() for q in queues if q.error_pct() > 1} == {}


def test_auditing_changes_nothing() -> None:
    """A world with a ledger has the digest of one without, and later worlds have ordinary engines."""
    scenario = with_fault(small(), "context_growth", "tenant.strategic", 0, **AGENTS)

    def digest(world: World) -> str:
        world.advance(20 * SECOND)
        send(world, "restart chat-pool-1", t_us=21 * SECOND, ref=1)
        world.advance(60 * SECOND)
        return world.dyn_digest()

    with audited_world(partial(world_of, telemetry=False), scenario) as (audited, _):
        with_books = digest(audited)
    world = world_of(scenario, telemetry=False)
    assert digest(world) == with_books
    assert {type(p.engine) for p in stack_of(world).pool.pods} == {Replica}


def run_audited(seed: int) -> AuditedReplica:
    """Run one random engine case to its end, audited at its probes, with some kills."""
    case = random_case(seed)
    kernel = Kernel(0)
    engine = AuditedReplica(
        kernel, StepModel(case.preset), blocks=case.blocks, max_num_seqs=case.max_num_seqs, budget=case.budget,
        reserve=case.reserve, on_first=lambda q, now: None, on_finish=lambda q, now: None,
    )  # fmt: skip
    sequences = [Sequence(i, t, p, o) for i, (t, p, o) in enumerate(case.arrivals)]

    def submit(call: Call) -> None:
        engine.submit(call.argument)

    def cancel(call: Call) -> None:
        engine.cancel(sequences[call.argument])

    def slow(call: Call) -> None:
        engine.set_factor(call.argument)

    def audit(_: Call) -> None:
        engine.audit()

    def kill(_: Call) -> None:
        engine.kill()

    for q in sequences:
        kernel.at(q.arrived_us, submit, q)
    for t, i in case.cancels:
        kernel.at(t, cancel, i)
    for t, f in case.factors:
        kernel.at(t, slow, f)
    for t in case.probes:
        kernel.at(t, audit, None, OBSERVE)
    draws = Draws(seed, "conservation", "kill")
    for i in range(draws.below(0, 3)):
        kernel.at(draws.below(i + 1, case.arrivals[-1][0] + 1), kill, None)
    kernel.advance(3_600 * SECOND)
    engine.audit()
    assert engine.live() == []
    assert engine.used_blocks() == 0
    return engine


@pytest.mark.parametrize("chunk", range(4))
def test_engines_conserve_tokens_and_blocks(chunk: int) -> None:
    """Random workloads with cancels, slowdowns, preemptions and kills leave no token or block unaccounted for."""
    engines = [run_audited(seed) for seed in range(500 + chunk * 15, 500 + (chunk + 1) * 15)]
    assert [engine.breaks for engine in engines] == [[]] * len(engines)
    assert sum(engine.preemptions > 0 for engine in engines) >= 3
    assert sum(engine.kills > 0 for engine in engines) >= 3


def test_the_engines_books_find_a_lost_block() -> None:
    """An engine that loses a block, or makes a token, is found out by the next audit."""
    engine = run_audited(500)
    engine._free -= 1
    engine.decode_tokens += 1
    engine.audit()
    assert [line.partition(":")[0] for line in engine.breaks] == ["KV blocks in use", "decoded tokens"]


def test_the_ledger_finds_a_lost_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that drops a retry, or counts a request in flight that is not, is found out."""
    scenario = with_fault(small(), "context_growth", "tenant.strategic", 0, **AGENTS)
    with audited_world(partial(world_of, telemetry=False), scenario) as (world, ledger):
        world.advance(20 * SECOND)
        assert ledger.breaks == []
        stack_of(world).gateway.lanes[0].requests_in_flight += 1
        ledger.audit()
        assert [line.partition(": ")[0].partition(", ")[2] for line in ledger.breaks] == ["requests in flight"]
        stack_of(world).gateway.lanes[0].requests_in_flight -= 1
        ledger.breaks.clear()
        lost = next(iter(ledger._live))
        monkeypatch.setattr(lost, "ended", True)  # the gateway believes that it has answered
        world.advance(60 * SECOND)
        assert ledger.breaks != []
