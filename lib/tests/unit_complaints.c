// SPDX-License-Identifier: GPL-2.0-only
/* What of the kernel's log is a complaint, and whose. */
#include <string.h>

#include <vmig/complaints.h>
#include "unit.h"

static const struct {
	const char *line;
	const char *kind;
	bool in_test;
	bool late;
} lines[] = {
	{ "BUG: KASAN: slab-use-after-free in mock_read+0x12/0x40", "KASAN", true, false },
	{ "BUG: kernel NULL pointer dereference, address: 0000000000000008", "BUG", true, false },
	{ "BUG: sleeping function called from invalid context", "BUG", true, false },
	{ "BUG: soft lockup - CPU#1 stuck for 26s!", "soft lockup", false, true },
	{ "BUG: MAX_LOCKDEP_CHAINS too low!", "BUG", false, false },
	{ "WARNING: possible circular locking dependency detected", "lockdep", true, false },
	{ "WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected", "lockdep", true, false },
	{ "WARNING: CPU: 1 PID: 77 at drivers/vfio/x.c:1 f+0x1/0x2", "warning", true, false },
	{ "WARNING: drivers/vfio/x.c:1 at f+0x1/0x2, CPU#1: test/77", "warning", true, false },
	{ "refcount_t: underflow; use-after-free.", "refcount", true, false },
	{ "Oops: 0002 [#1] PREEMPT SMP", "Oops", true, false },
	{ "Internal error: Oops: 0000000096000004 [#1] SMP", "Oops", true, false },
	{ "INFO: task vmig_stress:77 blocked for more than 30 seconds.", "hung task", false, true },
	{ "Kernel panic - not syncing: Fatal exception", "panic", false, false },
	{ "kmemleak: 3 new suspected memory leaks (see debugfs)", "memory leak", false, true },
	{ "vfio_mig_edu 0000:01:00.0: Runtime PM usage count underflow!", "runtime PM count", true,
	  false },
	{ "Trying to free nonexistent resource <0x00000000fe000000-0x00000000fe0fffff>", "resource",
	  true, false },
	{ "vfio-pci 0000:01:00.0: not ready 65535ms after FLR; giving up", "PCI device lost", false,
	  true },
	{ "vfio-pci 0000:01:00.0: says WARNING: and BUG: in the middle", NULL, false, false },
	{ "BUG: KASA", "BUG", true, false },
	{ "", NULL, false, false },
};

int main(void)
{
	const struct vmig_complaint *c;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		c = vmig_complaint_find(lines[i].line, strlen(lines[i].line));
		if (!c || !lines[i].kind) {
			UNIT(!c && !lines[i].kind, "\"%s\" is none", lines[i].line);
			continue;
		}
		UNIT(!strcmp(c->kind, lines[i].kind) && c->in_test == lines[i].in_test &&
			     c->late == lines[i].late,
		     "\"%s\": %s, %s", lines[i].line, c->kind,
		     c->in_test ? "in a test and in the report" : "in the report");
	}
	UNIT(!vmig_complaint_find("a kernel BUG at x.c", 14),
	     "what lies behind the end is not looked at");
	return unit_end();
}
