(* Where the prover, with its imports loaded, stops and becomes the process that proofs are forked from. *)

external serve : int -> unit = "forks_serve"
(** Forks on the orders that come by this descriptor. Returns in the forks alone, each with the rest of its file. *)

let served = ref false

let be_quick () =
  (* a proof is short, and each page that the collector marks is a page to copy *)
  Gc.set { (Gc.get ()) with space_overhead = 1000 }

(* Without orders to serve, or in a fork, this does nothing: the file is compiled as any other. *)
let serve () =
  match Sys.getenv_opt "SANDBOX_ORDERS" with
  | Some orders when not !served ->
      served := true;
      ignore (Lazy.force Axioms.known);
      Gc.compact ();
      Format.print_flush ();
      Stdlib.flush_all ();
      serve (int_of_string orders);
      be_quick ()
  | _ -> ()
