#!/usr/bin/env bash
# Measures what watching costs a PyTorch program: each source's step, a plain
# loop of 20,000 steps bare, watched and bare once more, a few steps of each in
# turn, and the start of Python with and without torch.
#
#   TRAINWATCH_TEST_FRAMEWORKS=VENV bench/torch.sh [cost|paired|start]...
#
# VENV is what `make test-full` makes. ROUNDS (default 5), STEPS of each (default
# 20000), CHUNK (steps in a turn, default 200) and BATCH (default 32 rows) are the
# paired run's, PAIRS (default 20) the starts'; UNDER is a command that everything is
# run under, as in run.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${TRAINWATCH_TEST_FRAMEWORKS:?names no virtual environment: run make test-full once}"
python=$TRAINWATCH_TEST_FRAMEWORKS/bin/python
programs=$PWD/callbacks/python/testdata/full
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CGO_CFLAGS="${CGO_CFLAGS:--O2 -g -Wno-deprecated-declarations}"
go build -trimpath -buildvcs=false -ldflags '-s -w -extldflags=-Wl,-z,lazy' -o "$scratch/trainwatch" ./cmd/trainwatch
export TRAINWATCH_HOME=$scratch/home TRAINWATCH_TELEMETRY=off OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES=

# UNDER is a command with its arguments, to be split.
# shellcheck disable=SC2086
bare() { ${UNDER:-} "$@"; }
# shellcheck disable=SC2086
watched() { ${UNDER:-} "$scratch/trainwatch" run --quiet -- "$@"; }

# shellcheck disable=SC2086
paired() {
  ${UNDER:-} "$python" bench/turns.py "${ROUNDS:-5}" "${STEPS:-20000}" "${CHUNK:-200}" "$scratch/trainwatch" "$python" "$programs/paired.py" "${BATCH:-32}"
}

# starts PROGRAM: milliseconds of its start, in turns.
starts() {
  local i how begun
  for i in $(seq "${PAIRS:-20}"); do
    for how in bare watched again; do
      begun=$(date +%s%N)
      if [ "$how" = watched ]; then watched "$python" -c "$1"; else bare "$python" -c "$1"; fi
      printf '%s %d\n' "$how" $(($(date +%s%N) - begun))
    done
  done | awk -v program="$1" '
    function middle(how,   i, j, x, n, copy) {
      n = count[how]
      for (i = 1; i <= n; i++) copy[i] = ns[how, i]
      for (i = 2; i <= n; i++) { x = copy[i]; for (j = i - 1; j > 0 && copy[j] > x; j--) copy[j + 1] = copy[j]; copy[j + 1] = x }
      return copy[int((n + 1) / 2)] / 1e6
    }
    function least(how,   i, x) { x = ns[how, 1]; for (i = 2; i <= count[how]; i++) if (ns[how, i] < x) x = ns[how, i]; return x / 1e6 }
    { ns[$1, ++count[$1]] = $2 }
    END {
      printf "python -c \"%s\", medians of %d: bare %.1f ms, watched %+.1f ms, bare again %+.1f ms\n", program, count["bare"],
        middle("bare"), middle("watched") - middle("bare"), middle("again") - middle("bare")
      printf "  the fastest of each: bare %.1f ms, watched %+.1f ms, bare again %+.1f ms\n",
        least("bare"), least("watched") - least("bare"), least("again") - least("bare")
    }'
}

sections=("$@")
[ $# -gt 0 ] || sections=(cost paired start)
for section in "${sections[@]}"; do
  case $section in
  cost) (cd "$programs" && watched "$python" cost.py) ;;
  paired) paired ;;
  start)
    starts pass
    starts 'import torch'
    ;;
  *)
    echo "torch.sh: no section $section" >&2
    exit 2
    ;;
  esac
done
