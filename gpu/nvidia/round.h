//go:build linux && cgo

/*
 * One round over a device in one call from Go: what is asked at every tick.
 * Why this is C, and why it is beside go-nvml: docs/decisions/0007.
 *
 * The functions are reached through a table of pointers, so that one which the
 * installed driver lacks is a null pointer here, never a call.
 */
#ifndef TRAINWATCH_ROUND_H
#define TRAINWATCH_ROUND_H

#include <stddef.h>
#include <stdint.h>

enum {
	TW_UTIL, TW_MEMORY_V2, TW_MEMORY, TW_CLOCK, TW_TEMP_V, TW_TEMP, TW_FIELDS,
	TW_POWER, TW_ENERGY, TW_SAMPLES, TW_GPM_SAMPLE, TW_GPM_METRICS, TW_CALLS
};
enum { TW_MOST_FIELDS = 16, TW_MOST_METRICS = 8, TW_MOST_SAMPLES = 512 };
enum { TW_NOT_ASKED = -1 };

typedef struct {
	void *call[TW_CALLS]; /* null: the driver does not have it */
} tw_table;

/* As nvmlFieldValue_t and nvmlSample_t. */
typedef struct {
	uint32_t id, scope;
	int64_t at_us, latency_us;
	uint32_t type;
	int32_t result;
	unsigned char value[8];
} tw_field;
typedef struct {
	uint64_t at_us;
	unsigned char value[8];
} tw_sample;
typedef struct {
	uint32_t id;
	int32_t result;
	double value;
} tw_metric;

typedef struct {
	const tw_table *table;
	void *device;
	uint32_t want; /* a bit for each call that may be made */

	uint32_t fields, metrics;
	tw_field field[TW_MOST_FIELDS];
	tw_metric metric[TW_MOST_METRICS];
	void *gpm_last, *gpm_next, *gpm_request;

	uint64_t samples_since; /* only newer ones */
	uint32_t samples, samples_type;
	tw_sample sample[TW_MOST_SAMPLES];

	int32_t result[TW_CALLS]; /* or TW_NOT_ASKED */
	uint32_t util, memory_util, clock, milliwatts;
	int32_t celsius;
	uint64_t total, reserved, used, millijoules;
} tw_round;

void tw_read(tw_round *r);
void tw_look_up(tw_table *t, int call, const char *name);
size_t tw_gpm_request_size(void);

#endif
