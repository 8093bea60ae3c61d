/*
 * A stand-in for NVIDIA's management library, for tests.
 *
 * It says what the file named by FAKE_NVML_SCRIPT says, a line at a time; '#'
 * begins a comment. Before the first "gpu" line:
 *
 *   driver 570.86.15           version of the driver
 *   cuda 12080                 highest CUDA version
 *   session 2                  calls of a session that began under another number
 *                              find the library uninitialised: a reloaded driver
 *   live                       read the script again whenever it has changed
 *   gpu NVIDIA H200            begins a GPU; what follows is about it
 *
 * About a GPU (numbers as NVML has them; -1: the device does not support it):
 *
 *   uuid GPU-...               cc 9 0            cores 16896
 *   memory TOTAL RESERVED USED (bytes)           util 87
 *   clock 1980 (MHz)           temp 55 (C)       power 512000 (mW)
 *   energy 123456 (mJ)         sm 43.5 (percent of SMs active)
 *   mig 1                      MIG mode is on
 *   instance GI CI SMS TOTAL USED UUID           a MIG instance
 *   limit 700000 (mW)          enforced power limit
 *   field ID VALUE             a value of nvmlDeviceGetFieldValues, unsigned 64 bit
 *   gpm ID VALUE               a profiling metric
 *   process PID BYTES [GI]     who computes there; of a MIG instance where GI is told
 *   mps PID BYTES              a client of MPS
 *   samples AT STEP V V ...    the driver's samples of utilisation, times in us
 *   xid CODE                   an error, told once each time the script is read
 *
 * util, clock, temp, power and energy take several values: one a call, and the
 * last one ever after.
 *
 * What calls do, of all GPUs before the first "gpu" line, else of that one;
 * "field:186" stands for one field of nvmlDeviceGetFieldValues:
 *
 *   call NAME error CODE       returns CODE
 *   call NAME delay MS         takes longer
 *   call NAME hang             does not return, until a live script has no such line
 *   call NAME abort            ends the process
 *
 * The layouts are those of nvml.h, API version 13.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
	INSUFFICIENT_SIZE = 7, TIMEOUT = 10, VERSION_MISMATCH = 25,
};
enum { GPUS = 16, INSTANCES = 8, RULES = 128, SERIES = 64, PAIRS = 48 };

typedef int ret;
typedef unsigned long long u64;

struct instance {
	int gi, ci, sms;
	long long total, used;
	char uuid[96];
};
struct series {
	int n, at;
	long long value[SERIES];
};
struct pair {
	int id, gi; /* gi -1: not told */
	double value;
};
struct pairs {
	int n;
	struct pair pair[PAIRS];
};
struct gpu {
	char name[96], uuid[96];
	int major, minor, mig, instances, told;
	long long cores, total, reserved, used, limit;
	u64 samples_at, samples_step;
	double sm;
	struct series util, clock, temp, power, energy, samples;
	struct pairs fields, metrics, processes, clients, xids;
	struct instance instance[INSTANCES];
};
struct rule {
	char name[64], what[8];
	int gpu; /* -1: all */
	long value;
};
static struct state {
	char driver[80];
	int cuda, live, session, gpus, rules;
	struct gpu gpu[GPUS];
	struct rule rule[RULES];
} fake_state;

struct nvmlDevice_st { int gpu, instance; }; /* instance -1: the GPU itself */
typedef struct nvmlDevice_st *device;

static struct nvmlDevice_st fake_handle[GPUS][INSTANCES + 1];
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat fake_seen;
static int fake_users, fake_session;
static u64 fake_registered; /* a bit for each GPU whose errors are asked for */

/* ---- the script -------------------------------------------------------- */

static void fake_series(struct series *to, const char *text) {
	int used;
	for (to->n = to->at = 0; to->n < SERIES && sscanf(text, "%lld%n", &to->value[to->n], &used) == 1; text += used) to->n++;
}

/* fake_next is the value of this call. */
static long long fake_next(struct series *s) {
	pthread_mutex_lock(&fake_lock);
	long long v = s->value[s->at];
	if (s->at + 1 < s->n) s->at++;
	pthread_mutex_unlock(&fake_lock);
	return v;
}

