"""The words by which a sentence says that one thing made another, and those by which it denies it.

Read by `grammar`. A connector points forward ("caused", "so": left made right) or backward ("because", "was caused
by": right made left). Verbs need something named on both sides; conjunctions join whole clauses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Way = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One connector in a statement, from `start` to `end`. `verb`: it stands inside a clause. `denied`: negated."""

    way: Way
    verb: bool
    start: int
    end: int
    denied: bool = False


_ADVERB = r"(?:(?:\w+ly|also|then|thus|in turn|itself|themselves|not|never|in part|only|all|n't)\s+)*"
_BE = r"(?:was|were|been|being|is|are|be|got|gets|get|became|has been|had been)"

_PASSIVE = (
    r"(?:caused|triggered|driven|brought about|brought on|produced|created|made worse|made|filled(?: up)?|flooded"
    r"|slowed(?: down)?|delayed|blocked|exhausted|saturated|starved|overloaded|overwhelmed|crowded out|induced|set off"
    r"|started|explained|forced|evicted|preempted|kept|held up|fed|pushed|introduced|clogged|swamped|degraded|hit|hurt"
    r"|affected|eaten up|used up|consumed|occupied|spoiled|broken|enabled|made possible|misled|fooled"
    r"|confused|followed|aged|allowed|permitted"
    r"|corrupted|poisoned|choked|drowned|amplified|worsened|stuffed|packed)\s+by"
    r"|(?:filled|filling|fill|flooded|clogged|overloaded|saturated|swamped|choked|stuffed|packed)\s+(?:up\s+)?with"
)

_CONJ_BACK = (
    r"because of|because|due to|owing to|thanks to|as a (?:direct )?(?:result|consequence) of|on account of"
    r"|(?:was|were|is|are|being) (?:the|a) (?:direct )?(?:result|consequence|effect|symptom|product) of"
    r"|result(?:ed|s|ing)? from|stem(?:med|s|ming)? from|originat(?:ed|es|ing) (?:in|from|with)|c[ao]me(?:s)? from"
    r"|follow(?:ed|s) from|can be traced(?: back)? to|trac(?:ed|es|ing|eable)(?: back)? to|rooted in|attributable to"
    r"|attributed to|given that|in the wake of|following|down to|goes back to|went back to|arose from|arises from"
    r"|since(?! (?:t\s*[+\-]|\d|then|the (?:page|start|morning)|yesterday|last|about|around))"
    r"|after(?! (?:that|this|which|t\s*[+\-]|\d|(?:about |around |some |another |only )?(?:\w+ )?(?:minute"
    r"|second|hour)))"
)

_CONJ_FORWARD = (
    r"so that|so(?!:| in short| to sum| far| long| many| much| on| few| that\b)|therefore|thus|hence"
    r"|consequently|accordingly"
    r"|as a (?:direct )?(?:result|consequence)(?! of)|with the result that|to the point (?:that|where)|until"
    r"|which is why|that is why|this is why|that's why|in consequence|in turn|whereupon"
)

