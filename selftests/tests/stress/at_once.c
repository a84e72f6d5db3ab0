// SPDX-License-Identifier: GPL-2.0-only
/*
 * ROB-06, ROB-07: first things at once. What a driver sets up when it is first used - a mapping of
 * a BAR, a vector, a table that all its devices share - it sets up where two users may come at the
 * same moment: the threads of a VMM after an open, and two VMMs that start together.
 *
 * What each call has to return is asked of an open on which it is made alone. All threads are in
 * a child, so that one that never returns ends the child and not the test.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmig/dma_logging.h>
#include <vmig/error.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include "child.h"
#include "fault_memory.h"
#include "fixture_exercise.h"
#include "guest_access.h"
#include "load_attempt.h"
#include "second_device.h"
#include "session_check.h"
#include "together.h"

/* Opens, each of which has first calls only once. */
#define ROUNDS 6

/* All rounds may take this long; ms. */
#define CHILD_TIMEOUT_MS 60000

/* Regions that are looked at, and threads that go for each of them in the same way. */
#define REGIONS 8
#define EACH 2

VMIG_FIXTURE_ANY(at_once, false);

/**
 * struct first - a call that is among the first of an open
 * @dev: the open device
 * @what: the call, for messages
 * @make: makes it; returns what it returned, or -errno
 * @region: the region that it is about, NULL for none
 * @index: the interrupt that it is about
 * @alone: what it returned on an open of its own
 */
struct first {
	struct vmig_device *dev;
	char what[48];
	long (*make)(void *arg);
	struct vfio_region_info *region;
	uint32_t index;
	long alone;
};

/**
 * struct firsts - calls that are made at once
 * @id: the device, which nobody has open
 * @uapi: how it is opened
 * @calls: the calls
 * @count: their number
 */
struct firsts {
	struct vmig_dev_id id;
	enum vmig_uapi uapi;
	struct first calls[VMIG_TOGETHER_MAX];
	unsigned int count;
};

static long read_region(void *arg)
{
	struct first *f = arg;
	uint32_t value;

	return __vmig_region_read(f->dev, f->region, 0, &value, sizeof(value));
}

static long map_region(void *arg)
{
	struct first *f = arg;
	void *p;
	int ret = __vmig_region_mmap_first(f->dev, f->region, VMIG_PAGE, &p);

	if (!ret)
		munmap(p, VMIG_PAGE);
	return ret;
}

static long ask_info(void *arg)
{
	struct vfio_device_info info;
	struct first *f = arg;

	return __vmig_device_info(f->dev, &info);
}

static long ask_region(void *arg)
{
	struct vfio_region_info *info;
	struct first *f = arg;
	int ret = __vmig_region_info(f->dev, 0, &info);

	if (!ret)
		free(info);
	return ret;
}

static long ask_migration(void *arg)
{
	struct first *f = arg;
	uint64_t flags;

	return __vmig_get_migration(f->dev, &flags);
}

static long ask_state(void *arg)
{
	struct first *f = arg;
	uint32_t state;

	return __vmig_get_state(f->dev, &state);
}

static long ask_size(void *arg)
{
	struct first *f = arg;
	uint64_t size;

	return __vmig_get_data_size(f->dev, &size);
}

static long opt_in(void *arg)
{
	struct first *f = arg;

	return __vmig_precopy_info_v2(f->dev);
}

/* The descriptor may be closed at once: the kernel keeps what is behind it. */
static long enable_irq(void *arg)
{
	struct first *f = arg;
	int fd = vmig_eventfd(), ret;

	ret = __vmig_irq_enable(f->dev, f->index, fd);
	close(fd);
	return ret;
}

/* Each kind of call EACH times, as its like is what it shares something with. */
static void add(struct firsts *s, const char *what, long (*make)(void *arg),
		struct vfio_region_info *region, uint32_t index)
{
	struct first *f;
	int i;

	for (i = 0; i < EACH && s->count < VMIG_TOGETHER_MAX; i++) {
		f = &s->calls[s->count++];
		*f = (struct first){ .make = make, .region = region, .index = index };
		snprintf(f->what, sizeof(f->what), "%s", what);
	}
}

