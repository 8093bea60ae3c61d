/*
 * A stand-in for NVIDIA's management library, for tests.
 *
 * It says what the file named by FAKE_NVML_SCRIPT says, a line at a time; '#'
 * begins a comment. Before the first "gpu" line:
 *
 *   driver 570.86.15           version of the driver
 *   cuda 12080                 highest CUDA version
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
	INSUFFICIENT_SIZE = 7, VERSION_MISMATCH = 25,
};
enum { GPUS = 16, INSTANCES = 8, RULES = 128 };

typedef int ret;
typedef unsigned long long u64;

struct instance {
	int gi, ci, sms;
	long long total, used;
	char uuid[96];
};
struct gpu {
	char name[96], uuid[96];
	int major, minor, mig, instances;
	long long cores, total, reserved, used, util, clock, temp, power, energy;
	double sm;
	struct instance instance[INSTANCES];
};
struct rule {
	char name[64], what[8];
	int gpu; /* -1: all */
	long value;
};
static struct state {
	char driver[80];
	int cuda, live, gpus, rules;
	struct gpu gpu[GPUS];
	struct rule rule[RULES];
} fake_state;

struct nvmlDevice_st { int gpu, instance; }; /* instance -1: the GPU itself */
typedef struct nvmlDevice_st *device;

static struct nvmlDevice_st fake_handle[GPUS][INSTANCES + 1];
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat fake_seen;
static int fake_users;

/* ---- the script -------------------------------------------------------- */

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
	g->clock = 345;
	g->temp = 31;
	g->power = 76000;
	g->energy = 1000000;
}

static void fake_line(struct state *s, char *line) {
	struct gpu none, *g = s->gpus ? &s->gpu[s->gpus - 1] : &none;
	char key[32] = "", rest[256] = "";
	line[strcspn(line, "#\r\n")] = 0;
	if (sscanf(line, "%31s %255[^\n]", key, rest) < 1) return;
#define IS(k) else if (!strcmp(key, k))
	if (!strcmp(key, "driver")) snprintf(s->driver, sizeof s->driver, "%.79s", rest);
	IS("cuda") s->cuda = atoi(rest);
	IS("live") s->live = 1;
	IS("gpu") fake_new_gpu(s, rest);
	IS("uuid") snprintf(g->uuid, sizeof g->uuid, "%.95s", rest);
	IS("cc") sscanf(rest, "%d %d", &g->major, &g->minor);
	IS("cores") g->cores = atoll(rest);
	IS("memory") sscanf(rest, "%lld %lld %lld", &g->total, &g->reserved, &g->used);
	IS("util") g->util = atoll(rest);
	IS("clock") g->clock = atoll(rest);
	IS("temp") g->temp = atoll(rest);
	IS("power") g->power = atoll(rest);
	IS("energy") g->energy = atoll(rest);
	IS("sm") g->sm = atof(rest);
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
	return fake_rule(name, gpu);
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
		if ((value) < 0) return NOT_SUPPORTED;                       \
		*(to) = (value);                                             \
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
	TELL(&to->gpu, g->util);
}

ret nvmlDeviceGetClockInfo(device d, int type, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	if (type != 1) return INVALID_ARGUMENT; /* SM */
	TELL(to, g->clock);
}

ret nvmlDeviceGetTemperature(device d, int sensor, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	if (sensor != 0) return INVALID_ARGUMENT;
	TELL(to, g->temp);
}

struct temperature { unsigned version; int sensor, celsius; };
ret nvmlDeviceGetTemperatureV(device d, struct temperature *to) {
	FIND(d);
	WHOLE_GPU;
	if (to->version != (sizeof *to | 1u << 24)) return VERSION_MISMATCH;
	if (to->sensor != 0) return INVALID_ARGUMENT;
	TELL(&to->celsius, (int)g->temp);
}

ret nvmlDeviceGetPowerUsage(device d, unsigned *to) {
	FIND(d);
	WHOLE_GPU;
	TELL(to, g->power);
}

ret nvmlDeviceGetTotalEnergyConsumption(device d, u64 *to) {
	FIND(d);
	WHOLE_GPU;
	if (g->energy < 0) return NOT_SUPPORTED;
	*to = (u64)g->energy;
	return OK;
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
		switch (f->id) {
		case 83: /* energy, mJ */
			f->type = 3;
			f->result = g->energy < 0 ? NOT_SUPPORTED : OK;
			f->value.ull = (u64)g->energy;
			break;
		case 186: /* power now, mW */
			f->type = 1;
			f->result = g->power < 0 ? NOT_SUPPORTED : OK;
			f->value.u = (unsigned)g->power;
			break;
		default:
			f->result = NOT_SUPPORTED;
		}
	}
	return OK;
}

/* ---- profiling metrics ------------------------------------------------- */

struct gpm_sample { double sm; int taken; };
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
	*sample = (struct gpm_sample){g->sm, 1};
	return OK;
}

ret nvmlGpmMetricsGet(struct gpm_request *q) {
	ret r = fake_enter(__func__, -1);
	if (r) return r;
	if (q->version != 1) return VERSION_MISMATCH;
	if (!q->first || !q->second || !q->first->taken || !q->second->taken || q->first == q->second)
		return INVALID_ARGUMENT;
	for (unsigned i = 0; i < q->count; i++) {
		q->metric[i].result = q->metric[i].id == 2 ? OK : NOT_SUPPORTED;
		q->metric[i].value = q->second->sm;
	}
	return OK;
}
