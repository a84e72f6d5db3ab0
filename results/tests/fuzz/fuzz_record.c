// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: run.json and environment.json. The first byte says which: r or e. */
#include "fuzz.h"

static void run(struct arena *arena, struct text t)
{
	struct run_record r = { .status = RUN_UNKNOWN, .seconds = -1, .planned = -1 };
	char *wrong = run_json_run(arena, t, &r);

	fuzz_clean(wrong);
	MUST(run_status_name(r.status));
	/* How it ended is known, or it is said that it is not. */
	MUST(wrong || r.status != RUN_UNKNOWN);
	fuzz_clean(r.where);
	fuzz_clean(r.accel);
	fuzz_clean(r.started);
	fuzz_clean(r.version);
	fuzz_clean(r.commit);
	fuzz_clean(r.tests);
	fuzz_clean(r.parameters);
	fuzz_clean(r.profile);
	fuzz_clean(r.stand_in);
	fuzz_clean(r.driver_source);
	fuzz_clean(r.driver_sha256);
	fuzz_clean(r.driver_patch);
}

static void environment(struct arena *arena, struct text t)
{
	struct environment e = { .migration = HAS_UNKNOWN, .dma_logging = HAS_UNKNOWN };
	const struct fact *f;

	fuzz_clean(run_json_environment(arena, t, &e));
	for (f = e.facts; f; f = f->next)
		fuzz_clean(f->value);
	fuzz_clean(e.device);
	fuzz_clean(e.driver);
	fuzz_clean(e.release);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text t = { (char *)data + 1, size - 1 };
	struct arena *arena;

	if (!size)
		return 0;
	arena = arena_new();
	if (data[0] == 'r')
		run(arena, t);
	else
		environment(arena, t);
	arena_free(arena);
	return 0;
}
