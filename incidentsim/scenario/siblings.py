"""Siblings of a scenario: other incidents with the same symptom, written as folders of their own.

`incidentsim scenario vary` writes them, so that what somebody learned about one session doesn't answer the next
one; `scenario lint` tries every option with `problems_of_options`. A sibling is checked like any scenario, and its
mistakes are reported at the line of the parent's file where the value was written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from incidentsim.errors import ScenarioError
from incidentsim.scenario.files import SCENARIO_FILE, Folder, byte_digest, show_file
from incidentsim.scenario.lint import Finding, lint
from incidentsim.scenario.load import load_files, load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.parts import SiblingOf, Variants
from incidentsim.scenario.places import packaged_root, stack_folders
from incidentsim.scenario.problems import Path as Steps
from incidentsim.scenario.problems import Problems, quoted
from incidentsim.scenario.safe_yaml import LIBYAML_LIMITS, Place, load_yaml
from incidentsim.scenario.tree import Node, Renaming, at, document_of, renamed, tree_of, with_scalar, with_value
from incidentsim.scenario.vary import Difference, Drawn, Edited, Picker, Tried, edited
from incidentsim.scenario.write_yaml import yaml_text

_HERE = Place(1, 1)
_SCRIPTS = ("references", "tempting", "held_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """One sibling: the scenario, its files as (name, text), and in what it differs from its parent."""

    scenario: Scenario
    files: dict[str, str]
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Overlay(Folder):
    """A sibling's files in memory; messages name the parent's files. `came_from` are the parent's names."""

    written: dict[str, str] = field(default_factory=dict)
    came_from: dict[str, str] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        return show_file(self.root / self.came_from.get(name, name))

    def read(self, name: str, limit: int) -> bytes | None:
        text = self.written.get(name)
        if text is None:
            self.problems.add(self.shown(name), 1, 1, (), "no such file")
            return None
        data = text.encode()
        self.contents[name] = data
        return data

    def names(self, folder: str, suffix: str) -> list[str]:
        return sorted(n for n in self.written if n.startswith(f"{folder}/") and n.endswith(suffix))

    def exists(self, name: str) -> bool:
        return name in self.written


