/* SPDX-License-Identifier: GPL-2.0-only */
/* Set the migration state of a device; save and load its migration data. */
#ifndef VMIG_MIGRATION_STATE_H
#define VMIG_MIGRATION_STATE_H

#include <vmig/device.h>
#include <vmig/stream.h>

int __vmig_goto_state(struct vmig_device *dev, uint32_t state, int *data_fd);
int vmig_goto_state(struct vmig_device *dev, uint32_t state);
void vmig_close_data_fd(int data_fd);
int __vmig_recover_running(struct vmig_device *dev);
void vmig_recover_running(struct vmig_device *dev);
int __vmig_save(struct vmig_device *dev, struct vmig_stream *s);
void vmig_save(struct vmig_device *dev, struct vmig_stream *s);
int __vmig_load(struct vmig_device *dev, const void *data, size_t len,
		const struct vmig_chunks *chunks);
void vmig_load(struct vmig_device *dev, const struct vmig_stream *s);

#endif /* VMIG_MIGRATION_STATE_H */
