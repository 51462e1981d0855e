"""Reading a scenario's folder: bounded sizes, regular files only, nothing outside the folder.

`incidentsim.scenario.load` reads every file through a `Folder`, which remembers bytes for the byte digest.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from incidentsim.scenario.problems import Problems

MAX_TEXT_BYTES = 65_536
"""Largest briefing, runbook or script, in bytes: twenty pages."""

MAX_FILES = 64
"""Most files of one kind in a scenario's folder."""

SCENARIO_FILE = "scenario.yaml"


@dataclass(slots=True)
class Folder:
    """One folder of untrusted files. `read` gives bytes or adds a problem and gives None."""

    root: Path
    problems: Problems
    contents: dict[str, bytes] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        """Return the path of a file as messages show it: relative to where the person stands, if below."""
        return show_file(self.root / name)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return the bytes of the file `name` (relative, with forward slashes); at most `limit` of them."""
        reason = self._refusal(name, limit)
        if not reason:
            try:
                data = (self.root / name).read_bytes()
            except OSError as error:
                reason = f"can't be read: {error.strerror or error}"
            else:
                self.contents[name] = data
                return data
        self.problems.add(self.shown(name), 1, 1, (), reason)
        return None

    def read_text(self, name: str) -> str | None:
        """Return a text file's content, line ends normalised."""
        raw = self.read(name, MAX_TEXT_BYTES)
        if raw is None:
            return None
        try:
            return raw.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.problems.add(self.shown(name), line, 1, (), "not UTF-8 text; save the file as UTF-8")
            return None

    def names(self, folder: str, suffix: str) -> list[str]:
        """Return the files `folder/*suffix`, sorted, as relative names."""
        path = self.root / folder
        if not path.is_dir():
            return []
        found = sorted(n for n in os.listdir(path) if n.endswith(suffix) and not n.startswith("."))
        if len(found) > MAX_FILES:
            self.problems.add(self.shown(folder), 1, 1, (), f"more than {MAX_FILES} files; remove some")
        return [f"{folder}/{name}" for name in found[:MAX_FILES]]

    def exists(self, name: str) -> bool:
        """Return whether the folder has something of this name, be it readable or not."""
        return os.path.lexists(self.root / name)

    def _refusal(self, name: str, limit: int) -> str:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
            return "the file must lie inside the scenario's folder"
        path = self.root / name
        try:
            if not path.resolve().is_relative_to(self.root.resolve()):
                return "a link that leads out of the folder; copy the file in"
            if not path.exists():
                return "no such file"
            if not path.is_file():
                return "not a regular file"
            if path.stat().st_size > limit:
                return f"the file is larger than {limit // 1024} KiB; split it or shorten it"
        except (OSError, RuntimeError, ValueError) as error:
            return f"can't be read: {error}"
        return ""


def show_file(path: Path) -> str:
    """Return a path relative to the working directory when it lies below it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def byte_digest(contents: dict[str, bytes]) -> str:
    """Return SHA-256 over the names and bytes of files, sorted by name."""
    total = hashlib.sha256()
    for name in sorted(contents):
        for part in (name.encode("utf-8", "surrogateescape"), contents[name]):
            total.update(len(part).to_bytes(8, "little"))
            total.update(part)
    return total.hexdigest()
