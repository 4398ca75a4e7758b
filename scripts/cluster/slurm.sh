#!/bin/sh
#SBATCH --job-name=heapbench
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --exclusive
# A Slurm job array: each task runs one shard, alone on its node.
# Usage: sbatch --array=1-N scripts/cluster/slurm.sh OUT [ARGUMENT OF heapbench run]…
#        scripts/cluster/merge OUT          when all have ended
set -eu
if [ -z "${SLURM_ARRAY_TASK_ID:-}" ] || [ -z "${SLURM_ARRAY_TASK_COUNT:-}" ]; then
    echo "scripts/cluster/slurm.sh: not in a job array, expected sbatch --array=1-N scripts/cluster/slurm.sh OUT" >&2
    exit 2
fi
if [ "${SLURM_ARRAY_TASK_MIN:-1}" -ne 1 ] || [ "${SLURM_ARRAY_TASK_STEP:-1}" -ne 1 ]; then
    echo "scripts/cluster/slurm.sh: the array does not begin with 1 or has gaps, expected --array=1-N" >&2
    exit 2
fi
# Slurm runs a copy of this file: the sources are where sbatch was called.
cd "${SLURM_SUBMIT_DIR:-.}"
exec scripts/cluster/shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" "$@"