static void fake_pair(struct pairs *to, const char *text) {
	struct pair p = {0, -1, 0};
	if (to->n < PAIRS && sscanf(text, "%d %lf %d", &p.id, &p.value, &p.gi) >= 1) to->pair[to->n++] = p;
}

static struct pair *fake_find(struct pairs *in, int id) {
	for (int i = 0; i < in->n; i++)
		if (in->pair[i].id == id) return &in->pair[i];
	return NULL;
}

static void fake_new_gpu(struct state *s, const char *name) {
	if (s->gpus == GPUS) return;
	int i = s->gpus++;
	struct gpu *g = &s->gpu[i];
	memset(g, 0, sizeof *g);
	snprintf(g->name, sizeof g->name, "%s", name);
	snprintf(g->uuid, sizeof g->uuid, "GPU-%08x-0000-4000-8000-%012x", 0xfa4e0000u + i, i);
	g->major = 9;
	g->cores = 16896;
	g->total = 150754820096LL; /* 143771 MiB */
	g->reserved = 600000000LL;
	g->limit = 700000;
	fake_series(&g->util, "0");
	fake_series(&g->clock, "345");
	fake_series(&g->temp, "31");
	fake_series(&g->power, "76000");
	fake_series(&g->energy, "1000000");
}

static void fake_line(struct state *s, char *line) {
	struct gpu none, *g = s->gpus ? &s->gpu[s->gpus - 1] : &none;
	char key[32] = "", rest[480] = "";
	line[strcspn(line, "#\r\n")] = 0;
	if (sscanf(line, "%31s %479[^\n]", key, rest) < 1) return;
#define IS(k) else if (!strcmp(key, k))
	if (!strcmp(key, "driver")) snprintf(s->driver, sizeof s->driver, "%.79s", rest);
	IS("cuda") s->cuda = atoi(rest);
	IS("live") s->live = 1;
	IS("session") s->session = atoi(rest);
	IS("gpu") fake_new_gpu(s, rest);
	IS("uuid") snprintf(g->uuid, sizeof g->uuid, "%.95s", rest);
	IS("cc") sscanf(rest, "%d %d", &g->major, &g->minor);
	IS("cores") g->cores = atoll(rest);
	IS("memory") sscanf(rest, "%lld %lld %lld", &g->total, &g->reserved, &g->used);
	IS("util") fake_series(&g->util, rest);
	IS("clock") fake_series(&g->clock, rest);
	IS("temp") fake_series(&g->temp, rest);
	IS("power") fake_series(&g->power, rest);
	IS("energy") fake_series(&g->energy, rest);
	IS("sm") g->sm = atof(rest);
	IS("limit") g->limit = atoll(rest);
	IS("field") fake_pair(&g->fields, rest);
	IS("gpm") fake_pair(&g->metrics, rest);
	IS("process") fake_pair(&g->processes, rest);
	IS("mps") fake_pair(&g->clients, rest);
	IS("xid") fake_pair(&g->xids, rest);
	IS("samples") {
		int used = 0;
		sscanf(rest, "%llu %llu%n", &g->samples_at, &g->samples_step, &used);
		fake_series(&g->samples, rest + used);
	}
	IS("mig") g->mig = atoi(rest);
	IS("instance") {
		if (g == &none || g->instances == INSTANCES) return;
		struct instance *m = &g->instance[g->instances++];
		sscanf(rest, "%d %d %d %lld %lld %95s", &m->gi, &m->ci, &m->sms, &m->total, &m->used, m->uuid);
	}
	IS("call") {
		if (s->rules == RULES) return;
		struct rule *r = &s->rule[s->rules++];
		sscanf(rest, "%63s %7s %ld", r->name, r->what, &r->value);
		r->gpu = s->gpus - 1;
	}
	else {
		fprintf(stderr, "fake NVML: unknown word in the script: %s\n", key);
		abort();
	}
#undef IS
}

static void fake_read_script(void) {
	struct state next;
	memset(&next, 0, sizeof next);
	strcpy(next.driver, "570.86.15");
	next.cuda = 12080;
	const char *path = getenv("FAKE_NVML_SCRIPT");
	if (!path || !*path) {
		fake_new_gpu(&next, "NVIDIA H200");
	} else {
		FILE *f = fopen(path, "r");
		char line[512];
		if (!f) {
			perror("fake NVML: script");
			abort();
		}
		fstat(fileno(f), &fake_seen);
		while (fgets(line, sizeof line, f)) fake_line(&next, line);
		fclose(f);
	}
	fake_state = next;
}

