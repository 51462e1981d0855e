"""A scenario's folder to a validated `Scenario`, or one ScenarioError that lists everything that is wrong.

Called by the catalogue, the session, certificates and tests. Stages: files (bounded), strict YAML with marks,
pydantic, references and size. The last runs only when the others found nothing; all else is reported at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.scenario.check import check
from incidentsim.scenario.check_variants import check_variants
from incidentsim.scenario.files import MAX_TEXT_BYTES, SCENARIO_FILE, Folder, byte_digest, show_file
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.places import stack_folders
from incidentsim.scenario.problems import Problems, TooManyProblems, did_you_mean, quoted
from incidentsim.scenario.safe_yaml import LIBYAML_LIMITS, Document, load_yaml
from incidentsim.scenario.tree import tree_of
from incidentsim.scenario.validate import Located, Source, validate
from incidentsim.text import MAX_CODE_POINTS, clean

_FROM_FILES = {
    "briefing": "briefing.md", "runbooks": "runbooks/*.md", "scripts": "the files that references name",
    "digest": "", "byte_digest": "",
}  # fmt: skip
"""Fields of `Scenario` that the loader fills, and from where."""


_STACK_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
"""What can be the id of a stack, and so part of a file's name."""


def load_scenario(folder: Path, *, stacks: Path | None = None) -> Scenario:
    """Return the scenario of a folder (or of its scenario.yaml). Raises ScenarioError with every problem.

    `stacks` is the folder of stack files; by default `stacks` beside the folder, then the packaged one.
    """
    root = folder.parent if folder.name == SCENARIO_FILE else folder
    return load_files(Folder(root, Problems()), stacks=stacks)


def load_files(files: Folder, *, stacks: Path | None = None, document: Document | None = None) -> Scenario:
    """Return the scenario of a folder's files, as `load_scenario` does; `document` stands for its scenario.yaml.

    What siblings may differ in is checked for the folder itself, where the places of the file are known.
    """
    try:
        return _load(files, stacks, document)
    except TooManyProblems:
        files.problems.raise_if_any()
        raise


def _load(files: Folder, stacks: Path | None, document: Document | None) -> Scenario:
    problems, root = files.problems, files.root
    if document is None:
        document = _read_yaml(files, SCENARIO_FILE)
    if document is None or not isinstance(document.data, dict):
        if document is not None:
            problems.add(files.shown(SCENARIO_FILE), 1, 1, (), "a scenario is a mapping of fields")
        problems.raise_if_any()
        raise AssertionError("a document that can't be read is a problem")
    data: dict[str, Any] = document.data
    written = tree_of(document) if "variants" in data else None
    located = Located(problems, {(): Source(files.shown(SCENARIO_FILE), document)})
    for name, origin in _FROM_FILES.items():
        if name in data:
            del data[name]
            hint = f"; it comes from {origin}" if origin else ""
            located.report((name,), f"is not written here{hint}", key=True)
    contents = dict(files.contents)
    stack = _stack(data.get("stack"), stacks, root, located, contents)
    if stack is not None:
        data["stack"] = stack.document.data
        located = Located(problems, {(): Source(files.shown(SCENARIO_FILE), document), ("stack",): stack})
    _read_texts(files, data, located)
    scenario = validate(Scenario, data, located, skip=() if stack else ("stack",))
    problems.raise_if_any()
    if scenario is None:
        raise AssertionError("a scenario that is not valid is a problem")
    scenario = with_stack_demand(scenario)
    for name in ("tenants", "slos"):
        if not getattr(scenario, name):
            located.report((), f"{name}: is missing, and the stack {scenario.stack.id!r} has none")
    problems.raise_if_any()
    params = check(scenario, located)
    if scenario.variants is not None and written is not None:
        check_variants(scenario.variants, written, located)
    problems.raise_if_any()
    return _finish(scenario, params, contents | files.contents)


def with_stack_demand(scenario: Scenario) -> Scenario:
    """Return the scenario with the stack's tenants and SLOs where it has none, and its own alert rules in the stack."""
    stack = scenario.stack
    given: dict[str, Any] = {"tenants": scenario.tenants or stack.tenants, "slos": scenario.slos or stack.slos}
    if scenario.alert_rules:
        given["stack"] = stack.model_copy(update={"alert_rules": scenario.alert_rules})
    return scenario.model_copy(update=given)


NOT_PLAYED = {"digest", "byte_digest", "words", "assessment", "hints", "variants", "sibling_of"}
"""Fields that no world reads: a postmortem's words, an assessment, the digests themselves, in what siblings may differ
and where one comes from, and hints, of which a transcript keeps text and price as they were given."""


def behaviour_digest(scenario: Scenario) -> str:
    """Return SHA-256 of the canonical JSON of what a scenario says; layout and comments don't matter.

    What is left at its default is not said, so that a language that grows leaves the records of earlier scenarios
    theirs. A default that changes is a change of the engine (`session.engine.ENGINE_COMPAT`).
    """
    said = scenario.model_dump(mode="json", exclude=NOT_PLAYED, exclude_defaults=True)
    return sha256_hex(canonical_json(said))


