// SPDX-License-Identifier: GPL-2.0-only
/*
 * STRM-11, STRM-13: the downtime that devices add to a migration, and what a VMM would have
 * thought of it before.
 *
 * A VMM stops the guest when what is left takes no longer than the user allows. What is left is
 * what VFIO_DEVICE_FEATURE_MIG_DATA_SIZE says, and never less than the two counters of
 * VFIO_MIG_GET_PRECOPY_INFO in PRE_COPY (QEMU since 10: hw/vfio/migration.c,
 * vfio_state_pending()); it is divided by the rate of the bytes so far. Here the same is done
 * beside what then really happens.
 * That both are estimates is said by the header (PRE-23, SIZE-04); they are noted, not judged.
 */
#include <errno.h>

#include "load_attempt.h"
#include "copy_loop.h"
#include "devices.h"
#include "measure.h"
#include "session_check.h"
#include "fixture_exercise.h"

/* A state may be gigabytes and is moved several times in a test; seconds. */
#define MINUTES 300

#define SEED 0x8001
#define OTHER 0x8002

/* How long PRE_COPY lasts beyond the initial data, in the short form and in the long one. */
#define WINDOW_US (vmig_bench() ? 300e3 : 50e3)

/* PRE_COPY of a device that has more data for ever ends after this. */
#define PRE_COPY_US 20e6

/* With nothing to read, look again after this; less than a millisecond would measure the looking.
 */
#define IDLE_US 1000

VMIG_FIXTURE(downtime);
VMIG_WORK_FIXTURE_WAYS(pre_copy);

/* The data_fd is the same file whichever way the device was opened. */
#define NEED_THIS_WAY                                                                              \
	NEED(self->dev->uapi == VMIG_UAPI_CDEV || !self->dev->id.cdev[0],                          \
	     "measured through the cdev already")

/* What became of one device's stream, and of the guest's downtime. */
struct trip {
	int out, in;
	uint64_t before; /* bytes while the source ran */
	uint64_t after; /* bytes since it stopped */
};

static void must_carry(const struct vmig_copy_result *c, const char *when)
{
	if (c->ret)
		vmig_test_error("%s: a read() or write() failed after %llu bytes: %s", when,
				(unsigned long long)c->bytes, vmig_errno_name(c->ret));
}

/* Is there something to be read in PRE_COPY? */
static bool has_data(const struct vfio_precopy_info *info)
{
	return info->initial_bytes || info->dirty_bytes;
}

/* PRE_COPY as a VMM does it: until nothing is left, or not much is gained any more. */
static void pre_copy(struct trip *t, struct vmig_measure *m)
{
	double end = vmig_now_us() + PRE_COPY_US;
	double enough = vmig_now_us() + WINDOW_US;
	struct vfio_precopy_info info;
	struct vmig_copy_result c;

	do {
		vmig_precopy_info(t->out, &info);
		if (!has_data(&info) || (!info.initial_bytes && vmig_now_us() > enough))
			return;
		c = vmig_copy_block(t->out, t->in, NULL, m);
		t->before += c.bytes;
		if (c.ret == -ENOMSG || !c.bytes)
			return;
		must_carry(&c, "PRE_COPY");
	} while (vmig_now_us() < end);
}

static struct vmig_device *source(const struct vmig_devices *f, unsigned int pair)
{
	return f->dev[2 * pair];
}

static struct vmig_device *destination(const struct vmig_devices *f, unsigned int pair)
{
	return f->dev[2 * pair + 1];
}

/* The sources stop: all of them are quiet among each other before one of them stands still. */
static void stop_all(const struct vmig_devices *f, struct trip *trips, unsigned int pairs,
		     uint64_t flags, bool live)
{
	unsigned int i;
	int fd;

	for (i = 0; i < pairs && flags & VFIO_MIGRATION_P2P; i++)
		vmig_set_state(source(f, i), live ? VFIO_DEVICE_STATE_PRE_COPY_P2P
						  : VFIO_DEVICE_STATE_RUNNING_P2P);
	for (i = 0; i < pairs; i++) {
		fd = vmig_set_state(source(f, i), VFIO_DEVICE_STATE_STOP_COPY);
		if (!live)
			trips[i].out = fd;
	}
}

static bool run_all(const struct vmig_devices *f, unsigned int pairs, uint32_t state)
{
	bool good = true;
	unsigned int i;
	int ret;

	for (i = 0; i < pairs && good; i++) {
		ret = __vmig_set_state(destination(f, i), state, NULL);
		good = CHECK_OK(STRM_11, ret,
				vmig_fmt("migration to another device, SET(%s) there",
					 vmig_state_name(state)));
	}
	return good;
}

