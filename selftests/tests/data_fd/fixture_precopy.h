/* SPDX-License-Identifier: GPL-2.0-only */
/* Fixtures of the chapters about PRE_COPY. */
#ifndef VMIG_TESTS_DATA_FD_FIXTURE_PRECOPY_H
#define VMIG_TESTS_DATA_FD_FIXTURE_PRECOPY_H

#include "precopy_drain.h"
#include "fixture_states.h"
#include "session_check.h"

/* A state may be gigabytes and is moved several times in a test; seconds. */
#define MINUTES 300

#define VMIG_VARIANTS_PRE_COPY(fixture)                                                            \
	VMIG_VARIANTS_STATE(fixture, PRE_COPY);                                                    \
	VMIG_VARIANTS_STATE(fixture, PRE_COPY_P2P)

#define NEED_PRE_COPY NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY)

/* Read all that PRE_COPY has; leaves the test where the device never runs out of it. */
#define NEED_DRAINED(fd, s)                                                                        \
	NEED(vmig_drain(fd, s), "the counters do not come to 0 and 0, so that there is no "        \
				"temporary end of stream")

#endif /* VMIG_TESTS_DATA_FD_FIXTURE_PRECOPY_H */
