"""Exact arithmetic: everything here gives the same bits on every platform and Python.

Keyed draws replace random streams: a draw depends only on (seed, entity, purpose, index), so adding a
draw somewhere moves nothing elsewhere, and two runs that differ in one action share all other draws.
Logarithm and exponential use only operations that IEEE 754 specifies exactly (+ - * / and frexp), since
libm differs in the last bit between platforms.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_extensions import i64

_MASK64: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
"""Increment of the splitmix64 generator (Steele, Lea, Flood 2014): 2**64 divided by the golden ratio, odd."""

_MIX1: Final = 0xBF58476D1CE4E5B9
_MIX2: Final = 0x94D049BB133111EB
"""The multipliers of splitmix64's output function."""

_LANES: Final = 32
"""Draws made at a time for who asks in order: longer blocks gain little more."""

_ONES: Final = int.from_bytes((b"\1" + bytes(15)) * _LANES, "little")
_LOW_HALVES: Final = _ONES * _MASK64
_LOW_33, _LOW_34, _LOW_37 = (_ONES * ((1 << bits) - 1) for bits in (33, 34, 37))
_STEPS: Final = int.from_bytes(
    b"".join((i * _GOLDEN & _MASK64).to_bytes(16, "little") for i in range(_LANES)), "little"
)
_UNPACK_LANES: Final = struct.Struct(f"<{2 * _LANES}Q").unpack

_U53: Final = 1.0 / (1 << 53)
_LN2: Final = 0.6931471805599453
_EXP_TERMS: Final = tuple(1.0 / math.factorial(k) for k in range(18))


def stream_key(seed: int, entity: str, purpose: str) -> int:
    """Return the 64-bit key of all draws that `entity` makes for `purpose` under `seed`."""
    material = f"{seed}\x1f{entity}\x1f{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(material, digest_size=8).digest(), "little")


def bits64(key: int, index: int) -> int:
    """Return 64 well-mixed bits for (key, index): the splitmix64 output function at counter `index`."""
    z = (key + (index + 1) * _GOLDEN) & _MASK64
    z = ((z ^ (z >> 30)) * _MIX1) & _MASK64
    z = ((z ^ (z >> 27)) * _MIX2) & _MASK64
    return z ^ (z >> 31)


_COMPILED: Final = not isinstance(bits64, FunctionType)
"""Whether this module runs as machine code (`make fast`): there, native integers make draws ten times as fast."""

_NATIVE_INDEX: Final = 1 << 61
_NATIVE_N: Final = 1 << 31
"""Bounds below which no product or sum of a native draw needs more than 63 bits, where it must not wrap."""

_WRAP: Final = 1 << 64


def _mixed(counter: i64) -> i64:
    """Return `bits64` of a counter, both as signed numbers. Only as machine code, where products wrap at 64 bits."""
    z = (counter ^ ((counter >> 30) & 0x3FFFFFFFF)) * -0x40A7B892E31B1A47
    z = (z ^ ((z >> 27) & 0x1FFFFFFFFF)) * -0x6B2FB644ECCEEE15
    return z ^ ((z >> 31) & 0x1FFFFFFFF)


