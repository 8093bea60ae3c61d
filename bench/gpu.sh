#!/usr/bin/env bash
# What watching NVIDIA GPUs costs, and whether what is said of them is true.
#
#   bench/gpu.sh [correct] [calls] [slowdown]      all three without arguments
#
# One command for a machine with an NVIDIA GPU, Go, gcc and a Python with torch
# (PYTHON, default python3). The GPU should have nothing else to do. Takes some
# ten minutes. Nothing here fails because of a time; `correct` fails when a
# figure is off by more than it says. Exit 2: there is nothing to measure here.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
load=bench/testdata/gpu_train.py
work=$(mktemp -d)
loop=
cleanup() {
	[ -z "$loop" ] || kill "$loop" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

die() {
	echo "bench/gpu.sh: $*" >&2
	exit 2
}

command -v nvidia-smi >/dev/null || die "no nvidia-smi here, so no NVIDIA driver: nothing to measure"
nvidia-smi -L >"$work/list" 2>&1 || die "nvidia-smi does not answer: $(head -1 "$work/list")"
grep -q '^GPU 0' "$work/list" || die "nvidia-smi lists no GPU"
command -v go >/dev/null || die "no Go here"
has_torch=yes
"$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null || has_torch=
need_torch() { [ -n "$has_torch" ] || die "$python has no torch that sees a GPU: set PYTHON"; }

export CGO_CFLAGS="-O2 -g -Wno-deprecated-declarations" CUDA_VISIBLE_DEVICES=0 CUDA_DEVICE_ORDER=PCI_BUS_ID
export TRAINWATCH_HOME=$work/home TRAINWATCH_TELEMETRY=off
lazy=-extldflags=-Wl,-z,lazy
go build -trimpath -ldflags "$lazy" -o "$work/trainwatch" ./cmd/trainwatch

smi() { nvidia-smi -i 0 --query-gpu="$1" --format=csv,noheader,nounits; }

head_of_it() {
	echo "## $(date -u +%Y-%m-%d), $(smi name), driver $(smi driver_version), $(uname -r)"
	"$work/trainwatch" doctor | grep -E '^(ok|--)  (nvidia|gpu)'
}

# figure NAME GOT WANT TOLERANCE: a line of the table; counts what is off.
off=0
figure() {
	if "$python" - "$@" <<'PY'; then :; else off=$((off + 1)); fi
import sys
name, got, want, tolerance = sys.argv[1], *map(float, sys.argv[2:5])
ok = abs(got - want) <= tolerance
print(f"| {name} | {got:.6g} | {want:.6g} | ±{tolerance:.4g} | {'ok' if ok else 'OFF'} |")
sys.exit(not ok)
PY
}

# of FILE KEY...: a value of a JSON file, "nan" where it is absent.
of() {
	"$python" - "$@" <<'PY'
import json, sys
value = json.loads(open(sys.argv[1]).read().strip().splitlines()[-1]) if sys.argv[1].endswith(".out") else json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    try:
        value = value[int(key) if key.isdigit() else key]
    except (KeyError, IndexError, TypeError):
        value = float("nan")
print(value)
PY
}

# watch NAME ARG...: the load under trainwatch; NAME.out and NAME.json.
watch() {
	local name=$1
	shift
	"$work/trainwatch" run --quiet --interval 500ms --name "$name" -- "$python" "$load" "$@" >"$work/$name.out"
	"$work/trainwatch" show --json "$name" >"$work/$name.json"
}

# power_loop FILE: nvidia-smi's own power, ten times a second, in the background.
power_loop() {
	nvidia-smi -i 0 --query-gpu=timestamp,power.draw.instant --format=csv,noheader,nounits --loop-ms=100 >"$1" &
	loop=$!
}

energy() { # joules under the curve of a power_loop's file
	"$python" - "$1" <<'PY'
import datetime, sys
rows = []
for line in open(sys.argv[1]):
    at, _, watts = line.partition(",")
    try:
        rows.append((datetime.datetime.strptime(at.strip(), "%Y/%m/%d %H:%M:%S.%f").timestamp(), float(watts)))
    except ValueError:
        pass
print(sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(rows, rows[1:])))
PY
}

