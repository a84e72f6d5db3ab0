/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device shows to its user, to be compared with a device that nobody has used. */
#ifndef VMIG_TESTS_PROTOCOL_PORTRAIT_H
#define VMIG_TESTS_PROTOCOL_PORTRAIT_H

#include <stdbool.h>
#include <stddef.h>

#include <vmig/device.h>
#include "verdict.h"

#define VMIG_PORTRAIT_TEXT (512 << 10)
#define VMIG_PORTRAIT_STREAM (4 << 20)

/**
 * struct vmig_portrait - a device that nobody has used
 * @taken: it is one
 * @outer: infos and config space, a fact a line
 * @state: what the exerciser sees of its state, a fact a line; "" where it sees nothing, or where
 *	the device changes by itself or is another one each time
 * @stream: what it saves
 * @len: bytes of that; 0 where two saves differ, or for a stream that is too long
 *
 * In memory that the processes of all tests share.
 */
struct vmig_portrait {
	bool taken;
	char outer[VMIG_PORTRAIT_TEXT];
	char state[VMIG_PORTRAIT_TEXT];
	unsigned char stream[VMIG_PORTRAIT_STREAM];
	size_t len;
};

void vmig_portrait_take(struct vmig_device **dev, struct vmig_portrait *p);
bool vmig_portrait_judge_at(const char *at, const struct vmig_portrait *p, struct vmig_device *dev,
			    enum vmig_clause_id id, bool outer, const char *did);

/* A breach reports the line of the call. */
#define vmig_portrait_judge(...) vmig_portrait_judge_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_TESTS_PROTOCOL_PORTRAIT_H */
