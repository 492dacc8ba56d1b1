(* Where the prover, with its imports loaded, stops and becomes the process that proofs are forked from. *)

external serve : int -> unit = "forks_serve"
(** Forks on the orders that come by this descriptor. Returns in the forks alone, each with the rest of its file. *)

let served = ref false

(* Without orders to serve, or in a fork, this does nothing: the file is compiled as any other. *)
let serve () =
  match Sys.getenv_opt "SANDBOX_ORDERS" with
  | Some orders when not !served ->
      served := true;
      ignore (Lazy.force Axioms.known);
      Gc.minor ();  (* else a fork soon has to, and to copy every page that the collector then marks *)
      Format.print_flush ();
      Stdlib.flush_all ();
      serve (int_of_string orders)
  | _ -> ()
