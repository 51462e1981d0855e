"""Help and generated reference: everything declared is documented."""

from __future__ import annotations

import pytest

from incidentsim.commands.help import markdown_reference, overview, usage, verb_help
from incidentsim.commands.parse import parse
from incidentsim.commands.reference import fault_reference, knob_reference, metric_reference
from incidentsim.errors import CommandError
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import FAULTS
from incidentsim.specs.metrics import METRICS
from incidentsim.specs.verbs import VERBS
from incidentsim.specs.vocabulary import Vocabulary

EXAMPLE_NAMES = Vocabulary(
    components={
        "gateway": "gateway",
        "chat-pool": "pool",
        "acme": "tenant",
        "node-3": "node",
        "job.daily": "job",
        "response-cache": "response-cache",
        "shard-1": "shard",
    },
    tenants=("acme",),
    pools=("chat-pool",),
    replicas=("chat-pool-3",),
    people=("platform", "account-manager"),
    changes=("CHG-1044",),
    waivers=("CHG-1042",),
    alerts=("TTFTBurnRateFast",),
    runbooks=("ttft-slo",),
    causes=(("gateway", "length_blind_admission"),),
)
"""The names that the examples of the verbs use."""


@pytest.mark.parametrize("name", VERBS)
def test_example_is_a_valid_command(name: str) -> None:
    """The example of every verb is a command of that verb."""
    assert parse(VERBS[name].example, EXAMPLE_NAMES).verb == name


@pytest.mark.parametrize("name", VERBS)
def test_verb_help_covers_the_declaration(name: str) -> None:
    """Help on a verb shows its help, every argument and option, and its example."""
    spec = VERBS[name]
    text = "\n".join(verb_help(name))
    assert spec.help in text
    assert spec.example in text
    for field in (*spec.arguments, *spec.options):
        assert field.help in text
    assert ("--dry-run" in text) == (spec.group == "act")


def test_usage() -> None:
    """The usage shows required and optional arguments and options, and marks the current one."""
    assert usage("trace") == "trace <id> [--last DURATION]"
    assert usage("logs", current="filter") == "logs [»filter«] [--last DURATION]"


def test_help_on_an_unknown_verb_suggests() -> None:
    """Help on a verb that does not exist raises CommandError with a suggestion."""
    with pytest.raises(CommandError) as caught:
        verb_help("querry")
    assert caught.value.suggestion == "query"


def test_overview_lists_each_verb_once() -> None:
    """The overview has every verb in exactly one group."""
    listed = [line.split()[0] for _, verbs in overview() for line, _ in verbs]
    assert sorted(listed) == sorted(VERBS)


def test_references_name_everything() -> None:
    """The generated references name every verb, component, knob, fault, parameter and metric."""
    commands, knobs, faults, metrics = (
        markdown_reference(),
        knob_reference(),
        fault_reference(),
        metric_reference(),
    )
    assert all(f"\n### {name}\n" in commands for name in VERBS)
    for spec in COMPONENTS.values():
        assert f"\n## {spec.kind}\n" in knobs
        assert all(f"| `{knob.name}` |" in knobs for knob in spec.knobs)
    for fault in FAULTS.values():
        assert f"\n## {fault.kind}\n" in faults
        assert all(f"| `{parameter.name}` |" in faults for parameter in fault.parameters)
    assert all(f"| `{name}` |" in metrics for name in METRICS)


def test_table_rows_have_equal_width() -> None:
    """Every row of a generated table has as many cells as its head, whatever its texts contain."""
    for text in (markdown_reference(), knob_reference(), fault_reference(), metric_reference()):
        width = 0
        for line in text.splitlines():
            cells = line.replace("\\|", "").count("|")
            if not line.startswith("|"):
                width = 0
            elif width:
                assert cells == width, line
            else:
                width = cells