static void fake_reread(void) {
	struct stat now;
	if (!fake_state.live || stat(getenv("FAKE_NVML_SCRIPT"), &now)) return;
	if (now.st_ino != fake_seen.st_ino || now.st_mtim.tv_nsec != fake_seen.st_mtim.tv_nsec ||
	    now.st_mtim.tv_sec != fake_seen.st_mtim.tv_sec || now.st_size != fake_seen.st_size)
		fake_read_script();
}

/* fake_rule applies the script's line about a call, if there is one. */
static ret fake_rule(const char *name, int gpu) {
	for (;;) {
		struct rule found = {.what = ""};
		pthread_mutex_lock(&fake_lock);
		fake_reread();
		for (int i = 0; i < fake_state.rules; i++) {
			struct rule *r = &fake_state.rule[i];
			if (!strcmp(r->name, name) && (r->gpu < 0 || r->gpu == gpu)) found = *r;
		}
		int live = fake_state.live;
		pthread_mutex_unlock(&fake_lock);
		if (!strcmp(found.what, "error")) return (ret)found.value;
		if (!strcmp(found.what, "abort")) abort();
		if (!strcmp(found.what, "delay")) usleep((useconds_t)found.value * 1000);
		if (strcmp(found.what, "hang")) return OK;
		if (live) usleep(1000);
		else pause();
	}
}

/* fake_enter is the beginning of every call. */
static ret fake_enter(const char *name, int gpu) {
	if (!fake_users) return UNINITIALIZED;
	ret r = fake_rule(name, gpu);
	if (fake_session != fake_state.session && strcmp(name, "nvmlShutdown")) return UNINITIALIZED;
	return r;
}

/* FIND applies rules and sets g, and m where the device is a MIG instance. */
#define FIND(d)                                                              \
	if (!(d)) return INVALID_ARGUMENT;                                   \
	ret r_ = fake_enter(__func__, (d)->gpu);                             \
	if (r_) return r_;                                                   \
	struct gpu *g = &fake_state.gpu[(d)->gpu];                           \
	struct instance *m = (d)->instance < 0 ? NULL : &g->instance[(d)->instance]; \
	(void)g, (void)m
#define WHOLE_GPU if (m) return NOT_SUPPORTED
#define TELL(to, value)                                                      \
	do {                                                                 \
		long long v_ = (value);                                      \
		if (v_ < 0) return NOT_SUPPORTED;                            \
		*(to) = (__typeof__(*(to)))v_;                               \
		return OK;                                                   \
	} while (0)

static ret fake_text(char *to, unsigned room, const char *text) {
	if (strlen(text) >= room) return INSUFFICIENT_SIZE;
	strcpy(to, text);
	return OK;
}

/* ---- the system -------------------------------------------------------- */

ret nvmlInit_v2(void) {
	pthread_mutex_lock(&fake_lock);
	fake_read_script();
	fake_session = fake_state.session;
	pthread_mutex_unlock(&fake_lock);
	ret r = fake_rule(__func__, -1);
	if (r) return r;
	for (int i = 0; i < GPUS; i++)
		for (int j = 0; j <= INSTANCES; j++)
			fake_handle[i][j] = (struct nvmlDevice_st){i, j - 1};
	__atomic_add_fetch(&fake_users, 1, __ATOMIC_SEQ_CST);
	return OK;
}

ret nvmlShutdown(void) {
	ret r = fake_enter(__func__, -1);
	if (r) return r;
	__atomic_sub_fetch(&fake_users, 1, __ATOMIC_SEQ_CST);
	return OK;
}

const char *nvmlErrorString(ret r) { return r ? "an error of the fake" : "Success"; }

ret nvmlSystemGetDriverVersion(char *to, unsigned room) {
	ret r = fake_enter(__func__, -1);
	return r ? r : fake_text(to, room, fake_state.driver);
}

ret nvmlSystemGetCudaDriverVersion(int *to) {
	ret r = fake_enter(__func__, -1);
	if (!r) *to = fake_state.cuda;
	return r;
}

