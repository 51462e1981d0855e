"""One digest over hash seeds, Pythons, speeds and pauses: replays a script of slow-chat in many ways.

`python -m benchmarks.digests [PYTHON ...]` takes further interpreters that have incidentsim's dependencies, and
prints the dyn and tel digest of each way; exit code 1 when they differ. The last ways run with telemetry off,
where only dyn must be equal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

SCRIPT = """
import json, sys
from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.script import script_commands
from incidentsim.specs.verbs import VERBS
from incidentsim.world import World
from incidentsim.world.actions import ACTIONS
telemetry, slice_us = sys.argv[1] == "on", int(sys.argv[2])
scenario = load_scenario(find("slow-chat"))
cast = plain_cast(scenario)
world = World(scenario, seed=1, cast=cast, telemetry=telemetry)
ref = 0
for line in script_commands(scenario.scripts["reference/limit-first.jsonl"], cast):
    command = parse(line.command, world.vocabulary())
    if command.verb not in ACTIONS:
        continue
    while world.now_us < line.t_us - 100_000:
        world.advance(min(line.t_us - 100_000, world.now_us + slice_us))
    ref += 1
    command = world.resolve(command)
    world.check(command)
    world.submit(command, t_us=line.t_us, k=0, ref=ref)
while world.now_us < scenario.duration:
    world.advance(min(scenario.duration, world.now_us + slice_us))
print(json.dumps([sys.version.split()[0], world.dyn_digest(), world.tel_digest()]))
"""

SLICES_US = (100_000, 8_137_911, 10**9)
"""One tick at a time (as at ×1), odd slices (as with pauses), and all at once (maximum speed)."""


def main() -> int:
    """Run every way, print, compare."""
    dyn: list[str] = []
    tel: list[str] = []
    for python in [sys.executable, *sys.argv[1:]]:
        for seed, slice_us in zip(("0", "1", "4242"), SLICES_US, strict=True):
            for telemetry in ("on", "off"):
                if telemetry == "off" and seed != "1":
                    continue
                environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}
                command = [python, "-c", SCRIPT, telemetry, str(slice_us)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
                version, a, b = json.loads(done.stdout)
                way = f"python {version} hash seed {seed:>4} slices {slice_us:>10} µs telemetry {telemetry:<3}"
                print(f"{way} dyn {a} tel {b}")
                dyn.append(a)
                if telemetry == "on":
                    tel.append(b)
    equal = dyn.count(dyn[0]) == len(dyn) and tel.count(tel[0]) == len(tel)
    print("equal" if equal else "DIFFERENT")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
