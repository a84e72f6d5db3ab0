/* SPDX-License-Identifier: GPL-2.0-only */
/* Read and write the BAR registers of a device. */
#ifndef VMIG_EXERCISERS_BAR_H
#define VMIG_EXERCISERS_BAR_H

#include <stddef.h>
#include <stdio.h>

#include <vmig/device.h>

/**
 * struct vmig_bar - a region that an exerciser works with
 * @dev: the device
 * @info: the region
 */
struct vmig_bar {
	struct vmig_device *dev;
	struct vfio_region_info *info;
};

int vmig_bar_enable(struct vmig_device *dev);
int vmig_bar_begin(struct vmig_bar *bar, struct vmig_device *dev, uint32_t index);
void vmig_bar_end(struct vmig_bar *bar);
int vmig_bar_read(struct vmig_bar *bar, uint64_t at, void *buf, size_t len);
int vmig_bar_write(struct vmig_bar *bar, uint64_t at, const void *buf, size_t len);
int vmig_bar_write8(struct vmig_bar *bar, uint64_t at, uint8_t value);
int vmig_bar_write32(struct vmig_bar *bar, uint64_t at, uint32_t value);
int vmig_bar_write64(struct vmig_bar *bar, uint64_t at, uint64_t value);

/* Room for a sentence that says what is not as it should be. */
#define VMIG_WHY_SIZE 96

int vmig_bar_check(struct vmig_bar *bar, uint64_t at, size_t len, uint64_t want,
		   char text[VMIG_WHY_SIZE]);
int vmig_differ(char text[VMIG_WHY_SIZE], const char *what, uint64_t at, uint64_t is,
		uint64_t want);
int vmig_bar_look(struct vmig_bar *bar, uint64_t at, size_t len, FILE *f);
int vmig_bar_look_mem(struct vmig_bar *bar, uint64_t at, size_t len, FILE *f);
int vmig_tell_why(int ret, const char *text, const char **why);

#endif /* VMIG_EXERCISERS_BAR_H */