/* Everything but the part that is timed: sources run again, the destinations do already. */
static void after(const struct vmig_devices *f, struct trip *trips, unsigned int pairs)
{
	unsigned int i;

	for (i = 0; i < pairs; i++) {
		vmig_set_state(source(f, i), VFIO_DEVICE_STATE_STOP);
		vmig_close_data_fd(trips[i].out);
		vmig_close_data_fd(trips[i].in);
		vmig_goto_state(source(f, i), VFIO_DEVICE_STATE_RUNNING);
	}
}

static const char *name_of(bool live, const char *how, unsigned int pairs)
{
	const char *kind = live ? "precopy" : "stop_copy";

	if (pairs == 1)
		return vmig_fmt("downtime.%s.%s.us", kind, how);
	return vmig_fmt("downtime.%s.%s.%u_devices.us", kind, how, pairs);
}

/*
 * From the first source that leaves RUNNING to the last destination that is there, in
 * microseconds; negative where a destination did not take it. What @m has of it is called after
 * @how.
 */
static double migrate(const struct vmig_devices *f, unsigned int pairs, uint64_t flags, bool live,
		      const char *how, struct vmig_measure *m)
{
	struct trip trips[VMIG_DEVICES_MAX / 2] = {};
	struct vmig_copy_result c;
	unsigned int i;
	bool good;
	double us;

	/* A VMM has the destination in RESUMING before the source stops. */
	for (i = 0; i < pairs; i++) {
		trips[i].out = -1;
		trips[i].in = vmig_goto_state(destination(f, i), VFIO_DEVICE_STATE_RESUMING);
		if (live)
			trips[i].out = vmig_goto_state(source(f, i), VFIO_DEVICE_STATE_PRE_COPY);
	}
	for (i = 0; i < pairs && live; i++)
		pre_copy(&trips[i], m);
	if (m)
		vmig_measure_marks(m, name_of(live, how, pairs));
	vmig_mark_begin();
	us = vmig_now_us();
	stop_all(f, trips, pairs, flags, live);
	for (i = 0; i < pairs; i++) {
		c = vmig_copy_all(source(f, i), trips[i].out, trips[i].in, NULL, m);
		must_carry(&c, "STOP_COPY");
		trips[i].after = c.bytes;
	}
	good = !(flags & VFIO_MIGRATION_P2P) || run_all(f, pairs, VFIO_DEVICE_STATE_RUNNING_P2P);
	good = good && run_all(f, pairs, VFIO_DEVICE_STATE_RUNNING);
	vmig_mark_end();
	us = vmig_now_us() - us;
	after(f, trips, pairs);
	if (m && !m->bytes)
		m->bytes = trips[0].before + trips[0].after;
	return good ? us : -1;
}

/* Devices that have migrated before, so that a driver has its buffers. */
static bool warm(struct vmig_devices *f, unsigned int pairs, uint64_t flags, bool live)
{
	struct vmig_measure m;
	double us = 0;

	vmig_measure_begin(&m, "migration", 0);
	while (us >= 0 && vmig_measure_again(&m)) {
		us = migrate(f, pairs, flags, live, "warm", &m);
		if (us >= 0)
			vmig_measured(&m, name_of(live, "warm", pairs), us, "us");
	}
	vmig_measure_end(&m);
	return us >= 0;
}

/* The first migration since the devices were opened. Returns the device, opened anew. */
static struct vmig_device *cold(struct vmig_devices *f, uint64_t flags, bool live)
{
	struct vmig_device *dev = f->dev[0];
	struct vmig_measure m;
	const char *why;
	double us = 0;

	vmig_measure_begin(&m, "first migration", 0);
	while (us >= 0 && vmig_measure_again(&m)) {
		vmig_devices_close(f);
		vmig_reopen(&dev);
		vmig_devices_open(f, dev, 2, &why);
		if (f->count < 2)
			vmig_test_error("the second device does not open any more: %s", why);
		us = migrate(f, 1, flags, live, "cold", &m);
		if (us >= 0)
			vmig_measured(&m, name_of(live, "cold", 1), us, "us");
	}
	vmig_measure_end(&m);
	vmig_devices_close(f);
	return dev;
}

/* What went into the last destination is what was in its source. */
static void check_pattern(struct vmig_devices *f, uint64_t flags, bool live)
{
	struct vmig_exercise from = {}, to = {};
	struct vmig_dma none = {};
	const char *why;

	vmig_exercise_begin(&from, f->dev[0]);
	vmig_exercise_begin(&to, f->dev[1]);
	if (from.ops->set_pattern && from.ops->check_pattern) {
		vmig_set_pattern(&from, SEED);
		vmig_set_pattern(&to, OTHER);
		if (migrate(f, 1, flags, live, NULL, NULL) >= 0) {
			why = vmig_check_pattern(&to, SEED);
			CHECK(STRM_11, !why, "migration to another device",
			      "the state of the one in the other", "%s", why);
		}
	}
	vmig_exercise_memory_end(&to, &none);
	vmig_exercise_memory_end(&from, &none);
}

