/-
Does an object file prove what another one states? `lean --run Check.lean NAME challenge.olean proof.olean`

Theory of operation. Both files were compiled from text, the first from the reference alone (its theorem ends in `sorry`),
the second from what a model wrote. Elaborating a proof runs its code, so nothing it printed counts, and what is in its
object file counts only after the kernel has seen it: every constant of it is replayed into an environment that holds the
imports of the *reference*. Then the theorem must have the very type that the reference states, every constant that this
type speaks of must be what it is in the reference, and the axioms are those that `#print axioms` would name.

Prints one line, in the words of `#print axioms`, or `problem: …`.
-/
import Lean.Replay
import Lean.Util.CollectAxioms
open Lean

def load (file : String) : IO (Array Import × Std.HashMap Name ConstantInfo) := do
  let (data, _) ← readModuleData file
  let mut constants : Std.HashMap Name ConstantInfo := {}
  for name in data.constNames, info in data.constants do
    constants := constants.insert name info
  return (data.imports, constants)

def sameKind : ConstantInfo → ConstantInfo → Bool
  | .axiomInfo _, .axiomInfo _ | .defnInfo _, .defnInfo _ | .thmInfo _, .thmInfo _ | .opaqueInfo _, .opaqueInfo _
  | .quotInfo _, .quotInfo _ | .inductInfo _, .inductInfo _ | .ctorInfo _, .ctorInfo _ | .recInfo _, .recInfo _ => true
  | _, _ => false

/-- Whether two constants of one name are the same: kind, universes, type, value, and constructors of a type. -/
def sameConstant (one other : ConstantInfo) : Bool :=
  sameKind one other && one.levelParams == other.levelParams && one.type == other.type
    && (match one, other with
        | .thmInfo _, .thmInfo _ => true  -- two proofs of one statement are as good as each other
        | .inductInfo a, .inductInfo b => a.ctors == b.ctors && a.numParams == b.numParams && a.all == b.all
        | _, _ => one.value? == other.value?)

/-- The first constant that `start` speaks of, however far away, and that differs between the two files. -/
partial def changed (ours theirs : Std.HashMap Name ConstantInfo) (start : Array Name) : Option Name :=
  go start.toList {}
where
  go : List Name → NameSet → Option Name
    | [], _ => none
    | name :: rest, seen =>
      if seen.contains name then go rest seen
      else match ours[name]? with
        | none => if theirs.contains name then some name else go rest (seen.insert name)
        | some info => match theirs[name]? with
          | none => some name
          | some other =>
            if sameConstant info other then
              let value := match info with | .thmInfo _ => none | _ => info.value?
              let ctors := match info with | .inductInfo i => i.ctors | _ => []
              let used := info.type.getUsedConstants ++ ((value.map (·.getUsedConstants)).getD #[])
              go (used.toList ++ ctors ++ rest) (seen.insert name)
            else some name

def judge (name : Name) (challenge proof : String) : IO String := do
  let (imports, ours) ← load challenge
  let (theirImports, theirs) ← load proof
  unless theirImports.map (·.module) == imports.map (·.module) do
    return "problem: other modules are imported"
  let base ← importModules imports {} 0
  let env ← try base.replay theirs catch error => return s!"problem: the kernel refuses the proof: {error}"
  let some goal := ours[name]? | return "problem: the reference states no such theorem"
  let some (.thmInfo proved) := env.find? name | return s!"problem: there is no theorem {name}"
  unless proved.levelParams == goal.levelParams && proved.type == goal.type do
    return "problem: another statement is proved"
  if let some other := changed ours theirs goal.type.getUsedConstants then
    return s!"problem: {other} is not what the reference defines"
  let (_, found) := ((CollectAxioms.collect name).run env).run {}
  if found.axioms.isEmpty then
    return s!"'{name}' does not depend on any axioms"
  return s!"'{name}' depends on axioms: {found.axioms.qsort Name.lt |>.toList}"

def main : List String → IO UInt32
  | [name, challenge, proof] => do
    IO.println ((← judge name.toName challenge proof).replace "\n" " ")
    return 0
  | _ => return 2
