// SPDX-License-Identifier: GPL-2.0-only
/* All devices of the type under test that a run may touch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/state.h>
#include "devices.h"
#include "second_device.h"
#include "session.h"
#include "verdict.h"

static void add(struct vmig_devices *f, const struct vmig_dev_id *id, const char **why)
{
	struct vmig_device *like = f->dev[0], *dev;
	unsigned int i;

	for (i = 0; i < f->count; i++) {
		if (!strcmp(f->dev[i]->id.sysfs, id->sysfs))
			return;
		/* One that shares a group with another can only be opened beside that one. */
		if (id->group_id >= 0 && f->dev[i]->id.group_id == id->group_id)
			like = f->dev[i];
	}
	dev = vmig_open_like(like, id, why);
	if (dev)
		f->dev[f->count++] = dev;
}

/**
 * vmig_devices_open - open more devices like the one under test
 * @f: the devices
 * @dev: the device under test, open, in RUNNING
 * @most: how many are wanted in all, VMIG_DEVICES_MAX at most
 * @why: where none was found, a reason to skip
 *
 * VMIG_DEVICE2 first, then what VMIG_DEVICES names; those of another driver are passed over.
 */
void vmig_devices_open(struct vmig_devices *f, struct vmig_device *dev, unsigned int most,
		       const char **why)
{
	const char *names = getenv("VMIG_DEVICES") ?: "";
	const struct vmig_dev_id *second;
	struct vmig_dev_id id;
	char name[256], text[256];
	size_t len;

	f->dev[0] = dev;
	f->count = 1;
	second = vmig_second_device(why);
	if (second && most > 1)
		add(f, second, why);
	for (names += strspn(names, " "); *names && f->count < most; names += strspn(names, " ")) {
		len = strcspn(names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		names += len;
		if (!vmig_resolve(name, &id, text, sizeof(text)) &&
		    !strcmp(id.driver, dev->id.driver))
			add(f, &id, why);
	}
}

/**
 * vmig_devices_close - close all but the device under test
 * @f: the devices, in any states; they are brought to RUNNING
 */
void vmig_devices_close(struct vmig_devices *f)
{
	for (; f->count > 1; f->count--) {
		vmig_recover_running(f->dev[f->count - 1]);
		vmig_close(f->dev[f->count - 1]);
	}
}
