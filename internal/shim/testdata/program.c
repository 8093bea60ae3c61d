// What the tests of this package start as "the training program". It does one
// thing, told by its first argument, and reports on descriptor 3, line by line,
// so that its three files stay what the test is about.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void report(const char *format, ...) {
	char line[512];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	if (n < 0 || n > (int)sizeof line - 2) n = sizeof line - 2;
	line[n++] = '\n';
	if (write(3, line, n) != n) _exit(99);
}

// ready says who we are; the tests wait for it.
static void ready(void) { report("ready %d %d %d", getpid(), getpgrp(), getppid()); }

// signals N...: reports each of these signals as it comes; the last one ends it.
static int signals(int argc, char **argv) {
	sigset_t set;
	sigemptyset(&set);
	for (int i = 0; i < argc; i++) sigaddset(&set, atoi(argv[i]));
	sigprocmask(SIG_BLOCK, &set, NULL);
	ready();
	for (;;) {
		int n = sigwaitinfo(&set, NULL);
		if (n < 0) continue; // stopped and continued
		report("%d", n);
		if (n == atoi(argv[argc - 1])) return 0;
	}
}

// die N: ends by signal N, without a core.
static int die(int n) {
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, n);
	signal(n, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), n);
	for (;;) pause();
	return 0;
}

// facts: what a program finds when it is started.
static int facts(void) {
	for (int fd = 0; fd < 3; fd++) {
		struct stat st = {0};
		int got = fstat(fd, &st);
		report("fd %d: isatty %d flags %#x stat %d dev %lx ino %lu", fd, isatty(fd), fcntl(fd, F_GETFL), got,
		       (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	}
	for (int fd = 4; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0) report("fd %d is open", fd);
	for (int r = 0; r < RLIM_NLIMITS; r++) {
		struct rlimit l;
		if (getrlimit(r, &l) == 0) report("limit %d: %lld %lld", r, (long long)l.rlim_cur, (long long)l.rlim_max);
	}
	sigset_t blocked;
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int n = 1; n <= 64; n++) {
		struct sigaction a;
		if (sigaction(n, NULL, &a) == 0 && a.sa_handler == SIG_IGN) report("signal %d is ignored", n);
		if (sigismember(&blocked, n) == 1) report("signal %d is blocked", n);
	}
	mode_t mask = umask(0);
	char cwd[256] = "";
	report("umask %o cwd %s nice %d dumpable %d", mask, getcwd(cwd, sizeof cwd), getpriority(PRIO_PROCESS, 0),
	       prctl(PR_GET_DUMPABLE));
	report("session %d foreground %d", getsid(0), tcgetpgrp(0) == getpgrp());
	cpu_set_t cpus;
	sched_getaffinity(0, sizeof cpus, &cpus);
	report("cpus %d scheduler %d", CPU_COUNT(&cpus), sched_getscheduler(0));
	for (char **e = environ; *e; e++) report("env %s", *e);
	report("end");
	return 0;
}

// leave: a child outlives us, until descriptor 4 is closed.
static int leave(void) {
	if (fork() == 0) {
		char c;
		ready();
		while (read(4, &c, 1) > 0) {}
		report("the grandchild ends");
	}
	return 5;
}

// orphan: leaves a process to the init process of its namespace and waits until
// that has reaped it; then ends by signal N.
static int orphan(int n) {
	int p[2];
	pid_t grandchild;
	if (pipe(p) != 0) return 98;
	if (fork() == 0) {
		pid_t pid = fork();
		if (pid == 0) _exit(0);
		if (write(p[1], &pid, sizeof pid) != sizeof pid) _exit(98);
		_exit(0);
	}
	if (read(p[0], &grandchild, sizeof grandchild) != sizeof grandchild) return 98;
	while (wait(NULL) < 0 && errno == EINTR) {}
	while (kill(grandchild, 0) == 0) sched_yield();
	report("reaped");
	return die(n);
}

// quiet: closes its three files, says so, and goes on until a signal ends it.
static int quiet(void) {
	close(0);
	close(1);
	ready();
	for (;;) pause();
	return 0;
}

// ask N: reads a line from the terminal, and reports it; N tells to wait for
// that signal first.
static int ask(int n) {
	char line[128];
	sigset_t set;
	sigemptyset(&set);
	if (n > 0) {
		sigaddset(&set, n);
		sigprocmask(SIG_BLOCK, &set, NULL);
	}
	ready();
	while (n > 0 && sigwaitinfo(&set, NULL) < 0) {}
	ssize_t got = read(0, line, sizeof line - 1);
	if (got < 0) {
		report("error %d", errno);
		return 1;
	}
	line[got] = 0;
	report("read %s", strtok(line, "\n") ? line : "");
	return 0;
}

// family: a child that waits like us, in our group, and holds descriptor 3.
static int family(void) {
	if (fork() == 0) {
		ready();
		for (;;) pause();
	}
	for (;;) pause();
	return 0;
}

// nonblock: sets O_NONBLOCK on stdin, for all who share it.
static int nonblock(void) { return fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK) < 0; }

int main(int argc, char **argv) {
	const char *what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "signals")) return signals(argc - 2, argv + 2);
	if (!strcmp(what, "die")) return die(atoi(argv[2]));
	if (!strcmp(what, "facts")) return facts();
	if (!strcmp(what, "leave")) return leave();
	if (!strcmp(what, "orphan")) return orphan(atoi(argv[2]));
	if (!strcmp(what, "quiet")) return quiet();
	if (!strcmp(what, "ask")) return ask(argc > 2 ? atoi(argv[2]) : 0);
	if (!strcmp(what, "family")) return family();
	if (!strcmp(what, "nonblock")) return nonblock();
	return 97;
}
