"""The answer cache: hits, expiry, coalescing, purges, restarts, mixed-up replies."""

from __future__ import annotations

from incidentsim.scenario.model import Scenario, Slo
from incidentsim.scenario.parts import RoutePart
from incidentsim.world.stack.stages.response_cache import ResponseCache
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Run, complete, overridden, small, values, with_fault


def cached(rate: int = 6_000) -> Scenario:
    """Return the small world whose requests pass the cache alone, and a privacy objective."""
    scenario = complete(small(rate=rate))
    routes = (RoutePart(id="chat", stages=("response-cache",), pools=(scenario.stack.pools[0].id,)),)
    privacy = Slo.model_validate({"id": "privacy", "title": "Own data only", "kind": "privacy", "objective": "100%"})
    stack = scenario.stack.model_copy(update={"routes": routes})
    return scenario.model_copy(update={"stack": stack, "slos": (*scenario.slos, privacy)})


def hit_rate(played: Played, since_s: int) -> float:
    """Return hits as a share of looks since a time after T+0, from reported counters."""
    out = []
    for name in ("redis_keyspace_hits_total", "redis_keyspace_misses_total"):
        series = values(played.world, name, cache="response-cache")
        out.append(series[-1] - series[(since_s + 20) // 5])
    return out[0] / (out[0] + out[1])


def upstream(played: Played) -> float:
    """Return the requests that reached the pool."""
    return values(played.world, "envoy_cluster_upstream_rq_total", cluster="chat-pool")[-1]


def test_common_questions_are_answered_from_the_cache(world_twice: Twice) -> None:
    """A good part of the requests never reaches a model, and users are served all the same."""
    with_cache = world_twice(Run(scenario=cached()))
    without = world_twice(Run(scenario=overridden(cached(), "response-cache", enabled=False)))
    assert 0.2 < hit_rate(with_cache, 0) < 0.45
    assert upstream(with_cache) < 0.8 * upstream(without)
    assert all(bad == 0 for key, (_, bad) in with_cache.world.sli().items() if key.startswith("availability"))


def test_a_new_salt_makes_it_cold(world_twice: Twice) -> None:
    """After the salt changes, nothing kept is found; it fills again slowly."""
    played = world_twice(Run(scenario=cached(), script=((20 * SECOND, "set response-cache.salt 2"),)))
    assert hit_rate(played, 25) < 0.6 * hit_rate(world_twice(Run(scenario=cached())), 25)


def test_purging_forgets_everything(world_twice: Twice) -> None:
    """A purge costs hits."""
    played = world_twice(Run(scenario=cached(), script=((20 * SECOND, "purge response-cache"),)))
    assert hit_rate(played, 25) < 0.6 * hit_rate(world_twice(Run(scenario=cached())), 25)


def test_restarting_shards_lose_their_part(world_twice: Twice) -> None:
    """One shard of four costs about a quarter of the hits, four cost nearly all."""
    base = hit_rate(world_twice(Run(scenario=cached())), 10)
    one = with_fault(cached(), "cache_shard_restarts", "response-cache", 9 * SECOND, shards=1)
    four = with_fault(cached(), "cache_shard_restarts", "response-cache", 9 * SECOND, shards=4)
    after_one, after_four = (hit_rate(world_twice(Run(scenario=s)), 10) for s in (one, four))
    assert after_four < after_one < base
    assert after_four < 0.6 * base


def test_coalescing_sends_one_of_many(world_twice: Twice) -> None:
    """With unstable keys nothing is found again, but a question that is under way is waited for."""
    sick = with_fault(cached(9_000), "cache_key_unstable", "response-cache", -19 * SECOND)
    alone = world_twice(Run(scenario=sick))
    together = world_twice(Run(scenario=overridden(sick, "response-cache", coalescing=True)))
    assert hit_rate(alone, 0) == 0
    assert values(together.world, "response_cache_coalesced_total")[-1] > 5
    assert upstream(together) < upstream(alone)


def test_mixed_up_replies_breach_privacy(world_twice: Twice) -> None:
    """A share of the hits shows another tenant's data, counted against privacy; switched off, nothing leaks."""
    sick = with_fault(cached(20_000), "cache_key_leak", "response-cache", 0, share=100_000)
    played = world_twice(Run(scenario=sick))
    cache = played.stack.components["response-cache"]
    assert isinstance(cache, ResponseCache)
    bad = sum(b for key, (_, b) in played.world.sli().items() if key.startswith("privacy"))
    assert bad == cache.leaked > 20
    off = world_twice(Run(scenario=overridden(sick, "response-cache", enabled=False)))
    assert sum(b for key, (_, b) in off.world.sli().items() if key.startswith("privacy")) == 0