static struct vmig_device *measure(struct vmig_devices *f, uint64_t flags, bool live)
{
	struct vmig_device *dev = f->dev[0];
	unsigned int pairs;
	bool good = true;

	for (pairs = 1; good && 2 * pairs <= f->count; pairs *= 2)
		good = warm(f, pairs, flags, live);
	if (good) {
		check_pattern(f, flags, live);
		dev = cold(f, flags, live);
	}
	vmig_devices_close(f);
	return dev;
}

/* Devices of one type that a run may touch; half of them are destinations. */
#define NEED_FLEET(f)                                                                              \
	do {                                                                                       \
		const char *why_ = "there is no second device of this type";                       \
		vmig_devices_open(f, self->dev, VMIG_DEVICES_MAX, &why_);                          \
		NEED((f)->count > 1, "%s", why_);                                                  \
	} while (0)

VMIG_TEST_TIMEOUT(downtime, stop_and_copy, MINUTES)
{
	struct vmig_devices f;

	CLAUSES(STRM_11);
	NEED_THIS_WAY;
	NEED_FLEET(&f);
	self->dev = measure(&f, self->flags, false);
}

VMIG_TEST_TIMEOUT(downtime, pre_copy, MINUTES)
{
	struct vmig_devices f;

	CLAUSES(STRM_11);
	NEED_THIS_WAY;
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	NEED_FLEET(&f);
	self->dev = measure(&f, self->flags, true);
}

/* A VMM without PRE_COPY has nothing but MIG_DATA_SIZE to go by. */
VMIG_TEST_TIMEOUT(downtime, prediction, MINUTES)
{
	struct vmig_measure m;
	struct vmig_copy_result c = {};
	double rate = 0, us;
	uint64_t size;
	int fd;

	CLAUSES(SIZE_04);
	NEED_THIS_WAY;
	NEED(!__vmig_get_data_size(self->dev, &size), "the device does not offer MIG_DATA_SIZE");
	vmig_measure_begin(&m, "prediction", size);
	while (vmig_measure_again(&m)) {
		size = vmig_get_data_size(self->dev);
		us = vmig_now_us();
		fd = vmig_goto_state(self->dev, VFIO_DEVICE_STATE_STOP_COPY);
		c = vmig_copy_all(self->dev, fd, -1, NULL, &m);
		us = vmig_now_us() - us;
		must_carry(&c, "STOP_COPY");
		vmig_measured(&m, "predicted.stop_copy.bytes", size, "B");
		vmig_measured(&m, "stop_copy.bytes", c.bytes, "B");
		/* The rate is known from the round before, as a VMM knows it from the guest's RAM.
		 */
		vmig_measured(&m, "predicted.stop_copy.us", size / rate, "us");
		vmig_measured(&m, "stop_copy.us", us, "us");
		rate = c.bytes / c.read_us;
		vmig_set_state(self->dev, VFIO_DEVICE_STATE_STOP);
		close(fd);
		vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	}
	vmig_measure_end(&m);
	vmig_note(SIZE_04, "MIG_DATA_SIZE in RUNNING: %llu bytes, read in STOP_COPY: %llu",
		  (unsigned long long)size, (unsigned long long)c.bytes);
}

/* A device that changes its own state while it is saved, so many times a second. */
struct busy {
	struct vmig_exercise *w;
	uint64_t flags;
	unsigned int rate;
	uint32_t seed; /* of the last change */
	double next;
	struct vmig_stream *keep; /* the whole stream, or NULL */
	uint64_t before, predicted, after;
};

static void dirty_if_due(struct busy *b)
{
	double now = vmig_now_us();
	int ret;

	if (!b->rate || now < b->next)
		return;
	b->next += 1e6 / b->rate;
	if (b->next < now)
		b->next = now;
	ret = b->w->ops->dirty(b->w, ++b->seed);
	if (ret)
		vmig_test_error("the device cannot be made to change its state: %s",
				vmig_errno_name(ret));
}

/* Until the initial data is through and the window is over. Returns the time in read(). */
static double read_while_busy(struct busy *b, int fd, struct vfio_precopy_info *info,
			      struct vmig_measure *m)
{
	double began = vmig_now_us(), us = 0;
	struct vmig_copy_result c;

