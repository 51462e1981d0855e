"""Siblings: what may differ, how it is drawn, that they are complete, and mistakes at their lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.errors import ScenarioError
from incidentsim.scenario.lint import lint
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.places import packaged_root
from incidentsim.scenario.problems import Problems
from incidentsim.scenario.safe_yaml import load_yaml
from incidentsim.scenario.siblings import Parent, Sibling, problems_of_options
from incidentsim.scenario.write_yaml import yaml_text
from tests.catalogue import shipped_with_variants
from tests.scenario.conftest import Workshop
from tests.scenario.mutate import mutations

SECTION = (Path(__file__).parent / "variants.yaml").read_text(encoding="utf-8")
REFUSE = '{"t": 60, "command": "shed all 30% --because \\"chg-9, 400k\\""}\n'
LESS = '{"t": 70, "command": "limit {tenant.corner-shop} tokens 100k"}\n'
SHIPPED = shipped_with_variants()


@pytest.fixture
def varied(workshop: Workshop) -> Workshop:
    """Return the fixtures with a scenario whose siblings may differ."""
    path = workshop.folder / "scenario.yaml"
    path.write_text(path.read_text(encoding="utf-8") + SECTION, encoding="utf-8")
    (workshop.folder / "variants").mkdir()
    (workshop.folder / "variants" / "refuse.jsonl").write_text(REFUSE, encoding="utf-8")
    (workshop.folder / "variants" / "less.jsonl").write_text(LESS, encoding="utf-8")
    return workshop


def taken(sibling: Sibling) -> str:
    """Return which option of the choice `cause` a sibling took."""
    assert sibling.scenario.sibling_of is not None
    return sibling.scenario.sibling_of.taken["cause"]


def some(parent: Parent, option: str) -> Sibling:
    """Return the first sibling that took an option."""
    return next(s for s in map(parent.sibling, range(1, 60)) if taken(s) == option)


def test_the_section_is_no_part_of_what_is_played(workshop: Workshop) -> None:
    """A scenario that says in what siblings may differ keeps its digest, so its records verify."""
    before = workshop.load().digest
    path = workshop.folder / "scenario.yaml"
    path.write_text(path.read_text(encoding="utf-8") + SECTION, encoding="utf-8")
    assert workshop.load().digest == before


def test_a_sibling_is_a_scenario_of_its_own(varied: Workshop, tmp_path: Path) -> None:
    """Written and read again it is the same, clean, without a section, and says where it comes from."""
    parent = Parent(varied.folder)
    sibling = parent.sibling(3, seed=11)
    folder = parent.write(sibling, tmp_path / "out")
    read = load_scenario(folder)
    assert (read.id, read.digest, read.variants, lint(read)) == ("slow-answers-v3", sibling.scenario.digest, None, ())
    origin = read.sibling_of
    assert origin is not None
    assert (origin.scenario, origin.number, origin.seed) == ("slow-answers", 3, 11)
    assert (origin.digest, origin.byte_digest) == (parent.scenario.digest, parent.byte_digest)
    assert (tmp_path / "out" / "stacks" / "mini.yaml").read_bytes() == (varied.root / "stacks/mini.yaml").read_bytes()


def test_nothing_is_overwritten(varied: Workshop, tmp_path: Path) -> None:
    """A folder of the same name is left alone, with an error."""
    parent = Parent(varied.folder)
    parent.write(parent.sibling(1), tmp_path / "out")
    before = sorted((p, p.read_bytes()) for p in (tmp_path / "out").rglob("*") if p.is_file())
    with pytest.raises(ScenarioError, match="is there already"):
        parent.write(parent.sibling(1, seed=5), tmp_path / "out")
    assert before == sorted((p, p.read_bytes()) for p in (tmp_path / "out").rglob("*") if p.is_file())


def test_numbers_and_seeds_give_different_siblings(varied: Workshop) -> None:
    """The same number and seed give the same files; another number, or another seed, gives others."""
    parent = Parent(varied.folder)
    assert parent.sibling(1).files == Parent(varied.folder).sibling(1).files
    digests = [parent.sibling(n, seed=s).scenario.digest for n in range(1, 6) for s in (0, 1)]
    assert len(set(digests)) == len(digests)


def test_siblings_never_have_the_published_answer(varied: Workshop) -> None:
    """Where siblings must differ the written option is never drawn, and each of the others is."""
    parent = Parent(varied.folder)
    assert {taken(parent.sibling(n)) for n in range(1, 25)} == {"shorter-limit", "surge"}


def test_values_lie_in_their_ranges(varied: Workshop) -> None:
    """Rates, times and listed values are among those that the section allows, and all sorts of them are drawn."""
    parent = Parent(varied.folder)
    scenarios = [parent.sibling(n).scenario for n in range(1, 41)]
    rates = {s.tenant("corner-shop").workload.rate for s in scenarios}
    assert rates <= set(range(3_500, 4_501, 100)) and len(rates) > 6
    growths = [e for s in scenarios for e in s.timeline if e.fault and e.fault.id == "growth"]
    assert {e.at for e in growths} <= {-540_000_000 + i * 30_000_000 for i in range(9)}
    assert {e.fault.params["turns"] for e in growths if e.fault} == {18, 20, 25}


def test_names_follow_everywhere(varied: Workshop) -> None:
    """Ids of changes and other words are exchanged in YAML, scripts and conditions alike, each for one other."""
    sibling = some(Parent(varied.folder), "surge")
    text = "\n".join(sibling.files.values())
    ids = {e.change.id for e in sibling.scenario.timeline if e.change}
    assert len(ids) == 2 and not ids & {"chg-7", "chg-9"}
    assert "chg-7" not in text and "chg-9" not in text and "Spring sale" not in text and "node-2" not in text
    assert all(change_id in text for change_id in ids)
    evidence = next(c for c in sibling.scenario.root_causes if c.id == "rush").evidence[0][0]
    assert evidence.removeprefix("change:") in sibling.scenario.scripts["reference/refuse.jsonl"]
    assert len({at for at in (e.at for e in sibling.scenario.timeline) if -480_000_000 <= at <= -240_000_000}) == 1


def test_words_are_exchanged_as_a_whole(varied: Workshop) -> None:
    """`400k` becomes `300k`, and what merely holds it stays."""
    varied.edit(("token_limit: 400k", "about: 1400k 400k-ish 400k\n    token_limit: 400k"))
    tenant = some(Parent(varied.folder), "shorter-limit").scenario.tenant("strategic")
    assert (tenant.about, tenant.token_limit) == ("1400k 400k-ish 300k", 300_000)


def test_every_option_is_sound(varied: Workshop) -> None:
    """Nothing is wrong with the options, nor with those of the shipped scenarios."""
    assert list(problems_of_options(Parent(varied.folder))) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_siblings_are_sound(name: str) -> None:
    """Each shipped option is valid and clean, and the first siblings are as well."""
    parent = Parent(packaged_root() / name)
    assert list(problems_of_options(parent)) == []
    for number in (1, 2, 3):
        assert parent.sibling(number).findings == ()


BROKEN: dict[str, tuple[tuple[str, str], str]] = {
    "no such place": (("where: timeline.growth.at", "where: timeline.groth.at"),
                      "ranges[1].where: leads nowhere: there is no 'groth' there (did you mean 'growth'?)"),
    "no range": (("low: -9m, high: -5m", "low: -5m, high: -9m"), "low must be less than high"),
    "other unit": (("low: 3.5, high: 4.5", "low: 3s, high: 4s"), "written like the value there, which is 4"),
    "both forms": (("among: [18, 20, 25]", "among: [18], low: 3"), "among goes without low, high and step"),
    "nothing to drop": (("drop: [timeline.growth,", "drop: [timeline.grwth,"), "options[2].drop[0]: leads nowhere"),
    "no list": ((" team.account-manager.knows:\n", " team.account-manager.role:\n"), "is no list"),
    "too fine": (("high: -5m, step: 30s", "high: -5m, step: 1ms"), "more than 100,000 values"),
    "twice": (("- id: surge", "- id: waived"), "there is already an option called 'waived'"),
    "one option": (("- id: cause", "- id: cause\n      option: 3"), "unknown field"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_mistakes_have_their_line(varied: Workshop, name: str) -> None:
    """A section that can't work is refused on loading, at the line of the mistake."""
    (old, new), message = BROKEN[name]
    varied.edit((old, new))
    lines = (varied.folder / "scenario.yaml").read_text(encoding="utf-8").splitlines()
    found = [p for p in varied.problems() if message in p]
    assert found, varied.problems()
    number = int(found[0].split(":")[1])
    assert lines.index("variants:") < number <= len(lines)


