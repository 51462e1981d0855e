"""One GPU: its state, and what the DCGM exporter reads from it. A host (`node.py`) has one or several.

Readings follow from the state: clocks from throttling and the power cap, power from load and clock, temperature
from power and cooling, frame buffer from what the engine holds, NVLink from the tokens of the TP group. They are
measured once an instant, so that a scrape of twelve series costs one measurement. Nothing reads them back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from incidentsim.exact import Draws, bits64
from incidentsim.telemetry.labels import NAN
from incidentsim.telemetry.registry import Registry

Activity = Literal["idle", "loading", "computing", "spinning"]
"""What the kernels on a GPU do. `spinning`: they wait in a collective that never ends."""

ThrottleReason = Literal["heat", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a kind of GPU is: clocks in MHz, power in W, memory in MiB, temperature in degrees Celsius.

    `busy_w` is drawn under LLM load at full clock; below a cap of `needs_w` the SM clock falls under load.
    """

    sm_mhz: int
    mem_mhz: int
    idle_w: int
    busy_w: int
    needs_w: int
    limit_w: int
    memory_mib: int
    slowdown_c: int
    kelvin_per_kw: int


CARDS: Final[dict[str, Card]] = {
    "A100-SXM4-80GB": Card(sm_mhz=1_410, mem_mhz=1_593, idle_w=62, busy_w=372, needs_w=330, limit_w=400,
                           memory_mib=81_920, slowdown_c=86, kelvin_per_kw=88),
    "H100-SXM5-80GB": Card(sm_mhz=1_980, mem_mhz=2_619, idle_w=72, busy_w=610, needs_w=540, limit_w=700,
                           memory_mib=81_559, slowdown_c=87, kelvin_per_kw=58),
}  # fmt: skip
"""Clocks, limits and memory: NVIDIA data sheets and nvidia-smi; power under LLM load and thermal resistance: what
serving hosts typically show (61 to 66 degrees under load, 33 when idle)."""

INLET_C: Final = 28
"""Temperature of the air or coolant at the heat sink."""

CLOCK_STEP_MHZ: Final = 15
"""SM clocks change in steps of this size (nvidia-smi -q -d SUPPORTED_CLOCKS)."""

SPIN_SHARE: Final = 0.25
"""Share of the power above idle that a kernel draws which only polls for its peers, as NCCL's do."""

MIB: Final = 1_048_576
"""Bytes in a MiB."""

FATAL_XIDS: Final = (48, 79, 95)
"""XIDs after which a GPU needs a reset or a replacement (NVIDIA, Xid errors: double-bit ECC, fallen off the bus,
uncontained ECC)."""

BUS_IDS: Final = ("07", "0F", "47", "4E", "87", "90", "B7", "BD")
"""PCI buses of the GPUs of an HGX board, as DGX hosts number them."""

_EPOCH_US: Final = 1 << 40
_UTIL, _SM, _MEM, _TEMP, _MEM_TEMP, _POWER, _USED, _FREE, _NVLINK = range(9)


class Load(Protocol):
    """What a GPU asks of its host to measure itself."""

    @property
    def now_us(self) -> int:
        """Scenario time."""
        ...

    @property
    def slowdown_ppm(self) -> int:
        """Factor on the step time of the whole TP group: that of its slowest GPU."""
        ...

    def cap_w(self, card: Card) -> int:
        """Return the power limit in force."""
        ...

    def activity(self) -> Activity:
        """Return what the GPUs of the host do now."""
        ...

    def memory_mib(self) -> int:
        """Return the memory in use on each card."""
        ...

    def link_bytes(self) -> int:
        """Return the bytes that each GPU has sent and received over NVLink since the host is up."""
        ...


