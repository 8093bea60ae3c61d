/*
 * A complete writer of the step page in C11, after docs/step-page.md.
 *
 *   tw_page *p = tw_open(TW_SOURCE_OTHER, 0);     NULL: nobody watches, go on
 *   tw_begin(p, 1000, 1);
 *   for (...) { train(); tw_step(p, 0, loss, lr, NAN, tokens); }
 *   tw_end(p);
 *
 * Every call does nothing on NULL. One thread writes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { TW_PAGE = 1 << 20, TW_HEADER = 8192, TW_RECORDS = 16256, TW_BUCKETS = 592 };
enum { TW_SOURCE_OTHER = 7 };
enum { TW_BEGIN = 1, TW_STEP, TW_EPOCH, TW_PHASE_BEGIN, TW_PHASE_END, TW_MEMORY, TW_END, TW_EPOCH_BEGIN };

typedef struct {
	uint64_t *w;            /* the page, as words */
	int64_t base;           /* CLOCK_MONOTONIC */
	int64_t (*clock)(void); /* CLOCK_MONOTONIC, or a test's */
	int64_t prev, in_phases, epoch_start, phase_start, phase_mark;
	int depth, phase;
} tw_page;

/* Words of the header that change. */
enum {
	W_PLANNED_STEPS = 9, W_PLANNED_EPOCHS = 10, W_HEAD = 16, W_STEPS = 24, W_TIMED = 25, W_LAST_STEP = 26,
	W_EPOCH = 27, W_EPOCHS = 28, W_TOKENS = 29, W_FIRST_AT = 30, W_LAST_AT = 31, W_SUM = 32, W_MAX = 33,
	W_PHASE = 34, W_LOSS = 40, W_LR = 41, W_GRAD_NORM = 42, W_BEGIN_AT = 43, W_END_AT = 44, W_MEMORY = 45,
	W_HIST = 128,
};

static int64_t tw_monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static uint64_t tw_pair(uint32_t low, uint32_t high) { return low | (uint64_t)high << 32; }

static void tw_format(uint64_t *w, uint32_t pid, uint32_t source, uint64_t start, int64_t mono, int64_t wall,
		      int32_t rank, int32_t world, int32_t local, uint32_t runtime)
{
	static const int none[] = { W_LAST_STEP, W_EPOCH, W_TOKENS, W_FIRST_AT, W_LAST_AT, W_END_AT,
				    W_MEMORY, W_MEMORY + 1, W_MEMORY + 2, W_MEMORY + 3, W_MEMORY + 4 };
	memcpy(&w[0], "TWSTEPS\x01", 8);
	w[1] = tw_pair(1, TW_HEADER);
	w[2] = tw_pair(64, TW_RECORDS);
	w[3] = tw_pair(pid, source);
	w[4] = start;
	w[5] = (uint64_t)mono;
	w[6] = (uint64_t)wall;
	w[7] = tw_pair((uint32_t)rank, (uint32_t)world);
	w[8] = tw_pair((uint32_t)local, runtime);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		w[none[i]] = UINT64_MAX;
	w[W_LOSS] = w[W_LR] = w[W_GRAD_NORM] = 0x7FF8000000000000;
}

static tw_page *tw_new(uint64_t *w, int64_t base, int64_t (*clock)(void))
{
	tw_page *p = calloc(1, sizeof *p);
	if (p)
		*p = (tw_page){ .w = w, .base = base, .clock = clock, .prev = -1, .epoch_start = -1 };
	return p;
}

/* Field 22 of /proc/self/stat, counted from behind the program's name. */
static uint64_t tw_start_time(void)
{
	char line[1024] = "", *s;
	FILE *f = fopen("/proc/self/stat", "re");
	if (!f)
		return 0;
	s = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
	fclose(f);
	for (int i = 0; s && i < 20; i++)
		s = strchr(s + 1, ' ');
	return s ? strtoull(s, NULL, 10) : 0;
}

