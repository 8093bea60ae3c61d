//go:build linux

package trainwatch_test

// inRanks runs the program once for each of two ranks, as a launcher does, and
// fails when one of them has.
const inRanks = `
import subprocess
if 'RANK' not in os.environ:
    ranks = [subprocess.Popen([sys.executable, __file__], env=dict(os.environ, RANK=str(n), LOCAL_RANK=str(n), WORLD_SIZE='2')) for n in (0, 1)]
    sys.exit(max(r.wait() for r in ranks))
`

// probed starts a process that dies, long before the training does.
const probed = `
import subprocess
try:
    import trainwatch
except ImportError:
    sys.exit(1)
subprocess.run([sys.executable, '-c', 'import hunter2'], stderr=subprocess.DEVNULL)
for n in range(10):
    trainwatch.step(loss=1.0)
sys.exit(1)
`

// moreCrashCases are what else an unlucky user or somebody who tries comes upon.
func moreCrashCases() []crashCase {
	const stack = "def hunter2():\n    raise ValueError('alice')\n"
	return []crashCase{
		{number: 76, input: "hook of the program's own, which draws boxes", program: "sys.excepthook = lambda *a: say('╭─ Traceback (most recent call last) ─╮', '│ alice │', '╰──╯', 'KeyError: alice')\n" + stack + "hunter2()", outcome: "error", want: "python_exception · ValueError · <app> ×2"},
		{number: 77, input: "probe that died before the training began", program: probed, outcome: "error", want: "unknown · unknown"},
		{number: 78, input: "two ranks: one fails, the other loses it", program: inRanks + "if os.environ['RANK'] == '1':\n    {}['alice']\ntime.sleep(1)\nraise ConnectionResetError(104, 'alice')", env: nil, outcome: "error", want: "python_exception · KeyError · <app> · failed_ranks 2"},
		{number: 79, input: "error file of a launcher", noInject: true, env: []string{"TORCHELASTIC_ERROR_FILE", "error.json"}, program: "import json\njson.dump({'message': {'message': 'ZeroDivisionError: alice', 'extraInfo': {'py_callstack': 'Traceback (most recent call last):\\n  File \"/home/alice/p.py\", line 4711, in hunter2\\nZeroDivisionError: alice\\n'}}}, open('error.json', 'w'))" + exits, outcome: "error", want: "python_exception · ZeroDivisionError"},
		{number: 80, input: "caught, printed, and given up", program: "import traceback\n" + stack + "try:\n    hunter2()\nexcept ValueError:\n    traceback.print_exc()\n    sys.exit(1)", file: true, outcome: "error", want: "python_exception · ValueError"},
		{number: 81, input: "function that says it is Python's own", program: "import json.decoder\nexec(compile('\\n' * 340 + " + `"def hunter2(): raise ValueError('alice')"` + ", json.decoder.__file__, 'exec'))\nhunter2()", outcome: "error", want: "python_exception · ValueError · <app> ×2"},
		{number: 82, input: "Python's own function at a line of the program's choice", program: "import json.decoder\nexec(compile('\\n' * 4710 + " + `"def decode(): raise ValueError('alice')"` + ", json.decoder.__file__, 'exec'))\ndecode()", outcome: "error", want: "python_exception · ValueError · <app> ×2"},
		{number: 83, input: "class that is called as a public one", program: "class KeyError(Exception): pass\nraise KeyError('alice')", outcome: "error", want: "python_exception · <app-exception> · <app>"},
		{number: 84, input: "numbers of the program's own", program: "raise OSError(4711, 'alice', 31337)", outcome: "error", want: "python_exception · OSError · <app>"},
		{number: 85, input: "segmentation fault", program: "import ctypes\nctypes.string_at(0)", outcome: "signal", want: "segfault · segfault · signal 11"},
		{number: 86, input: "abort", program: "os.abort()", outcome: "signal", want: "abort · abort · signal 6"},
		{number: 87, input: "command that is not there", shell: "hunter2-that-is-not-there --key=alice", outcome: "error", want: "exec_missing · exec_missing"},
		{number: 88, input: "standard error that others have written to", program: says("alice"), file: true, appended: true, outcome: "error", want: "unknown · unknown"},
		{number: 89, input: "assertion", program: "assert False, 'alice'", outcome: "error", want: "assertion · AssertionError · <app>"},
		{number: 90, input: "arguments that are refused", program: "import argparse\np = argparse.ArgumentParser(prog='hunter2')\np.add_argument('--alice', required=True)\np.parse_args([])", file: true, outcome: "error", want: "config_error · config_error"},
		{number: 91, input: "loss that is no number", program: says("Loss is nan, stopping training on alice"), file: true, outcome: "error", want: "nan_loss · nan_loss"},
		{number: 92, input: "time limit of the scheduler", program: "say('slurmstepd: error: *** JOB 123 ON node042 CANCELLED AT 2024-05-01T12:00:00 DUE TO TIME LIMIT ***')\ndie(9)", file: true, outcome: "signal", want: "timeout · timeout · signal 9"},
		{number: 93, input: "message that quotes CUDA", program: "raise KeyError('CUDA out of memory. Tried to allocate 4711 bytes')", outcome: "error", want: "python_exception · KeyError · <app>"},
		{number: 94, input: "callback that failed, and then an exit", program: "class Hunter2:\n    def __del__(self):\n        {}['alice']\nHunter2()\nsys.exit(1)", outcome: "error", want: "python_exception · KeyError · <app>"},
		{number: 95, input: "hook of the machine's that fails", program: "def hook(*a):\n    raise TypeError('hunter2')\nsys.excepthook = hook\nraise ValueError('alice')", outcome: "error", want: "python_exception · ValueError · <app>"},
		{number: 96, python311: true, input: "process of multiprocessing that failed", program: "import multiprocessing\n" + stack +
			"if __name__ == '__main__':\n    p = multiprocessing.get_context('spawn').Process(target=hunter2, name='alice')\n    p.start(); p.join()\n    sys.exit(p.exitcode)", vary: true, outcome: "error", want: "python_exception · ValueError · <app>"},
	}
}
