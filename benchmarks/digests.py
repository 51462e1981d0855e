"""One digest over hash seeds, Pythons, speeds and pauses: `python -m benchmarks.digests [WHAT...] [--python PATH...]`

WHAT are stacks, run for five minutes under their own demand with a command each minute, and `slow-chat`, whose
reference script is played to the end; all of them unless told otherwise. `--python` takes further interpreters that
have incidentsim's dependencies. Each is run with three hash seeds, in as many ways of slicing time, and once with
telemetry off, where only dyn must be equal. Prints both digests of each way, and where two of them part; exit
code 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from incidentsim.events import CheckpointTaken
from incidentsim.session.divergence import first_parting

CHILD = """
import json, sys
from incidentsim.commands.parse import parse
from incidentsim.events import CheckpointTaken
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.healthy import healthy, load_stack
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.script import script_commands
from incidentsim.world import World
from incidentsim.world.actions import ACTIONS
what, telemetry, slice_us = sys.argv[1], sys.argv[2] == "on", int(sys.argv[3])
MINUTE = 60_000_000
if what == "slow-chat":
    scenario = load_scenario(find(what))
    cast = plain_cast(scenario)
    script = [(l.t_us, l.command) for l in script_commands(scenario.scripts["reference/limit-first.jsonl"], cast)]
else:
    scenario = healthy(load_stack(what), duration_us=4 * MINUTE, prelude_us=MINUTE)
    cast = plain_cast(scenario)
    pool = scenario.stack.pools[0].id
    lines = f"restart {pool}-0", f"set {pool}.max_num_seqs 64", f"drain {pool}-1", f"scale {pool} 5"
    script = [(5_000_000 + i * 40_000_000, line) for i, line in enumerate(lines)]
world = World(scenario, seed=1, cast=cast, telemetry=telemetry)
ref = 0
for t_us, line in script:
    command = parse(line, world.vocabulary())
    if command.verb not in ACTIONS:
        continue
    while world.now_us < t_us - 100_000:
        world.advance(min(t_us - 100_000, world.now_us + slice_us))
    ref += 1
    command = world.resolve(command)
    world.check(command)
    world.submit(command, t_us=t_us, k=0, ref=ref)
while world.now_us < scenario.duration:
    world.advance(min(scenario.duration, world.now_us + slice_us))
marks = [[f.t_us, f.dyn, f.tel, f.parts] for f in world.facts() if isinstance(f, CheckpointTaken)]
print(json.dumps([sys.version.split()[0], world.dyn_digest(), world.tel_digest(), world.part_names(), marks]))
"""

STACKS = ("chat", "assistant", "multi-region", "slow-chat")

WAYS = (("0", 100_000, "on"), ("1", 8_137_911, "on"), ("1", 8_137_911, "off"), ("4242", 10**9, "on"))
"""Hash seed, slice in µs, telemetry: one tick at a time (as at ×1), odd slices (as with pauses), all at once."""


def main() -> int:
    """Run every way, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=STACKS)
    parser.add_argument("--python", nargs="*", default=[], metavar="PATH")
    args = parser.parse_args()
    wrong = 0
    for what in args.what:
        first: list[CheckpointTaken] | None = None
        for python in [sys.executable, *args.python]:
            for seed, slice_us, telemetry in WAYS:
                version, dyn, tel, names, marks = _run(python, seed, what, telemetry, str(slice_us))
                print(f"{what:<12} python {version:<7} hash seed {seed:>4} slices {slice_us:>10} µs "
                      f"telemetry {telemetry:<3} dyn {dyn} tel {tel}", flush=True)  # fmt: skip
                now = [_mark(*mark, dyn_only=telemetry == "off") for mark in marks]
                first = now if first is None else first
                compared = first if telemetry == "on" else [_mark(m.t_us, m.dyn, "", m.parts) for m in first]
                parting = first_parting(compared, now, names)
                if parting is not None:
                    wrong += 1
                    print(f"  DIFFERENT: {parting}")
    print("equal" if not wrong else f"{wrong} ways DIFFER")
    return 1 if wrong else 0


def _run(python: str, seed: str, *arguments: str) -> tuple[str, str, str, list[str], list[tuple[int, str, str, str]]]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}
    command = [python, "-c", CHILD, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    version, dyn, tel, names, marks = json.loads(done.stdout)
    return version, dyn, tel, names, marks


def _mark(t_us: int, dyn: str, tel: str, parts: str, *, dyn_only: bool = False) -> CheckpointTaken:
    return CheckpointTaken(t_us=t_us, dyn=dyn, tel="" if dyn_only else tel, sli={}, cost_microdollars=0, parts=parts)


if __name__ == "__main__":
    sys.exit(main())
