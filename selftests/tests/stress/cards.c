// SPDX-License-Identifier: GPL-2.0-only
/*
 * ST-10, ROB-06: two devices of one driver. What a user does with one of them is nothing to the
 * other, and neither is what happens to the card of one - a reset of its firmware, an error,
 * functions that it takes away - to a device of another card: that one stays in its state
 * (H:1027), and its session and its log go on.
 *
 * The device under test is the one to which nothing happens. Only simulated firmware and the
 * reference device edu have events on demand.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/dma_logging.h>
#include <vmig/error.h>
#include "fixture_exercise.h"
#include "round_trip_check.h"
#include "second_device.h"
#include "session_check.h"

/* Addresses that are logged meanwhile; nothing is mapped there. */
#define LOGGED 0x100000
#define LOG_PAGE 0x1000

VMIG_FIXTURE_STATES(other_device, VMIG_VARIANTS_ALL_STATES);
VMIG_FIXTURE_STATES(other_card, VMIG_VARIANTS_ALL_STATES);

/**
 * struct happening - what comes to the other device or its card
 * @what: in words
 * @make: brings it about. -ENOENT where there is no such thing
 * @event: an event of the firmware, where @make is NULL
 * @end: another one that ends it, or NULL
 */
struct happening {
	const char *what;
	int (*make)(struct vmig_exercise *other);
	const char *event;
	const char *end;
};

static int refuse_a_command(struct vmig_exercise *other)
{
	int ret;

	if (!other->ops->fault)
		return -ENOENT;
	ret = other->ops->fault(other, "suspend:fail");
	if (ret)
		return ret;
	__vmig_set_state(other->dev, VFIO_DEVICE_STATE_STOP, NULL);
	return other->ops->fault(other, "");
}

static int reset(struct vmig_exercise *other)
{
	return __vmig_reset(other->dev);
}

static int migrate(struct vmig_exercise *other)
{
	return vmig_round_trip(other->dev) ? -EIO : 0;
}

static const struct happening acts[] = {
	{ "a command that the firmware refuses", .make = refuse_a_command },
	{ "VFIO_DEVICE_RESET", .make = reset },
	{ "a save and a load", .make = migrate },
};

static const struct happening events[] = {
	{ "a reset of the firmware", .event = "pf_reset" },
	{ "functions that are taken away and given back", .event = "vf_disabled",
	  .end = "vf_enabled" },
	{ "firmware that is gone and comes back", .event = "pf_down", .end = "pf_up" },
	{ "an error of the hardware and its end", .event = "ras_error", .end = "ras_recovered" },
	{ "an error of what tracks DMA", .event = "tracker_error" },
	{ "a reconfiguration", .event = "reinit" },
	{ "a link that changes", .event = "link_change" },
};

static int happen(struct vmig_exercise *other, const struct happening *h)
{
	int ret;

	if (h->make)
		return h->make(other);
	ret = other->ops->event ? other->ops->event(other, h->event) : -ENOENT;
	return ret || !h->end ? ret : other->ops->event(other, h->end);
}

/*
 * What the card of a device is plugged into: the port above the function, or above the physical
 * one of a virtual function. Two that share it may be functions, or mediated devices, of one card.
 */
static void slot_of(const struct vmig_dev_id *id, char *path)
{
	if (!realpath(vmig_fmt("%s/physfn", id->sysfs), path))
		snprintf(path, PATH_MAX, "%s", id->sysfs);
	*strrchr(path, '/') = '\0';
}

static bool on_two_cards(const struct vmig_dev_id *a, const struct vmig_dev_id *b)
{
	char one[PATH_MAX], two[PATH_MAX];

	slot_of(a, one);
	slot_of(b, two);
	return strcmp(one, two);
}

static bool start_log(struct vmig_device *dev)
{
	const struct vfio_device_feature_dma_logging_range range = { .length = LOGGED };
	uint64_t page_size = LOG_PAGE;

	return vmig_log_served(dev) && !__vmig_log_start(dev, &page_size, &range, 1);
}

static void check_log(struct vmig_device *dev, const char *did)
{
	uint64_t bitmap[LOGGED / LOG_PAGE / 64] = {};

	CHECK_OK(ROB_06, __vmig_log_report(dev, 0, LOGGED, LOG_PAGE, bitmap),
		 vmig_fmt("REPORT of DMA that was logged over %s", did));
	__vmig_log_stop(dev);
}

/* Returns false where there is no such thing. */
static bool check_unaware(struct vmig_device *dev, uint32_t state, struct vmig_exercise *other,
			  const struct vmig_reference *control, const struct happening *h)
{
	bool logged = start_log(dev);
	int fd = vmig_goto_state(dev, state), ret = happen(other, h);
	uint32_t got = vmig_get_state(dev);
	bool stands = got == state;
	const char *did;

	did = vmig_fmt("%s, and then on another %s: %s", vmig_state_name(state),
		       h->make ? "device" : "card", h->what);
	CHECK(ST_10, ret == -ENOENT || stands, vmig_fmt("GET in %s", did),
	      vmig_fmt("state %s", vmig_state_name(state)), "state %s", vmig_state_name(got));
	stands = stands && ret != -ENOENT;
	if (stands && logged)
		check_log(dev, did);
	if (stands && fd >= 0)
		vmig_check_session(ROB_06, dev, fd, control, did);
	else
		vmig_close_data_fd(fd);
	__vmig_log_stop(dev);
	vmig_recover_running(dev);
	/* What the physical function has done only a reset of the virtual one mends. */
	vmig_reset(other->dev);
	return ret != -ENOENT;
}

/* Returns how many of them there are. */
static unsigned int check_all(struct vmig_device *dev, uint32_t state, struct vmig_device *second,
			      const struct happening *list, unsigned int count)
{
	struct vmig_reference control = {};
	struct vmig_exercise other = {};
	unsigned int i, tried = 0;

	vmig_exercise_begin(&other, second);
	vmig_reference_save_quick(dev, &control);
	vmig_recover_running(dev);
	for (i = 0; i < count; i++)
		tried += check_unaware(dev, state, &other, &control, &list[i]);
	vmig_stream_free(&control.stream);
	vmig_exercise_end(&other);
	return tried;
}

VMIG_TEST_TIMEOUT(other_device, what_its_user_does_is_nothing_here, 120)
{
	struct vmig_device *second;
	const char *why;

	CLAUSES(ST_10, ROB_06);
	NEED_STATE(variant->state);
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	check_all(self->dev, variant->state, second, acts, ARRAY_SIZE(acts));
	vmig_close(second);
}

VMIG_TEST_TIMEOUT(other_card, what_happens_there_is_nothing_here, 180)
{
	struct vmig_device *second;
	unsigned int tried = 0;
	const char *why;
	bool apart;

	CLAUSES(ST_10, ROB_06);
	NEED_STATE(variant->state);
	second = vmig_open_second(self->dev, &why);
	NEED(second, "%s", why);
	apart = on_two_cards(&self->dev->id, &second->id);
	if (apart)
		tried = check_all(self->dev, variant->state, second, events, ARRAY_SIZE(events));
	vmig_close(second);
	NEED(apart, "the second device is not on another card");
	NEED(tried, "the firmware of this device has no events");
}

VMIG_MAIN("cards")
