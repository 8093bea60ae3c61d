//go:build linux

package trainwatch_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// exits is the end of a program that only says something: the text is all there is.
const exits = "\nsys.exit(1)"

// says is a program that writes lines to standard error and exits with 1.
func says(lines ...string) string { return "say(" + pyStrings(lines) + ")" + exits }

func pyStrings(lines []string) string {
	var list []string
	for _, l := range lines {
		list = append(list, fmt.Sprintf("%q", l))
	}
	return strings.Join(list, ", ")
}

// Files of packages as pip leaves them: one that is public, with its RECORD, and
// some that are not what they seem.
const (
	linearSource = "class Linear:\n    def forward(self, x):\n        return x @ self  # not a public line: alice\n"
	ownSource    = "class VaultError(Exception):\n    pass\n\n\ndef hunter2():\n    raise VaultError('/home/alice/hunter2')\n"
)

func recordRow(name, text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(text))
}

func sitePackages() map[string]string {
	return map[string]string{
		"site-packages/torch/__init__.py":             "",
		"site-packages/torch/nn/__init__.py":          "",
		"site-packages/torch/nn/modules/__init__.py":  "",
		"site-packages/torch/nn/modules/linear.py":    linearSource,
		"site-packages/torch/acme_secret.py":          "def hunter2():\n    raise ValueError('alice')\n",
		"site-packages/acme_vault/__init__.py":        ownSource,
		"site-packages/acme_vault-1.dist-info/RECORD": recordRow("acme_vault/__init__.py", ownSource),
		"site-packages/torch-2.15.0.dist-info/RECORD": recordRow("torch/__init__.py", "") + recordRow("torch/nn/__init__.py", "") +
			recordRow("torch/nn/modules/__init__.py", "") + recordRow("torch/nn/modules/linear.py", linearSource),
	}
}

const onSite = "sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'site-packages'))\n"

// compiled runs code that says that it is of a file of another name.
func compiled(file, body string) string {
	return fmt.Sprintf("exec(compile(%q, %q, 'exec'), {'__name__': 'hunter2'})", body, file)
}

