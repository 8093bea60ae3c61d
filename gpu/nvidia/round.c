//go:build linux && cgo

#define _GNU_SOURCE
#include "round.h"

#include <dlfcn.h>
#include <string.h>

/* Codes of nvmlReturn_t. */
enum {
	OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4,
	FUNCTION_NOT_FOUND = 13, GPU_IS_LOST = 15, RESET_REQUIRED = 16, NO_DATA = 21, VERSION_MISMATCH = 25,
};

/* Layouts of nvml.h. */
struct utilization { unsigned gpu, memory; };
struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
struct temperature { unsigned version; int sensor, celsius; };
struct gpm_metric { unsigned id; int result; double value; char *names[3]; };
struct gpm_request {
	unsigned version, count;
	void *first, *second;
	struct gpm_metric metric[333];
};
enum { CLOCK_OF_SM = 1, SENSOR_OF_GPU = 0, GPU_UTILIZATION_SAMPLES = 1 };
enum { FIELD_ENERGY = 83, FIELD_POWER = 186 };

size_t tw_gpm_request_size(void) { return sizeof(struct gpm_request); }

/*
 * The library was loaded for everybody (RTLD_GLOBAL) by go-nvml, whose own
 * calls are bound the same way: both always reach the same one.
 */
void tw_look_up(tw_table *t, int call, const char *name) {
	t->call[call] = dlsym(RTLD_DEFAULT, name);
}

static int lost(int result) {
	return result == GPU_IS_LOST || result == RESET_REQUIRED || result == UNINITIALIZED;
}

static int unsupported(int result) {
	return result == NOT_SUPPORTED || result == FUNCTION_NOT_FOUND || result == NO_PERMISSION ||
	       result == VERSION_MISMATCH || result == TW_NOT_ASKED;
}

static int unsupported_field(const tw_round *r, unsigned id) {
	if (r->result[TW_FIELDS] != OK) return unsupported(r->result[TW_FIELDS]);
	for (unsigned i = 0; i < r->fields; i++)
		if (r->field[i].id == id)
			return unsupported(r->field[i].result) || r->field[i].result == INVALID_ARGUMENT;
	return 1;
}

/*
 * ASK makes a call if it may be made, and ends the round when the device turns
 * out to be lost: each further call could take a second to say so again.
 */
#define ASK(which, type, ...)                                                \
	do {                                                                 \
		if (!(r->want >> (which) & 1) || !r->table->call[which]) break; \
		r->result[which] = ((int (*) type)r->table->call[which])(__VA_ARGS__); \
		if (lost(r->result[which])) return;                          \
	} while (0)

static void memory(tw_round *r) {
	struct memory_v2 m = {.version = sizeof m | 2u << 24};
	ASK(TW_MEMORY_V2, (void *, struct memory_v2 *), r->device, &m);
	r->total = m.total, r->reserved = m.reserved, r->used = m.used;
	if (!unsupported(r->result[TW_MEMORY_V2])) return;
	struct memory old = {0};
	ASK(TW_MEMORY, (void *, struct memory *), r->device, &old);
	r->total = old.total, r->reserved = 0, r->used = old.used;
}

static void temperature(tw_round *r) {
	struct temperature t = {.version = sizeof t | 1u << 24, .sensor = SENSOR_OF_GPU};
	ASK(TW_TEMP_V, (void *, struct temperature *), r->device, &t);
	r->celsius = t.celsius;
	if (!unsupported(r->result[TW_TEMP_V])) return;
	unsigned old = 0;
	ASK(TW_TEMP, (void *, int, unsigned *), r->device, SENSOR_OF_GPU, &old);
	r->celsius = (int)old;
}

static void profile(tw_round *r) {
	if (!r->gpm_request) return;
	ASK(TW_GPM_SAMPLE, (void *, void *), r->device, r->gpm_next);
	if (r->result[TW_GPM_SAMPLE] != OK) return;
	struct gpm_request *q = r->gpm_request;
	q->version = 1;
	q->count = r->metrics;
	q->first = r->gpm_last;
	q->second = r->gpm_next;
	for (unsigned i = 0; i < r->metrics; i++)
		q->metric[i] = (struct gpm_metric){.id = r->metric[i].id, .result = NO_DATA};
	r->gpm_next = r->gpm_last;
	r->gpm_last = q->second;
	ASK(TW_GPM_METRICS, (struct gpm_request *), q);
	for (unsigned i = 0; i < r->metrics; i++) {
		r->metric[i].result = q->metric[i].result;
		r->metric[i].value = q->metric[i].value;
	}
}

static void ask_all(tw_round *r) {
	struct utilization u = {0, 0};
	ASK(TW_UTIL, (void *, struct utilization *), r->device, &u);
	r->util = u.gpu, r->memory_util = u.memory;
	memory(r);
	if (lost(r->result[TW_MEMORY_V2]) || lost(r->result[TW_MEMORY])) return;
	ASK(TW_CLOCK, (void *, int, unsigned *), r->device, CLOCK_OF_SM, &r->clock);
	temperature(r);
	if (lost(r->result[TW_TEMP_V]) || lost(r->result[TW_TEMP])) return;
	/* A driver need not write into a value that it does not have. */
	for (unsigned i = 0; i < r->fields; i++)
		r->field[i] = (tw_field){.id = r->field[i].id, .scope = r->field[i].scope, .result = NO_DATA};
	if (r->fields) /* an empty batch is refused */
		ASK(TW_FIELDS, (void *, int, tw_field *), r->device, (int)r->fields, r->field);
	for (unsigned i = 0; i < r->fields; i++)
		if (lost(r->field[i].result)) return;
	if (unsupported_field(r, FIELD_POWER))
		ASK(TW_POWER, (void *, unsigned *), r->device, &r->milliwatts);
	unsigned long long mj = 0;
	if (unsupported_field(r, FIELD_ENERGY))
		ASK(TW_ENERGY, (void *, unsigned long long *), r->device, &mj);
	r->millijoules = mj;
	r->samples = TW_MOST_SAMPLES;
	ASK(TW_SAMPLES, (void *, int, unsigned long long, unsigned *, unsigned *, tw_sample *),
	    r->device, GPU_UTILIZATION_SAMPLES, r->samples_since, &r->samples_type, &r->samples, r->sample);
	profile(r);
}

void tw_read(tw_round *r) {
	for (int i = 0; i < TW_CALLS; i++) r->result[i] = TW_NOT_ASKED;
	ask_all(r);
}
