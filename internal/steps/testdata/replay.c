/*
 * Replays the vector through page.c. Standard input has one call a line, its
 * arguments as whole numbers, a double as its bits; standard output gets the
 * page.
 */
#define TW_NO_MAIN
#include "page.c"
#include <inttypes.h>

static int64_t now;

static int64_t scripted(void) { return now; }

static double bits(int64_t b)
{
	double v;
	memcpy(&v, &b, 8);
	return v;
}

int main(void)
{
	static uint64_t w[TW_PAGE / 8];
	tw_page *p = NULL;
	char op[32];
	int64_t a[9];
	for (;;) {
		char line[512], *s = line;
		int used = 0;
		if (!fgets(line, sizeof line, stdin))
			break;
		if (sscanf(s, "%31s%n", op, &used) != 1)
			return 2;
		s += used;
		for (int i = 0; i < 9; i++, s += used)
			if (a[i] = 0, sscanf(s, "%" SCNd64 "%n", &a[i], &used) != 1)
				used = 0;
		if (!strcmp(op, "format")) {
			tw_format(w, (uint32_t)a[0], (uint32_t)a[1], (uint64_t)a[2], a[3], a[4], (int32_t)a[5],
				  (int32_t)a[6], (int32_t)a[7], (uint32_t)a[8]);
			p = tw_new(w, 0, scripted);
			continue;
		}
		now = a[0];
		if (!strcmp(op, "begin"))
			tw_begin(p, a[1], a[2]);
		else if (!strcmp(op, "step"))
			tw_step(p, a[1], bits(a[2]), bits(a[3]), bits(a[4]), a[5]);
		else if (!strcmp(op, "epoch_begin"))
			tw_epoch_begin(p, a[1]);
		else if (!strcmp(op, "epoch"))
			tw_epoch(p, a[1]);
		else if (!strcmp(op, "phase_begin"))
			tw_phase_begin(p, (int)a[1]);
		else if (!strcmp(op, "phase_end"))
			tw_phase_end(p);
		else if (!strcmp(op, "memory"))
			tw_memory(p, a + 1);
		else if (!strcmp(op, "end"))
			tw_end(p);
		else
			return 3;
	}
	return fwrite(w, 1, sizeof w, stdout) == sizeof w ? 0 : 1;
}
