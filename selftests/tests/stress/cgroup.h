/* SPDX-License-Identifier: GPL-2.0-only */
/* A control group of memory for one process, in a private hierarchy. */
#ifndef VMIG_TESTS_STRESS_CGROUP_H
#define VMIG_TESTS_STRESS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct vmig_cgroup - a control group
 * @root: where the hierarchy is mounted, for this process alone
 * @dir: the group
 * @enabled: it was us who gave groups of the root the controller of memory
 */
struct vmig_cgroup {
	char root[64];
	char dir[96];
	bool enabled;
};

const char *vmig_cgroup_begin(struct vmig_cgroup *g);
void vmig_cgroup_end(struct vmig_cgroup *g);
bool vmig_cgroup_put(const struct vmig_cgroup *g, const char *file, const char *text);
bool vmig_cgroup_join(const struct vmig_cgroup *g);
bool vmig_cgroup_leave_room(const struct vmig_cgroup *g, uint64_t room);
uint64_t vmig_cgroup_kernel(const struct vmig_cgroup *g);

/* Last of what a test needs, as the group has to be removed again. */
#define NEED_CGROUP(g)                                                                             \
	do {                                                                                       \
		const char *why_ = vmig_cgroup_begin(g);                                           \
		NEED(!why_, "%s", why_);                                                           \
	} while (0)

#endif /* VMIG_TESTS_STRESS_CGROUP_H */
