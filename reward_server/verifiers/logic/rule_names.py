"""What the rules of natural deduction are called: one spelling of each name, and the names there are."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reward_server.verifiers.logic.syntax import SIGNS

_SIGN = re.compile("|".join(re.escape(one) for one in sorted(SIGNS, key=len, reverse=True) if not one[0].isalpha()))
_MARKUP = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|q?quad|[,;! ])|[$.`*{}\s]|(?<!_\|)_(?!\|_)")
_END = re.compile(r"(?:(i)ntro(?:duction)?|(e)lim(?:ination)?|(?<=[&|^>~=vdrfx])([ie]))(?:[12₁₂]|left|right)?$")


def spelled(name: str) -> str:
    """The one spelling of a written name: lower case, ASCII signs, no spaces, dots or mark-up: ``∧-Elim`` is ``&e``."""
    bare = _MARKUP.sub("", name.casefold())
    bare = re.sub(r"^-(?=[ie]$)", "~", bare)
    bare = _SIGN.sub(lambda match: SIGNS[match[0]], bare)
    bare = re.sub(r"(?<!<)-(?!>)|['’`]", "", bare)
    return _END.sub(lambda match: match[1] or match[2] or match[3], bare)


_NAMES: Mapping[str, str] = {
    "premise": "premise prem pr p given premiss hypothesisp",
    "assumption": "assumption assume assumed as a ass assum hyp hypothesis supposition suppose supposed acp aip",
    "reiteration": "r reit reiteration reiterate repeat repetition copy",
    "and_intro": "conj conjunction adj adjunction",
    "and_elim": "simp simplification",
    "or_intro": "add addition",
    "or_elim": "cases proofbycases",
    "imp_intro": "cp ci conditionalproof deductiontheorem",
    "imp_elim": "mp mpp modusponens detachment",
    "iff_intro": "bi bc",
    "iff_elim": "be",
    "not_intro": "raa reductio reductioadabsurdum",
    "not_elim": "contradiction falsei contradictioni",
    "indirect": "ip pbc indirect indirectproof proofbycontradiction",
    "explosion": "x efq explosion exf falsee contradictione exfalso exfalsoquodlibet principleofexplosion",
    "double_negation": "dn dne dni ~~e ~~i nne nni doublenegation doublenegatione doublenegationi",
    "modus_tollens": "mt mtt modustollens",
    "hypothetical_syllogism": "hs chain ch hypotheticalsyllogism",
    "disjunctive_syllogism": "ds mtp disjunctivesyllogism modustollendoponens",
    "constructive_dilemma": "cd constructivedilemma",
    "destructive_dilemma": "dd destructivedilemma",
    "absorption": "abs absorption",
    "excluded_middle": "lem tnd em lawofexcludedmiddle excludedmiddle",
    "top_intro": "truei",
    "de_morgan": "dem dm demorgan demorgans demorganlaw demorganslaw demorganslaws",
    "commutation": "comm com commutation commutativity",
    "association": "assoc association associativity",
    "distribution": "dist distribution distributivity",
    "contraposition": "contra contraposition trans transposition contrapos contrapositive",
    "implication": "impl mi imp cdis materialimplication",
    "equivalence": "equiv equivalence bieq me materialequivalence",
    "exportation": "exp exportation importation",
    "idempotence": "taut idem idempotence tautology",
    "forall_elim": "ui us universalinstantiation universalspecification",
    "forall_intro": "ug universalgeneralization universalgeneralisation",
    "exists_intro": "eg existentialgeneralization existentialgeneralisation",
    "exists_elim": "ei existentialinstantiation",
    "negated_quantifier": "qn cq qe qnegation quantifiernegation",
    "identity_intro": "refl reflexivity lawofidentity",
    "identity_elim": "sub subst substitution leibniz id symm symmetry",
}
_CONNECTIVES: Mapping[str, str] = {
    "and": "& ^ and conjunction conj", "or": "| v or disjunction disj", "iff": "<-> iff biconditional",
    "imp": "-> imp implies implication conditional", "not": "~ not negation neg n", "forall": "forall all universal",
    "exists": "exists existential", "identity": "= identity equality id",
}  # fmt: skip
RULES: Mapping[str, str] = {
    **{name: rule for rule, names in _NAMES.items() for name in names.split()},
    **{f"{word}{end[0]}": f"{rule}_{end}" for rule, words in _CONNECTIVES.items() for word in words.split()
       for end in ("intro", "elim")},
}  # fmt: skip
"""Every rule's own name here by the spellings of its names; a name with several readings allows each sound one."""