class Gpu:
    """One card. `throttle_ppm` is the factor on its step time that a fault gives it, for `reason`.

    `xid` holds the last error code and stays, as the driver's does. A lost GPU answers no reading but that one.
    """

    def __init__(self, host: Load, card: Card, index: int, *, seed: int, entity: str) -> None:
        self.card = card
        self.index = index
        self.throttle_ppm = 1_000_000
        self.reason: ThrottleReason = "power"
        self.lost = False
        self.xid = 0
        self.remapped_rows = 0
        self.remap_failed = False
        self._host = host
        self._key = Draws(seed, f"{entity}/{index}", "dcgm").key
        self._at = -_EPOCH_US
        self._values: tuple[float, ...] = ()

    @property
    def bus(self) -> str:
        """PCI address, as the driver writes it."""
        return f"PCI:0000:{BUS_IDS[self.index % len(BUS_IDS)]}:00"

    @property
    def slowdown_ppm(self) -> int:
        """Factor on this GPU's step time: fault and power cap together."""
        cap, needs = self._host.cap_w(self.card), self.card.needs_w
        return self.throttle_ppm * needs // cap if cap < needs else self.throttle_ppm

    @property
    def clock_mhz(self) -> float:
        """SM clock under load."""
        return self.card.sm_mhz * 1_000_000 / self.slowdown_ppm

    def state(self) -> list[object]:
        """Return what defines the GPU, for the dyn digest."""
        return [self.throttle_ppm, self.reason, self.lost, self.xid, self.remapped_rows, self.remap_failed]

    # -- readings -------------------------------------------------------------------------------------------

    def register(self, registry: Registry, labels: dict[str, str], target: str) -> None:
        """Expose the exporter's series of this GPU."""
        labels = labels | {"gpu": str(self.index)}
        for name, field in (
            ("DCGM_FI_DEV_GPU_UTIL", _UTIL), ("DCGM_FI_DEV_SM_CLOCK", _SM), ("DCGM_FI_DEV_MEM_CLOCK", _MEM),
            ("DCGM_FI_DEV_GPU_TEMP", _TEMP), ("DCGM_FI_DEV_MEMORY_TEMP", _MEM_TEMP),
            ("DCGM_FI_DEV_POWER_USAGE", _POWER), ("DCGM_FI_DEV_FB_USED", _USED), ("DCGM_FI_DEV_FB_FREE", _FREE),
        ):  # fmt: skip
            registry.gauge(name, labels, lambda field=field: self._read(field), target=target)  # type: ignore[misc]
        registry.gauge("DCGM_FI_DEV_XID_ERRORS", labels, lambda: float(self.xid), target=target)
        registry.gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", labels, lambda: self._if_there(self.remap_failed),
                       target=target)  # fmt: skip
        registry.counter_from("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", labels,
                              lambda: self._if_there(self.remapped_rows), target=target)  # fmt: skip
        registry.counter_from("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", labels, lambda: self._read(_NVLINK),
                              target=target)  # fmt: skip

    def _if_there(self, value: int) -> float:
        return NAN if self.lost else float(value)

    def _read(self, field: int) -> float:
        now = self._host.now_us
        if now != self._at:
            self._at = now
            self._values = self._measure(bits64(self._key, now + _EPOCH_US))
        return self._values[field]

    def _measure(self, bits: int) -> tuple[float, ...]:
        """Return all readings; each takes its noise from another byte of `bits`."""
        if self.lost:
            return (NAN,) * 9
        card, host = self.card, self._host
        activity = host.activity()
        slowdown = self.slowdown_ppm
        clock = 1_000_000 / slowdown
        power = card.idle_w + self._load(activity, clock, host) * (card.busy_w - card.idle_w)
        cooling = card.kelvin_per_kw / 1000
        if self.throttle_ppm > 1_000_000 and self.reason == "heat":
            # the clock is lowered until the sensor is back at its limit: cooling is what has become worse
            full = card.idle_w + clock * clock * (card.busy_w - card.idle_w)
            cooling = (card.slowdown_c - INLET_C) / full
        temperature = INLET_C + cooling * power
        watts = power * (1 + _noise(bits, 0) * 0.05)
        used = host.memory_mib()
        return (
            _utilisation(activity, bits), self._shown_clock(slowdown, bits), float(card.mem_mhz),
            float(int(temperature + 0.5 + _noise(bits, 2))),
            float(int(temperature + 6.5 + 4 * (activity == "computing") + _noise(bits, 3))),
            float(int(min(watts, host.cap_w(card)) * 1000) / 1000), float(used), float(card.memory_mib - used),
            float(host.link_bytes() // MIB),
        )  # fmt: skip

    def _load(self, activity: Activity, clock: float, host: Load) -> float:
        """Return the power above idle as a share of that at full load and clock.

        Dynamic power goes with frequency times voltage squared, here the square of the clock; a GPU that is done
        before the slowest of its group polls for the rest of the step.
        """
        if activity == "computing":
            duty = self.slowdown_ppm / max(host.slowdown_ppm, self.slowdown_ppm)
            return clock * clock * duty + SPIN_SHARE * (1 - duty)
        return SPIN_SHARE if activity == "spinning" else 0.08 if activity == "loading" else 0.0

    def _shown_clock(self, slowdown_ppm: int, bits: int) -> float:
        if slowdown_ppm <= 1_000_000:
            return float(self.card.sm_mhz)
        steps = int(self.clock_mhz / CLOCK_STEP_MHZ + 0.5 + _noise(bits, 4))
        return float(min(self.card.sm_mhz, steps * CLOCK_STEP_MHZ))


def _utilisation(activity: Activity, bits: int) -> float:
    """Return the share of time in which any kernel runs, in percent: one that polls runs all the time."""
    if activity == "spinning":
        return 100.0
    if activity == "computing":
        return float(98 + int(2 * _noise(bits, 5)))
    return float(int(6 + 5 * _noise(bits, 5))) if activity == "loading" else 0.0


def _noise(bits: int, byte: int) -> float:
    """Return a number in [-1, 1) from one byte."""
    return ((bits >> (8 * byte) & 255) - 128) / 128