UNSOUND: dict[str, tuple[tuple[str, str], str, str]] = {
    "unknown fault": (("kind: traffic_surge", "kind: traffic_surg"), "did you mean 'traffic_surge'?",
                      "kind: traffic_surg,"),
    "evidence": (('[["change:chg-9"]', '[["change:chg-8"]'), "no change", "change:chg-8"),
    "missing script": (("variants/refuse.jsonl", "variants/refus.jsonl"), "there is no file", "variants/refus.jsonl"),
    "leak": (("Customers ask what", "Somebody of {tenant.corner-shop} asks what"), "points at the culprit", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSOUND)
def test_an_option_that_gives_no_scenario_is_found(varied: Workshop, name: str) -> None:
    """Lint tries each option; what is wrong is told with the line of the parent's file that says it."""
    change, message, line = UNSOUND[name]
    varied.edit(change)
    found = [text for _, text in problems_of_options(Parent(varied.folder)) if message in text]
    assert found
    if line:
        lines = (varied.folder / "scenario.yaml").read_text(encoding="utf-8").splitlines()
        assert line in lines[int(found[0].split(":")[1]) - 1]


def test_a_word_that_stands_nowhere_is_found(varied: Workshop) -> None:
    """Exchanging a word that no text holds is a mistake, at its line."""
    varied.edit(("word: node-2", "word: node-9"))
    with pytest.raises(ScenarioError, match=r"scenario.yaml:\d+:\d+: variants.words\[0\].word: the word 'node-9'"):
        Parent(varied.folder).sibling(1)


def test_without_a_section_there_are_no_siblings(workshop: Workshop) -> None:
    """A scenario that doesn't say in what siblings may differ has none, and the error names the guide."""
    with pytest.raises(ScenarioError, match=r"docs/variants\.md"):
        Parent(workshop.folder)


def test_draws_are_the_same_in_every_process(varied: Workshop) -> None:
    """Another hash seed gives the same siblings, byte for byte."""
    code = (
        "import sys, hashlib; from pathlib import Path; from incidentsim.scenario.siblings import Parent;"
        "p = Parent(Path(sys.argv[1]));"
        "print(hashlib.sha256(repr([sorted(p.sibling(n).files.items()) for n in range(1, 6)]).encode()).hexdigest())"
    )
    root = str(Path(__file__).resolve().parents[2])
    said = {
        subprocess.run([sys.executable, "-c", code, str(varied.folder)], check=True, capture_output=True, text=True,
                       env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root}).stdout
        for seed in ("0", "1234")
    }  # fmt: skip
    assert len(said) == 1


def test_a_broken_section_is_only_ever_a_scenario_error(varied: Workshop) -> None:
    """Two hundred mutated sections load, or are refused with ScenarioError."""
    path = varied.folder / "scenario.yaml"
    text = path.read_text(encoding="utf-8")
    head, _, _ = text.partition("variants:\n")
    refused = 0
    for seed in range(200):
        path.write_bytes(head.encode() + mutations(SECTION, seed))
        try:
            Parent(varied.folder).sibling(1)
        except ScenarioError:
            refused += 1
    assert refused > 50


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co")), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS
    | st.decimals(-1000, 1000, places=3).map(float).filter(lambda f: f != 0 or str(f)[0] != "-")
    | st.sampled_from(["1e5", "22:30", "yes", "0x1F", "012", "1_000", "~", "null", "-.5", "1.", "=", "<<", "-0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda k: k != "<<"), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, min_size=1))
def test_what_is_written_is_read_back(data: dict[str, object]) -> None:
    """YAML that is written for a sibling reads back to the same data, whatever texts look like."""
    problems = Problems()
    document = load_yaml(yaml_text(data).encode(), "x.yaml", problems)
    assert not problems, problems.lines()
    assert document is not None
    assert document.data == data
    assert repr(document.data) == repr(data)
