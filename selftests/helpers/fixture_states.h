/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixtures with a variant for cdev and group, times each state, for rules that hold in, or
 * from, every state: VMIG_FIXTURE_STATES(reset_from, VMIG_VARIANTS_ALL_STATES). A test
 * of such a fixture begins with NEED_STATE(variant->state).
 */
#ifndef VMIG_HELPERS_FIXTURE_STATES_H
#define VMIG_HELPERS_FIXTURE_STATES_H

#include "vmig_harness.h"

#define VMIG_VARIANTS_STATE(fixture, STATE)                                                        \
	VMIG_VARIANT(fixture, cdev_##STATE, .uapi = VMIG_UAPI_CDEV,                                \
		     .state = VFIO_DEVICE_STATE_##STATE);                                          \
	VMIG_VARIANT(fixture, group_##STATE, .uapi = VMIG_UAPI_GROUP,                              \
		     .state = VFIO_DEVICE_STATE_##STATE)

/* The states in which the device does nothing (H:1079, H:1145, H:1066). */
#define VMIG_VARIANTS_STOPPED(fixture)                                                             \
	VMIG_VARIANTS_STATE(fixture, STOP);                                                        \
	VMIG_VARIANTS_STATE(fixture, STOP_COPY);                                                   \
	VMIG_VARIANTS_STATE(fixture, RESUMING)

/* The states with a data_fd to read from. */
#define VMIG_VARIANTS_SAVING(fixture)                                                              \
	VMIG_VARIANTS_STATE(fixture, STOP_COPY);                                                   \
	VMIG_VARIANTS_STATE(fixture, PRE_COPY);                                                    \
	VMIG_VARIANTS_STATE(fixture, PRE_COPY_P2P)

#define VMIG_VARIANTS_P2P(fixture)                                                                 \
	VMIG_VARIANTS_STATE(fixture, RUNNING_P2P);                                                 \
	VMIG_VARIANTS_STATE(fixture, PRE_COPY_P2P)

#define VMIG_VARIANTS_NOT_RUNNING(fixture)                                                         \
	VMIG_VARIANTS_STOPPED(fixture);                                                            \
	VMIG_VARIANTS_P2P(fixture);                                                                \
	VMIG_VARIANTS_STATE(fixture, PRE_COPY)

#define VMIG_VARIANTS_ALL_STATES(fixture)                                                          \
	VMIG_VARIANTS_STATE(fixture, RUNNING);                                                     \
	VMIG_VARIANTS_NOT_RUNNING(fixture)

#define VMIG_FIXTURE_STATES(fixture, variants)                                                     \
	VMIG_FIXTURE_OF(fixture, uint32_t state;);                                                 \
	variants(fixture)

#endif /* VMIG_HELPERS_FIXTURE_STATES_H */