/* Where regions are does not change with an open. */
static void add_regions(struct firsts *s, struct vmig_device *dev)
{
	struct vfio_region_info *info;
	struct vfio_device_info all;
	uint32_t i;

	vmig_device_info(dev, &all);
	for (i = 0; i < all.num_regions && i < REGIONS; i++) {
		if (__vmig_region_info(dev, i, &info))
			continue;
		if ((info->flags & VFIO_REGION_INFO_FLAG_READ) && info->size >= 4)
			add(s, vmig_fmt("read() of region %u", i), read_region, info, 0);
		if ((info->flags & VFIO_REGION_INFO_FLAG_MMAP) && info->size >= VMIG_PAGE)
			add(s, vmig_fmt("mmap() of region %u", i), map_region, info, 0);
	}
}

/* One kind of interrupt, as a device has one at a time. */
static void add_irq(struct firsts *s, struct vmig_device *dev)
{
	struct vfio_device_info all;
	struct vfio_irq_info info;
	uint32_t i;

	vmig_device_info(dev, &all);
	for (i = 0; i < all.num_irqs; i++)
		if (!__vmig_irq_info(dev, i, &info) && info.count)
			break;
	if (i < all.num_irqs)
		add(s, vmig_fmt("SET_IRQS of index %u", i), enable_irq, NULL, i);
}

static struct vmig_device *open_for(struct firsts *s)
{
	struct vmig_device *dev = vmig_open_soon(&s->id, s->uapi);
	unsigned int i;

	for (i = 0; i < s->count; i++)
		s->calls[i].dev = dev;
	return dev;
}

static const char *answer(long ret)
{
	return ret < 0 ? vmig_errno_name(ret) : vmig_fmt("%ld", ret);
}

static bool all_at_once(struct firsts *s)
{
	struct vmig_together calls[VMIG_TOGETHER_MAX];
	struct vmig_device *dev = open_for(s);
	struct first *f;
	unsigned int i;
	bool good = true;

	for (i = 0; i < s->count; i++)
		calls[i] = (struct vmig_together){ .make = s->calls[i].make, .arg = &s->calls[i] };
	vmig_together(calls, s->count);
	for (i = 0; i < s->count && good; i++) {
		f = &s->calls[i];
		good = CHECK(ROB_06, calls[i].ret == f->alone,
			     vmig_fmt("%s, beside %u other first calls of an open", f->what,
				      s->count - 1),
			     vmig_fmt("%s, as where it is the only one", answer(f->alone)), "%s",
			     answer(calls[i].ret));
	}
	vmig_close(dev);
	return good;
}

static void try_firsts(void *arg)
{
	struct vmig_device *dev;
	struct firsts *s = arg;
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		if (i % EACH) {
			s->calls[i].alone = s->calls[i - 1].alone;
			continue;
		}
		dev = open_for(s);
		s->calls[i].alone = s->calls[i].make(&s->calls[i]);
		vmig_close(dev);
	}
	for (i = 0; i < ROUNDS && all_at_once(s); i++)
		;
}

/* The child opens the device, which may be open once: it is closed here. */
static void judge_firsts(struct vmig_device **dev, struct firsts *s, const char *did)
{
	s->id = (*dev)->id;
	s->uapi = (*dev)->uapi;
	vmig_close(*dev);
	*dev = NULL;
	vmig_judge_child(ROB_06, vmig_child_run(try_firsts, s, CHILD_TIMEOUT_MS), did);
}

/*
 * vfio-pci took a BAR and mapped it when it was first accessed, with no lock, so that one of two
 * first accesses got EBUSY (05f2a68b407a).
 */
VMIG_TEST_TIMEOUT(at_once, accesses, 120)
{
	struct firsts s = {};

	CLAUSES(ROB_06);
	add_regions(&s, self->dev);
	NEED(s.count, "the device has no region to read or to map");
	judge_firsts(&self->dev, &s, "first accesses of regions from threads");
}

