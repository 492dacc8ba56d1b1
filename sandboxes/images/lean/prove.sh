#!/bin/sh
# Compile a proof (`prove.sh FILE`): what the compiler says goes to standard error, the object file to standard output.
# Both are the proof's own word: elaborating it runs its code. Nothing here is believed; `check.sh` decides.
. /opt/lean/env
/opt/lean/bin/lean -o proof.olean "$1" >&2 && cat proof.olean
