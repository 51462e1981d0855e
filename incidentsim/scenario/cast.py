"""The cast: what the tenants, people and hosts of one session are called.

The world draws and hashes by stable ids; people see these names, so that two sessions of one scenario look
different and behave the same. A session makes a cast once with `make_cast` and keeps it in the transcript's
header; tests and authors use `plain_cast`, where ids are shown as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from incidentsim.errors import ScenarioError
from incidentsim.exact import Draws
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import node_ids
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.people import TEAM_ROLES
from incidentsim.text import clean

PLACEHOLDER = re.compile(r"\{(tenant|person|host|limit|demand)\.([A-Za-z0-9._-]{1,64})\}|\{([a-z][a-z0-9_]{0,63})\}")
"""`{tenant.ID}`, `{person.ROLE}`, `{host.ID}` or `{fact}`; PromQL selectors don't look like this."""

FACTS: frozenset[str] = frozenset(
    {"clock", "ready_replicas", "total_replicas", "worst_tenant", "complaining_tenants", "late_share"}
)
"""World facts a text may hold in braces, besides `{limit.TENANT}` and `{demand.TENANT}` (tokens a minute)."""

_MAX_NAMES = 512
"""Most names of one kind in a cast that is read back."""

_SHOWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_SLUG_LENGTH = 16
"""Longest tenant slug: it is a label value, a column and a word to type."""

_BUSINESSES = (
    "labs", "retail", "health", "media", "travel", "legal", "foods", "bank", "games", "motors", "energy",
    "books", "homes", "mail", "parts", "tours",
)  # fmt: skip
"""Second words of company names where a stack writes none: trades, none of which hints at size, contract or what is

wrong."""

_SITES = ("fra", "iad", "dub", "ord", "ams", "pdx", "lhr", "sea")
"""Airport codes, as cloud regions and sites are often called by."""

_SITES_IN = {"eu": ("fra", "dub", "ams", "arn"), "us": ("iad", "ord", "pdx", "sea"), "ca": ("yul", "yyz", "yvr")}
"""Those in the region of a pool: hosts of different regions don't stand in one place."""

_TAKEN = ("strategic", "noisy", "culprit", "agent", "batch", "standard", "interactive", "all", "gateway",
          "router", "pool", "tenant", "node", "tokens", "requests")  # fmt: skip