/* What is asked, set up and enabled: each of it in a table that the first one makes. */
VMIG_TEST_TIMEOUT(at_once, questions, 120)
{
	struct firsts s = {};

	CLAUSES(ROB_06);
	add_irq(&s, self->dev);
	add(&s, "GET_INFO", ask_info, NULL, 0);
	add(&s, "GET_REGION_INFO", ask_region, NULL, 0);
	add(&s, "GET of MIGRATION", ask_migration, NULL, 0);
	add(&s, "GET of MIG_DEVICE_STATE", ask_state, NULL, 0);
	add(&s, "GET of MIG_DATA_SIZE", ask_size, NULL, 0);
	add(&s, "SET of MIG_PRECOPY_INFOv2", opt_in, NULL, 0);
	judge_firsts(&self->dev, &s, "first ioctls from threads");
}

/* Threads that ask for one and the same, of which one alone can be the first. */
#define SAME 4

/**
 * struct same - a call that is made twice, then by threads at once
 * @id: the device, which nobody has open
 * @uapi: how it is opened
 * @what: the call, for messages
 * @make: makes it; returns what it returned, or -errno
 * @migrates: the device has migration
 */
struct same {
	struct vmig_dev_id id;
	enum vmig_uapi uapi;
	const char *what;
	long (*make)(void *arg);
	bool migrates;
};

/* 1 where the SET gave a data_fd. */
static long open_session(void *arg)
{
	int fd = -1, ret = __vmig_set_state(arg, VFIO_DEVICE_STATE_RESUMING, &fd);

	if (ret)
		return ret;
	vmig_close_data_fd(fd);
	return fd >= 0;
}

static long start_log(void *arg)
{
	struct vfio_device_feature_dma_logging_range range = { .length = 1 << 20 };
	uint64_t page_size = VMIG_PAGE;

	return __vmig_log_start(arg, &page_size, &range, 1);
}

/* A driver that keeps the state of the last user is brought to RUNNING first: OPEN-01. */
static struct vmig_device *open_same(const struct same *s)
{
	struct vmig_device *dev = vmig_open_soon(&s->id, s->uapi);

	if (s->migrates)
		vmig_recover_running(dev);
	return dev;
}

/* As one after the other: what the first one gets goes to one of them, and to no other. */
static bool same_at_once(const struct same *s, long first, long then)
{
	struct vmig_together calls[SAME];
	struct vmig_device *dev = open_same(s);
	unsigned int i, firsts = 0, others = 0;
	bool good;

	for (i = 0; i < SAME; i++)
		calls[i] = (struct vmig_together){ .make = s->make, .arg = dev };
	vmig_together(calls, SAME);
	for (i = 0; i < SAME; i++) {
		firsts += calls[i].ret == first;
		others += calls[i].ret == then;
	}
	good = CHECK(ROB_06, first == then ? firsts == SAME : firsts == 1 && others == SAME - 1,
		     vmig_fmt("%s from %u threads, the first calls of an open", s->what, SAME),
		     vmig_fmt("%s once and %s %u times, as one after the other", answer(first),
			      answer(then), SAME - 1),
		     "%s, %s, %s, %s", answer(calls[0].ret), answer(calls[1].ret),
		     answer(calls[2].ret), answer(calls[3].ret));
	vmig_close(dev);
	return good;
}

static void try_same(void *arg)
{
	struct same *s = arg;
	struct vmig_device *dev = open_same(s);
	long first = s->make(dev), then = s->make(dev);
	unsigned int i;

	vmig_close(dev);
	for (i = 0; i < ROUNDS && same_at_once(s, first, then); i++)
		;
}

static void judge_same(struct vmig_device **dev, const char *what, long (*make)(void *arg))
{
	struct same s = { .id = (*dev)->id, .uapi = (*dev)->uapi, .what = what, .make = make };
	uint64_t flags;

	s.migrates = !__vmig_get_migration(*dev, &flags);

	vmig_close(*dev);
	*dev = NULL;
	vmig_judge_child(ROB_06, vmig_child_run(try_same, &s, CHILD_TIMEOUT_MS),
			 vmig_fmt("%s from threads", what));
}

VMIG_TEST_TIMEOUT(at_once, sets, 120)
{
	CLAUSES(ROB_06);
	NEED(self->flags, "the device offers no migration");
	judge_same(&self->dev, "SET(RESUMING)", open_session);
}

VMIG_TEST_TIMEOUT(at_once, starts, 120)
{
	CLAUSES(ROB_06);
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	judge_same(&self->dev, "START", start_log);
}

/**
 * struct pair - two devices of one driver
 * @id: the devices
 * @uapi: how they are opened
 */