class Draws:
    """All draws of one (seed, entity, purpose): an indexed, not a streamed, source.

    The same index always gives the same value, in any order of asking. Indexes are integers >= 0. `bits` and
    `exponential` and `quantile`, which build on it, are fast when indexes are asked in rising order from 0, the
    others (`pick` gives what `quantile` gives) in any order.
    """

    __slots__ = ("_block", "_first", "_from", "_native", "key")

    def __init__(self, seed: int, entity: str, purpose: str) -> None:
        self.key = stream_key(seed, entity, purpose)
        self._first = self.key + _GOLDEN
        wrapped = self._first & _MASK64
        self._native: i64 = wrapped - _WRAP if wrapped >> 63 else wrapped
        self._from = -_LANES
        self._block: tuple[int, ...] = ()

    def bits(self, index: int) -> int:
        """Return 64 bits: `bits64` of the key and the index."""
        place = index - self._from
        return self._block[place] if 0 <= place < _LANES else self._bits_beyond(index, place)

    def u(self, index: int) -> float:
        """Return a uniform number in [0, 1) with 53 bits."""
        return (bits64(self.key, index) >> 11) * _U53

    def below(self, index: int, n: int) -> int:
        """Return an integer in [0, n), for n >= 1 (multiply-shift; bias below n / 2**64)."""
        if _COMPILED and n < _NATIVE_N and index < _NATIVE_INDEX:
            m: i64 = n
            bits = self._mixed_at(index)
            return (((bits >> 32) & 0xFFFFFFFF) * m + (((bits & 0xFFFFFFFF) * m) >> 32)) >> 32
        # bits64, written out: this is asked for most requests, with indexes far apart
        z = (self._first + index * _GOLDEN) & _MASK64
        z = ((z ^ (z >> 30)) * _MIX1) & _MASK64
        z = ((z ^ (z >> 27)) * _MIX2) & _MASK64
        return ((z ^ (z >> 31)) * n) >> 64

    def exponential(self, index: int) -> float:
        """Return an exponential variate with mean 1."""
        if _COMPILED and index < _NATIVE_INDEX:
            return -det_log(1.0 - int((self._mixed_at(index) >> 11) & 0x1FFFFFFFFFFFFF) * _U53)
        place = index - self._from
        bits = self._block[place] if 0 <= place < _LANES else self._bits_beyond(index, place)
        return -det_log(1.0 - (bits >> 11) * _U53)

    def quantile(self, index: int, table: QuantileTable) -> int:
        """Return an integer drawn from the distribution that `table` describes."""
        if _COMPILED and index < _NATIVE_INDEX:
            return table.at_bits(int((self._mixed_at(index) >> 32) & 0xFFFFFFFF))
        place = index - self._from
        bits = self._block[place] if 0 <= place < _LANES else self._bits_beyond(index, place)
        scaled = (bits >> 32) * 1_000_000
        low, base, rise, span = table.segments[bisect_right(table.lows, scaled)]
        return base + rise * (scaled - low) // span

    def pick(self, index: int, table: QuantileTable) -> int:
        """Return the same as `quantile`, faster when indexes lie far apart."""
        if _COMPILED and index < _NATIVE_INDEX:
            return table.at_bits(int((self._mixed_at(index) >> 32) & 0xFFFFFFFF))
        z = (self._first + index * _GOLDEN) & _MASK64
        z = ((z ^ (z >> 30)) * _MIX1) & _MASK64
        z = ((z ^ (z >> 27)) * _MIX2) & _MASK64
        scaled = ((z ^ (z >> 31)) >> 32) * 1_000_000
        low, base, rise, span = table.segments[bisect_right(table.lows, scaled)]
        return base + rise * (scaled - low) // span

    def _mixed_at(self, index: i64) -> i64:
        """Return the bits of an index as machine code makes them; signed."""
        return _mixed(self._native + index * -0x61C8864680B583EB)

    def _bits_beyond(self, index: int, place: int) -> int:
        """Return the bits of an index outside the block in hand; where it follows on, make the next block."""
        if place != _LANES:
            return bits64(self.key, index)
        self._from = index
        self._block = _block64((self._first + index * _GOLDEN) & _MASK64)
        return self._block[0]


def _block64(counter: int) -> tuple[int, ...]:
    """Return `bits64` of the counters that follow on `counter`, all at once.

    One long integer holds a lane of 128 bits for each, so that a product of two 64-bit numbers has room.
    """
    z = (counter * _ONES + _STEPS) & _LOW_HALVES
    z = ((z ^ (z >> 30 & _LOW_34)) * _MIX1) & _LOW_HALVES
    z = ((z ^ (z >> 27 & _LOW_37)) * _MIX2) & _LOW_HALVES
    z ^= z >> 31 & _LOW_33
    return _UNPACK_LANES(z.to_bytes(16 * _LANES, "little"))[::2]