"""Words that are truths or commands, and so can't be part of a made name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantName:
    """A tenant's short name, used in labels and commands, and its name in prose."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Shown names by stable id: tenants, people by role, hosts by component id. Shown names are unique."""

    tenants: dict[str, TenantName]
    people: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)

    def shown(self, stable_id: str) -> str:
        """Return the name people see for a tenant (`strategic` or `tenant.strategic`), a host or a role.

        What has no name of its own, such as `gateway` or `chat-pool-3`, is shown as it is.
        """
        tenant = self.tenants.get(stable_id.removeprefix("tenant."))
        if tenant is not None:
            return f"tenant.{tenant.slug}" if stable_id.startswith("tenant.") else tenant.slug
        return self.hosts.get(stable_id) or self.people.get(stable_id) or stable_id

    def id_of(self, shown: str) -> str:
        """Return the stable id of a shown name, the inverse of `shown`. Raises KeyError for others."""
        found = self.id_or_none(shown)
        if found is None:
            raise KeyError(shown)
        return found

    def id_or_none(self, shown: str) -> str | None:
        """Return the stable id of a shown name, None when the cast has no such name."""
        slug = shown.removeprefix("tenant.")
        for tenant_id, tenant in self.tenants.items():
            if tenant.slug == slug:
                return f"tenant.{tenant_id}" if shown.startswith("tenant.") else tenant_id
        for names in (self.hosts, self.people):
            for stable_id, name in names.items():
                if name == shown:
                    return stable_id
        return None

    def render(self, text: str, facts: Mapping[str, str] | None = None) -> str:
        """Return `text` with its placeholders filled. Raises ScenarioError for one that has no value."""

        def fill(match: re.Match[str]) -> str:
            value = self._value(match, facts or {})
            if value is None:
                raise ScenarioError(f"nothing to put in for {match[0]} in {text[:80]!r}; check the name")
            return value

        return PLACEHOLDER.sub(fill, text)

    def target(self, text: str) -> str:
        """Return what a change is about, as people see it: a text with placeholders, or a component by its id."""
        return self.shown(self.render(text))

    def unknown_placeholders(self, text: str, facts: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Return the placeholders of `text` that `render` could not fill."""
        given = dict.fromkeys(facts, "")
        unknown = (
            match[0]
            for match in PLACEHOLDER.finditer(text)
            if self._value(match, given) is None or (match[1] in ("limit", "demand") and not facts)
        )
        return tuple(dict.fromkeys(unknown))

    def _value(self, match: re.Match[str], facts: Mapping[str, str]) -> str | None:
        kind, name, fact = match.groups()
        if kind == "tenant":
            tenant = self.tenants.get(name)
            return None if tenant is None else tenant.slug
        if kind == "person":
            return self.people.get(name)
        if kind in ("limit", "demand"):
            return facts.get(f"{kind}.{name}", "") if name in self.tenants else None
        return self.hosts.get(name) if kind == "host" else facts.get(fact)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, the form in a transcript's header."""
        tenants = {i: {"slug": t.slug, "name": t.name} for i, t in self.tenants.items()}
        return {"tenants": tenants, "people": dict(self.people), "hosts": dict(self.hosts)}

    @classmethod
    def from_json(cls, value: Any) -> Cast:
        """Return the cast that `to_json` wrote. Raises ScenarioError when it can't be one."""
        if not isinstance(value, dict) or set(value) != {"tenants", "people", "hosts"}:
            raise ScenarioError("a cast is an object with tenants, people and hosts")
        tenants = {}
        for stable_id, entry in _entries(value["tenants"], "tenants"):
            if not isinstance(entry, dict) or set(entry) != {"slug", "name"}:
                raise ScenarioError(f"cast: tenant {stable_id!r} needs slug and name")
            tenants[stable_id] = TenantName(slug=_slug(entry["slug"]), name=_name(entry["name"]))
        people = {role: _name(name) for role, name in _entries(value["people"], "people")}
        hosts = {host: _slug(name) for host, name in _entries(value["hosts"], "hosts")}
        shown = [t.slug for t in tenants.values()] + list(people.values()) + list(hosts.values())
        twice = sorted(name for name in shown if shown.count(name) > 1)
        if twice:
            raise ScenarioError(f"cast: the name {twice[0]!r} is given twice; shown names must differ")
        return cls(tenants=tenants, people=people, hosts=hosts)


def _entries(value: Any, what: str) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or len(value) > _MAX_NAMES:
        raise ScenarioError(f"cast: {what} must be an object of at most {_MAX_NAMES} names")
    bad = next((k for k in value if not isinstance(k, str) or not _SHOWN_NAME.fullmatch(k)), None)
    if bad is not None:
        raise ScenarioError(f"cast: {clean(str(bad), limit=60)!r} is not an id")
    return list(value.items())


def _slug(value: Any) -> str:
    if not isinstance(value, str) or not _SHOWN_NAME.fullmatch(value):
        raise ScenarioError(f"cast: {clean(str(value), limit=60)!r} is not letters, digits, dots and dashes")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ScenarioError("cast: a name must be text")
    return clean(value.strip(), limit=80)


def roles_of(scenario: Scenario) -> tuple[str, ...]:
    """Return every role that has a person: the known ones, and those of the scenario's team."""
    return tuple(dict.fromkeys((*TEAM_ROLES, *(mate.role for mate in scenario.team))))


def hosts_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the component ids of all hosts."""
    return tuple(host for pool in scenario.stack.pools for host in node_ids(scenario, pool.id))


def plain_cast(scenario: Scenario) -> Cast:
    """Return the cast that shows every id as it is."""
    return Cast(
        tenants={t.id: TenantName(slug=t.id, name=t.id) for t in scenario.tenants},
        people={role: role for role in roles_of(scenario)},
        hosts={host: host for host in hosts_of(scenario)},
    )


def make_cast(scenario: Scenario, seed: int) -> Cast:
    """Return a cast with made-up names; the same scenario id, seed and Faker version give the same names."""
    from faker import Faker

    draws = Draws(seed, scenario.id, "cast")
    faker = Faker(["en_US", "en_GB"])
    faker.seed_instance(draws.below(0, 2**32))
    taken = _forbidden_words(scenario)
    tenants: dict[str, TenantName] = {}
    businesses = scenario.stack.trades or _BUSINESSES
    for i, tenant in enumerate(scenario.tenants):
        business = businesses[(draws.below(1, len(businesses)) + i) % len(businesses)]
        surname = _fresh(lambda: str(faker.last_name()), taken, _SLUG_LENGTH - len(business) - 1)
        tenants[tenant.id] = TenantName(slug=f"{surname.lower()}-{business}", name=f"{surname} {business.capitalize()}")
    people: dict[str, str] = {}
    for role in roles_of(scenario):
        first = _fresh(lambda: str(faker.first_name()), taken, 12)
        people[role] = f"{first} {_fresh(lambda: str(faker.last_name()), taken, 12)}"
    return Cast(tenants=tenants, people=people, hosts=_host_names(scenario, draws))


def _host_names(scenario: Scenario, draws: Draws) -> dict[str, str]:
    """Return names of site, rack and unit by host id; the site is one of the region of the host's pool."""
    rack = draws.below(3, 20) + 10
    unit = draws.below(4, 30)
    names: dict[str, str] = {}
    for pool in scenario.stack.pools:
        sites = _SITES_IN.get(pool.region, _SITES)
        site = sites[draws.below(2, len(sites))]
        for host in node_ids(scenario, pool.id):
            i = len(names)
            names[host] = f"gpu-{site}-r{rack + i // 4}-{(unit + 7 * i) % 89 + 10}"
    return names


def _fresh(draw: Callable[[], str], taken: set[str], longest: int) -> str:
    """Return a drawn name of plain letters, not seen before and without a forbidden word in it."""
    name = ""
    for attempt in range(400):
        drawn = draw()
        name = drawn if attempt < 300 else f"{drawn[: longest - 1]}{chr(97 + attempt % 26)}"
        if not (name.isascii() and name.isalpha() and 3 <= len(name) <= longest):
            continue
        if name.lower() not in taken and not any(word in name.lower() for word in taken if len(word) >= 6):
            taken.add(name.lower())
            return name
    raise ScenarioError("Faker ran out of names; the scenario has too many tenants or people")


def _forbidden_words(scenario: Scenario) -> set[str]:
    words = set(_TAKEN)
    for text in (*(t.id for t in scenario.tenants), *(f.replace("_", "-") for f in FAULTS), scenario.id):
        words.update(part for part in text.split("-") if len(part) >= 3)
    return words
