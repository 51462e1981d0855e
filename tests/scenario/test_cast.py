"""Casts: unique names without truth in them, both ways, through JSON, into texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import ScenarioError
from incidentsim.scenario.cast import Cast, TenantName, make_cast, plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.specs.people import TEAM_ROLES
from tests.scenario.conftest import FIXTURES, Workshop

SCENARIO = load_scenario(FIXTURES / "slow-answers")
CAST = Cast(
    tenants={"strategic": TenantName(slug="mercer-labs", name="Mercer Labs")},
    people={"platform": "Ada Byrne"},
    hosts={"node-3": "gpu-fra-r12-40"},
)


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_made_names_are_unique_short_and_say_nothing(seed: int) -> None:
    """Every made cast has different names for all, short lower-case slugs, and no id or truth in them."""
    cast = make_cast(SCENARIO, seed)
    slugs = [tenant.slug for tenant in cast.tenants.values()]
    shown = slugs + list(cast.people.values()) + list(cast.hosts.values())
    assert len(shown) == len(set(shown)) == 2 + len(TEAM_ROLES) + 4
    assert all(re.fullmatch(r"[a-z]+-[a-z]+", slug) and len(slug) <= 16 for slug in slugs)
    words = {word for name in shown for word in re.split(r"[^a-z]+", name.lower())}
    assert not words & {"strategic", "corner", "shop", "context", "growth", "waiver", "node", "tenant"}


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_names_go_both_ways_and_through_json(seed: int) -> None:
    """`id_of` undoes `shown` for every id, and JSON gives the same cast back."""
    cast = make_cast(SCENARIO, seed)
    for stable_id in (*cast.tenants, *cast.hosts, *cast.people, "tenant.strategic"):
        assert cast.id_of(cast.shown(stable_id)) == stable_id
    assert Cast.from_json(cast.to_json()) == cast


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_hosts_stand_in_the_region_of_their_pool(seed: int) -> None:
    """A pool of the US and one of the EU don't stand at one site, and all hosts of a pool do."""
    pool = SCENARIO.stack.pools[0]
    pools = (pool.model_copy(update={"id": "a", "region": "eu"}), pool.model_copy(update={"id": "b", "region": "us"}))
    stack = SCENARIO.stack.model_copy(update={"pools": pools})
    hosts = list(make_cast(SCENARIO.model_copy(update={"stack": stack}), seed).hosts.values())
    sites = [host.split("-")[1] for host in hosts]
    half = len(sites) // 2
    assert half > 1
    assert set(sites[:half]) <= {"fra", "dub", "ams", "arn"}
    assert set(sites[half:]) <= {"iad", "ord", "pdx", "sea"}
    assert len(set(sites)) == 2
    assert len(set(hosts)) == len(hosts)


def test_a_cast_depends_on_the_seed_only(scenario: Scenario) -> None:
    """The same seed gives the same names, another seed others."""
    assert make_cast(scenario, 7) == make_cast(scenario, 7)
    assert make_cast(scenario, 7) != make_cast(scenario, 8)


def test_a_stack_may_say_what_its_customers_trade_in(workshop: Workshop) -> None:
    """Made names then end in its words, dealt differently from session to session."""
    workshop.edit(("\npools:", "\ntrades: [care, wards]\npools:"), file="stacks/mini.yaml")
    scenario = workshop.load()
    dealt = {
        tuple(tenant.slug.rpartition("-")[2] for tenant in make_cast(scenario, seed).tenants.values())
        for seed in range(12)
    }
    assert dealt == {("care", "wards"), ("wards", "care")}


def test_shown_names() -> None:
    """Tenants are shown by slug, also as components; what has no name is shown as it is."""
    assert CAST.shown("strategic") == "mercer-labs"
    assert CAST.shown("tenant.strategic") == "tenant.mercer-labs"
    assert CAST.shown("node-3") == "gpu-fra-r12-40"
    assert CAST.shown("chat-pool-3") == "chat-pool-3"


