(* What a theorem rests on, without a walk through the library for every proof.

   [Print Assumptions] follows every reference of a proof down to the foundations, and remembers nothing from one call
   to the next. Here the same walk stops at the libraries that were there when the image was built: what of them rests
   on axioms, and on which, was found out then ([survey]). Where the walk meets anything but constants with a body and
   inductive types, all of them checked in the ordinary way, [Print Assumptions] itself is asked.

   A name of a library cannot come to mean something else: it begins with the library's name, which the object file
   holds, and a proof makes no object files. *)

open Names
open Declarations
module Constants = Hashtbl.Make (Constant.UserOrd)
module Inductives = Hashtbl.Make (MutInd.UserOrd)

type found = Cset_env.t option
(** The axioms that something rests on; [None] where only [Print Assumptions] can tell. *)

type memory = { constants : found Constants.t; inductives : found Inductives.t }

type known = { libraries : DPset.t; exceptions : memory }
(** Libraries, and what in them does not rest on nothing. *)

type written = DirPath.t list * (Constant.t * found) list * (MutInd.t * found) list

let fresh () = { constants = Constants.create 64; inductives = Inductives.create 64 }
let written_to = "/opt/rocq/survey"

let known =
  lazy
    (let exceptions = fresh () in
     if not (Sys.file_exists written_to) then { libraries = DPset.empty; exceptions }
     else
       let channel = open_in_bin written_to in
       let (libraries, constants, inductives : written) = Marshal.from_channel channel in
       close_in channel;
       List.iter (fun (name, found) -> Constants.replace exceptions.constants name found) constants;
       List.iter (fun (name, found) -> Inductives.replace exceptions.inductives name found) inductives;
       { libraries = List.fold_right DPset.add libraries DPset.empty; exceptions })

exception Unclear

let rec is_known = function
  | MPfile library -> DPset.mem library (Lazy.force known).libraries
  | MPdot (outer, _) -> is_known outer
  | MPbound _ -> false

let ordinary flags =
  flags.check_guarded && flags.check_positive && flags.check_universes && (not flags.impredicative_set)
  && not flags.allow_uip

let demand condition = if not condition then raise Unclear

(* [undefined] says what a constant without a body rests on. *)
let rec constant memory undefined name =
  if is_known (Constant.modpath name) && Environ.mem_constant name (Global.env ()) then
    Option.default (Some Cset_env.empty) (Constants.find_opt (Lazy.force known).exceptions.constants name)
  else
    match Constants.find_opt memory.constants name with
    | Some found -> found
    | None ->
        let found = unless_unclear (fun () -> look_into_constant memory undefined name) in
        Constants.replace memory.constants name found;
        found

and inductive memory undefined name =
  if is_known (MutInd.modpath name) && Environ.mem_mind name (Global.env ()) then
    Option.default (Some Cset_env.empty) (Inductives.find_opt (Lazy.force known).exceptions.inductives name)
  else
    match Inductives.find_opt memory.inductives name with
    | Some found -> found
    | None ->
        Inductives.replace memory.inductives name (Some Cset_env.empty);  (* as far as it refers to itself *)
        let found = unless_unclear (fun () -> look_into_inductive memory undefined name) in
        Inductives.replace memory.inductives name found;
        found

and unless_unclear look =
  match look () with
  | found -> Some found
  | exception error when CErrors.noncritical error -> None

and look_into_constant memory undefined name =
  let body = Environ.lookup_constant name (Global.env ()) in
  demand (ordinary body.const_typing_flags && body.const_hyps = []);
  match body.const_body with
  | Def made -> term memory undefined Cset_env.empty made
  | OpaqueDef proof ->
      term memory undefined Cset_env.empty (fst (Global.force_proof Library.indirect_accessor proof))
  | Undef _ | Primitive _ -> undefined name

and look_into_inductive memory undefined name =
  let body = Environ.lookup_mind name (Global.env ()) in
  demand (ordinary body.mind_typing_flags && body.mind_hyps = []);
  let in_context found declarations =
    Context.Rel.fold_outside
      (Context.Rel.Declaration.fold_constr (fun one found -> term memory undefined found one))
      declarations ~init:found
  in
  Array.fold_left
    (fun found one ->
      demand (one.mind_relevance = Sorts.Relevant);
      Array.fold_left (term memory undefined) (in_context found one.mind_arity_ctxt) one.mind_user_lc)
    (in_context Cset_env.empty body.mind_params_ctxt)
    body.mind_packets

and term memory undefined found one =
  let add = function Some more -> Cset_env.union more found | None -> raise Unclear in
  let inner found = Constr.fold (term memory undefined) found one in
  match Constr.kind one with
  | Const (name, _) -> add (constant memory undefined name)
  | Ind ((name, _), _) | Construct (((name, _), _), _) -> add (inductive memory undefined name)
  | Case (case, _, _, _, _, _, _) -> inner (add (inductive memory undefined (fst case.Constr.ci_ind)))
  | Proj (projection, _) -> inner (add (inductive memory undefined (Projection.mind projection)))
  | Var _ | Meta _ | Evar _ -> raise Unclear
  | _ -> inner found

let asked env global =
  let transparent = Conv_oracle.get_transp_state (Environ.oracle env) in
  let one = Globnames.printable_constr_of_global global in
  Assumptions.assumptions transparent ~add_opaque:false ~add_transparent:false global one

let report reference =
  let env = Global.env () in
  let global = Smartlocate.global_with_alias reference in
  let one = Globnames.printable_constr_of_global global in
  let axiom name = Printer.ContextObjectMap.add (Axiom (Constant name, [])) (Environ.lookup_constant name env).const_type in
  let found =
    match unless_unclear (fun () -> term (fresh ()) (fun _ -> raise Unclear) Cset_env.empty one) with
    | Some axioms -> Cset_env.fold axiom axioms Printer.ContextObjectMap.empty
    | None -> asked env global
  in
  Feedback.msg_notice (Printer.pr_assumptionset env (Evd.from_env env) found)

let survey path =
  let env = Global.env () in
  let memory = fresh () in
  let undefined name =
    let add kind _ axioms =
      match kind with Printer.Axiom (Constant name, _) -> Cset_env.add name axioms | _ -> raise Unclear
    in
    Printer.ContextObjectMap.fold add (asked env (GlobRef.ConstRef name)) Cset_env.empty
  in
  Environ.fold_constants (fun name _ () -> ignore (constant memory undefined name)) env ();
  Environ.fold_inductives (fun name _ () -> ignore (inductive memory undefined name)) env ();
  let nothing = function Some axioms -> Cset_env.is_empty axioms | None -> false in
  let exceptions fold table = fold (fun name found all -> if nothing found then all else (name, found) :: all) table [] in
  let written : written =
    ( Library.loaded_libraries (),
      exceptions Constants.fold memory.constants,
      exceptions Inductives.fold memory.inductives )
  in
  let channel = open_out_bin path in
  Marshal.to_channel channel written [];
  close_out channel
