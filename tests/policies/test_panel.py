"""The scripted players: what they look at, what they do, and what they are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from incidentsim.client_api import Ack, Series, View
from incidentsim.policies import PANEL, Briefed
from incidentsim.specs.people import POLICIES
from incidentsim.specs.verbs import VERBS
from incidentsim.specs.vocabulary import Vocabulary

BRIEFED = Briefed(
    script=((40_000_000, "query up"), (60_000_000, "limit acme tokens 100"), (70_000_000, 'status "done"')),
    truth=(("organisation", "waiver_without_expiry"),),
)


class Notebook:
    """A session that answers queries by tenant with fixed numbers and writes down what it is told."""

    def __init__(self, now: dict[str, float], before: dict[str, float]) -> None:
        self.said: list[tuple[int, str]] = []
        self.t_us = 0
        self._now, self._before = now, before

    def vocabulary(self) -> Vocabulary:
        """Return the names of a small stack."""
        return Vocabulary(pools=("chat-pool",), replicas=("chat-pool-0",), waivers=("chg-1",), runbooks=("slow",))

    async def wait_until(self, t_us: int) -> bool:
        """Jump there."""
        self.t_us = max(self.t_us, t_us)
        return True

    async def submit(self, text: str, *, nonce: str = "") -> Ack:
        """Write down the command; answer what asks for tokens by tenant."""
        self.said.append((self.t_us, text))
        table = self._before if "offset" in text else self._now
        series = tuple(Series(labels={"tenant": t}, points=((0, v),)) for t, v in table.items())
        view = View(kind="query", title=text, lines=(), series=series) if "by (tenant)" in text else None
        return Ack(accepted=True, seq=len(self.said), t_us=self.t_us, k=0, text="", view=view)

    def verbs(self) -> list[str]:
        """Return the verbs used, in order."""
        return [text.split(maxsplit=1)[0] for _, text in self.said]


def played(name: str, **tables: Any) -> Notebook:
    """Let one player play."""
    session = Notebook(tables.get("now", {"a": 10.0}), tables.get("before", {"a": 10.0}))
    asyncio.run(PANEL[name](session, BRIEFED))  # type: ignore[arg-type]
    return session


def test_the_panel_is_what_specs_declare() -> None:
    """Every declared policy has a player, in the same order."""
    assert tuple(PANEL) == POLICIES


@pytest.mark.parametrize("name", POLICIES)
def test_times_never_go_back_and_verbs_exist(name: str) -> None:
    """A player's commands come in rising time and use declared verbs."""
    said = played(name).said
    assert [t for t, _ in said] == sorted(t for t, _ in said)
    assert all(text.split(maxsplit=1)[0] in VERBS for _, text in said)


def test_do_nothing_says_nothing() -> None:
    """Leaving the incident alone means no command at all."""
    assert not played("do_nothing").said


def test_reference_follows_the_script() -> None:
    """Each line of the script is submitted at its time."""
    assert played("reference").said == list(BRIEFED.script)


def test_lucky_guess_never_looks() -> None:
    """A lucky guess acts and names a cause, without one look."""
    verbs = played("lucky_guess").verbs()
    assert verbs == ["limit", "diagnose"]
    assert not any(VERBS[v].group == "look" for v in verbs)


def test_habits_act_before_they_look() -> None:
    """Restarting and scaling come before any query."""
    for name, verb in (("restart_all", "restart"), ("scale_first", "scale")):
        verbs = played(name).verbs()
        assert verbs.index(verb) < verbs.index("query")


def test_the_novice_limits_whoever_grew_most() -> None:
    """The tenant is found by slicing, not known: the one with the largest growth gets the limit."""
    session = played("novice", now={"a": 12.0, "b": 90.0}, before={"a": 11.0, "b": 9.0})
    limits = [text for _, text in session.said if text.startswith("limit")]
    assert [text.split()[1] for text in limits] == ["b"]
    other = played("novice", now={"a": 99.0, "b": 9.0}, before={"a": 11.0, "b": 9.0})
    assert [text.split()[1] for _, text in other.said if text.startswith("limit")] == ["a"]


def test_the_novice_gives_up_without_data() -> None:
    """Without numbers by tenant it limits nobody."""
    assert "limit" not in played("novice", now={}, before={}).verbs()
