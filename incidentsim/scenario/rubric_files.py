"""Rubrics by name or file, and files of marks: read, validated, every problem at its line.

Called by the command line. Presets are versioned YAML files beside this module; a team copies one
(`incidentsim score --rubric NAME` prints it), edits it, and names the file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from incidentsim.errors import UsageError
from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.scenario.files import Folder
from incidentsim.scenario.problems import Problems, TooManyProblems, did_you_mean
from incidentsim.scenario.rubric import Marks, Rubric, check_marks, check_rubric
from incidentsim.scenario.safe_yaml import LIBYAML_LIMITS, load_yaml
from incidentsim.scenario.validate import Located, Source, validate

PRESETS = Path(__file__).parent / "rubrics"
"""The folder of the rubrics that ship."""

M = TypeVar("M", bound=BaseModel)


def preset_names() -> tuple[str, ...]:
    """Return the names of the rubrics that ship, the default first."""
    names = sorted(path.stem for path in PRESETS.glob("*.yaml"))
    return tuple(sorted(names, key=lambda name: name != "default"))


def rubric_path(name_or_file: str) -> Path:
    """Return where a rubric is. Raises UsageError with the nearest name for an unknown one."""
    names = preset_names()
    if name_or_file in names:
        return PRESETS / f"{name_or_file}.yaml"
    path = Path(name_or_file)
    if path.is_file():
        return path
    hint = did_you_mean(name_or_file, names)
    raise UsageError(f"there is no rubric {name_or_file!r}{hint}; name a YAML file, or one of: {', '.join(names)}")


def rubric_text(name_or_file: str) -> str:
    """Return the YAML of a rubric that is valid, to be copied. Raises UsageError, ScenarioError."""
    path = rubric_path(name_or_file)
    read_rubric(path)
    return path.read_text(encoding="utf-8")


def load_rubric(name_or_file: str) -> Rubric:
    """Return a rubric by the name of a preset or as a file. Raises UsageError, or ScenarioError with every
    problem."""
    return read_rubric(rubric_path(name_or_file))


def read_rubric(path: Path) -> Rubric:
    """Return the rubric of a file. Raises ScenarioError with every problem."""
    problems = Problems()
    data, located = _read(path, "a rubric", problems)
    if "digest" in data:
        del data["digest"]
        located.report(("digest",), "is not written here", key=True)
    rubric = _valid(Rubric, data, located, problems)
    _checked(lambda: check_rubric(rubric, located), problems)
    digest = sha256_hex(canonical_json(rubric.model_dump(mode="json", exclude={"digest"})))
    return rubric.model_copy(update={"digest": digest})


def load_marks(path: Path, rubric: Rubric, *, last_seq: int | None = None) -> Marks:
    """Return a person's marks for this rubric. Raises ScenarioError with every problem.

    `last_seq` is the number of the transcript's last record; records beyond it are problems.
    """
    if not path.is_file():
        raise UsageError(f"there is no file of marks {str(path)!r}")
    problems = Problems()
    data, located = _read(path, "a file of marks", problems)
    marks = _valid(Marks, data, located, problems)
    _checked(lambda: check_marks(marks, rubric, located, last_seq=last_seq), problems)
    return marks


def _read(path: Path, what: str, problems: Problems) -> tuple[dict[str, Any], Located]:
    folder = Folder(path.parent, problems)
    raw = folder.read(path.name, LIBYAML_LIMITS.size)
    document = None if raw is None else load_yaml(raw, folder.shown(path.name), problems)
    if document is not None and not isinstance(document.data, dict):
        problems.add(folder.shown(path.name), 1, 1, (), f"{what} is a mapping of fields")
    problems.raise_if_any()
    if document is None:
        raise AssertionError("a document that can't be read is a problem")
    return document.data, Located(problems, {(): Source(folder.shown(path.name), document)})


def _valid(model: type[M], data: dict[str, Any], located: Located, problems: Problems) -> M:
    try:
        value = validate(model, data, located)
    except TooManyProblems:
        value = None
    problems.raise_if_any()
    if value is None:
        raise AssertionError("a document that is not valid is a problem")
    return value


def _checked(check: Callable[[], None], problems: Problems) -> None:
    with suppress(TooManyProblems):  # what was collected is raised below
        check()
    problems.raise_if_any()
