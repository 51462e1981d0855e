"""One figure that a record knows, and when a sentence is about it. Made by `ledger` and `counts`, read by `facts`."""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.scoring.postmortem.numbers import QuantityKind
from incidentsim.scoring.postmortem.stems import stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One figure of the record.

    `heads` are stems one of which a sentence must hold to be about it, beside one of each set of `must`; `tails` make
    it surely about it. `strict`: a sentence that is surely about it and says another value is wrong; others can only
    bear a figure out. `quoted`: it stands in a text that the candidate saw, and is meant as it stands.
    """

    kind: QuantityKind
    value: int
    text: str
    heads: frozenset[str]
    tails: frozenset[str] = frozenset()
    must: tuple[frozenset[str], ...] = ()
    seqs: tuple[int, ...] = ()
    strict: bool = True
    truth: bool = False
    quoted: bool = False

    def about(self, said: frozenset[str]) -> bool:
        """Say whether a sentence of these stems can be about it."""
        return bool(self.heads & said) and all(some & said for some in self.must)


def stems_of(*texts: str) -> frozenset[str]:
    """Return the stems of the words in these texts and names."""
    return frozenset(
        stem(w) for text in texts for w in text.replace("_", " ").replace(".", " ").replace("-", " ").split()
    )
