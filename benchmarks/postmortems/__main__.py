"""Print the tables of docs/results.md: facts and causal claims of every text, and what controls prevent.

The record is the scenario's play by hand where one ships, else its first reference, played headless.
`python -m benchmarks.postmortems [SCENARIO...] [--seeds 5] [--session-seed 23]`; with `--seeds 0` no controls are
run. A reference play takes about half a minute of processor time per scenario, each control two runs per seed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from incidentsim.cli.postmortem_report import described
from incidentsim.scenario.cast import Cast, make_cast
from incidentsim.scenario.catalogue import find, folders
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.scoring.postmortem.causality import WRONG
from incidentsim.scoring.postmortem.check import check
from incidentsim.scoring.postmortem.report import PostmortemCheck
from incidentsim.session.headless import run_script
from incidentsim.session.rehearsal import Rehearsal
from incidentsim.transcript.model import Transcript
from incidentsim.transcript.recovery import read

TEXTS = Path(__file__).parent
RECORDS = TEXTS.parents[1] / "transcripts"


def reference_play(scenario: Scenario, cast: Cast, seed: int) -> Transcript:
    """Return the record of the scenario's first reference solution, played headless."""
    lines = script_commands(scenario.scripts[scenario.references[0].file], cast)
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        path = Path(folder) / "play.jsonl"
        return read(run_script(scenario, seed=seed, cast=cast, path=path, lines=lines))


def text_row(name: str, text: str, result: PostmortemCheck) -> str:
    """Return a text's line of the table."""
    chain = result.causality
    wrong = len([c for c in chain.claims if c.verdict in WRONG])
    return (f"| {name} | {text} | {result.counted('right')} | {result.counted('wrong')} "
            f"| {result.counted('unsupported')} | {len(chain.edges) - len(chain.missing)} of {len(chain.edges)} "
            f"| {wrong} | {chain.score:.2f} |")  # fmt: skip


def control_rows(name: str, result: PostmortemCheck) -> list[str]:
    """Return the lines of what a text's controls do."""
    rows = [
        f"| {name} | `{'; '.join(item.controls)}` | {'; '.join(described(item.measure))} |"
        for item in result.prevention.items if item.controls
    ]  # fmt: skip
    if result.prevention.together is not None:
        rows.append(f"| {name} | all settings together | {'; '.join(described(result.prevention.together))} |")
    return rows


def main() -> None:
    """Play, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--session-seed", type=int, default=23)
    args = parser.parse_args()
    names = args.scenarios or [name for name in folders() if (TEXTS / name).is_dir()]
    texts, controls = [], []
    for name in names:
        scenario = load_scenario(find(name))
        shipped = RECORDS / f"{name}-by-hand.jsonl"
        if shipped.exists():
            transcript = read(shipped)
            cast = Cast.from_json(transcript.header["cast"])
        else:
            cast = make_cast(scenario, args.session_seed)
            transcript = reference_play(scenario, cast, args.session_seed)
        for path in sorted((TEXTS / name).glob("*.md")):
            text = cast.render(path.read_text(encoding="utf-8"))
            tried = path.stem == "good" and args.seeds > 0
            seeds = range(args.session_seed, args.session_seed + args.seeds)
            result = check(text, transcript, scenario, rehearse=Rehearsal(cast=cast) if tried else None, seeds=seeds)
            texts.append(text_row(name, path.stem, result))
            controls += control_rows(name, result) if tried else []
    print("| scenario | text | facts right | wrong | unsupported | steps found | untrue claims | F0.5 |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(texts))
    if controls:
        print("\n| scenario | control | what it does |\n|---|---|---|")
        print("\n".join(controls))


if __name__ == "__main__":
    main()