ret nvmlDeviceGetCount_v2(unsigned *to) {
	ret r = fake_enter(__func__, -1);
	if (!r) *to = (unsigned)fake_state.gpus;
	return r;
}

ret nvmlDeviceGetHandleByIndex_v2(unsigned index, device *to) {
	ret r = fake_enter(__func__, (int)index);
	if (r) return r;
	if (index >= (unsigned)fake_state.gpus) return INVALID_ARGUMENT;
	*to = &fake_handle[index][0];
	return OK;
}

/* ---- what a device is -------------------------------------------------- */

ret nvmlDeviceGetUUID(device d, char *to, unsigned room) {
	FIND(d);
	return fake_text(to, room, m ? m->uuid : g->uuid);
}

ret nvmlDeviceGetName(device d, char *to, unsigned room) {
	FIND(d);
	return fake_text(to, room, g->name);
}

ret nvmlDeviceGetCudaComputeCapability(device d, int *major, int *minor) {
	FIND(d);
	*major = g->major;
	*minor = g->minor;
	return OK;
}

ret nvmlDeviceGetNumGpuCores(device d, unsigned *to) {
	FIND(d);
	TELL(to, g->cores);
}

ret nvmlDeviceGetMigMode(device d, unsigned *now, unsigned *pending) {
	FIND(d);
	WHOLE_GPU;
	if (g->mig < 0) return NOT_SUPPORTED;
	*now = *pending = (unsigned)g->mig;
	return OK;
}

ret nvmlDeviceGetMaxMigDeviceCount(device d, unsigned *to) {
	FIND(d);
	*to = INSTANCES;
	return OK;
}

ret nvmlDeviceGetMigDeviceHandleByIndex(device d, unsigned index, device *to) {
	FIND(d);
	WHOLE_GPU;
	if (index >= INSTANCES) return INVALID_ARGUMENT;
	if (index >= (unsigned)g->instances) return NOT_FOUND;
	*to = &fake_handle[d->gpu][index + 1];
	return OK;
}

ret nvmlDeviceGetGpuInstanceId(device d, unsigned *to) {
	FIND(d);
	if (!m) return NOT_SUPPORTED;
	TELL(to, m->gi);
}

ret nvmlDeviceGetComputeInstanceId(device d, unsigned *to) {
	FIND(d);
	if (!m) return NOT_SUPPORTED;
	TELL(to, m->ci);
}

struct attributes {
	unsigned sms, copy, decoders, encoders, jpeg, ofa, gpu_slices, compute_slices;
	u64 memory_mb;
};
ret nvmlDeviceGetAttributes_v2(device d, struct attributes *to) {
	FIND(d);
	if (!m) return NOT_SUPPORTED;
	*to = (struct attributes){.sms = (unsigned)m->sms, .memory_mb = (u64)m->total >> 20};
	return OK;
}

/* ---- what a device does ------------------------------------------------ */

struct memory { u64 total, free, used; };
ret nvmlDeviceGetMemoryInfo(device d, struct memory *to) {
	FIND(d);
	long long total = m ? m->total : g->total, used = m ? m->used : g->used + g->reserved;
	if (total < 0) return NOT_SUPPORTED;
	*to = (struct memory){(u64)total, (u64)(total - used), (u64)used};
	return OK;
}

struct memory_v2 { unsigned version; u64 total, reserved, free, used; };
ret nvmlDeviceGetMemoryInfo_v2(device d, struct memory_v2 *to) {
	FIND(d);
	if (to->version != (sizeof *to | 2u << 24)) return VERSION_MISMATCH;
	long long total = m ? m->total : g->total, used = m ? m->used : g->used;
	long long reserved = m ? 0 : g->reserved;
	if (total < 0) return NOT_SUPPORTED;
	to->total = (u64)total;
	to->reserved = (u64)reserved;
	to->used = (u64)used;
	to->free = (u64)(total - reserved - used);
	return OK;
}

struct utilization { unsigned gpu, memory; };
ret nvmlDeviceGetUtilizationRates(device d, struct utilization *to) {
	FIND(d);
	WHOLE_GPU;
	to->memory = 0;
	TELL(&to->gpu, fake_next(&g->util));
}