func crashCases() []crashCase {
	const app, two = "<app>", "<app> ×2"
	python := func(typ, frames string, more ...string) string {
		return strings.Join(append([]string{"python_exception", typ, frames}, more...), " · ")
	}
	unknown := "unknown · unknown"
	list := []crashCase{
		{number: 1, input: "FileNotFoundError of a path", program: "open('/home/alice/My Data/ü.csv')", outcome: "error", want: python("FileNotFoundError", app, "errno 2")},
		{number: 1, input: "the same, text alone", program: "open('/home/alice/My Data/ü.csv')", file: true, noInject: true, outcome: "error", want: "python_exception · FileNotFoundError · errno 2"},
		{number: 2, input: "frame in a folder with the user's name", program: compiled("/Users/José García/p.py", "def hunter2():\n    raise ValueError('alice')\nhunter2()"), outcome: "error", want: python("ValueError", "<app> ×3")},
		{number: 3, input: "PermissionError of a Windows path", program: `raise PermissionError(13, 'WinError 5', 'C:\\Users\\alice\\d.bin')`, outcome: "error", want: python("PermissionError", app, "errno 13")},
		{number: 4, input: "OSError of a network share", program: `raise OSError(22, 'Invalid argument', '\\\\nas01\\homes$\\alice')`, outcome: "error", want: python("OSError", app, "errno 22")},
		{number: 5, input: "path with quotes", program: `raise RuntimeError('cannot read "/home/al\\"ice/d" or \'/home/al\'ice\'')`, outcome: "error", want: python("RuntimeError", app)},
		{number: 6, input: "frame in a public library", files: sitePackages(), program: onSite + "from torch.nn.modules.linear import Linear\nLinear().forward(1)", outcome: "error", want: python("TypeError", "<app> torch.nn.modules.linear/forward:line")},
		{number: 7, input: "made-up file of a public library", files: sitePackages(), program: onSite + "from torch.acme_secret import hunter2\nhunter2()", outcome: "error", want: python("ValueError", "<app> torch/<lib>")},
		{number: 8, input: "private package and its own exception", files: sitePackages(), program: onSite + "from acme_vault import hunter2\nhunter2()", outcome: "error", want: python("<app-exception>", two)},
		{number: 9, input: "KeyError of an address", program: "{}['alice@hunter2.org']", outcome: "error", want: python("KeyError", app)},
		{number: 10, input: "KeyError of a record", program: `{}['{"name": "alice", "ssn": "123-45-6789"}']`, outcome: "error", want: python("KeyError", app)},
		{number: 11, input: "`__str__` that prints a traceback", program: "class Hunter2(Exception):\n    def __str__(self):\n        return 'x\\nTraceback (most recent call last):\\n  File \"/home/alice/p.py\", line 4711, in hunter2\\nKeyError: alice'\nraise Hunter2()", outcome: "error", want: python("<app-exception>", app)},
		{number: 12, input: "library frame within a message", program: "raise ValueError('x\\n  File \"/usr/lib/python3/dist-packages/torch/nn/modules/linear.py\", line 4711, in forward')", outcome: "error", want: python("ValueError", app)},
		{number: 13, input: "second traceback within a message", program: "raise ValueError('x\\nTraceback (most recent call last):\\n  File \"%s\", line 4711, in decode\\nKeyError: alice' % os.__file__)", file: true, outcome: "error", want: python("ValueError", app)},
		{number: 14, input: "URL with a password and a token", program: says("POST https://alice:hunter2@host/?token=hf_AbCdEfGhIjKlMnOp failed"), file: true, outcome: "error", want: unknown},
		{number: 15, input: "s3 URL", program: "raise ValueError('s3://bucket/alice/hunter2')", outcome: "error", want: python("ValueError", app)},
		{number: 16, input: "gs and hdfs URLs", program: "raise OSError('gs://alice/hunter2 hdfs://nn1/alice')", outcome: "error", want: python("OSError", app)},
		{number: 17, input: "signed Azure URL", program: "raise ConnectionError('https://acme.blob.core.windows.net/x?sv=2020&sig=hunter2%2Balice%3D')", outcome: "error", want: python("ConnectionError", app)},
		{number: 18, input: "git address", program: "import subprocess\nraise subprocess.CalledProcessError(128, ['git', 'clone', 'git@github.com:acme/secret.git'])", outcome: "error", want: python("subprocess.CalledProcessError", app)},
		{number: 19, input: "API key of 40 digits", program: says("WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567"), planted: []string{"0123456789abcdef0123456789abcdef01234567"}, file: true, outcome: "error", want: unknown},
		{number: 20, input: "keys of four vendors", program: says("wandb_v1_Hunter2xyz sk-Hunter2xyz0123456789 AKIAHUNTER2XYZ12345 ghp_Hunter2xyz0123456789"), planted: []string{"AKIAHUNTER2XYZ12345", "ghp_"}, file: true, outcome: "error", want: unknown},
		{number: 21, input: "bearer token", program: says("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2VjcmV0"), planted: []string{"eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJhbGljZSJ9"}, file: true, outcome: "error", want: unknown},
		{number: 22, input: "PEM block", program: says("-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEAhunter2", "-----END RSA PRIVATE KEY-----"), planted: []string{"PRIVATE KEY", "MIIEowIBAAKCAQEA"}, file: true, outcome: "error", want: unknown},
		{number: 23, input: "ssh that found no host", program: says("ssh: connect to host gpu-node17 port 22: Connection refused"), file: true, outcome: "error", want: unknown},
		{number: 24, input: "slurmstepd: preempted", program: says("slurmstepd: error: *** JOB 123 ON node042 CANCELLED AT 2024-05-01T12:00:00 DUE TO PREEMPTION ***"), file: true, outcome: "preempted"},
		{number: 25, input: "store that timed out", program: says("Traceback (most recent call last):", `  File "/home/alice/p.py", line 4711, in hunter2`, "torch.distributed.DistNetworkError: The client socket has timed out after 60000ms while trying to connect to (10.12.33.7, 29500)."), file: true, outcome: "error", want: "timeout · torch.distributed.DistNetworkError"},
		{number: 26, input: "IPv6 and MAC addresses", program: says("no route to fe80::a11c:ebad%eth-alice nor to 02:42:ac:11:00:02"), planted: []string{"fe80::a11c", "02:42:ac:11:00:02"}, file: true, outcome: "error", want: unknown},
		{number: 27, input: "colours within a traceback", program: says("\x1b[1mTraceback (most recent call last):\x1b[0m", "  File \x1b[35m\"/home/al\x1b[0mice/p.py\"\x1b[0m, line 4711, in hunter2", "\x1b[1;31mValue\x1b[1;31mError\x1b[0m: \x1b[35malice\x1b[0m"), file: true, outcome: "error", want: "python_exception · ValueError"},
		{number: 28, input: "hyperlink of a terminal", program: says("Traceback (most recent call last):", "  File \x1b]8;;file://host/home/alice\x1b\\p.py\x1b]8;;\x1b\\, line 3", "\x1b]8;;file://host/home/alice\x07KeyError\x1b]8;;\x07: 1"), file: true, outcome: "error", want: "python_exception · KeyError"},
		{number: 29, input: "traceback cut in a path", program: says("Traceback (most recent call last):", `  File "/home/alice/My Da`), file: true, outcome: "error", want: unknown},
		{number: 30, input: "NUL in path and type", program: says("Traceback (most recent call last):", "  File \"/home/al\x00ice/p.py\", line 3, in hunter2", "Key\x00Error: alice"), file: true, outcome: "error", want: "python_exception · <app-exception>"},
		{number: 31, input: "bidi override and zero width", program: compiled("/home/\u202eecila/\u200bp.py", "raise ValueError('\u202ealice')"), outcome: "error", want: python("ValueError", two)},
		{number: 32, input: "out of GPU memory, a rank's", program: says("[rank3]: Traceback (most recent call last):", `[rank3]:   File "/home/alice/p.py", line 4711, in <module>`, "[rank3]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.95 GiB. GPU 3 has a total capacity of 79.10 GiB of which 1.25 GiB is free. Process 31337 has 77.84 GiB memory in use."), file: true, outcome: "gpu_oom", want: "gpu_oom · torch.OutOfMemoryError · alloc_bytes_max 2147483648"},
		{number: 33, input: "out of GPU memory, the older words", program: "raise RuntimeError('CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 10.76 GiB total capacity; /home/alice)')", outcome: "gpu_oom", want: "gpu_oom · RuntimeError · <app> · alloc_bytes_max 33554432"},
		{number: 34, input: "c10::Error", program: `say("terminate called after throwing an instance of 'c10::Error'", "  what():  CUDA error: an illegal memory access was encountered", "Exception raised from c10_cuda_check_implementation at /home/alice/pytorch/c10/cuda/CUDAException.cpp:44 (most recent call first):", "frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x96 (0x7f4711 in /home/alice/libc10.so)")` + "\ndie(6)", file: true, outcome: "signal", want: "cuda_error · c10::Error ← cudaErrorIllegalAddress · signal 6"},
		{number: 35, input: "NCCL watchdog", program: `say("[rank1]:[E501 12:00:00.000000000 ProcessGroupNCCL.cpp:616] [Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=4711, OpType=ALICESECRET, NumelIn=31337, Timeout(ms)=600000) ran for 600029 milliseconds before timing out.", "[rank1]:[E501 12:00:00 ProcessGroupNCCL.cpp:1785] terminate", "terminate called after throwing an instance of 'c10::DistBackendError'", "  what():  [PG 0 Rank 1] NCCL watchdog thread terminated with exception: alice")` + "\ndie(6)", planted: []string{"ALICESECRET"}, file: true, outcome: "signal", want: "nccl_timeout · nccl_timeout · signal 6 · nccl_op other"},
		{number: 36, input: "prefixes of Ray", program: says("(RayTrainWorker pid=1, ip=10.0.0.3) Traceback (most recent call last):", `(RayTrainWorker pid=1, ip=10.0.0.3)   File "/home/alice/p.py", line 4711, in hunter2`, "(RayTrainWorker pid=1, ip=10.0.0.3) ZeroDivisionError: division by zero"), file: true, outcome: "error", want: "python_exception · ZeroDivisionError"},
		{number: 37, input: "Hydra overrides with a key", program: says("LexerNoViableAltException: +wandb.api_key=hunter2", "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace."), file: true, outcome: "error", want: unknown},
		{number: 38, input: "boxes with locals", program: says("╭──────── Traceback (most recent call last) ────────╮", "│ /home/alice/p.py:4711 in hunter2                 │", "│ ╭── locals ──╮                                   │", "│ │ key = 'alice' │                                │", "╰───────────────────────────────────────────────────╯", "IndexError: alice"), file: true, outcome: "error", want: "python_exception · IndexError"},
		{number: 39, input: "group, text alone", program: says("  + Exception Group Traceback (most recent call last):", `  |   File "/home/alice/p.py", line 1, in <module>`, "  | ExceptionGroup: /home/alice (2 sub-exceptions)", "  +-+---------------- 1 ----------------", "    | ValueError: hunter2", "    +---------------- 2 ----------------", "    | OSError: [Errno 5] Input/output error: '/home/alice'", "    +------------------------------------"), file: true, outcome: "error", want: "python_exception · ExceptionGroup ← ValueError ← OSError"},
		{number: 40, input: "traceback of another process", program: "import multiprocessing\ndef f(x):\n    raise ValueError('row 17: ssn 123-45-6789')\nif __name__ == '__main__':\n    with multiprocessing.get_context('fork').Pool(1) as pool:\n        pool.map(f, [1])", vary: true, outcome: "error", want: python("ValueError ← multiprocessing.pool.RemoteTraceback", app)},
		{number: 40, input: "the same, text alone", program: "import multiprocessing\ndef f(x):\n    raise ValueError('row 17: ssn 123-45-6789')\nif __name__ == '__main__':\n    with multiprocessing.get_context('fork').Pool(1) as pool:\n        pool.map(f, [1])", file: true, noInject: true, outcome: "error", want: "python_exception · ValueError ← multiprocessing.pool.RemoteTraceback"},
		{number: 41, input: "thread with the user's name", program: "import threading\ndef f():\n    1 / 0\nt = threading.Thread(target=f, name='user-alice')\nt.start(); t.join()\nos._exit(3)", vary: true, outcome: "error", want: python("ZeroDivisionError", app)},
		{number: 42, input: "`sys.exit` with words", program: "sys.exit('bad config /home/alice')", outcome: "error", want: unknown},
		{number: 43, input: "progress bars", program: "for i in range(40):\n    sys.stderr.write('\\rhunter2/alice_%d.bin: %d%%' % (i, i))\nsys.stderr.write('\\n')", file: true, outcome: "ok"},
		{number: 44, input: "private module that is missing", program: "import hunter2.alice", outcome: "error", want: "import_error · ModuleNotFoundError · <app>"},
		{number: 45, input: "AttributeError of a class", program: "class PatientRecord: pass\nPatientRecord().ssn_hash", outcome: "error", want: python("AttributeError", app)},
		{number: 46, input: "JSONDecodeError", program: "import json\njson.loads('{alice: hunter2}')", vary: true, outcome: "error", want: python("json.decoder.JSONDecodeError", app)},
		{number: 47, input: "UnicodeDecodeError", program: "b'hunter2\\xff\\xfe alice'.decode()", outcome: "error", want: python("UnicodeDecodeError", app)},
		{number: 48, input: "table of a launcher", program: says(elasticTable...), file: true, outcome: "error", want: "python_exception · ZeroDivisionError · failed_ranks 3"},
		{number: 49, input: "dump of faulthandler", program: "import faulthandler\nfaulthandler.enable()\ndef hunter2():\n    die(11)\nhunter2()", file: true, outcome: "signal", want: "segfault · segfault · <app> ×3 · signal 11"},
		{number: 50, input: "encoded path and variables", program: says("no such run: %2Fhome%2Falice ~alice $HOME=/home/alice"), planted: []string{"%2Fhome", "~alice"}, file: true, outcome: "error", want: unknown},
		{number: 51, input: "notebook cell with a name", program: compiled("<ipython-input-3-alice>", "1 / 0"), outcome: "error", want: python("ZeroDivisionError", two)},
		{number: 52, input: "look-alike header", program: says("Тraceback (most recent call last):", `  File "/home/alice/p.py", line x, in hunter2`, "ＫｅｙＥｒｒｏｒ: alice"), file: true, outcome: "error", want: unknown},
		{number: 53, input: "user names", program: says(`DOMAIN\alice uid=1000(alice) gid=1000(acme)`), planted: []string{"DOMAIN", "uid="}, file: true, outcome: "error", want: unknown},
		{number: 54, input: "invalid UTF-8 in a path", program: "exec(compile(\"1 / 0\", os.fsdecode(b'/home/alice\\xff\\xfe/p.py'), 'exec'))", outcome: "error", want: python("ZeroDivisionError", two)},
		{number: 55, input: "line of 100 MB", program: "chunk = 'alice' * 20000\nfor i in range(1000):\n    sys.stderr.write(chunk)" + exits, file: true, outcome: "error", want: unknown},
		{number: 56, input: "dump of a batch", program: "import base64\nraise ValueError('bad batch ' + base64.b64encode(b'hunter2 alice' * 100).decode())", outcome: "error", want: python("ValueError", app)},
		{number: 57, input: "dump of the environment", program: "raise RuntimeError(str({k: os.environ[k] for k in ('PATH', 'CRASH_SECRET', 'HOSTILE')}))", outcome: "error", want: python("RuntimeError", app)},
		{number: 58, input: "YAML within a ValueError", program: "raise ValueError('config:\\n  data: /home/alice\\n  key: hunter2\\n')", outcome: "error", want: python("ValueError", app)},
		{number: 59, input: "Go: goroutine labels", goMode: "goroutine", env: []string{"GODEBUG", "tracebacklabels=1"}, file: true, outcome: "error", want: "go_panic · <app-exception>"},
		{number: 60, input: "Go: goroutine within a panic's value", goMode: "panic", file: true, outcome: "error", want: "go_panic · <app-exception> · runtime/runtime.goexit:line runtime/runtime.main:line <app> ×12"},
		{number: 61, input: "Go: arguments", goMode: "panic-inside", vary: true, outcome: "error", want: "go_panic · runtime.Error · <app> ×13"},
		{number: 62, input: "Go: private function", goMode: "panic-error", outcome: "error", want: "go_panic · <app-exception> · runtime/runtime.goexit:line runtime/runtime.main:line <app> ×12"},
		{number: 63, input: "line 10^12", program: says("Traceback (most recent call last):", `  File "/home/alice/p.py", line 1000000000000, in hunter2`, "KeyError: 4711"), planted: []string{"1000000000000"}, file: true, outcome: "error", want: "python_exception · KeyError"},
		{number: 64, input: "path over two lines", program: "raise ValueError('cannot open /home/ali\\nce/hunter2')", outcome: "error", want: python("ValueError", app)},
		{number: 65, input: "10^5 frames", program: "import types\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    trace = e.__traceback__\n    for i in range(100_000):\n        trace = types.TracebackType(trace, trace.tb_frame, 0, 1)\n    sys.stderr = open(os.devnull, 'w')\n    raise e.with_traceback(trace)", outcome: "error", want: python("ZeroDivisionError", "<app> ×64", "frames_total 100002")},
		{number: 66, input: "killed while the kernel counts a kill", cgroup: true, program: "for f in ('/sys/fs/cgroup/memory/memory.oom_control', '/sys/fs/cgroup/memory.events'):\n    open(f, 'w').write('oom_kill 1\\n')\ndie(9)", outcome: "host_oom", want: "host_oom · host_oom · signal 9"},
		{number: 67, input: "killed", program: "die(9)", outcome: "signal", want: "sigkill · sigkill · signal 9"},
		{number: 68, input: "terminated with the scheduler's word", program: "say('slurmstepd: error: *** STEP 123.0 ON node042 CANCELLED AT 2024-05-01T12:00:00 DUE TO PREEMPTION ***')\nprint('ready', flush=True)\ntime.sleep(60)", interrupt: syscall.SIGTERM, file: true, outcome: "preempted"},
		{number: 68, input: "terminated where jobs are preempted", program: "print('ready', flush=True)\ntime.sleep(60)", env: []string{"SLURM_JOB_ID", "123", "SLURM_JOB_PARTITION", "alice-preempt"}, interrupt: syscall.SIGTERM, outcome: "preempted"},
		{number: 69, input: "Ctrl-C", program: "print('ready', flush=True); time.sleep(60)", interrupt: syscall.SIGINT, outcome: "user_stop"},
		{number: 70, input: "no space for a checkpoint", program: "open('/dev/full', 'wb', 0).write(b'alice')", outcome: "error", want: "disk_full · OSError · <app> · errno 28"},
		{number: 71, input: "loader's worker killed", program: "raise RuntimeError('DataLoader worker (pid 31337) is killed by signal: Killed. ')", outcome: "error", want: "dataloader_worker · RuntimeError · <app>"},
		{number: 71, input: "shared memory full", program: "raise RuntimeError('unable to write to file </torch_31337_4711_0>: No space left on device (28)')", outcome: "error", want: "shm_exhausted · RuntimeError · <app>"},
		{number: 72, input: "out of GPU memory, and trained on", program: recoversFromOOM, outcome: "ok", recovered: 1},
		{number: 73, input: "Go: panic in another goroutine", goMode: "goroutine-inside", env: []string{"CRASH_FATAL", "1"}, outcome: "error", want: "go_panic · <app-exception> · <app> ×2 slices/slices.SortFunc:line slices/slices.pdqsortCmpFunc:line slices/slices.insertionSortCmpFunc:line <app>"},
		{number: 73, input: "Go: concurrent map writes", goMode: "map", env: []string{"CRASH_FATAL", "1"}, outcome: "error", want: "go_fatal · go_fatal · <app> ×2 internal/runtime/maps/internal/runtime/maps.fatal:line"},
		{number: 73, input: "Go: stack overflow", goMode: "stack", env: []string{"CRASH_FATAL", "1"}, outcome: "error", want: "go_fatal · go_fatal · <app> ×64 · frames_total 100"},
		{number: 74, input: "Go: five nested, and a hundred at once", goMode: "hundred", outcome: "error", want: "go_error · *fmt.wrapError ← <app-exception> · runtime/runtime.goexit:line <app> ×6"},
		{number: 75, input: "Go: a fault in our own reporting", goMode: "own-fault", file: true, outcome: "error", want: "go_panic · <app-exception>"},
	}
	list = append(list, moreCrashCases()...)
	list = append(list, crashCase{number: 39, python311: true, input: "group", program: "raise ExceptionGroup('/home/alice', [ValueError('hunter2'), OSError(5, 'x', '/home/alice')])", outcome: "error", want: python("ExceptionGroup ← ValueError ← OSError", app)})
	slices.SortStableFunc(list, func(a, b crashCase) int { return a.number - b.number })
	return list
}

