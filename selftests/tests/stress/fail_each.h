/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fail each allocation and user copy of a call in turn: the first, then the second, and so on
 * until the call runs with none left to fail.
 *
 * Judged here is what holds for every call: it returns, no fd is left, the kernel's log is
 * silent, a reset leads back to a device that migrates. The test claims FD_17, ROB_01, ROB_04
 * and ROB_05 for that.
 */
#ifndef VMIG_TESTS_STRESS_FAIL_EACH_H
#define VMIG_TESTS_STRESS_FAIL_EACH_H

#include <vmig/fsm.h>
#include <vmig/device.h>
#include "session_check.h"

/* The most that a test of such calls takes; seconds. */
#define VMIG_FAULTS_TEST_S 300

/**
 * struct vmig_faults - what such a test works on
 * @dev: the device; NULL where it is closed
 * @id: the device, of the open ones or not
 * @uapi: cdev or group
 * @flags: what it offers
 * @control: a good stream
 * @from: the state in which the call is made
 * @to: of a SET: the state that is asked for
 * @t: its way
 * @fd: data_fd of the session that is open, -1 without one
 * @new_fd: the data_fd that the call returned, -1 without one
 * @new_fds: fds of other kinds that the call has opened, or closed
 * @io: room for a stream
 * @done: bytes read or written in the call
 * @limit: points of a call
 * @end: when the time of the test is over
 * @left: calls that are still to come, between which the time is shared
 * @points: failures so far
 * @at: shared with the parent: what is being done, for messages
 */
struct vmig_faults {
	struct vmig_device *dev;
	const struct vmig_dev_id *id;
	enum vmig_uapi uapi;
	uint64_t flags;
	struct vmig_reference control;
	uint32_t from, to;
	struct vmig_transition t;
	int fd, new_fd, new_fds;
	struct vmig_stream io;
	size_t done;
	unsigned int limit;
	double end;
	unsigned int left;
	unsigned int points;
	char *at;
};

/**
 * struct vmig_failing_call - a call in which things fail
 * @name: in messages
 * @word: for the metric
 * @prepare: bring the device to where the call can be made; all of it must work
 * @make: the call; any other system call in it can fail too. Returns 0 or more, or -errno
 * @judge: what must hold after it, whatever it returned; false after a breach
 */
struct vmig_failing_call {
	const char *name;
	const char *word;
	void (*prepare)(struct vmig_faults *f);
	int (*make)(struct vmig_faults *f);
	bool (*judge)(struct vmig_faults *f, int ret, const char *did);
};

void vmig_faults_begin(void);
const char *vmig_faults_not_here(void);
void vmig_faults_leave(struct vmig_faults *f);
void vmig_fail_each(struct vmig_faults *f, const struct vmig_failing_call *c);
void vmig_faults_run(struct vmig_device **dev, void (*fn)(struct vmig_faults *f), bool closed,
		     uint32_t from);
void vmig_faults_memory(void);

#endif /* VMIG_TESTS_STRESS_FAIL_EACH_H */
