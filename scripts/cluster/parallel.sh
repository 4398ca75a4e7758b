#!/bin/sh
# GNU parallel over machines: a shard a job, at most one job at a time on each machine.
# Usage: scripts/cluster/parallel.sh N OUT [ARGUMENT OF heapbench run]…      N shards
#        scripts/cluster/merge OUT                                           when all have ended
# The machines are read from the file named in HEAPBENCH_MACHINES, one a line as parallel's --sshloginfile has them (`:` is
# this one; every machine sees the sources and OUT under the same path). Without it: this machine.
set -eu
if [ $# -lt 2 ]; then
    echo "scripts/cluster/parallel.sh: expected N OUT [ARGUMENT OF heapbench run]…" >&2
    exit 2
fi
here="$(cd "$(dirname "$0")/../.." && pwd)"
shards="$1"
mkdir -p "$2"
out="$(cd "$2" && pwd)"
shift 2

# A lock a machine is held by the shard itself; more workers than machines wait for each other.
set -- --jobs "${HEAPBENCH_JOBS:-1}" --halt never --line-buffer --quote --env HEAPBENCH --env HEAPBENCH_LOCK \
    "$here/scripts/cluster/shard" "{}/$shards" "$out" "$@"
if [ -n "${HEAPBENCH_MACHINES:-}" ]; then
    set -- --sshloginfile "$HEAPBENCH_MACHINES" "$@"
fi
seq "$shards" | parallel "$@"
