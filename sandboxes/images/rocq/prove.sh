#!/bin/sh
# prove.sh IMPORTS < REST: compile a file of imports and the rest of it, which comes by standard input.
#
# Where there are orders to serve (`SANDBOX_ORDERS`), the rest comes with each of them, to a fork of the prover that has
# done the imports. Nothing is looked up in a home directory, which others may write to.
set -e
export HOME=/nonexistent
{
  echo 'Declare ML Module "warm:reward-server.warm".'
  cat "$1"
  echo 'Serve Forks.'
  if [ -z "$SANDBOX_ORDERS" ]; then cat; fi
} > main.v
exec /usr/bin/coqc -q -noglob -I /opt/rocq main.v
