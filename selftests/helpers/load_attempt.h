/* SPDX-License-Identifier: GPL-2.0-only */
/* Load streams that may be invalid, record the result of each call, and recover. */
#ifndef VMIG_HELPERS_LOAD_ATTEMPT_H
#define VMIG_HELPERS_LOAD_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/clock.h>
#include <vmig/stream.h>
#include <vmig/device.h>

/* vmig_load_unchecked(): the whole stream in one write(). */
#define VMIG_ONE_WRITE SIZE_MAX

/**
 * struct vmig_attempt - what became of a stream that was loaded
 * @write: 0, or the -errno of the first write() that failed
 * @set: 0, or the -errno of the SET that was to leave RESUMING
 * @state: what GET said afterwards
 */
struct vmig_attempt {
	int write;
	int set;
	uint32_t state;
};

int vmig_write_all_unchecked(int fd, const void *data, size_t len, size_t chunk);
struct vmig_attempt vmig_load_unchecked(struct vmig_device *dev, const void *data, size_t len,
					size_t chunk, uint32_t target);
bool vmig_load_rejected(const struct vmig_attempt *a);
bool vmig_damage_noticed(const struct vmig_attempt *a);
void vmig_leave_attempt(struct vmig_device *dev);
const char *vmig_good_again(struct vmig_device *dev, const struct vmig_stream *good);
void vmig_reopen(struct vmig_device **dev);
void vmig_restore_state(struct vmig_device *dev, const struct vmig_stream *good);

size_t vmig_position(unsigned int i, unsigned int count, size_t len);

#endif /* VMIG_HELPERS_LOAD_ATTEMPT_H */