_VERB_FORWARD = (
    r"caus(?:e|es|ed|ing)|le(?:d|ads?|ading)(?: directly)?(?: to)?|result(?:s|ed|ing)? in|trigger(?:s|ed|ing)?"
    r"|driv(?:e|es|ing)|drove|ma(?:de|ke|kes|king)|mean(?:s|t|ing)(?: that)?|produc(?:e|es|ed|ing)"
    r"|creat(?:e|es|ed|ing)|fill(?:s|ed|ing)?(?: up)?|flood(?:s|ed|ing)?|exhaust(?:s|ed|ing)?|saturat(?:e|es|ed|ing)"
    r"|starv(?:e|es|ed|ing)|overload(?:s|ed|ing)?|overwhelm(?:s|ed|ing)?|slow(?:s|ed|ing)(?: down)?|delay(?:s|ed|ing)"
    r"|block(?:s|ed|ing)|push(?:es|ed|ing)?|forc(?:e|es|ed|ing)|br(?:ought|ings?|inging)(?: about| on)?"
    r"|g(?:a|i)ves? rise to|giving rise to|contribut(?:e|es|ed|ing) to|end(?:s|ed|ing)(?: up)? in|culminat(?:ed|es) in"
    r"|propagat(?:ed|es|ing) (?:in)?to|cascad(?:ed|es|ing) (?:in)?to|spread(?:s|ing)? (?:in)?to"
    r"|spill(?:s|ed|ing)?(?: over)? (?:in)?to|turn(?:s|ed|ing) into|allow(?:s|ed|ing)?|enabl(?:e|es|ed|ing)"
    r"|let(?:s|ting)?(?! (?:in|through)\b)|permit(?:s|ted|ting)?|kept|keeps?|left|hit(?:s|ting)?|hurt(?:s|ing)?"
    r"|degrad(?:e|es|ed|ing)|feed(?:s|ing)?|fed|evict(?:s|ed|ing)?|consum(?:e|es|ed|ing)|us(?:ed|es|ing) up"
    r"|occup(?:y|ies|ied|ying)|crowd(?:s|ed|ing)? out|h(?:e|o)lds? up|set(?:s|ting)? off|starts?|started"
    r"|introduc(?:e|es|ed|ing)|bec(?:a|o)me(?:s)? visible as|swamp(?:s|ed|ing)?|clog(?:s|ged|ging)?(?: up)?"
    r"|choke?(?:s|d|ing)?|clobber(?:s|ed|ing)?|affect(?:s|ed|ing)?|spoil(?:s|ed|ing)?|worsen(?:s|ed|ing)?"
    r"|reach(?:es|ed|ing)?|pass(?:es|ed|ing)?(?: through| by)?|w(?:e|a)nt (?:straight )?(?:through|past)"
    r"|slip(?:s|ped|ping) (?:through|past)|got (?:through|past)|pour(?:s|ed|ing) (?:in)?to"
    rf"|(?:{_BE}\s+)?(?:admitted|let in|let through|accepted|waved through) by"
    r"|misl(?:ed|eads?|eading)|fool(?:s|ed|ing)?|confus(?:es|ed|ing)|blind(?:s|ed|ing)|decei(?:ves|ved|ving)"
    r"|explain(?:s|ed)?|account(?:s|ed)? for|prompted|prompting|pass(?:es|ed|ing) on to"
    r"|(?:was|were|is|are) (?:responsible for|to blame for|behind)|cost(?:s|ing)?|put(?:s|ting)?"
    rf"|(?:(?:{_BE})\s+)?(?:the |a |an |one |our )?(?:\w+ )?"
    r"(?:cause|reason|trigger|source|culprit)(?:s)? (?:of|for|behind|why)"
)

_ARROW = re.compile(r"-+>|=+>|→|➜|⇒")


def _whole(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{text})(?![\w-])")


_PATTERNS: tuple[tuple[re.Pattern[str], Way, bool], ...] = (
    (_whole(rf"(?:{_BE}\s+)?{_ADVERB}(?:{_PASSIVE})"), "backward", True),
    (_whole(_CONJ_BACK), "backward", False),
    (_whole(_CONJ_FORWARD), "forward", False),
    (_whole(_VERB_FORWARD), "forward", True),
    (_ARROW, "forward", False),
)

_PARTICIPLE = re.compile(r"(?:ed|made|brought|left|kept|fed|held up|set off|put|hit|hurt|let)(?: (?:up|down|out))?$")
_AUXILIARY = re.compile(rf"\b(?:{_BE})\s+{_ADVERB}$")
_NOT = r"(?:not|never|no longer|cannot|hardly|nowise|neither|nor|n't|in no way|didn’t|wasn’t|isn’t|weren’t)"
_NOT_VERB = re.compile(rf"(?:\b|(?<=\w)){_NOT}\b(?!\s+(?:only|just|merely|simply))(?:\s+\w+){{0,3}}\s*$")
_NOT_CONJ = re.compile(r"\bnot\s*$")
_NOT_BEFORE = re.compile(r"\b(?:did|does|do|was|were|is|are)(?: not|n't)(?: \w+){0,4}\s*$")
_INSIDE_NOT = re.compile(r"\b(?:not|never|n't)\b")