struct pair {
	struct vmig_dev_id id[2];
	enum vmig_uapi uapi;
};

struct opener {
	const struct pair *pair;
	int which;
};

static long open_and_close(void *arg)
{
	const struct opener *o = arg;
	struct vmig_device *dev;
	int ret = __vmig_open(&o->pair->id[o->which], o->pair->uapi, &dev);

	if (!ret)
		vmig_close(dev);
	return ret;
}

static void try_opens(void *arg)
{
	struct opener openers[] = { { arg, 0 }, { arg, 1 } };
	struct vmig_together calls[] = { { .make = open_and_close, .arg = &openers[0] },
					 { .make = open_and_close, .arg = &openers[1] } };
	struct pair *p = arg;
	unsigned int i;
	bool good = true;

	for (i = 0; i < 2; i++)
		vmig_close(vmig_open_soon(&p->id[i], p->uapi));
	for (i = 0; i < 4 * ROUNDS && good; i++) {
		vmig_together(calls, 2);
		good = CHECK(ROB_06, !calls[0].ret && !calls[1].ret,
			     "two devices of one driver, opened at once",
			     "both are open, as one after the other", "%s and %s",
			     answer(calls[0].ret), answer(calls[1].ret));
	}
}

/* Two VMMs begin. */
VMIG_TEST_TIMEOUT(at_once, opens_of_two_devices, 120)
{
	struct pair p = { .id = { self->dev->id }, .uapi = variant->uapi };
	const struct vmig_dev_id *second;
	const char *why;

	CLAUSES(ROB_06);
	second = vmig_second_device(&why);
	NEED(second && vmig_uapi_available(second, variant->uapi, &why), "%s", why);
	NEED(second->group_id != self->dev->id.group_id || second->group_id < 0,
	     "both devices are in one IOMMU group, which has one user");
	p.id[1] = *second;
	vmig_close(self->dev);
	self->dev = NULL;
	vmig_judge_child(ROB_06, vmig_child_run(try_opens, &p, CHILD_TIMEOUT_MS),
			 "opens of two devices at once");
}

/**
 * struct side - what a thread does with one of two devices
 * @dev: the device
 * @state: what is asked for
 * @fd: data_fd of its session
 * @s: what is read, or written
 * @size: bytes of a read() or write()
 */
struct side {
	struct vmig_device *dev;
	uint32_t state;
	int fd;
	struct vmig_stream s;
	size_t size;
};

static long set_side(void *arg)
{
	struct side *side = arg;

	return __vmig_set_state(side->dev, side->state, &side->fd);
}

static long save_side(void *arg)
{
	struct side *side = arg;
	struct vmig_chunks chunks = { .name = "small", .size = side->size };

	return __vmig_stream_read(side->fd, &side->s, &chunks);
}

static long load_side(void *arg)
{
	struct side *side = arg;
	struct vmig_chunks chunks = { .name = "small", .size = side->size };
	size_t done;
	int ret = __vmig_stream_write(side->fd, side->s.data, side->s.len, &chunks, &done);

	return ret ?: __vmig_set_state(side->dev, VFIO_DEVICE_STATE_STOP, NULL);
}

/* Returns false after a breach. */
static bool both(struct side *sides, enum vmig_clause_id id, long (*make)(void *arg),
		 const char *did)
{
	struct vmig_together calls[] = { { .make = make, .arg = &sides[0] },
					 { .make = make, .arg = &sides[1] } };

	vmig_together(calls, 2);
	return CHECK(id, !calls[0].ret && !calls[1].ret,
		     vmig_fmt("%s of two devices of one driver at once", did),
		     "it works, as with one after the other", "%s and %s", answer(calls[0].ret),
		     answer(calls[1].ret));
}

static bool set_both(struct side *sides, uint32_t state)
{
	sides[0].state = state;
	sides[1].state = state;
	sides[0].fd = -1;
	sides[1].fd = -1;
	return both(sides, ROB_07, set_side, vmig_fmt("SET(%s)", vmig_state_name(state)));
}

static void close_both(struct side *sides)
{
	vmig_close_data_fd(sides[0].fd);
	vmig_close_data_fd(sides[1].fd);
}

