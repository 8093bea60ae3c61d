#!/usr/bin/env bash
# Measures everything that bench/README.md has a figure of, one section after
# the other; with arguments only the sections named.
#
#   bench/run.sh [step|page|tick|history|start|return|memory|events|fleet|training|python]...
#
# bench/torch.sh measures PyTorch programs.
#
# ROUNDS (default 5) is how often both sides of a ratio are taken in turns by the
# sections step and tick. BENCH_BINARY names another trainwatch to measure. UNDER
# is a command that everything is run under: UNDER="chrt --rr 1" keeps a busy
# machine's other programs off the processors meanwhile (as root, for minutes).
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_CFLAGS="${CGO_CFLAGS:--O2 -g -Wno-deprecated-declarations}"

rounds=${ROUNDS:-5}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

heading() { printf '\n== %s\n' "$*"; }

# compiled PACKAGE: builds its benchmarks once, since a compiler beside them
# would be measured as well.
compiled() {
  local binary=$scratch/${1//\//_}.test
  [ -e "$binary" ] || go test -c -o "$binary" "./$1"
  printf '%s' "$binary"
}

# benchmarks PACKAGE PATTERN FLAGS...: one run of them, in the package's folder
# as `go test` does it.
benchmarks() {
  local binary package=$1 pattern=$2
  shift 2
  binary=$(compiled "$package")
  # UNDER is a command with its arguments, to be split.
  # shellcheck disable=SC2086
  (cd "$package" && ${UNDER:-} "$binary" -test.run '^$' -test.bench "$pattern" -test.timeout 30m "${@/#/-test.}")
}

# medians REFERENCE: of each benchmark the median and the least ns/op over
# all rounds read, and the median of its ratios to REFERENCE of the same round.
medians() {
  awk -v reference="$1" '
    function middle(list, n, name,   i, j, x, copy) {
      for (i = 1; i <= n; i++) copy[i] = list[name, i]
      for (i = 2; i <= n; i++) { x = copy[i]; for (j = i - 1; j > 0 && copy[j] > x; j--) copy[j + 1] = copy[j]; copy[j + 1] = x }
      return copy[int((n + 1) / 2)]
    }
    /^Benchmark/ {
      name = $1; sub(/-[0-9]+$/, "", name); sub(/^Benchmark/, "", name)
      if (!(name in count)) order[++names] = name
      round = ++count[name]; ns[name, round] = $3
      if (!(name in least) || $3 < least[name]) least[name] = $3
      for (i = 4; i < NF; i++) if ($(i + 1) == "allocs/op") allocs[name] = $i
    }
    END {
      printf "%-34s %14s %14s %12s %10s\n", "", "median ns", "least ns", "x " reference, "allocs"
      for (k = 1; k <= names; k++) {
        name = order[k]
        for (i = 1; i <= count[name]; i++) ratio[name, i] = ns[name, i] / ns[reference, i]
        printf "%-34s %14.1f %14.1f %12.2f %10s\n", name, middle(ns, count[name], name), least[name],
          middle(ratio, count[name], name), (name in allocs) ? allocs[name] : ""
      }
    }'
}

inRounds() { # PACKAGE PATTERN REFERENCE FLAGS...
  local package=$1 pattern=$2 reference=$3
  shift 3
  for _ in $(seq "$rounds"); do benchmarks "$package" "$pattern" "$@"; done | medians "$reference"
}

sections=("$@")
[ $# -gt 0 ] || sections=(step page tick history start return memory events fleet training python)

printf '%s  %s  %s, %s CPUs, load %s\n' "$(date -u +%FT%TZ)" "$(go env GOVERSION)" "$(uname -srm)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"
for section in "${sections[@]}"; do
  case $section in
  step)
    heading "OnStep beside time.Now (goal: 1.5 x, 0 allocations)"
    inRounds callbacks '^Benchmark(TimeNow|OnStep)$' TimeNow benchtime=0.3s
    ;;
  page)
    heading "a step from Python beside its clock"
    # shellcheck disable=SC2086
    ${UNDER:-} python3 callbacks/python/bench.py
    ;;
  tick)
    heading "one tick with 0, 16, 64 children and 500 strangers (goal: 1 ms, unchanged by strangers)"
    inRounds metrics '^BenchmarkSample$' 'Sample/children=64/strangers=0' benchtime=0.3s
    heading "the same with gopsutil, and reading all of /proc"
    benchmarks metrics '^Benchmark(Gopsutil|ScanProc)$' benchtime=3x
    ;;
  history)
    heading "a tick with eight GPUs written down, beside the same bytes appended"
    inRounds internal/history '^Benchmark(Tick|Append)$' Append benchtime=0.3s
    heading "a week on eight GPUs, every tick (goal: 10 MB)"
    benchmarks internal/history '^BenchmarkWeek$' benchtime=1x
    heading "10,000 runs read, by the index and without it"
    benchmarks internal/history '^BenchmarkList10000$' benchtime=10x
    heading "\`trainwatch runs\` of 10,000, beside \`ls -l\` (goal: 300 ms)"
    benchmarks bench '^BenchmarkRuns$' benchtime=20x
    ;;
  start)
    heading "\`run -- true\` over a bare \`true\` (goal: 10 ms)"
    benchmarks bench '^BenchmarkRunTrue$' benchtime=100x
    ;;
  return)
    heading "how long after the program's end \`run\` returns (goal: 50 ms)"
    benchmarks bench '^BenchmarkReturn$' benchtime=8x
    ;;
  memory)
    heading "memory of shim (goal: 4 MiB private) and monitor (goal: 40 MiB) after 10 s"
    benchmarks bench '^BenchmarkMemory$' benchtime=1x
    ;;
  events)
    heading "events at 1, 1,000 and 1,000,000 steps a second (goal: as many)"
    benchmarks bench '^BenchmarkEvents$' benchtime=1x
    ;;
  fleet)
    heading "10,000 runs that begin in the same second, as one server sees them"
    benchmarks bench '^BenchmarkFleet$' benchtime=1x
    ;;
  training)
    heading "a training in Go, alone and watched"
    benchmarks bench '^BenchmarkTraining$' benchtime=10x
    ;;
  python)
    heading "start of Python, bare and injected"
    benchmarks bench '^BenchmarkPython$' benchtime=60x
    ;;
  *)
    echo "run.sh: no section $section" >&2
    exit 2
    ;;
  esac
done
