/* SPDX-License-Identifier: GPL-2.0-only */
/* Set-up and teardown of each test: open the device, and check its state before and after. */
#ifndef VMIG_HARNESS_SESSION_H
#define VMIG_HARNESS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/device.h>

bool vmig_session_init(const char *chapter, const char *device);
struct vmig_device *vmig_session_begin(const char *test, enum vmig_uapi uapi, bool migratable,
				       const char **skip);
int vmig_session_end(struct vmig_device *dev);
void vmig_session_rebind(struct vmig_device **dev);
void vmig_session_kill_test(void);
void vmig_session_put_back(void);
void vmig_session_abandon(void);
const char *vmig_session_test(void);

const struct vmig_dev_id *vmig_first_device(void);
const struct vmig_dev_id *vmig_second_device(const char **why);
const struct vmig_dev_id *vmig_other_device(const char **why);
const struct vmig_dev_id *vmig_p2p_target_device(const char **why);
bool vmig_hazards(void);

#endif /* VMIG_HARNESS_SESSION_H */