static void try_sets_of_two(void *arg)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_STOP_COPY, VFIO_DEVICE_STATE_RUNNING,
					   VFIO_DEVICE_STATE_STOP,	VFIO_DEVICE_STATE_RUNNING,
					   VFIO_DEVICE_STATE_PRE_COPY,	VFIO_DEVICE_STATE_RUNNING };
	struct side *sides = arg;
	uint64_t flags = vmig_get_migration(sides[0].dev);
	unsigned int i, round;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < ARRAY_SIZE(states); i++) {
			if (!vmig_state_offered(flags, states[i]))
				continue;
			if (!set_both(sides, states[i]))
				return;
			close_both(sides);
		}
	}
}

VMIG_TEST_TIMEOUT(at_once, sets_of_two_devices, 120)
{
	struct side sides[2] = { { .dev = self->dev } };
	const char *why;

	CLAUSES(ROB_06, ROB_07);
	NEED(self->flags, "the device offers no migration");
	sides[1].dev = vmig_open_second(self->dev, &why);
	NEED(sides[1].dev, "%s", why);
	vmig_judge_child(ROB_06, vmig_child_run(try_sets_of_two, sides, CHILD_TIMEOUT_MS),
			 "SETs of two devices at once");
	vmig_recover_running(sides[1].dev);
	vmig_close(sides[1].dev);
}

static void swap_streams(struct side *sides)
{
	struct vmig_stream s = sides[0].s;

	sides[0].s = sides[1].s;
	sides[1].s = s;
}

/* Both save at once; then each loads what the other one has saved, at once. */
static void try_streams_of_two(void *arg)
{
	static const size_t sizes[] = { 13, VMIG_PAGE };
	struct side *sides = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		sides[0].size = sizes[i];
		sides[1].size = sizes[i];
		if (!set_both(sides, VFIO_DEVICE_STATE_STOP_COPY) ||
		    !both(sides, STRM_11, save_side, "save"))
			return;
		close_both(sides);
		swap_streams(sides);
		if (!set_both(sides, VFIO_DEVICE_STATE_RESUMING) ||
		    !both(sides, STRM_11, load_side,
			  vmig_fmt("load, %zu bytes at a time,", sizes[i])))
			return;
		close_both(sides);
		vmig_stream_free(&sides[0].s);
		vmig_stream_free(&sides[1].s);
	}
}

#define SEED 0x70001

/* Did what is in the devices change sides each time, an even number of times? */
static void check_sides(struct vmig_exercise *w)
{
	const char *why;
	int i;

	for (i = 0; i < 2; i++) {
		vmig_run_again(w[i].dev);
		why = vmig_check_pattern(&w[i], SEED + i);
		CHECK(STRM_11, !why,
		      "two devices with other content, saved at once, each loaded with what the "
		      "other gave, at once, an even number of times",
		      "each has its own content again", "device %d: %s", i + 1, why ?: "");
	}
}

/*
 * A buffer, a worker or a mailbox that the devices of a driver share: what goes through it
 * comes out on the other side only where both use it at the same time.
 */
VMIG_TEST_TIMEOUT(at_once, streams_of_two_devices, 180)
{
	struct side sides[2] = { { .dev = self->dev } };
	struct vmig_exercise w[2] = {};
	const char *why;
	bool pattern, done;
	int i;

	CLAUSES(ROB_06, ROB_07, STRM_11);
	NEED(self->flags, "the device offers no migration");
	sides[1].dev = vmig_open_second(self->dev, &why);
	NEED(sides[1].dev, "%s", why);
	for (i = 0; i < 2; i++)
		vmig_exercise_begin(&w[i], sides[i].dev);
	pattern = w[0].ops->set_pattern && w[0].ops->check_pattern;
	for (i = 0; i < 2 && pattern; i++)
		vmig_set_pattern(&w[i], SEED + i);
	done = vmig_judge_child(ROB_06, vmig_child_run(try_streams_of_two, sides, CHILD_TIMEOUT_MS),
				"saves and loads of two devices at once");
	if (done && pattern)
		check_sides(w);
	vmig_recover_running(sides[1].dev);
	for (i = 0; i < 2; i++)
		vmig_exercise_end(&w[i]);
	vmig_close(sides[1].dev);
}

VMIG_MAIN("at_once")
