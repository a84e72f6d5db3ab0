/* SPDX-License-Identifier: GPL-2.0-only */
/* As little of the kernel as vfio_mig_get_next_state() needs outside of it. */
#ifndef VMIG_TESTS_CORE_FSM_H
#define VMIG_TESTS_CORE_FSM_H

#include <errno.h>
#include <stdint.h>

#include <vmig/uapi.h>

#define u8 uint8_t
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define WARN_ON(cond) (cond)
#define EXPORT_SYMBOL_GPL(symbol) struct symbol##_exported

struct vfio_device {
	uint64_t migration_flags;
};

int vfio_mig_get_next_state(struct vfio_device *device, enum vfio_device_mig_state cur_fsm,
			    enum vfio_device_mig_state new_fsm,
			    enum vfio_device_mig_state *next_fsm);

#endif /* VMIG_TESTS_CORE_FSM_H */