class Parent:
    """A scenario that siblings can be made of: read once, then asked for siblings by number.

    Raises ScenarioError when it is not valid, or doesn't say in what siblings may differ.
    """

    def __init__(self, folder: Path, *, stacks: Path | None = None) -> None:
        self.root = folder.parent if folder.name == SCENARIO_FILE else folder
        self.scenario = load_scenario(self.root, stacks=stacks)
        if self.scenario.variants is None:
            raise ScenarioError(
                f"{self.scenario.id} has no variants section, so siblings would not differ; see docs/variants.md"
            )
        self.variants: Variants = self.scenario.variants
        self._stacks = stacks
        files = Folder(self.root, Problems())
        document = load_yaml(files.read(SCENARIO_FILE, LIBYAML_LIMITS.size) or b"", "", Problems())
        assert document is not None
        self._tree = tree_of(document)
        self._texts = _texts(files, self.scenario)
        self.byte_digest = byte_digest(files.contents)

    def sibling(self, number: int, *, seed: int = 0) -> Sibling:
        """Return a sibling by its number. Raises ScenarioError when it is not valid."""
        return self._made(f"{self.scenario.id}-v{number}", self._drawn(number, seed), (number, seed))

    def taken(self, number: int, *, seed: int = 0) -> dict[str, str]:
        """Return, by choice, the option that a sibling has, without making it."""
        return self._taken(self._drawn(number, seed))

    def tried(self, picker: Picker) -> Sibling:
        """Return what a picker decides, under the parent's own id. Raises ScenarioError when it is not valid."""
        return self._made(self.scenario.id, picker, None)

    def _drawn(self, number: int, seed: int) -> Drawn:
        return Drawn(seed=seed, entity=f"{self.scenario.id}/{number}")

    def _taken(self, picker: Picker) -> dict[str, str]:
        return {choice.id: choice.options[picker.option(choice)].id for choice in self.variants.choices}

    def _made(self, name: str, picker: Picker, drawn: tuple[int, int] | None) -> Sibling:
        problems = Problems()
        edit = edited(self._tree, self.variants, picker, lambda path, message: self._report(problems, path, message))
        problems.raise_if_any()
        self._check_words(edit, problems)
        problems.raise_if_any()
        renaming = Renaming(edit.words)
        root = with_scalar(renamed(edit.root, renaming), ("id",), name, _HERE)
        root, kept, came_from = self._scripts(root, renaming)
        if drawn is not None:
            root = with_value(root, ("sibling_of",), _node(self._origin(drawn, picker)))
        document = document_of(root)
        kept[SCENARIO_FILE] = yaml_text(document.data)
        files = _Overlay(self.root, problems, written=kept, came_from=came_from)
        scenario = load_files(files, stacks=self._stacks, document=document)
        return Sibling(scenario=scenario, files=kept, differences=edit.differences, findings=lint(scenario))

    def _report(self, problems: Problems, path: Steps, message: str) -> None:
        place = _nearest(self._tree, path)
        problems.add(show_file(self.root / SCENARIO_FILE), place.line, place.column, path, message)

    def _check_words(self, edit: Edited, problems: Problems) -> None:
        """Report words to be exchanged that stand nowhere."""
        texts = [yaml_text(edit.root.plain()), *self._texts.values()]
        for path, word in _words_of(self.variants, self._tree):
            if word in edit.words and not any(Renaming({word: ""}).occurs_in(text) for text in texts):
                self._report(problems, path, f"the word {quoted(word)} stands nowhere")

    def _scripts(self, root: Node, renaming: Renaming) -> tuple[Node, dict[str, str], dict[str, str]]:
        """Return the tree with its scripts in `reference/`, the texts of all files, and the parent's names of them."""
        kept: dict[str, str] = {}
        came_from: dict[str, str] = {}
        for name, text in self._texts.items():
            if name == "briefing.md" or name.startswith("runbooks/"):
                kept[name] = renaming.apply(text)
        for path in _script_paths(root):
            named = at(root, path)
            old = named.value
            if not isinstance(old, str) or old not in self._texts:
                continue  # the loader says what is wrong with it
            new = f"reference/{old.rpartition('/')[2]}"
            if came_from.setdefault(new, old) != old:
                raise ScenarioError(f"{show_file(self.root)}: {old} and {came_from[new]} would both be {new}")
            kept[new] = renaming.apply(self._texts[old])
            root = with_value(root, path, replace(named, value=new))
        return root, kept, came_from

    def _origin(self, drawn: tuple[int, int], picker: Picker) -> dict[str, Any]:
        number, seed = drawn
        origin = SiblingOf(
            scenario=self.scenario.id, number=number, seed=seed, digest=self.scenario.digest,
            byte_digest=self.byte_digest, taken=self._taken(picker),
        )  # fmt: skip
        return origin.model_dump()

    def refuse_overwriting(self, siblings: Sequence[Sibling], out: Path) -> None:
        """Raise ScenarioError when one of these siblings has a folder below `out` already."""
        for sibling in siblings:
            folder = out / sibling.scenario.id
            if folder.exists():
                raise ScenarioError(f"{show_file(folder)} is there already; remove it, or write elsewhere with --out")

    def write(self, sibling: Sibling, out: Path) -> Path:
        """Write a sibling's folder below `out`; return it. Raises ScenarioError when there is one already."""
        self.refuse_overwriting([sibling], out)
        folder = out / sibling.scenario.id
        out.mkdir(parents=True, exist_ok=True)
        self._bring_stack(out)
        for name, text in sibling.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        again = load_scenario(folder)
        if again.digest != sibling.scenario.digest:
            raise AssertionError(f"{sibling.scenario.id} reads otherwise than it was made")
        return folder

    def _bring_stack(self, out: Path) -> None:
        """Copy the stack's file beside the siblings, where it is not one that ships."""
        name = f"{self.scenario.stack.id}.yaml"
        source = next(f / name for f in stack_folders(self.root, self._stacks) if (f / name).exists())
        target = out / "stacks" / name
        if source.resolve().parent == (packaged_root() / "stacks").resolve() or source.resolve() == target.resolve():
            return
        if target.exists() and target.read_bytes() != source.read_bytes():
            raise ScenarioError(f"{show_file(target)} is another stack than {show_file(source)}; write elsewhere")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def problems_of_options(parent: Parent) -> Iterator[tuple[str, str]]:
    """Yield (what was tried, what is wrong with it): every option, with the lowest and the highest values.

    What lint finds in the parent itself is not repeated.
    """
    known = {(f.rule, f.message) for f in lint(parent.scenario)}
    tries = [
        (f"{choice.id}: {option.id}", Tried(choice=i, option_number=n, ids=parent.variants.choices, last=last))
        for i, choice in enumerate(parent.variants.choices)
        for n, option in enumerate(choice.options)
        for last in (False, True)
    ] or [("ranges", Tried(last=last)) for last in (False, True)]
    said = set()
    for name, picker in tries:
        try:
            found = [f"{f.where}: {f.rule}: {f.message}" for f in parent.tried(picker).findings
                     if (f.rule, f.message) not in known]  # fmt: skip
        except ScenarioError as wrong:
            found = str(wrong).splitlines()
        for message in found:
            if message not in said:
                said.add(message)
                yield name, message


def _texts(files: Folder, scenario: Scenario) -> dict[str, str]:
    names = ["briefing.md"] if files.exists("briefing.md") else []
    names += [*files.names("runbooks", ".md"), *scenario.scripts, *files.names("variants", ".jsonl")]
    return {name: text for name in names if (text := files.read_text(name)) is not None}


def _script_paths(root: Node) -> Iterator[Steps]:
    assert isinstance(root.value, dict)
    for name in _SCRIPTS:
        there = root.value.get(name)
        entries = there.value if there is not None else None
        if isinstance(entries, tuple):
            paths: list[Steps] = [(name, i, "file") for i in range(len(entries))]
        else:
            paths = [(name, "file")] if isinstance(entries, dict) else []
        for path in paths:
            try:
                at(root, path)
            except KeyError:
                continue
            yield path


def _words_of(variants: Variants, tree: Node) -> Iterator[tuple[Steps, str]]:
    for i, word in enumerate(variants.words):
        yield ("variants", "words", i, "word"), word.word
    for i, choice in enumerate(variants.choices):
        for j, option in enumerate(choice.options):
            path: Steps = ("variants", "choices", i, "options", j)
            for old in option.rename:
                yield (*path, "rename", old), old
            for k, word in enumerate(option.words):
                yield (*path, "words", k, "word"), word.word


def _nearest(root: Node, path: Steps) -> Place:
    while path:
        try:
            return at(root, path).place
        except KeyError:
            path = path[:-1]
    return root.place


def _node(data: Any) -> Node:
    if isinstance(data, dict):
        return Node(value={key: _node(child) for key, child in data.items()}, place=_HERE)
    return Node(value=data, place=_HERE)