	b->next = began;
	for (;;) {
		dirty_if_due(b);
		vmig_precopy_info(fd, info);
		if (!info->initial_bytes && vmig_now_us() > began + WINDOW_US)
			return us;
		if (vmig_now_us() > began + PRE_COPY_US)
			return us;
		if (!has_data(info)) {
			usleep(IDLE_US);
			continue;
		}
		c = vmig_copy_block(fd, -1, b->keep, m);
		us += c.read_us;
		b->before += c.bytes;
		if (c.ret && c.ret != -ENOMSG)
			must_carry(&c, "PRE_COPY");
		if (!c.bytes)
			usleep(IDLE_US);
	}
}

static void save_while_busy(struct busy *b, struct vmig_measure *m)
{
	struct vmig_device *dev = b->w->dev;
	int fd = vmig_goto_state(dev, VFIO_DEVICE_STATE_PRE_COPY);
	struct vfio_precopy_info info;
	struct vmig_copy_result c;
	double us, read_us;
	uint64_t size = 0, left;

	b->before = 0;
	if (b->keep)
		b->keep->len = 0;
	read_us = read_while_busy(b, fd, &info, m);
	__vmig_get_data_size(dev, &size);
	left = info.initial_bytes + info.dirty_bytes;
	b->predicted = left + (size > left ? size - left : 0);
	us = vmig_now_us();
	if (b->flags & VFIO_MIGRATION_P2P)
		vmig_set_state(dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP_COPY);
	c = vmig_copy(fd, -1, UINT64_MAX, b->keep, m);
	us = vmig_now_us() - us;
	must_carry(&c, "STOP_COPY after PRE_COPY");
	b->after = c.bytes;
	vmig_set_state(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);
	vmig_goto_state(dev, VFIO_DEVICE_STATE_RUNNING);
	vmig_measured(m, vmig_fmt("precopy.rate_%u.bytes", b->rate), b->before, "B");
	vmig_measured(m, vmig_fmt("precopy.rate_%u.stop_copy.bytes", b->rate), b->after, "B");
	vmig_measured(m, vmig_fmt("precopy.rate_%u.stop_copy.us", b->rate), us, "us");
	vmig_measured(m, vmig_fmt("predicted.rate_%u.bytes", b->rate), b->predicted, "B");
	if (b->before && read_us > 0)
		vmig_measured(m, vmig_fmt("predicted.rate_%u.us", b->rate),
			      b->predicted / (b->before / read_us), "us");
}

/* What was kept has the last change in it. */
static void check_busy(struct busy *b)
{
	struct vmig_exercise *w = b->w;
	const char *why = NULL;
	int ret;

	if (b->rate)
		w->ops->dirty(w, OTHER);
	ret = __vmig_load(w->dev, b->keep->data, b->keep->len, &vmig_default_chunks);
	if (!CHECK_OK(
		    STRM_13, ret,
		    vmig_fmt(
			    "PRE_COPY with %u changes a second, STOP_COPY, load of it all, SET(STOP)",
			    b->rate)))
		return;
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	if (!b->rate || !w->ops->check_dirty)
		return;
	ret = w->ops->check_dirty(w, b->seed, &why);
	CHECK(STRM_13, !ret, vmig_fmt("PRE_COPY with %u changes a second, load", b->rate),
	      "the last change", "%s", why ? why : vmig_errno_name(ret));
}

/* The short form measures an idle device and one that is busy. */
static const unsigned int rates[] = { 0, 100, 10, 1000 };

VMIG_TEST_TIMEOUT(pre_copy, at_dirty_rates, MINUTES)
{
	struct busy b = { .w = &self->w, .flags = self->flags, .seed = SEED };
	struct vmig_stream keep = {};
	struct vmig_measure m;
	const char *why;
	unsigned int i;

	CLAUSES(STRM_13, PRE_23);
	NEED_THIS_WAY;
	NEED_STATE(VFIO_DEVICE_STATE_PRE_COPY);
	b.keep = vmig_keepable(self->dev, &why) ? &keep : NULL;
	for (i = 0; i < (vmig_bench() ? ARRAY_SIZE(rates) : 2); i++) {
		if (rates[i] && !self->w.ops->dirty)
			break;
		b.rate = rates[i];
		vmig_measure_begin(&m, vmig_fmt("PRE_COPY, %u changes a second", b.rate), 0);
		while (vmig_measure_again(&m)) {
			save_while_busy(&b, &m);
			m.bytes = b.before + b.after;
		}
		vmig_measure_end(&m);
		vmig_note(PRE_23,
			  "%u changes a second: a VMM would expect %llu bytes in STOP_COPY,"
			  " %llu came after %llu in PRE_COPY",
			  b.rate, (unsigned long long)b.predicted, (unsigned long long)b.after,
			  (unsigned long long)b.before);
		if (b.keep)
			check_busy(&b);
	}
	vmig_stream_free(&keep);
}

VMIG_MAIN("downtime")
