"""Scores on file: kept beside the transcript they are of, and read again for the home screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from incidentsim.scoring.scorecard import Scorecard
from incidentsim.session.store import results_path


def keep_result(transcript_path: Path, card: Scorecard) -> None:
    """Append a score to the results beside a transcript, unless it is the last one there already."""
    path = results_path(transcript_path)
    text = card.to_text()
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if not lines or lines[-1] != text:
        with path.open("a", encoding="utf-8") as out:
            out.write(text + "\n")


def last_index(transcript_path: Path) -> float | None:
    """Return the practice index of a transcript's last kept score, or None."""
    path = results_path(transcript_path)
    try:
        last: Any = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        index = last["practice_index"]
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        return None
    return float(index) if isinstance(index, int | float) else None
