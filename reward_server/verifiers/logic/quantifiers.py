"""The rules that schemas cannot say: those about quantifiers and identity, with their conditions on names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reward_server.verifiers.logic.schemas import Cited, SubProof
from reward_server.verifiers.logic.syntax import Atom, Formula, Quantified, Term
from reward_server.verifiers.logic.terms import free_names, instance, replaced, same, subterms, witness

Check = Callable[[Sequence[Cited], Formula, frozenset[str]], bool]
"""Cited lines, the result, and the names that stand in open assumptions and premises."""


def _one(cited: Sequence[Cited], kind: str) -> Quantified | None:
    only = cited[0] if len(cited) == 1 else None
    return only if isinstance(only, Quantified) and only.kind == kind else None


def forall_elim(cited: Sequence[Cited], result: Formula, taken: frozenset[str]) -> bool:
    """From all to any; several quantifiers at once are several steps."""
    general = _one(cited, "forall")
    return general is not None and (witness(general, result) is not None or _many(general, result, [500]))


def _many(general: Quantified, result: Formula, budget: list[int]) -> bool:
    """Whether ``result`` comes by taking several leading quantifiers away; ``budget`` counts the tries left."""
    if not isinstance(general.body, Quantified) or general.body.kind != "forall":
        return False
    terms = list(dict.fromkeys(subterms(result)))[:12]
    for term in [*terms, Term(general.variable)]:
        budget[0] -= 1
        made = instance(general, term) if budget[0] > 0 else None
        if isinstance(made, Quantified) and (witness(made, result) is not None or _many(made, result, budget)):
            return True
    return False


def forall_intro(cited: Sequence[Cited], result: Formula, taken: frozenset[str]) -> bool:
    """From an arbitrary name to all: the name stands in no open assumption and not in the result."""
    if len(cited) != 1 or isinstance(cited[0], SubProof) or not isinstance(result, Quantified):
        return False
    return result.kind == "forall" and arbitrary(result, cited[0], taken | free_names(result))


def arbitrary(general: Quantified, special: Formula, taken: frozenset[str]) -> bool:
    """Whether ``special`` is ``general`` for a name that stands nowhere else: not among those ``taken``."""
    term = witness(general, special)
    if term is None:
        return False
    if general.variable not in free_names(general.body):
        return True
    return not term.args and not term.name[:1].isdigit() and term.name not in taken


def exists_intro(cited: Sequence[Cited], result: Formula, taken: frozenset[str]) -> bool:
    """From a case to some."""
    if len(cited) != 1 or isinstance(cited[0], SubProof) or not isinstance(result, Quantified):
        return False
    return result.kind == "exists" and witness(result, cited[0]) is not None


def exists_elim(cited: Sequence[Cited], result: Formula, taken: frozenset[str]) -> bool:
    """From some, by a sub-proof about an arbitrary name, to what does not speak of that name."""
    general = next((one for one in cited if isinstance(one, Quantified) and one.kind == "exists"), None)
    sub = next((one for one in cited if isinstance(one, SubProof)), None)
    if len(cited) != 2 or general is None or sub is None or not same(sub.conclusion, result):
        return False
    return arbitrary(general, sub.assumption, taken | free_names(general) | free_names(result))


def identity_intro(cited: Sequence[Cited], result: Formula, taken: frozenset[str]) -> bool:
    """Everything is itself."""
    return not cited and isinstance(result, Atom) and result.name == "=" and result.args[0] == result.args[1]


def identity_elim(cited: Sequence[Cited], result: Formula, taken: frozenset[str]) -> bool:
    """Equals for equals, either way, at some or all places."""
    if len(cited) not in (1, 2):
        return False
    for equation in cited:
        if isinstance(equation, SubProof) or not isinstance(equation, Atom) or equation.name != "=":
            continue
        left, right = equation.args
        if len(cited) == 1:
            if result == Atom("=", (right, left)):
                return True
            continue
        other = cited[1] if cited[0] is equation else cited[0]
        if not isinstance(other, SubProof) and (
            replaced(other, result, left, right) or replaced(other, result, right, left)
        ):
            return True
    return False


QUANTIFIERS: Mapping[str, Check] = {
    "forall_elim": forall_elim,
    "forall_intro": forall_intro,
    "exists_intro": exists_intro,
    "exists_elim": exists_elim,
    "identity_intro": identity_intro,
    "identity_elim": identity_elim,
}
