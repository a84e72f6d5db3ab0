// SPDX-License-Identifier: GPL-2.0-only
/* Other devices of a test: one of the same type, and a target of peer to peer DMA. */
#include <string.h>

#include <vmig/feature.h>
#include <vmig/state.h>
#include <vmig/error.h>
#include "second_device.h"
#include "session.h"
#include "verdict.h"

/* In the same way, and into the same address space where both are in one IOMMU group. */
static struct vmig_device *open_beside(struct vmig_device *dev, const struct vmig_dev_id *id)
{
	struct vmig_device *beside;
	int ret;

	if (id->group_id >= 0 && id->group_id == dev->id.group_id)
		ret = __vmig_open_shared_ioas(id, dev, &beside);
	else
		ret = __vmig_open(id, dev->uapi, &beside);
	if (ret)
		vmig_test_error("opening %s beside %s failed: %s", id->name, dev->id.name,
				vmig_errno_name(ret));
	return beside;
}

/**
 * vmig_open_like - open another device of the same type, in RUNNING
 * @dev: the device under test; the other one is opened in the same way, and into the
 *	 same address space where both are in one IOMMU group
 * @id: the other one
 * @why: why it does not fit, a reason to skip
 *
 * Return: the device, vmig_close() it; NULL where it does not fit.
 */
struct vmig_device *vmig_open_like(struct vmig_device *dev, const struct vmig_dev_id *id,
				   const char **why)
{
	uint64_t flags[2] = { 0, 0 };
	struct vmig_device *second;

	if (!vmig_uapi_available(id, dev->uapi, why))
		return NULL;
	if (strcmp(id->driver, dev->id.driver)) {
		*why = vmig_fmt("%s is bound to %s, the device under test to %s", id->name,
				id->driver, dev->id.driver);
		return NULL;
	}
	second = open_beside(dev, id);
	if (__vmig_get_migration(dev, &flags[0]) || __vmig_get_migration(second, &flags[1]) ||
	    flags[0] != flags[1])
		vmig_test_error("%s is of another type than %s", id->name, dev->id.name);
	vmig_recover_running(second);
	return second;
}

/**
 * vmig_open_second - open the second device, in RUNNING
 * @dev: the device under test, see vmig_open_like()
 * @why: why there is none, a reason to skip
 *
 * Return: the device, vmig_close() it; NULL where there is none that fits.
 */
struct vmig_device *vmig_open_second(struct vmig_device *dev, const char **why)
{
	const struct vmig_dev_id *id = vmig_second_device(why);

	return id ? vmig_open_like(dev, id, why) : NULL;
}

/**
 * vmig_open_p2p_target - open the device that others may write to
 * @dev: the device under test, see vmig_open_like()
 * @why: why there is none, a reason to skip
 *
 * Return: the device, vmig_close() it; NULL where there is none.
 */
struct vmig_device *vmig_open_p2p_target(struct vmig_device *dev, const char **why)
{
	const struct vmig_dev_id *id = vmig_p2p_target_device(why);

	if (!id || !vmig_uapi_available(id, dev->uapi, why))
		return NULL;
	return open_beside(dev, id);
}
