#!/bin/sh
# `check.sh FILE NAME`: compile the reference's FILE and hold `proof.olean` against it; the answer is the last line.
. /opt/lean/env
/opt/lean/bin/lean -o challenge.olean "$1" >&2 && exec /opt/lean/bin/lean --run /opt/lean/Check.lean "$2" challenge.olean proof.olean
