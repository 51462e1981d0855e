"""A new scenario's folder: a small working incident with comments, under the author's name.

`incidentsim scenario new` calls `create`. The files are those of `skeleton/`, whose YAML is read by nobody else.
"""

from __future__ import annotations

import re
from pathlib import Path

from incidentsim.errors import ScenarioError
from incidentsim.scenario.files import SCENARIO_FILE, show_file

SKELETON = Path(__file__).resolve().parent / "skeleton"
"""The files of a new scenario; `__ID__`, `__TITLE__` and `__WHERE__` in the YAML are filled in."""

FILES = (
    SCENARIO_FILE,
    "briefing.md",
    "runbooks/first-tokens-late.md",
    "reference/roll-back.jsonl",
    "reference/widen-bounds.jsonl",
    "reference/restart-pool.jsonl",
    "reference/fewer-sequences.jsonl",
    "reference/ask-platform.jsonl",
)
"""Every file of the skeleton, in the order in which an author reads them."""

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_ID = 40


def create(name: str, into: Path) -> tuple[Path, ...]:
    """Write a new scenario `into`/`name`; return the files, in the order in which an author reads them.

    Raises ScenarioError for a name that can't be an id, and when there is something of that name already: nothing
    is ever overwritten.
    """
    if len(name) > _LONGEST_ID or not _ID.fullmatch(name):
        raise ScenarioError(
            f"{name[:60]!r} can't be the name of a scenario: lower-case words joined by dashes, at most {_LONGEST_ID} "
            "characters, that name what users notice, for example slow-answers"
        )
    folder = into / name
    try:
        into.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except FileExistsError:
        raise ScenarioError(f"{show_file(folder)} is there already; choose another name, or remove it") from None
    except OSError as error:
        raise ScenarioError(f"{show_file(folder)} can't be made: {error.strerror or error}") from None
    for file in FILES:
        text = (SKELETON / file).read_text(encoding="utf-8")
        if file == SCENARIO_FILE:
            text = _filled(text, name, folder)
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(folder / file for file in FILES)


def _filled(text: str, name: str, folder: Path) -> str:
    """Return the YAML with its placeholders filled."""
    title = name.replace("-", " ").capitalize()
    return text.replace("__ID__", name).replace("__TITLE__", title).replace("__WHERE__", show_file(folder))