def test_a_change_is_about_something_by_its_name() -> None:
    """What a change is about is shown by name, be it written with a placeholder or as a component's id."""
    for written in ("tenant.{tenant.strategic}", "tenant.strategic"):
        assert CAST.target(written) == "tenant.mercer-labs"
    assert CAST.target("node-3") == "gpu-fra-r12-40"
    assert CAST.target("chat-pool") == "chat-pool"


@pytest.mark.parametrize("where", ["title", "summary"])
def test_no_name_is_put_in_before_there_is_a_cast(workshop: Workshop, where: str) -> None:
    """Texts of the gallery can't hold placeholders: nobody would fill them."""
    line = next(x for x in (workshop.folder / "scenario.yaml").read_text().splitlines() if x.startswith(where))
    workshop.edit((line, f"{line} {{tenant.corner-shop}}"))
    assert any("say it without names" in problem for problem in workshop.problems())


@pytest.mark.parametrize("text", ["rules: [Ask {tenant.nobody}]", "herrings: [A host, {host.node-77}]"])
def test_rules_and_herrings_are_checked_like_other_texts(workshop: Workshop, text: str) -> None:
    """A placeholder without a value is found when the scenario is loaded, not when somebody plays it."""
    name, _, value = text.partition(": ")
    workshop.edit(("held_out:", f"{name}: ['{value[1:-1]}']\nheld_out:"))
    assert any("nothing to put in" in problem for problem in workshop.problems())


def test_stable_ids_are_not_shown_names() -> None:
    """A stable id can't be looked up as if it were a name that people see."""
    assert CAST.id_of("Ada Byrne") == "platform"
    assert CAST.id_or_none("strategic") is None
    with pytest.raises(KeyError):
        CAST.id_of("node-3")


def test_texts_are_filled_with_names_and_facts() -> None:
    """Placeholders become names and facts, and PromQL selectors stay as they are."""
    text = '{person.platform} on {host.node-3}: rate(x{tenant="{tenant.strategic}"}[1m])'
    assert CAST.render(text) == 'Ada Byrne on gpu-fra-r12-40: rate(x{tenant="mercer-labs"}[1m])'
    assert CAST.render("at {clock}", {"clock": "T+04:00"}) == "at T+04:00"


@pytest.mark.parametrize("text", ["{tenant.other}", "{clock}", "{host.node-9}", "{person.cook}"])
def test_a_placeholder_without_a_value_is_an_error(text: str) -> None:
    """What has no value is named in the error."""
    with pytest.raises(ScenarioError, match=re.escape(text)):
        CAST.render(f"hello {text}")
    assert CAST.unknown_placeholders(f"hello {text} {text}") == (text,)


def test_the_plain_cast_shows_ids(scenario: Scenario) -> None:
    """In the plain cast everything is called by its id, hosts up to the pool's quota."""
    cast = plain_cast(scenario)
    assert list(cast.hosts.values()) == ["node-0", "node-1", "node-2", "node-3"]
    assert cast.render("{tenant.strategic} {person.platform}") == "strategic platform"


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"tenants": {}, "people": {}},
        {"tenants": {"a": {"slug": "x y", "name": "X"}}, "people": {}, "hosts": {}},
        {"tenants": {"a": {"slug": "x", "name": ""}}, "people": {}, "hosts": {}},
        {"tenants": {"a": "x"}, "people": {}, "hosts": {}},
        {"tenants": {"[red]": {"slug": "x", "name": "X"}}, "people": {}, "hosts": {}},
        {"tenants": {}, "people": {"a": "X", "b": "X"}, "hosts": {}},
        {"tenants": {}, "people": {}, "hosts": {f"node-{i}": f"h{i}" for i in range(600)}},
    ],
)
def test_a_bad_cast_is_refused(value: object) -> None:
    """A cast file that is not one is refused with ScenarioError."""
    with pytest.raises(ScenarioError):
        Cast.from_json(value)