class QuantileTable:
    """A distribution of integers given by quantiles, linear in between: `[(ppm, value), ...]`.

    ppm rise strictly from 0 to 1,000,000; values must not fall. All arithmetic is integer. In units of
    ppm / 2**32, `lows` holds where every segment but the first begins, and `segments` each one's beginning, value
    there, rise of the value, and length.
    """

    __slots__ = ("lows", "points", "segments")

    def __init__(self, points: Sequence[tuple[int, int]]) -> None:
        if len(points) < 2 or points[0][0] != 0 or points[-1][0] != 1_000_000:
            raise ValueError("a quantile table needs points at 0 and at 1,000,000 ppm")
        for (p0, v0), (p1, v1) in pairwise(points):
            if p1 <= p0 or v1 < v0:
                raise ValueError("quantiles must rise strictly in ppm and must not fall in value")
        self.points = tuple(points)
        self.lows = [p << 32 for p, _ in points[1:-1]]
        self.segments = [(p0 << 32, v0, v1 - v0, (p1 - p0) << 32) for (p0, v0), (p1, v1) in pairwise(points)]

    def at_bits(self, bits32: int) -> int:
        """Return the value at probability `bits32` / 2**32, 1 included."""
        scaled = bits32 * 1_000_000
        if _COMPILED:
            return self._at_scaled(scaled)
        low, base, rise, span = self.segments[bisect_right(self.lows, scaled)]
        return base + rise * (scaled - low) // span

    def _at_scaled(self, scaled: int) -> int:
        """Return the same with small numbers and no call: what is fast as machine code."""
        place = 0
        for low in self.lows:
            if low > scaled:
                break
            place += 1
        low, base, rise, span = self.segments[place]
        beyond = scaled - low
        # floor(floor(a / 2**32) / n) is floor(a / (n * 2**32))
        return base + (rise * (beyond >> 32) + (rise * (beyond & 0xFFFFFFFF) >> 32)) // (span >> 32)

    def mean(self) -> float:
        """Return the mean of the distribution (exact trapezoids, one division)."""
        twice = 0
        for (p0, v0), (p1, v1) in pairwise(self.points):
            twice += (p1 - p0) * (v0 + v1)
        return twice / 2_000_000


def det_log(x: float) -> float:
    """Return the natural logarithm of x > 0, the same bits on every IEEE 754 platform.

    Range reduction by frexp to [sqrt(1/2), sqrt(2)), then the odd atanh series; relative error < 1e-15.
    """
    m, e = math.frexp(x)
    if m < 0.7071067811865476:
        m *= 2.0
        e -= 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    # 1/(2k+1) for k = 13 down to 0, written out: Python folds the quotients, and a loop costs twice the time
    p = (((((((1.0 / 27.0 * z + 1.0 / 25.0) * z + 1.0 / 23.0) * z + 1.0 / 21.0) * z + 1.0 / 19.0) * z + 1.0 / 17.0)
           * z + 1.0 / 15.0) * z + 1.0 / 13.0)  # fmt: skip
    p = (((((p * z + 1.0 / 11.0) * z + 1.0 / 9.0) * z + 1.0 / 7.0) * z + 1.0 / 5.0) * z + 1.0 / 3.0) * z + 1.0
    return e * _LN2 + 2.0 * s * p


def det_exp(x: float) -> float:
    """Return e**x for |x| <= 700, the same bits on every IEEE 754 platform; relative error < 1e-14."""
    n = int(x / _LN2 + (0.5 if x >= 0 else -0.5))
    r = x - n * _LN2
    p = _EXP_TERMS[17]
    for k in range(16, -1, -1):
        p = p * r + _EXP_TERMS[k]
    return math.ldexp(p, n)


def isqrt_ps(a: int, b: int) -> int:
    """Return floor(sqrt(a*a + b*b)) for integers, exactly."""
    return math.isqrt(a * a + b * b)


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no spaces, UTF-8 kept; the form that is hashed."""
    return _CANONICAL.encode(value)


def sha256_hex(data: bytes | str) -> str:
    """Return the SHA-256 of bytes or of a text's UTF-8, in hex."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


class RollingDigest:
    """A digest that grows by frames and can be read at any moment without ending it."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, data: bytes) -> None:
        """Append one frame; its length is hashed too, so frames can't run into each other."""
        self._hash.update(len(data).to_bytes(4, "little") + data)

    def add_json(self, value: Any) -> None:
        """Append the canonical JSON of `value`."""
        self.add(canonical_json(value).encode())

    def hex(self) -> str:
        """Return the digest of everything added so far, in hex."""
        return self._hash.hexdigest()


def format_clock(t_us: int) -> str:
    """Return scenario time as `T+04:12` or `T-03:00`, hours added when needed."""
    sign = "-" if t_us < 0 else "+"
    seconds = abs(t_us) // 1_000_000
    h, rest = divmod(seconds, 3600)
    m, s = divmod(rest, 60)
    return f"T{sign}{h}:{m:02d}:{s:02d}" if h else f"T{sign}{m:02d}:{s:02d}"
