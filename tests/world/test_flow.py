"""The gateway's flow-control queue: who goes next, and that nobody is lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from incidentsim.world.stack.clients.tenant import TenantState
from incidentsim.world.stack.edge.flow import BACKFILL_DEPTH, TIERS, FlowQueue
from incidentsim.world.stack.edge.route import Route
from incidentsim.world.stack.requests import Attempt, UserRequest

TENANTS = ("a", "b", "c")


def attempt(tenant: str, received_us: int, tokens: int = 100) -> Attempt:
    """Return an attempt that has just come in."""
    owner = cast(TenantState, SimpleNamespace(id=tenant))
    request = UserRequest(owner, received_us, received_us, tokens, 1, 0, route=cast(Route, None))
    return Attempt(request, 1, received_us)


def everything(_: Attempt) -> bool:
    return True


def take_all(flow: FlowQueue) -> list[Attempt]:
    """Take everything out, first come first served."""
    out = []
    while (found := flow.next_by_requests()) is not None:
        flow.remove(found)
        out.append(found)
    return out


def test_tiers_go_before_arrival() -> None:
    """A later request of a better tier goes first; inside a tier the first come over all tenants."""
    flow = FlowQueue(TENANTS)
    batch, b, a, vip = attempt("a", 1), attempt("b", 2), attempt("a", 3), attempt("c", 4)
    for item, tier in ((batch, "batch"), (b, "standard"), (a, "standard"), (vip, "interactive")):
        flow.push(item, tier)
    assert take_all(flow) == [vip, b, a, batch]
    assert flow.total == 0


def test_by_tokens_the_one_with_least_in_flight_goes_first() -> None:
    """Admission by tokens serves the tenant that holds fewest tokens, not the one that came first."""
    flow = FlowQueue(TENANTS)
    early, late = attempt("a", 1), attempt("b", 2)
    flow.push(early, "standard")
    flow.push(late, "standard")
    assert flow.next_by_tokens({"a": 500, "b": 20, "c": 0}, everything) is late
    assert flow.next_by_tokens({"a": 10, "b": 20, "c": 0}, everything) is early


def test_a_tier_is_strict_by_tokens_too() -> None:
    """A tenant of a better tier goes first however many tokens it holds."""
    flow = FlowQueue(TENANTS)
    hungry, modest = attempt("a", 1), attempt("b", 2)
    flow.push(hungry, "interactive")
    flow.push(modest, "standard")
    assert flow.next_by_tokens({"a": 10**9, "b": 0, "c": 0}, everything) is hungry


def test_backfill_passes_what_does_not_fit() -> None:
    """A request that does not fit is passed by a later one of the same tenant that does."""
    flow = FlowQueue(TENANTS)
    big, little = attempt("a", 1, 9_000), attempt("a", 2, 50)
    flow.push(big, "standard")
    flow.push(little, "standard")
    assert flow.next_by_tokens(dict.fromkeys(TENANTS, 0), lambda x: x.tokens < 100) is little
    assert flow.next_by_tokens(dict.fromkeys(TENANTS, 0), everything) is big
    assert flow.next_by_tokens(dict.fromkeys(TENANTS, 0), lambda x: x.tokens < 10) is None


def test_backfill_looks_only_so_deep() -> None:
    """The work per dispatch is bounded: beyond the depth, a fitting request is not found."""
    flow = FlowQueue(TENANTS)
    for t in range(BACKFILL_DEPTH):
        flow.push(attempt("a", t, 9_000), "standard")
    flow.push(attempt("a", 10_000, 50), "standard")
    assert flow.next_by_tokens(dict.fromkeys(TENANTS, 0), lambda x: x.tokens < 100) is None


def test_retier_moves_the_queue_in_order() -> None:
    """Moving a tenant takes its queued requests along, in the order they came, and nobody else's."""
    flow = FlowQueue(TENANTS)
    items = [attempt("a", t) for t in range(4)]
    other = attempt("b", 0)
    for item in items:
        flow.push(item, "batch")
    flow.push(other, "standard")
    flow.remove(items[1])
    flow.retier("a", "interactive")
    assert take_all(flow) == [items[0], items[2], items[3], other]


def test_removal_is_idempotent() -> None:
    """Removing twice counts once, and a removed head is skipped."""
    flow = FlowQueue(TENANTS)
    gone, stays = attempt("a", 1), attempt("a", 2)
    flow.push(gone, "standard")
    flow.push(stays, "standard")
    flow.remove(gone)
    flow.remove(gone)
    assert (flow.total, flow.sizes["a"]) == (1, 1)
    assert list(flow.oldest()) == [stays]


class FlowMachine(RuleBasedStateMachine):
    """Random pushes, removals, dispatches, returns and moves, against a plain list of who waits.

    As at the gateway, a tenant's requests are queued in its tier of the moment.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flow = FlowQueue(TENANTS)
        self.waiting: list[Attempt] = []
        self.tiers = dict.fromkeys(TENANTS, "standard")
        self.taken: list[Attempt] = []
        self.clock = 0

    @rule(tenant=st.sampled_from(TENANTS), tokens=st.integers(1, 200))
    def push(self, tenant: str, tokens: int) -> None:
        self.clock += 1
        self._push(attempt(tenant, self.clock, tokens))

    def _push(self, item: Attempt) -> None:
        self.flow.push(item, self._tier(item))
        self.waiting.append(item)

    def _tier(self, item: Attempt) -> str:
        return self.tiers[item.request.tenant.id]

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.waiting))
        self.flow.remove(item)
        self.waiting.remove(item)

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.taken))
        self.taken.remove(item)
        self._push(item)

    @rule()
    def dispatch_by_requests(self) -> None:
        self._taken(self.flow.next_by_requests(), self.waiting)

    @rule(limit=st.integers(1, 200), held=st.tuples(*[st.integers(0, 3)] * 3))
    def dispatch_by_tokens(self, limit: int, held: tuple[int, int, int]) -> None:
        in_flight = dict(zip(TENANTS, held, strict=True))
        found = self.flow.next_by_tokens(in_flight, lambda x: x.tokens <= limit)
        self._taken(found, [item for item in self.waiting if item.tokens <= limit])

    def _taken(self, found: Attempt | None, possible: list[Attempt]) -> None:
        assert (found is None) == (not possible)
        if found is not None:
            assert found in possible
            best = min(TIERS.index(self._tier(item)) for item in possible)
            assert TIERS.index(self._tier(found)) == best
            self.flow.remove(found)
            self.waiting.remove(found)
            self.taken.append(found)

    @rule(tenant=st.sampled_from(TENANTS), tier=st.sampled_from(TIERS))
    def retier(self, tenant: str, tier: str) -> None:
        self.flow.retier(tenant, tier)
        self.tiers[tenant] = tier

    @rule()
    def compact(self) -> None:
        self.flow.compact()

    @invariant()
    def counts_agree(self) -> None:
        assert self.flow.total == len(self.waiting) == sum(self.flow.sizes.values())
        for tenant in TENANTS:
            assert self.flow.sizes[tenant] == sum(i.request.tenant.id == tenant for i in self.waiting)

    def teardown(self) -> None:
        drained = take_all(self.flow)
        assert sorted(map(id, drained)) == sorted(map(id, self.waiting))
        assert self.flow.total == 0


FlowMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


TestNothingIsLost = FlowMachine.TestCase
"""Whatever happens to the queue, it holds exactly those who wait, each once, and the best tier goes first."""