ret nvmlDeviceGetClockInfo(device d, int type, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	if (type != 1) return INVALID_ARGUMENT; /* SM */
	TELL(to, fake_next(&g->clock));
}

ret nvmlDeviceGetTemperature(device d, int sensor, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	if (sensor != 0) return INVALID_ARGUMENT;
	TELL(to, fake_next(&g->temp));
}

struct temperature { unsigned version; int sensor, celsius; };
ret nvmlDeviceGetTemperatureV(device d, struct temperature *to) {
	FIND(d);
	WHOLE_GPU;
	if (to->version != (sizeof *to | 1u << 24)) return VERSION_MISMATCH;
	if (to->sensor != 0) return INVALID_ARGUMENT;
	TELL(&to->celsius, fake_next(&g->temp));
}

ret nvmlDeviceGetPowerUsage(device d, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	TELL(to, fake_next(&g->power));
}

ret nvmlDeviceGetTotalEnergyConsumption(device d, u64 *to) {
	FIND(d);
	WHOLE_GPU;
	TELL(to, fake_next(&g->energy));
}

struct field {
	unsigned id, scope;
	long long at_us, latency_us;
	int type, result;
	union { double d; unsigned u; u64 ull; } value;
};
ret nvmlDeviceGetFieldValues(device d, int count, struct field *f) {
	FIND(d);
	WHOLE_GPU;
	if (count <= 0 || !f) return INVALID_ARGUMENT;
	for (int i = 0; i < count; i++, f++) {
		char name[32];
		snprintf(name, sizeof name, "field:%u", f->id);
		f->result = fake_rule(name, d->gpu);
		if (f->result) continue;
		long long power = g->power.value[g->power.at], energy = g->energy.value[g->energy.at];
		struct pair *p = fake_find(&g->fields, (int)f->id);
		if (p) {
			f->type = 3;
			f->value.ull = (u64)p->value;
			if (f->id == 138 || f->id == 139) f->result = f->scope == ~0u ? OK : INVALID_ARGUMENT;
			continue;
		}
		switch (f->id) {
		case 83: /* energy, mJ */
			f->type = 3;
			f->result = energy < 0 ? NOT_SUPPORTED : OK;
			f->value.ull = (u64)energy;
			fake_next(&g->energy);
			break;
		case 186: /* power now, mW */
			f->type = 1;
			f->result = power < 0 ? NOT_SUPPORTED : OK;
			f->value.u = (unsigned)power;
			fake_next(&g->power);
			break;
		default:
			f->result = NOT_SUPPORTED;
		}
	}
	return OK;
}

struct sample { u64 at; union { double d; unsigned u; u64 ull; } value; };
ret nvmlDeviceGetSamples(device d, int kind, u64 since, int *type, unsigned *count, struct sample *to) {
	FIND(d);
	WHOLE_GPU;
	if (kind != 1 || !to) return INVALID_ARGUMENT;
	unsigned room = *count, n = 0;
	*type = 1;
	for (int i = 0; i < g->samples.n && n < room; i++) {
		u64 at = g->samples_at + (u64)i * g->samples_step;
		if (at <= since) continue;
		memset(&to[n], 0xdd, sizeof to[n]); /* what is beyond the value's own width is dirt */
		to[n].at = at;
		to[n++].value.u = (unsigned)g->samples.value[i];
	}
	*count = n;
	return n ? OK : NOT_FOUND;
}

ret nvmlDeviceGetEnforcedPowerLimit(device d, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	TELL(to, g->limit);
}

/* ---- who computes there ------------------------------------------------ */

struct process { unsigned pid; u64 used; unsigned gi, ci; };
static ret fake_list(struct pairs *of, struct instance *m, unsigned *count, struct process *to) {
	unsigned n = 0;
	for (int i = 0; i < of->n; i++) {
		struct pair *p = &of->pair[i];
		if (m && p->gi != m->gi) continue;
		if (n < *count)
			to[n] = (struct process){(unsigned)p->id, p->value < 0 ? ~0ull : (u64)p->value,
				p->gi < 0 ? ~0u : (unsigned)p->gi, p->gi < 0 ? ~0u : 0};
		n++;
	}
	ret r = n > *count ? INSUFFICIENT_SIZE : OK;
	*count = n;
	return r;
}

