/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Common code of the VMM models (vmm_qemu.c, vmm_clh.c). A model makes the
 * calls that the VMM makes, in its order, takes what comes as the VMM takes it, and keeps the
 * VMM's own notion of the state of the device. Where the VMM would give up, or go on with what
 * is wrong, though no call was made to fail, the model says so.
 */
#ifndef VMIG_TESTS_VMM_VMM_H
#define VMIG_TESTS_VMM_VMM_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/stream.h>
#include <vmig/device.h>
#include "verdict.h"

/**
 * enum consumer_fault - how a call is made to fail, with any driver and any kernel
 * @CONSUMER_NO_FAULT: it is not
 * @CONSUMER_NO_ANSWER: EFAULT: an ioctl is carried out and its answer cannot be written, a
 *	read() or write() has no memory
 * @CONSUMER_NO_DESCRIPTOR: EMFILE: a SET is carried out and there is no descriptor for its file
 * @CONSUMER_NO_MEMORY: one of the allocations and user copies of the call fails; with a kernel
 *	that can be made to fail (vmig_faults_missing())
 */
enum consumer_fault {
	CONSUMER_NO_FAULT,
	CONSUMER_NO_ANSWER,
	CONSUMER_NO_DESCRIPTOR,
	CONSUMER_NO_MEMORY,
};

/* Calls of one migration that are distinguished. */
#define CONSUMER_CALLS 64

/**
 * struct consumer - a VMM with one device
 * @name: of the VMM
 * @dev: the device
 * @flags: what it offers, as the VMM asked for it
 * @asked_dma_buf: the VMM has asked for a dma-buf of a BAR
 * @opted_in: the VMM has opted in to the output flags of VFIO_MIG_GET_PRECOPY_INFO
 * @state: the state in which the VMM takes the device to be
 * @data_fd: the VMM's data_fd, or -1
 * @fd_in: what the VMM has in the data_fd field of a SET
 * @wire: what the source has read and the destination is to get
 * @sent: how much of it the destination has written
 * @buffer: the VMM's own
 * @buffer_size: its size
 * @page: where the arguments of ioctls are
 * @fault: what fails
 * @fail_at: number of the call that fails, from 1
 * @fail_nth: of CONSUMER_NO_MEMORY: which allocation or copy, from 1
 * @calls: how many were made
 * @opened: bit N: call N opened a session
 * @failed: the call that was made to fail, or the first one that did where @tolerant; empty
 *	before
 * @tolerant: calls may fail without having been made to, as the firmware does
 * @clause: the clause that was violated
 * @trouble: what the VMM would do of it; empty if all is well
 */
struct consumer {
	const char *name;
	struct vmig_device *dev;
	uint64_t flags;
	bool asked_dma_buf;
	bool opted_in;
	uint32_t state;
	int data_fd;
	int fd_in;
	struct vmig_stream wire;
	size_t sent;
	unsigned char *buffer;
	size_t buffer_size;
	void *page;
	enum consumer_fault fault;
	unsigned int fail_at;
	unsigned int fail_nth;
	unsigned int calls;
	uint64_t opened;
	char failed[128];
	bool tolerant;
	enum vmig_clause_id clause;
	char trouble[256];
};

void vmig_consumer_begin(struct consumer *c, const char *name, struct vmig_device *dev);
void vmig_consumer_again(struct consumer *c);
void vmig_consumer_end(struct consumer *c);
void vmig_consumer_breaks(struct consumer *c, enum vmig_clause_id clause, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool vmig_consumer_may_fail(const struct consumer *c);
int vmig_consumer_fails(struct consumer *c, enum vmig_clause_id clause, const char *by,
			const char *what, int ret);

int vmig_consumer_feature(struct consumer *c, const char *by, uint32_t feature_and_op,
			  void *payload, uint32_t size);
int vmig_consumer_set(struct consumer *c, const char *by, uint32_t state, int *data_fd);
int vmig_consumer_data_size(struct consumer *c, const char *by, uint64_t *length);
int vmig_consumer_precopy_info(struct consumer *c, const char *by, struct vfio_precopy_info *info);
ssize_t vmig_consumer_read(struct consumer *c, const char *by);
int vmig_consumer_write(struct consumer *c, const char *by, size_t bytes);
int vmig_consumer_reset(struct consumer *c, const char *by);
void vmig_consumer_set_failed(struct consumer *c, const char *by, uint32_t state, int ret,
			      uint32_t recover, const char *by_reset);
void vmig_consumer_take_fd(struct consumer *c, const char *by, int fd);
void vmig_consumer_close_fd(struct consumer *c);

/* What vmig_consumers.c claims of a VMM that migrates; trouble is of one of these. */
#define CONSUMER_CLAUSES                                                                           \
	FEAT_17, FEAT_19, FSM_01, FD_02, SIZE_01, SIZE_02, PRE_01, PRE_12, PRE_21, STRM_01,        \
		STRM_04, STRM_09, RES_03, RST_01

#endif /* VMIG_TESTS_VMM_VMM_H */
