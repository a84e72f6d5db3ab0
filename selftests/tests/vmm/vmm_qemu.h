/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU: hw/vfio/migration.c, hw/vfio/migration-multifd.c and hw/vfio/listener.c of 11.1. Each
 * function here is named for the one in QEMU whose calls it makes. The user has switched
 * switchover-ack on, in its form of 11.1: the destination must say that it has loaded the initial
 * data, once more after each REINIT, before the vCPUs may stop.
 */
#ifndef VMIG_TESTS_VMM_VMM_QEMU_H
#define VMIG_TESTS_VMM_VMM_QEMU_H

#include "vmm.h"

/**
 * enum qemu_phase - how far a migration comes before the user cancels it
 * @QEMU_SETUP: nothing was read
 * @QEMU_ITERATING: in PRE_COPY, something was read
 * @QEMU_PAUSED: the vCPUs have stopped, and the device with them
 * @QEMU_COMPLETING: in STOP_COPY, something was read
 * @QEMU_READ: all was read
 * @QEMU_COMPLETED: no cancel
 */
enum qemu_phase {
	QEMU_SETUP,
	QEMU_ITERATING,
	QEMU_PAUSED,
	QEMU_COMPLETING,
	QEMU_READ,
	QEMU_COMPLETED,
};

/**
 * struct qemu - a QEMU
 * @c: what it has in common with others
 * @vm_running: the vCPUs run
 * @multifd: a thread of its own sends what is left in STOP_COPY
 * @stopcopy_size: the last answer to MIG_DATA_SIZE
 * @init_size: initial_bytes still to be read, as QEMU counts them
 * @dirty_size: the same of dirty_bytes
 * @tracking: DMA logging was started
 * @initial_data_sent: the destination was told that the initial data is through
 * @acks: how often it had to say that it is ready
 * @ack_late: it would have to after the vCPUs have stopped: the migration fails
 * @reinits: how often VFIO_PRECOPY_INFO_REINIT came
 * @reannounced: initial_bytes that came with it
 * @pending: bytes that were expected when the vCPUs had stopped
 * @completed: how many came then
 * @when_sent: called when the initial data is through the first time; NULL for nothing
 * @when_sent_arg: its argument
 * @when_stopping: called when the vCPUs are about to stop; NULL for nothing
 * @when_stopping_arg: its argument
 */
struct qemu {
	struct consumer c;
	bool vm_running;
	bool multifd;
	uint64_t stopcopy_size;
	uint64_t init_size;
	uint64_t dirty_size;
	bool tracking;
	bool initial_data_sent;
	unsigned int acks;
	bool ack_late;
	unsigned int reinits;
	uint64_t reannounced;
	uint64_t pending;
	uint64_t completed;
	void (*when_sent)(void *arg);
	void *when_sent_arg;
	void (*when_stopping)(void *arg);
	void *when_stopping_arg;
};

const char *vmig_qemu_phase_name(enum qemu_phase phase);

void vmig_qemu_begin(struct qemu *q, struct vmig_device *dev);
void vmig_qemu_regions(struct qemu *q);
int vmig_qemu_migration_init(struct qemu *q);
int vmig_qemu_migrate(struct qemu *q, enum qemu_phase until);
int vmig_qemu_savevm(struct qemu *q);
int vmig_qemu_incoming(struct qemu *q, size_t bytes);
void vmig_qemu_new_process(struct qemu *q);

/* A memory that QEMU tells the device to track, and the parts in which it asks about it. */
#define QEMU_RANGES 3

int vmig_qemu_dma_logging_start(struct qemu *q,
				const struct vfio_device_feature_dma_logging_range *ranges,
				uint32_t count);
int vmig_qemu_dma_logging_report(struct qemu *q, uint64_t iova, uint64_t size, uint64_t *bitmap);
int vmig_qemu_dma_logging_stop(struct qemu *q);

#endif /* VMIG_TESTS_VMM_VMM_QEMU_H */