ret nvmlDeviceGetComputeRunningProcesses_v3(device d, unsigned *count, struct process *to) {
	FIND(d);
	return fake_list(&g->processes, m, count, to);
}

ret nvmlDeviceGetMPSComputeRunningProcesses_v3(device d, unsigned *count, struct process *to) {
	FIND(d);
	return fake_list(&g->clients, m, count, to);
}

/* ---- errors ------------------------------------------------------------ */

enum { XID_EVENT = 8 };
struct event { device device; u64 type, data; unsigned gi, ci; };

ret nvmlDeviceGetSupportedEventTypes(device d, u64 *to) {
	FIND(d);
	*to = XID_EVENT;
	return OK;
}

ret nvmlEventSetCreate(void **to) {
	ret r = fake_enter(__func__, -1);
	if (!r) *to = malloc(1);
	return r;
}

ret nvmlEventSetFree(void *set) {
	ret r = fake_enter(__func__, -1);
	if (!r) free(set);
	return r;
}

ret nvmlDeviceRegisterEvents(device d, u64 types, void *set) {
	FIND(d);
	WHOLE_GPU;
	if (types != XID_EVENT || !set) return INVALID_ARGUMENT;
	__atomic_or_fetch(&fake_registered, 1ull << d->gpu, __ATOMIC_SEQ_CST);
	return OK;
}

ret nvmlEventSetWait_v2(void *set, struct event *to, unsigned ms) {
	if (!set) return INVALID_ARGUMENT;
	for (;; ms = ms > 5 ? ms - 5 : 0) {
		ret r = fake_enter(__func__, -1);
		if (r) return r;
		pthread_mutex_lock(&fake_lock);
		for (int i = 0; i < fake_state.gpus; i++) {
			struct gpu *g = &fake_state.gpu[i];
			if (!(__atomic_load_n(&fake_registered, __ATOMIC_SEQ_CST) >> i & 1) || g->told == g->xids.n) continue;
			*to = (struct event){&fake_handle[i][0], XID_EVENT, (u64)g->xids.pair[g->told++].id, ~0u, ~0u};
			pthread_mutex_unlock(&fake_lock);
			return OK;
		}
		pthread_mutex_unlock(&fake_lock);
		if (!ms) return TIMEOUT;
		usleep(5000);
	}
}

/* ---- profiling metrics ------------------------------------------------- */

struct gpm_sample { double sm; int taken; struct pairs metrics; };
struct gpm_metric { unsigned id; int result; double value; char *names[3]; };
struct gpm_request {
	unsigned version, count;
	struct gpm_sample *first, *second;
	struct gpm_metric metric[333];
};
struct gpm_support { unsigned version, supported; };

ret nvmlGpmQueryDeviceSupport(device d, struct gpm_support *to) {
	FIND(d);
	if (to->version != 1) return VERSION_MISMATCH;
	to->supported = g->major >= 9 && g->sm >= 0;
	return OK;
}

ret nvmlGpmSampleAlloc(struct gpm_sample **to) {
	ret r = fake_enter(__func__, -1);
	if (!r) *to = calloc(1, sizeof **to);
	return r;
}

ret nvmlGpmSampleFree(struct gpm_sample *sample) {
	ret r = fake_enter(__func__, -1);
	if (!r) free(sample);
	return r;
}

ret nvmlGpmSampleGet(device d, struct gpm_sample *sample) {
	FIND(d);
	if (!sample) return INVALID_ARGUMENT;
	*sample = (struct gpm_sample){g->sm, 1, g->metrics};
	return OK;
}

ret nvmlGpmMetricsGet(struct gpm_request *q) {
	ret r = fake_enter(__func__, -1);
	if (r) return r;
	if (q->version != 1) return VERSION_MISMATCH;
	if (!q->first || !q->second || !q->first->taken || !q->second->taken || q->first == q->second)
		return INVALID_ARGUMENT;
	for (unsigned i = 0; i < q->count; i++) {
		struct pair *p = fake_find(&q->second->metrics, (int)q->metric[i].id);
		q->metric[i].result = p || q->metric[i].id == 2 ? OK : NOT_SUPPORTED;
		q->metric[i].value = p ? p->value : q->second->sm;
	}
	return OK;
}
