"""What counts as seen, and when."""

from __future__ import annotations

import pytest

from incidentsim.scenario.cast import plain_cast
from incidentsim.scoring.evidence import Evidence, gather
from incidentsim.scoring.play import Moment, names_of, read_play
from tests.scoring.plays import SLO, TOKENS, Line, played
from tests.scoring.toy import toy_scenario

SCENARIO = toy_scenario()
GROWTH, BLIND = SCENARIO.root_causes
LATER = Moment(t_us=1_800_000_000, seq=10_000)


def seen(*lines: Line) -> Evidence:
    """Return the evidence that a play of these lines saw."""
    names = names_of(plain_cast(SCENARIO), SCENARIO)
    return gather(read_play(played(lines, SCENARIO).records, names), SCENARIO, names)


@pytest.mark.parametrize(
    ("line", "item"),
    [
        (TOKENS, "metric:gateway_tokens_total@tenant"),
        ('query gateway_tokens_total{tenant="others"}', "metric:gateway_tokens_total@tenant"),
        ("changes chg-1", "change:chg-1"),
        ("rollback chg-1 --dry-run", "change:chg-1"),
        ("inspect gateway", "inspect:gateway"),
        ("logs level>=warn svc:gateway preempt", "logs:gateway"),
    ],
)
def test_an_explicit_look_shows_its_item(line: str, item: str) -> None:
    """Queries sliced by the label, opened changes, previews, inspections and service filters are
    sightings."""
    assert seen((10, line)).seen() == (item,)


@pytest.mark.parametrize(
    "line",
    ["query sum(gateway_tokens_total)", "changes", "inspect router", "logs level>=warn", "logs -svc:gateway",
     "rollback chg-1", "alerts", "topology", SLO],
)  # fmt: skip
def test_summaries_and_other_signals_show_nothing_listed(line: str) -> None:
    """The list of changes, unsliced metrics, hidden services and a blind rollback are no sightings."""
    assert seen((10, line)).seen() == ()


def test_a_set_is_complete_only_before_the_moment() -> None:
    """Evidence seen after a claim does not support it."""
    evidence = seen((100, "inspect gateway"))
    look = evidence.sightings[0]
    assert evidence.supports(BLIND, LATER)
    assert not evidence.supports(BLIND, Moment(t_us=look.t_us, seq=look.seq))
    assert not evidence.supports(GROWTH, LATER)


def test_a_screen_counts_after_two_seconds_beside_an_explicit_look() -> None:
    """The logs screen completes a set only when in front for 2 s and another member was looked at
    explicitly."""
    assert seen((10, "changes chg-1"), (20, "view logs 3")).supports(GROWTH, LATER)
    assert not seen((10, "changes chg-1"), (20, "view logs 1")).supports(GROWTH, LATER)
    assert not seen((20, "view logs 30"), (10, "view changes 30")).supports(GROWTH, LATER)


def test_an_answer_is_seen_when_it_arrives() -> None:
    """A question counts from its answer on, as `ask:ROLE/TOPIC`."""
    asked = toy_scenario()
    causes = [c.model_copy(update={"evidence": (("ask:account-manager/trim",),)}) for c in asked.root_causes]
    scenario = asked.model_copy(update={"root_causes": tuple(causes)})
    names = names_of(plain_cast(scenario), scenario)
    play = read_play(played([(90, "ask account-manager can they trim?")], scenario).records, names)
    evidence = gather(play, scenario, names)
    (sighting,) = evidence.sightings
    assert (sighting.item, sighting.t_us) == ("ask:account-manager/trim", 135_000_000)


def test_efficiency_counts_distinct_signals_without_objectives() -> None:
    """Looking twice costs nothing, looking at objectives costs nothing, other signals do."""
    evidence = seen((1, SLO), (2, TOKENS), (3, TOKENS), (4, "trace slowest"), (5, "inspect router"))
    assert evidence.efficiency() == (1, 3)
    assert evidence.coverage() == (1, 4)
