/* SPDX-License-Identifier: GPL-2.0-only */
/* Fixtures of the chapters about RESUMING, which restore the device in teardown. */
#ifndef VMIG_TESTS_RESUME_FIXTURE_RESUME_H
#define VMIG_TESTS_RESUME_FIXTURE_RESUME_H

#include <vmig/info.h>
#include "damage.h"
#include "load_attempt.h"
#include "vmig_harness.h"

/* A state may be gigabytes and is loaded several times in a test; seconds. */
#define MINUTES 300

/* A test of very many sessions ends where it is after this long. */
#define SWEEP_MS 4000

/* Bytes at the beginning of a stream in which drivers have their headers. */
#define HEAD 64

/* Positions in a stream that are tried one by one. */
#define POSITIONS 256

#define MIB (1UL << 20)

/* Fixtures of these chapters save the device's content first and put it back at the end. */
#define RESUME_SETUP()                                                                             \
	do {                                                                                       \
		VMIG_SETUP(true);                                                                  \
		vmig_save(self->dev, &self->good);                                                 \
		vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);                             \
	} while (0)

/* @put_back false where the device cannot be brought to take it. */
#define RESUME_TEARDOWN(put_back)                                                                  \
	do {                                                                                       \
		if (put_back)                                                                      \
			vmig_restore_state(self->dev, &self->good);                                \
		vmig_stream_free(&self->good);                                                     \
		VMIG_TEARDOWN();                                                                   \
	} while (0)

#define RESUME_FIXTURE(fixture, ...)                                                               \
	VMIG_FIXTURE_FULL(fixture, struct vmig_stream good, RESUME_SETUP(), RESUME_TEARDOWN(true), \
			  __VA_ARGS__)

#define NEED_BYTES(bytes)                                                                          \
	NEED(self->good.len >= (bytes), "the stream has only %zu bytes", self->good.len)

#endif /* VMIG_TESTS_RESUME_FIXTURE_RESUME_H */