static uint64_t *tw_create(int dir, const char *tmp, const char *name)
{
	void *m = MAP_FAILED;
	int fd = openat(dir, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	/* Without its memory allocated, a store on a full filesystem would be SIGBUS. */
	int err = posix_fallocate(fd, 0, TW_PAGE);
	if (!err && faccessat(dir, name, F_OK, 0) == 0)
		err = EEXIST;
	if (!err && (m = mmap(NULL, TW_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED)
		err = errno;
	close(fd);
	if (err) {
		unlinkat(dir, tmp, 0);
		errno = err;
		return NULL;
	}
	return m;
}

tw_page *tw_open(uint32_t source, uint32_t runtime)
{
	enum { TMPFS = 0x01021994, RAMFS = 0x858458f6 };
	const char *path = getenv("TRAINWATCH_PAGE_DIR");
	char tmp[64], name[64];
	uint64_t *w = NULL;
	struct statfs fs;
	struct timespec wall;
	int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0)
		return NULL;
	if (fstatfs(dir, &fs) != 0 || ((uint32_t)fs.f_type != TMPFS && (uint32_t)fs.f_type != (uint32_t)RAMFS))
		goto out;
	for (int n = 0; n < 64 && !w; n++) {
		snprintf(tmp, sizeof tmp, ".%d-%d.tmp", (int)getpid(), n);
		snprintf(name, sizeof name, "%d-%d.page", (int)getpid(), n);
		if (!(w = tw_create(dir, tmp, name)) && errno != EEXIST)
			goto out;
	}
	if (!w)
		goto out;
	int64_t base = tw_monotonic();
	clock_gettime(CLOCK_REALTIME, &wall);
	tw_format(w, (uint32_t)getpid(), source, tw_start_time(), base, wall.tv_sec * 1000000000LL + wall.tv_nsec,
		  -1, -1, -1, runtime);
	if (renameat(dir, tmp, dir, name) != 0) {
		unlinkat(dir, tmp, 0);
		munmap(w, TW_PAGE);
		w = NULL;
		goto out;
	}
	close(dir);
	return tw_new(w, base, tw_monotonic);
out:
	close(dir);
	return NULL;
}

static uint64_t tw_double(double v)
{
	uint64_t b = 0x7FF8000000000000;
	if (v == v)
		memcpy(&b, &v, 8);
	return b;
}

/* Fills the next slot; the release store of the head is what makes it a record. */
static void tw_record(tw_page *p, int kind, int phase, int64_t t, int64_t step, uint64_t w3, uint64_t w4, uint64_t w5,
		      uint64_t w6, uint64_t w7)
{
	uint64_t head = p->w[W_HEAD];
	uint64_t *r = p->w + TW_HEADER / 8 + head % TW_RECORDS * 8;
	r[0] = (uint64_t)kind | (uint64_t)phase << 8 | p->w[W_EPOCH] << 32;
	r[1] = (uint64_t)t;
	r[2] = (uint64_t)step;
	r[3] = w3, r[4] = w4, r[5] = w5, r[6] = w6, r[7] = w7;
	atomic_store_explicit((_Atomic uint64_t *)&p->w[W_HEAD], head + 1, memory_order_release);
}

static void tw_mark(tw_page *p, int kind, int phase, int64_t t, int64_t took)
{
	tw_record(p, kind, phase, t, (int64_t)p->w[W_LAST_STEP], 0, 0, 0, UINT64_MAX, (uint64_t)took);
}

void tw_begin(tw_page *p, int64_t steps, int64_t epochs)
{
	if (!p)
		return;
	int64_t t = p->clock() - p->base;
	p->w[W_PLANNED_STEPS] = (uint64_t)steps, p->w[W_PLANNED_EPOCHS] = (uint64_t)epochs;
	p->w[W_BEGIN_AT] = (uint64_t)t, p->w[W_END_AT] = UINT64_MAX;
	p->prev = -1, p->in_phases = 0, p->epoch_start = t;
	tw_record(p, TW_BEGIN, 0, t, steps, (uint64_t)epochs, 0, 0, UINT64_MAX, UINT64_MAX);
}

static int tw_bucket(uint64_t d)
{
	if (d < 1024)
		return 0;
	int e = 63 - __builtin_clzll(d), b = (e - 10) * 16 + (int)(d >> (e - 4) & 15);
	return b < TW_BUCKETS ? b : TW_BUCKETS - 1;
}

/* number 0: one more than the last; loss, lr, grad_norm NAN and tokens -1: unknown. */
void tw_step(tw_page *p, int64_t number, double loss, double lr, double grad_norm, int64_t tokens)
{
	if (!p)
		return;
	uint64_t *w = p->w;
	int64_t t = p->clock() - p->base, took = -1;
	if (p->prev >= 0 && p->depth == 0) {
		took = t - p->prev - p->in_phases;
		if (took < 0)
			took = 0;
		w[W_TIMED]++;
		w[W_SUM] += (uint64_t)took;
		if ((uint64_t)took > w[W_MAX])
			w[W_MAX] = (uint64_t)took;
		w[W_HIST + tw_bucket((uint64_t)took)]++;
	}
	p->prev = p->phase_mark = t, p->in_phases = 0;
	if (number <= 0)
		number = (int64_t)w[W_LAST_STEP] < 1 ? 1 : (int64_t)w[W_LAST_STEP] + 1;
	if (tokens < 0)
		tokens = -1;
	else
		w[W_TOKENS] = (w[W_TOKENS] == UINT64_MAX ? 0 : w[W_TOKENS]) + (uint64_t)tokens;
	if (w[W_STEPS]++ == 0)
		w[W_FIRST_AT] = (uint64_t)t;
	w[W_LAST_AT] = (uint64_t)t;
	w[W_LAST_STEP] = (uint64_t)number;
	if (loss == loss)
		w[W_LOSS] = tw_double(loss);
	if (lr == lr)
		w[W_LR] = tw_double(lr);
	if (grad_norm == grad_norm)
		w[W_GRAD_NORM] = tw_double(grad_norm);
	tw_record(p, TW_STEP, 0, t, number, tw_double(loss), tw_double(lr), tw_double(grad_norm), (uint64_t)tokens,
		  (uint64_t)took);
}

void tw_epoch_begin(tw_page *p, int64_t n)
{
	if (!p)
		return;
	int64_t t = p->clock() - p->base;
	p->w[W_EPOCH] = (uint64_t)n;
	p->epoch_start = t;
	tw_mark(p, TW_EPOCH_BEGIN, 0, t, -1);
}

void tw_epoch(tw_page *p, int64_t n)
{
	if (!p)
		return;
	int64_t t = p->clock() - p->base, took = p->epoch_start < 0 ? -1 : t - p->epoch_start;
	p->w[W_EPOCH] = (uint64_t)n;
	p->w[W_EPOCHS]++;
	p->epoch_start = t;
	tw_mark(p, TW_EPOCH, 0, t, took);
}

void tw_phase_begin(tw_page *p, int phase)
{
	if (!p || p->depth++ > 0)
		return;
	p->phase = phase < 1 || phase > 5 ? 5 : phase;
	p->phase_start = p->phase_mark = p->clock() - p->base;
	tw_mark(p, TW_PHASE_BEGIN, p->phase, p->phase_start, -1);
}

void tw_phase_end(tw_page *p)
{
	if (!p || p->depth == 0 || --p->depth > 0)
		return;
	int64_t t = p->clock() - p->base;
	p->in_phases += t - p->phase_mark;
	p->w[W_PHASE + p->phase] += (uint64_t)(t - p->phase_start);
	tw_mark(p, TW_PHASE_END, p->phase, t, t - p->phase_start);
}

void tw_memory(tw_page *p, const int64_t m[5])
{
	if (!p)
		return;
	for (int i = 0; i < 5; i++)
		p->w[W_MEMORY + i] = (uint64_t)m[i];
	tw_record(p, TW_MEMORY, 0, p->clock() - p->base, (int64_t)p->w[W_LAST_STEP], (uint64_t)m[0], (uint64_t)m[1],
		  (uint64_t)m[2], (uint64_t)m[3], (uint64_t)m[4]);
}

void tw_end(tw_page *p)
{
	if (!p)
		return;
	int64_t t = p->clock() - p->base;
	p->w[W_END_AT] = (uint64_t)t;
	tw_mark(p, TW_END, 0, t, -1);
}

#ifndef TW_NO_MAIN
/* A training without a model: argv[1] steps of nothing, with an evaluation. */
int main(int argc, char **argv)
{
	long steps = argc > 1 ? atol(argv[1]) : 1000;
	tw_page *p = tw_open(TW_SOURCE_OTHER, 0);
	tw_begin(p, steps, 1);
	tw_epoch_begin(p, 0);
	for (long i = 1; i <= steps; i++)
		tw_step(p, i, 1.0 / (double)i, 0.5, NAN, 64);
	tw_phase_begin(p, 2);
	tw_phase_end(p);
	tw_epoch(p, 0);
	tw_end(p);
	puts(p ? "watched" : "not watched");
	return 0;
}
#endif