// elasticTable is what torch's launcher says of three processes: the one that
// failed first is not the one that it puts last.
var elasticTable = []string{
	"Traceback (most recent call last):", `  File "/home/alice/bin/torchrun", line 8, in <module>`, "    sys.exit(main())",
	"torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
	"============================================================", "/home/alice/hunter2.py FAILED",
	"------------------------------------------------------------", "Failures:",
	"[1]:", "  time      : 2024-05-01_12:00:01", "  host      : node042", "  rank      : 1 (local_rank: 1)", "  exitcode  : 1 (pid: 31337)",
	"  error_file: /tmp/torchelastic_alice/attempt_0/1/error.json", "  traceback : Traceback (most recent call last):",
	`    File "/home/alice/p.py", line 4711, in hunter2`, "    ZeroDivisionError: division by alice", "  ",
	"[2]:", "  time      : 2024-05-01_12:00:09", "  host      : node042", "  rank      : 2 (local_rank: 2)", "  exitcode  : -6 (pid: 31338)",
	"  error_file: <N/A>", "  traceback : Signal 6 (SIGABRT) received by PID 31338",
	"------------------------------------------------------------", "Root Cause (first observed failure):",
	"[0]:", "  time      : 2024-05-01_12:00:05", "  host      : node042", "  rank      : 0 (local_rank: 0)", "  exitcode  : 1 (pid: 31336)",
	"  error_file: <N/A>", "  traceback : To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html",
	"============================================================",
}

// recoversFromOOM runs out of memory, catches that, and trains on. The allocator
// that counts it is made up: there is no GPU.
const recoversFromOOM = `
import types
class OutOfMemoryError(RuntimeError):
    __module__ = 'torch'
ooms = 0
class cuda:
    is_initialized = staticmethod(lambda: True)
    @staticmethod
    def memory_stats_as_nested_dict():
        some = {'all': {'current': 1 << 30, 'peak': 1 << 31}}
        return {'allocated_bytes': some, 'reserved_bytes': some, 'num_alloc_retries': 1, 'num_ooms': ooms}
try:
    import trainwatch
    from _trainwatch import allocator
except ImportError:
    sys.exit(0)
sys.modules['torch.cuda'] = cuda
for n in range(30):
    try:
        if n == 7:
            ooms += 1
            raise OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB. Process 31337 has alice')
    except RuntimeError:
        pass
    trainwatch.step(loss=1.0)
    allocator.tell()
`