correct() {
	need_torch
	printf '\n### Correct\n\n| what | ours | theirs | may differ | |\n|---|---|---|---|---|\n'
	watch hold hold 4 20
	figure "SM count, torch" "$(of "$work/hold.json" gpus 0 sm_count)" "$(of "$work/hold.out" sm_count)" 0
	# What is on the device is what torch reserved and its context, which the
	# driver alone knows the size of: as it tells it to torch, less what it keeps.
	figure "memory used, driver by torch" "$(of "$work/hold.json" gpus 0 mem_used_peak_bytes)" \
		"$("$python" -c "print($(of "$work/hold.out" device_used_bytes) - 2**20 * float('$(smi memory.reserved)'))")" 1048576
	figure "memory of the run's processes, torch's and a context" "$(of "$work/hold.json" gpus 0 own_mem_bytes)" \
		"$(of "$work/hold.out" reserved_bytes)" 805306368
	for percent in 25 50 75; do
		watch "duty$percent" duty "$percent" 20
		figure "utilisation at $percent % duty" "$(of "$work/duty$percent.json" gpus 0 util_pct)" "$percent" 15
		figure "idle by the driver's samples, at $percent % duty" "$(of "$work/duty$percent.json" gpus 0 idle_pct)" "$((100 - percent))" 30
	done
	power_loop "$work/power"
	watch energy train 200
	kill "$loop" && loop=
	# nvidia-smi ran from before the start to after the end: idle power counts in both.
	figure "energy, power integrated" "$(of "$work/energy.json" gpu_energy_j)" "$(energy "$work/power")" \
		"$("$python" -c "print(0.05 * $(energy "$work/power"))")"
	echo
	go test -count=1 -tags gpu -ldflags "$lazy" -run TestDriverFigures ./gpu/nvidia
}

calls() {
	printf '\n### Cost per call, idle\n\n```\n'
	go test -tags gpu -ldflags "$lazy" -run '^$' -bench Driver -benchtime 500x ./gpu/nvidia | grep -E '^(Benchmark|---)' || true
	echo '```'
	need_torch
	printf '\n### Cost per call while another process allocates and frees\n\n```\n'
	"$python" "$load" churn 240 >/dev/null &
	loop=$!
	sleep 10
	go test -tags gpu -ldflags "$lazy" -run '^$' -bench Driver -benchtime 500x ./gpu/nvidia | grep -E '^(Benchmark|---)' || true
	echo '```'
	kill "$loop" && loop=
}

slowdown() {
	need_torch
	printf '\n### Slowdown of a training step, seven rounds in turns\n\n'
	local round
	for round in 1 2 3 4 5 6 7; do
		"$python" "$load" train 150 >"$work/bare$round.out"
		"$work/trainwatch" run --quiet -- "$python" "$load" train 150 >"$work/two$round.out"
		"$work/trainwatch" run --quiet --interval 100ms -- "$python" "$load" train 150 >"$work/tenth$round.out"
	done
	"$python" - "$work" <<'PY'
import json, statistics, sys
def step(kind, n):
    return json.loads(open(f"{sys.argv[1]}/{kind}{n}.out").read().strip().splitlines()[-1])["step_s"]
print("| step | median ms | beside bare, median of pairs | least | most |\n|---|---|---|---|---|")
for kind, name in ("bare", "bare"), ("two", "watched at 2 s"), ("tenth", "watched at 100 ms"):
    ratios = [step(kind, n) / step("bare", n) for n in range(1, 8)]
    print(f"| {name} | {1e3 * statistics.median(step(kind, n) for n in range(1, 8)):.3f} | {statistics.median(ratios):.4f} × | {min(ratios):.4f} | {max(ratios):.4f} |")
PY
}

head_of_it
[ $# -gt 0 ] || set -- correct calls slowdown
for section in "$@"; do
	case $section in
	correct | calls | slowdown) "$section" ;;
	*) die "no section called $section: correct, calls, slowdown" ;;
	esac
done
[ "$off" -eq 0 ] || {
	echo "$off figures are off" >&2
	exit 1
}
