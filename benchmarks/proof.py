"""How long a Rocq proof takes, in a sandbox that is warm: twenty theorems, and one with the real numbers.

    python -m benchmarks.proof [--times 5] [--tag latest]

Each theorem is verified once, which may have to start a prover with its imports, and then so many times more, one after
another, in one sandbox of the ``docker`` driver: from the call of the verifier to its verdict. A line for each theorem,
grouped by imports; the last says how many have a median, the first time not counted, of at most ``BAR_S``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import closing

from rich.console import Console
from rich.table import Table

from reward_server.sandbox.docker import DockerConfig, open_sandboxes
from reward_server.sandbox.pool import PoolConfig
from reward_server.types import Completion, Outcome
from reward_server.verifiers.base import Context
from reward_server.verifiers.proof import Proof
from reward_server.verifiers.registry import Registry

BAR_S = 0.3
THEOREMS: list[tuple[str, str, str]] = [
    ("", "forall n : nat, n + 0 = n", "induction n; simpl; congruence."),
    ("", "forall n m : nat, n + S m = S (n + m)", "induction n; intros; simpl; congruence."),
    ("Require Import Arith.", "forall n m : nat, n + m = m + n", "intros. apply Nat.add_comm."),
    ("Require Import Lia.", "forall a b : nat, a < b -> a + 1 <= b", "intros. lia."),
    ("Require Import Lia ZArith.", "forall x : Z, (x * x >= 0)%Z", "intros. nia."),
    ("", "forall P Q : Prop, P /\\ Q -> Q /\\ P", "intros P Q [p q]. split; assumption."),
    ("", "forall P Q : Prop, P \\/ Q -> Q \\/ P", "intros P Q [p | q]; [right | left]; assumption."),
    ("", "forall P : Prop, P -> ~ ~ P", "intros P p n. exact (n p)."),
    ("", "forall P Q : Prop, (P -> Q) -> ~ Q -> ~ P", "intros P Q f n p. exact (n (f p))."),
    ("", "forall P Q R : Prop, (P -> Q) -> (Q -> R) -> P -> R", "auto."),
    (
        "",
        "forall (A : Type) (P : A -> Prop), ~ (exists x, P x) -> forall x, ~ P x",
        "intros A P n x p. apply n. exists x. exact p.",
    ),
    (
        "Require Import List. Import ListNotations.",
        "forall (A : Type) (l : list A), l ++ [] = l",
        "induction l; simpl; congruence.",
    ),
    ("Require Import List.", "forall (A : Type) (l : list A), rev (rev l) = l", "apply rev_involutive."),
    (
        "Require Import List.",
        "forall (A B : Type) (f : A -> B) l, length (map f l) = length l",
        "intros. apply map_length.",
    ),
    ("", "forall b : bool, negb (negb b) = b", "destruct b; reflexivity."),
    ("", "forall a b : bool, andb a b = andb b a", "destruct a, b; reflexivity."),
    (
        "Fixpoint double (n : nat) : nat := match n with 0 => 0 | S k => S (S (double k)) end.",
        "forall n, double n = n + n",
        "induction n; simpl; [reflexivity | rewrite IHn, <- plus_n_Sm; reflexivity].",
    ),
    ("", "2 + 2 = 4", "reflexivity."),
    ("", "exists n : nat, n * n = 49", "exists 7. reflexivity."),
    ("", "forall x y z : nat, x = y -> y = z -> x = z", "congruence."),
]
"""Preamble, statement, tactics."""
REALS = ("Require Import Reals Lra.", "forall x : R, (x <= x + 1)%R", "intros. lra.")
REALS_AXIOMS = [
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--tag", default="latest")
    options = parser.parse_args()
    table = Table("imports", "statement", "first ms", "median ms", "max ms")
    medians = []
    registry = Registry()
    registry.register(Proof())
    with closing(open_sandboxes(DockerConfig(image_tag=options.tag, pool=PoolConfig(limit=1, acquire_s=60)))) as boxes:
        context = registry.with_sandboxes(boxes)
        for theorem in sorted((*THEOREMS, REALS)):
            first, *taken = latencies(registry, context, theorem, options.times)
            median, (preamble, statement, _) = statistics.median(taken), theorem
            if theorem != REALS:
                medians.append(median)
            table.add_row(preamble[:40], statement[:40], *(f"{one * 1e3:.0f}" for one in (first, median, max(taken))))
    console = Console(width=120)
    console.print(table)
    fast, middle, slowest = sum(one <= BAR_S for one in medians), statistics.median(medians), max(medians)
    console.print(f"{fast} of {len(medians)} theorems (the last not counted) have a median of at most {BAR_S} s;")
    console.print(f"the median of the medians is {middle * 1e3:.0f} ms, the largest {slowest * 1e3:.0f} ms")


def latencies(registry: Registry, context: Context, theorem: tuple[str, str, str], times: int) -> list[float]:
    """Seconds of each verification of a right proof, one more than ``times``."""
    preamble, statement, script = theorem
    reference = {"preamble": preamble, "statement": statement, "axioms": REALS_AXIOMS if theorem == REALS else []}
    completion = Completion(f"```coq\nProof.\n{script}\nQed.\n```")
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        verdict = registry.verify_once("proof", reference, {}, completion, context)
        taken.append(time.perf_counter() - began)
        if verdict.outcome is not Outcome.CORRECT:
            raise SystemExit(f"{statement}: {verdict.outcome}, {dict(verdict.detail)}")
    return taken


if __name__ == "__main__":
    main()