WHOLE_DENIAL = re.compile(
    r"\b(?:rul(?:ed|es|ing|e) (?:\w+ ){0,6}out|exclud(?:ed|ing)|exonerat\w*|no (?:evidence|sign|indication"
    r"|proof|link|relation|connection)"
    r"|(?<!that had )(?<!which had )(?<!that have )(?<!which have )nothing to do with|unrelated to"
    r"|no (?:\w+ )?(?:effect|influence|bearing)\b|played no|no part in|no role"
    r"|innocent|red herring|coinciden\w*|not to blame|not responsible|not guilty|false (?:lead|trail|positive lead)"
    r"|(?:did|does|do|could) ?(?:not|n't) (?:cause|trigger|explain|start|lead to) (?:the|this|our"
    r"|any) (?:\w+ )?(?:incident|outage|problem|issue|slowdown|trouble)"
    r"|dead end|harmless|not the case|not true|not (?:the|a|our|its) (?:\w+ )?(?:cause|reason|culprit|trigger"
    r"|source|problem|factor)"
    r"|(?:did|does|do) not (?:contribute|matter|play)|(?:didn't|doesn't) (?:contribute|matter|play)|no factor"
    r"|not a factor"
    r"|disproved|refuted|dismissed|discarded|never (?:the|a) (?:cause|problem|factor)|neither)\b"
)  # fmt: skip
"""What denies a whole statement, so that no claim is read in it."""

HEDGE = re.compile(
    r"\b(?:may|might|maybe|perhaps|possibly|probably|presumably|apparently|suspect(?:ed|s)?|could have"
    r"|could be|we think"
    r"|we believe|we guess|likely|seems?|seemed|it is possible|not sure|unclear)\b"
)
"""What makes a claim a guess, which counts half when it is right."""

NAMED_NOT = re.compile(
    r"(?:(?:,|\(|\b(?:and|but|was|were|is|it)\s)\s*not(?: by| because of| due to| from| of)?|\brather than"
    r"|\binstead of|\bas opposed to)"
    r"\s+(?:the |a |an |any |our |their |by )?(?:\w+ )?$"
)
"""What stands before something that is named only to say that it was not this."""

TURN = re.compile(r"\s*(?:;|,?\s+but(?! for\b)|,?\s+however,?|,?\s+instead(?! of)\b:?|,\s+rather(?! than)\b)\s*")
"""Where a statement ends inside a sentence, and another with its own denial begins."""

OPENERS = re.compile(
    r"^(?:and |but )?(?:when|as|once|with|having|by|given|if only|while)\b(?! a (?:result|consequence))"
)
"""Subordinate openings: "When A, B" says that A made B."""

BACK_REFERENCE = re.compile(
    r"^(?:and |but |all )?(?:this|that|these|those|it|they|which|both|together|the result|the consequence|here|hence|so"
    r"|therefore|thus|consequently|accordingly|as a|in turn|in consequence|from there|from then)\b"
)
"""Openings that mean what the sentence before ended with."""


def connectors_of(text: str, *, turned: bool = False) -> list[Connector]:
    """Return the connectors of a statement in lower case, in order, the longest where several overlap.

    `turned`: another statement of the same sentence follows and sets this one right, so that "did not fill because of
    A; …" denies A. Alone, "did not arrive because of A" says that A kept it from arriving.
    """
    found: list[Connector] = []
    for pattern, way, verb in _PATTERNS:
        for match in pattern.finditer(text):
            before, body = text[: match.start()], match[0]
            if (
                verb
                and way == "forward"
                and not body.endswith(" by")
                and _PARTICIPLE.search(body)
                and _AUXILIARY.search(before)
            ):
                continue
            denied = bool(_NOT_VERB.search(before)) if verb else bool(_NOT_CONJ.search(before))
            denied = denied or (turned and way == "backward" and bool(_NOT_BEFORE.search(before)))
            denied = denied or (verb and bool(_INSIDE_NOT.search(body)))
            found.append(Connector(way=way, verb=verb, start=match.start(), end=match.end(), denied=denied))
    found.sort(key=lambda c: (c.start, -c.end, c.verb))
    out: list[Connector] = []
    for connector in sorted(found, key=lambda c: (c.start - c.end, c.start)):
        if all(connector.end <= c.start or connector.start >= c.end for c in out):
            out.append(connector)
    return sorted(out, key=lambda c: c.start)