def with_own_digest(scenario: Scenario) -> Scenario:
    """Return a changed scenario with the digest of what it says now, so that its runs are not taken for another's."""
    return scenario.model_copy(update={"digest": behaviour_digest(scenario)})


def _finish(scenario: Scenario, params: dict[int, dict[str, Any]], contents: dict[str, bytes]) -> Scenario:
    timeline = list(scenario.timeline)
    for i, values in params.items():
        entry = timeline[i]
        if entry.fault is not None:
            fault = entry.fault.model_copy(update={"params": values})
            timeline[i] = entry.model_copy(update={"fault": fault})
    parsed = scenario.model_copy(update={"timeline": tuple(timeline)})
    digests = {"digest": behaviour_digest(parsed), "byte_digest": byte_digest(contents)}
    return parsed.model_copy(update=digests)


def _read_yaml(files: Folder, name: str) -> Document | None:
    raw = files.read(name, LIBYAML_LIMITS.size)
    return None if raw is None else load_yaml(raw, files.shown(name), files.problems)


def _stack(name: Any, stacks: Path | None, root: Path, located: Located, contents: dict[str, bytes]) -> Source | None:
    if name is None:
        located.report((), "stack: is missing; name a file of stacks/, for example `stack: chat`")
        return None
    if not isinstance(name, str) or not _STACK_ID.fullmatch(name):
        located.report(("stack",), f"a stack is named by its id, for example chat; got {quoted(name)}")
        return None
    folders = stack_folders(root, stacks)
    for folder in folders:
        if (folder / f"{name}.yaml").exists():
            files = Folder(folder, located.problems)
            document = _read_yaml(files, f"{name}.yaml")
            contents |= {f"stacks/{file}": raw for file, raw in files.contents.items()}
            if document is not None and not isinstance(document.data, dict):
                located.problems.add(files.shown(f"{name}.yaml"), 1, 1, (), "a stack is a mapping of fields")
                return None
            return None if document is None else Source(files.shown(f"{name}.yaml"), document)
    known = sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.yaml")})
    listed = f"; known: {', '.join(known)}" if known else f"; looked in {', '.join(map(show_file, folders))}"
    located.report(("stack",), f"there is no stack {name!r}{did_you_mean(name, known) or listed}")
    return None


def _read_texts(files: Folder, data: dict[str, Any], located: Located) -> None:
    """Read the folder's other files into `data`, as if the YAML had said them."""
    if files.exists("briefing.md"):
        located.texts[("briefing",)] = files.shown("briefing.md")
        text = files.read_text("briefing.md")
        if text is not None and len(text) > MAX_CODE_POINTS:
            located.report(("briefing",), f"longer than {MAX_CODE_POINTS:,} characters")
        elif text is not None:
            data["briefing"] = clean(text, keep_newlines=True)
    runbooks: dict[str, str] = {}
    for name in files.names("runbooks", ".md"):
        text = files.read_text(name)
        if text is not None:
            stem = name.removeprefix("runbooks/").removesuffix(".md")
            runbooks[stem] = clean(text, limit=MAX_TEXT_BYTES, keep_newlines=True)
            located.texts[("runbooks", stem)] = files.shown(name)
    scripts: dict[str, str] = {}
    there = files.names("reference", ".jsonl")
    for name in dict.fromkeys((*there, *_named_scripts(data, located, files, there))):
        text = files.read_text(name)
        if text is not None:
            scripts[name] = clean(text, limit=MAX_TEXT_BYTES, keep_newlines=True)
            located.texts[("scripts", name)] = files.shown(name)
    data["runbooks"], data["scripts"] = runbooks, scripts


def _named_scripts(data: dict[str, Any], located: Located, files: Folder, there: list[str]) -> list[str]:
    """Return the script files that the data name, reporting those that can't be one of the folder's, or are not."""
    names = []
    for field in ("references", "tempting", "held_out"):
        value = data.get(field)
        for i, script in enumerate(value if isinstance(value, list) else [value]):
            file = script.get("file") if isinstance(script, dict) else None
            if not isinstance(file, str):
                continue
            path = (field, i, "file") if isinstance(value, list) else (field, "file")
            reason = script_name_problem(file)
            if not reason and not files.exists(file):
                listed = did_you_mean(file, there) or f"; there are {', '.join(there[:8]) or 'none'}"
                reason = f"there is no file {quoted(file)} in the scenario's folder{listed}"
            if reason:
                located.report(path, reason)
            else:
                names.append(file)
    return names[:64]


def script_name_problem(file: str) -> str:
    """Return why a text can't be the name of a script of a scenario's folder, or nothing."""
    parts = file.split("/")
    if file.startswith("/") or "\\" in file or ":" in file or any(part in ("", ".", "..") for part in parts):
        return f"the file must lie inside the scenario's folder; got {quoted(file)}"
    if not file.endswith(".jsonl") or len(file) > 120 or not file.isprintable():
        return f"a script is a .jsonl file, for example reference/limit.jsonl; got {quoted(file)}"
    return ""
