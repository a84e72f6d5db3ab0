// SPDX-License-Identifier: GPL-2.0-only
/* Find the exerciser of a device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/error.h>
#include <vmig/exerciser.h>

static const struct vmig_exerciser *const exercisers[] = {
	&vmig_exerciser_mock, &vmig_exerciser_edu,  &vmig_exerciser_fw,
	&vmig_exerciser_mtty, &vmig_exerciser_nvme, &vmig_exerciser_generic,
};

#define COUNT (sizeof(exercisers) / sizeof(exercisers[0]))

static bool fits(const struct vmig_exerciser *ops, struct vmig_device *dev)
{
	return (ops->driver && !strcmp(ops->driver, dev->id.driver)) ||
	       (ops->knows && ops->knows(dev));
}

static const struct vmig_exerciser *find(struct vmig_device *dev, const char *name)
{
	size_t i;

	for (i = 0; i < COUNT; i++) {
		if (name ? !strcmp(exercisers[i]->name, name) : fits(exercisers[i], dev))
			return exercisers[i];
	}
	return name ? NULL : &vmig_exerciser_generic;
}

/**
 * __vmig_exercise_begin - put a device under the exerciser that knows it
 * @w: where it goes
 * @dev: the device, in RUNNING
 *
 * Found by the name of the kernel driver, or by the device itself; VMIG_EXERCISER names another
 * one, such as "generic", or the one of a driver with a new name.
 *
 * Return: 0, -ENOENT where VMIG_EXERCISER names none, or what the exerciser's begin() said.
 */
int __vmig_exercise_begin(struct vmig_exercise *w, struct vmig_device *dev)
{
	const char *name = getenv("VMIG_EXERCISER");

	if (name && !*name)
		name = NULL;
	memset(w, 0, sizeof(*w));
	w->dev = dev;
	w->ops = find(dev, name);
	if (!w->ops)
		return -ENOENT;
	return w->ops->begin ? w->ops->begin(w) : 0;
}

/**
 * vmig_exercise_begin - put a device under the exerciser that knows it, which must work
 * @w: where it goes
 * @dev: the device, in RUNNING
 */
void vmig_exercise_begin(struct vmig_exercise *w, struct vmig_device *dev)
{
	int ret = __vmig_exercise_begin(w, dev);

	if (ret)
		vmig_fail("the exerciser for %s (driver %s, VMIG_EXERCISER '%s') cannot begin: %s",
			  dev->id.name, dev->id.driver, getenv("VMIG_EXERCISER") ?: "",
			  vmig_errno_name(ret));
}

/**
 * vmig_exercise_end - the exerciser is done with a device
 * @w: what vmig_exercise_begin() filled, or zeroes; begun no more afterwards
 */
void vmig_exercise_end(struct vmig_exercise *w)
{
	if (w->ops && w->ops->end)
		w->ops->end(w);
	memset(w, 0, sizeof(*w));
}
