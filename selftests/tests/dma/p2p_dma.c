// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUI-07 to QUI-09, QUI-11, PRE-16, PRE-17, FSM-10: DMA in the P2P states, RUNNING_P2P and
 * PRE_COPY_P2P, in which a device does no peer to peer DMA so that its peers can be
 * stopped one after the other (H:1178).
 *
 * With two devices that can write into each other the DMA is peer to peer and is seen in
 * the other device. Where the driver does not let its devices' memory be mapped, it is seen in a
 * third device. A device that cannot distinguish peer to peer from other DMA must do none
 * at all in these states; then it is seen in memory. A device that can distinguish them may
 * go on writing to memory, so that is not checked for others.
 */
#include <errno.h>
#include <stdlib.h>

#include <vmig/p2p.h>
#include <vmig/pattern.h>
#include "guest_access.h"
#include "second_device.h"
#include "fixture_exercise.h"

/* For the device to do what it should not do; ms. */
#define WATCH_MS 40

#define SEED 0x2001

/**
 * struct aim - a device and what it writes to
 * @w: who writes
 * @peer: the device that it writes to, or NULL for memory
 * @mem: the memory
 * @iova: where the peer's memory is for @w
 * @before: what was in the peer before
 */
struct aim {
	struct vmig_exercise *w;
	struct vmig_exercise *peer;
	struct vmig_dma *mem;
	uint64_t iova;
	uint32_t before;
};

static const char *what(const struct aim *a)
{
	return a->peer ? "peer to peer DMA"
		       : "DMA (of a device that cannot tell what is peer to "
			 "peer)";
}

static uint32_t landed_word(struct vmig_exercise *peer)
{
	uint32_t value = 0;
	int ret = peer->ops->p2p_landed(peer, &value);

	if (ret)
		vmig_test_error("what was written to the other device cannot be read: %s",
				vmig_errno_name(ret));
	return value;
}

/* Returns 0, or the -errno with which the device refuses. */
static int begin_write(struct aim *a, uint32_t seed)
{
	if (!a->peer) {
		vmig_exercise_memory_clear(a->mem);
		return a->w->ops->dma_write(a->w, a->mem->iova, a->w->ops->dma_max, seed);
	}
	a->before = landed_word(a->peer);
	return a->w->ops->p2p_write(a->w, a->iova, vmig_pattern_word(seed, 0));
}

static void must_begin(struct aim *a, uint32_t seed)
{
	int ret = begin_write(a, seed);

	if (ret)
		vmig_test_error("the device cannot be asked for %s: %s", what(a),
				vmig_errno_name(ret));
}

static bool landed(struct aim *a, uint32_t seed)
{
	if (a->peer)
		return landed_word(a->peer) == vmig_pattern_word(seed, 0);
	return vmig_dma_landed(a->mem, 0, a->w->ops->dma_max, seed);
}

static bool touched(struct aim *a)
{
	if (a->peer)
		return landed_word(a->peer) != a->before;
	return vmig_dma_touched(a->mem, 0, a->w->ops->dma_max);
}

/* Does what was begun come to its end, where the device may do DMA? */
static bool lands(struct aim *a, uint32_t seed)
{
	a->w->ops->dma_wait(a->w, VMIG_EXERCISE_MS, NULL);
	return landed(a, seed);
}

static void let_time_pass(const struct aim *a)
{
	vmig_sleep_ms(2 * a->w->ops->dma_time_ms + WATCH_MS);
}

/**
 * struct pair - the device under test, and those that it writes to or that write to it
 * @second: one of its type, or NULL
 * @w: that one under the exerciser
 * @target: one that only has memory, or NULL
 * @target_w: that one under the exerciser
 * @ways: from the device under test, and to it
 * @out: the first writes to the second, to the target, or to memory
 * @in: the second writes to the first
 * @why: why there is nothing to write to, a reason to skip
 * @why_alone: why nobody writes to the first, a reason to skip
 */
struct pair {
	struct vmig_device *second, *target;
	struct vmig_exercise w, target_w;
	struct vmig_p2p ways[2];
	struct aim out, in;
	const char *why, *why_alone;
};

FIXTURE(p2p_dma)
{
	VMIG_FIXTURE_DATA;
	VMIG_WORK_DATA;
	struct pair pair;
};

FIXTURE_VARIANT(p2p_dma)
{
	VMIG_VARIANT_DATA;
	uint32_t state;
	bool peer;
};

#define ADD_STATE(way_name, uapi_, STATE)                                                          \
	VMIG_VARIANT(p2p_dma, way_name##_memory_##STATE, .uapi = uapi_,                            \
		     .state = VFIO_DEVICE_STATE_##STATE);                                          \
	VMIG_VARIANT(p2p_dma, way_name##_peer_##STATE, .uapi = uapi_,                              \
		     .state = VFIO_DEVICE_STATE_##STATE, .peer = true)

ADD_STATE(cdev, VMIG_UAPI_CDEV, RUNNING_P2P);
ADD_STATE(cdev, VMIG_UAPI_CDEV, PRE_COPY_P2P);
ADD_STATE(group, VMIG_UAPI_GROUP, RUNNING_P2P);
ADD_STATE(group, VMIG_UAPI_GROUP, PRE_COPY_P2P);

static void aim_at_memory(struct pair *pair, struct vmig_exercise *w, struct vmig_dma *mem)
{
	pair->out.w = w;
	pair->out.mem = mem;
	if (!w->ops->dma_write)
		pair->why = "no exerciser can start DMA on this device";
	else if (!w->ops->dma_is_one_kind)
		pair->why = "the device can tell peer to peer from other DMA";
	else
		vmig_exercise_memory(w, mem);
}

/* Whether one device can reach the other depends on the machine, and on cdev or group. */
static bool aim_at(struct aim *a, struct vmig_exercise *w, struct vmig_exercise *peer,
		   struct vmig_p2p *way)
{
	if (__vmig_p2p_begin(w, peer, way))
		return false;
	a->w = w;
	a->peer = peer;
	a->iova = way->iova;
	return true;
}

static const char *why_not_mapped(const struct vmig_device *dev)
{
	return vmig_fmt("the memory of one device cannot be mapped for the other through the %s on "
			"this kernel",
			vmig_uapi_name(dev->uapi));
}

/* Any device with memory will do for what the device under test writes. */
static void aim_at_target(struct pair *pair, struct vmig_exercise *w)
{
	const char *why;

	pair->target = vmig_open_p2p_target(w->dev, &why);
	if (!pair->target)
		return;
	vmig_exercise_begin(&pair->target_w, pair->target);
	pair->why = why_not_mapped(w->dev);
	if (aim_at(&pair->out, w, &pair->target_w, &pair->ways[0]))
		pair->why = NULL;
}

static void aim_at_peer(struct pair *pair, struct vmig_exercise *w)
{
	pair->why = "no exerciser can start peer to peer DMA on this device";
	pair->why_alone = pair->why;
	if (!w->ops->p2p_write)
		return;
	pair->second = vmig_open_second(w->dev, &pair->why);
	if (pair->second) {
		pair->why = why_not_mapped(w->dev);
		vmig_exercise_begin(&pair->w, pair->second);
		if (pair->w.ops->p2p_write)
			aim_at(&pair->in, &pair->w, w, &pair->ways[1]);
	}
	pair->why_alone = pair->why;
	if (pair->second && aim_at(&pair->out, w, &pair->w, &pair->ways[0]))
		pair->why = NULL;
	else
		aim_at_target(pair, w);
}

FIXTURE_SETUP(p2p_dma)
{
	VMIG_WORK_SETUP(true);
	if (variant->peer)
		aim_at_peer(&self->pair, &self->w);
	else
		aim_at_memory(&self->pair, &self->w, &self->mem);
}

FIXTURE_TEARDOWN(p2p_dma)
{
	struct vmig_dma none = {};

	if (self->pair.second) {
		/* Both are quiet before either one goes. */
		vmig_recover_running(self->dev);
		vmig_exercise_memory_end(&self->pair.w, &none);
	}
	vmig_exercise_memory_end(&self->w, &self->mem);
	vmig_exercise_end(&self->pair.target_w);
	vmig_p2p_end(&self->pair.ways[0]);
	vmig_p2p_end(&self->pair.ways[1]);
	vmig_close(self->pair.target);
	vmig_close(self->pair.second);
	VMIG_TEARDOWN();
}

#define NEED_AIM                                                                                   \
	do {                                                                                       \
		NEED_STATE(variant->state);                                                        \
		NEED(!self->pair.why, "%s", self->pair.why);                                       \
	} while (0)

#define NEED_PEER                                                                                  \
	do {                                                                                       \
		NEED(variant->peer, "the device writes to memory here, not to another one");       \
		NEED(self->pair.in.peer, "%s", self->pair.why_alone);                              \
	} while (0)

/*
 * After a SET into a P2P state during a transfer: what was under way has landed before SET
 * returned. What had not begun yet may wait, but then it waits.
 */
static void check_outstanding(enum vmig_clause_id id, struct aim *a, uint32_t seed,
			      const char *state)
{
	bool before = landed(a, seed);

	let_time_pass(a);
	CHECK(id, before || !touched(a),
	      vmig_fmt(
		      "%s under way, SET(%s), its target looked at when SET has returned and later",
		      what(a), state),
	      "all of it there at once, or nothing in the state",
	      "it lands after SET has returned");
}

TEST_F(p2p_dma, outstanding_lands_before_set_returns)
{
	struct aim *a = &self->pair.out;
	int fd;

	CLAUSES(QUI_08, QUI_11, ST_03);
	NEED_AIM;
	NEED(self->w.ops->dma_time_ms, "the device's DMA is over before it can be seen");
	must_begin(a, SEED);
	fd = vmig_set_state(self->dev, variant->state);
	check_outstanding(QUI_08, a, SEED, vmig_state_name(variant->state));
	vmig_close_data_fd(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	CHECK(QUI_11, lands(a, SEED),
	      vmig_fmt("%s begun in RUNNING, %s, RUNNING again", what(a),
		       vmig_state_name(variant->state)),
	      "all of it in its target", touched(a) ? "something else" : "nothing");
}

/* "The device does not initiate new peer to peer DMA" (H:1178), whoever rings its bell. */
TEST_F(p2p_dma, new_waits)
{
	const char *name = vmig_state_name(variant->state);
	struct aim *a = &self->pair.out;
	int fd, ret;

	CLAUSES(QUI_07, QUI_11);
	NEED_AIM;
	fd = vmig_set_state(self->dev, variant->state);
	ret = begin_write(a, SEED);
	let_time_pass(a);
	CHECK(QUI_07, !touched(a), vmig_fmt("%s asked for in %s", what(a), name),
	      "nothing in its target in this state", "the device has written to it");
	vmig_close_data_fd(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	if (ret)
		vmig_note(QUI_11, "%s asked for in %s is refused: %s", what(a), name,
			  vmig_errno_name(ret));
	else
		CHECK(QUI_11, lands(a, SEED),
		      vmig_fmt("%s asked for in %s, which took it, RUNNING", what(a), name),
		      "all of it in its target", touched(a) ? "something else" : "nothing");
}

/* Many behind one another: the first is under way, the rest wait. */
TEST_F(p2p_dma, queue_stops)
{
	const struct vmig_exerciser *ops = self->w.ops;
	const char *name = vmig_state_name(variant->state);
	uint32_t len, i, there = 0;
	unsigned char *before;
	int fd;

	CLAUSES(QUI_08, QUI_11);
	NEED_AIM;
	NEED(!variant->peer, "the queue is looked at in memory");
	NEED(ops->dma_queue > 1 && ops->dma_time_ms, "the device has no queue of DMA");
	len = ops->dma_max / ops->dma_queue / ops->dma_align * ops->dma_align;
	for (i = 0; i < ops->dma_queue; i++)
		vmig_dma_begin(&self->w, &self->mem, i * len, len, SEED + i);
	fd = vmig_set_state(self->dev, variant->state);
	before = vmig_alloc(self->mem.size);
	memcpy(before, self->mem.at, self->mem.size);
	let_time_pass(&self->pair.out);
	CHECK(QUI_08, !memcmp(before, self->mem.at, self->mem.size),
	      vmig_fmt(
		      "%u transfers asked for, SET(%s), memory looked at when SET has returned and "
		      "later",
		      ops->dma_queue, name),
	      "no change", "the device has written in between");
	free(before);
	vmig_close_data_fd(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	for (i = 0; i < ops->dma_queue; i++)
		there += vmig_dma_lands(&self->w, &self->mem, i * len, len, SEED + i);
	CHECK(QUI_11, there == ops->dma_queue,
	      vmig_fmt("%u transfers asked for, %s, RUNNING again", ops->dma_queue, name),
	      "all of them in memory", "%u of them", there);
}

/* The switchover: from PRE_COPY, which does DMA, to PRE_COPY_P2P, which must not. */
TEST_F(p2p_dma, pre_copy_p2p_is_quiet)
{
	struct aim *a = &self->pair.out;
	int fd;

	CLAUSES(PRE_16, PRE_17);
	NEED_AIM;
	NEED(variant->state == VFIO_DEVICE_STATE_PRE_COPY_P2P, "PRE_COPY_P2P alone is looked at");
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	must_begin(a, SEED);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	check_outstanding(PRE_16, a, SEED, "PRE_COPY_P2P");
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	CHECK(PRE_17, lands(a, SEED),
	      vmig_fmt("%s begun in PRE_COPY, PRE_COPY_P2P, PRE_COPY again", what(a)),
	      "all of it in its target", touched(a) ? "something else" : "nothing");
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	begin_write(a, SEED + 1);
	let_time_pass(a);
	CHECK(PRE_16, !touched(a), vmig_fmt("%s asked for in PRE_COPY_P2P", what(a)),
	      "nothing in its target, as in RUNNING_P2P", "the device has written to it");
	vmig_close_data_fd(fd);
}

/* A switchover that is called off: the vCPUs run again, and the device with them. */
TEST_F(p2p_dma, back_in_pre_copy_goes_on)
{
	struct aim *a = &self->pair.out;
	int fd, ret;

	CLAUSES(PRE_17, QUI_11);
	NEED_AIM;
	NEED(variant->state == VFIO_DEVICE_STATE_PRE_COPY_P2P, "PRE_COPY_P2P alone is looked at");
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	ret = begin_write(a, SEED);
	let_time_pass(a);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY);
	if (!ret)
		CHECK(QUI_11, lands(a, SEED),
		      vmig_fmt("%s asked for in PRE_COPY_P2P, which took it, PRE_COPY", what(a)),
		      "all of it in its target", touched(a) ? "something else" : "nothing");
	must_begin(a, SEED + 1);
	CHECK(PRE_17, lands(a, SEED + 1),
	      vmig_fmt("PRE_COPY_P2P -> PRE_COPY, %s asked for then", what(a)),
	      "all of it in its target, the device is fully operational",
	      touched(a) ? "something else" : "nothing");
	vmig_close_data_fd(fd);
}

/* "The device remains quiesced" over RUNNING_P2P -> PRE_COPY_P2P and back (H:1134). */
TEST_F(p2p_dma, saving_leaves_it_quiet)
{
	struct aim *a = &self->pair.out;
	int fd, ret;

	CLAUSES(FSM_10, QUI_11);
	NEED_AIM;
	NEED(variant->state == VFIO_DEVICE_STATE_PRE_COPY_P2P, "PRE_COPY_P2P alone is looked at");
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
	ret = begin_write(a, SEED);
	let_time_pass(a);
	NEED(!touched(a), "the device does DMA in RUNNING_P2P already");
	fd = vmig_set_state(self->dev, VFIO_DEVICE_STATE_PRE_COPY_P2P);
	let_time_pass(a);
	if (ret)
		ret = begin_write(a, SEED);
	let_time_pass(a);
	CHECK(FSM_10, !touched(a),
	      vmig_fmt("%s asked for in RUNNING_P2P, RUNNING_P2P -> PRE_COPY_P2P", what(a)),
	      "nothing in its target, the device stays quiet", "the device has written to it");
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING_P2P);
	let_time_pass(a);
	CHECK(FSM_10, !touched(a),
	      vmig_fmt("%s asked for before, PRE_COPY_P2P -> RUNNING_P2P", what(a)),
	      "nothing in its target, the device stays quiet", "the device has written to it");
	vmig_close_data_fd(fd);
	vmig_set_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	if (!ret)
		CHECK(QUI_11, lands(a, SEED),
		      vmig_fmt("%s asked for in a P2P state, which took it, RUNNING", what(a)),
		      "all of it in its target", touched(a) ? "something else" : "nothing");
}

/* Only what the device begins is held: a peer that still runs may write to it (H:1116). */
TEST_F(p2p_dma, incoming_writes_land)
{
	struct aim *a = &self->pair.in;
	int fd;

	CLAUSES(QUI_09);
	NEED_STATE(variant->state);
	NEED_PEER;
	fd = vmig_set_state(self->dev, variant->state);
	must_begin(a, SEED);
	CHECK(QUI_09, lands(a, SEED),
	      vmig_fmt("peer to peer DMA of another device to this one, in %s",
		       vmig_state_name(variant->state)),
	      "it lands", touched(a) ? "something else is there" : "nothing is there");
	vmig_close_data_fd(fd);
}

/* "All regions are functional" (H:1116): a vCPU may write registers and read them back. */
TEST_F(p2p_dma, registers_work)
{
	const char *why;
	int fd;

	CLAUSES(QUI_09);
	NEED_STATE(variant->state);
	NEED_PATTERN;
	NEED(!variant->peer, "no other device is needed for it");
	vmig_set_pattern(&self->w, SEED);
	fd = vmig_set_state(self->dev, variant->state);
	why = vmig_check_pattern(&self->w, SEED);
	CHECK(QUI_09, !why,
	      vmig_fmt("a pattern put there in RUNNING, read in %s",
		       vmig_state_name(variant->state)),
	      "the pattern", "%s", why);
	vmig_set_pattern(&self->w, SEED + 1);
	why = vmig_check_pattern(&self->w, SEED + 1);
	CHECK(QUI_09, !why,
	      vmig_fmt("a pattern put there and read in %s", vmig_state_name(variant->state)),
	      "the pattern", "%s", why);
	vmig_close_data_fd(fd);
}

/* Interrupts are another matter, as memory is (S2). */
TEST_F(p2p_dma, interrupt_when_asked)
{
	int fd, irq, ret;

	CLAUSES(QUI_10);
	NEED_STATE(variant->state);
	NEED_IRQ;
	NEED(!variant->peer, "no other device is needed for it");
	irq = vmig_irq_listen(&self->w);
	fd = vmig_set_state(self->dev, variant->state);
	ret = self->w.ops->irq_raise(&self->w, 0);
	vmig_note(QUI_10, "an interrupt asked for in %s: %s, its eventfd %s",
		  vmig_state_name(variant->state), vmig_errno_name(ret),
		  vmig_eventfd_wait(irq, WATCH_MS) ? "is signalled" : "is silent");
	vmig_close_data_fd(fd);
	vmig_irq_end(&self->w, irq);
}

/*
 * What the P2P states are for: two devices write into each other while one is stopped
 * and then the other. When both are quiet nothing is under way between them, so that it
 * does not matter which one stops first; and when they run again all of it has arrived.
 */
VMIG_TEST_TIMEOUT(p2p_dma, two_phases, 60)
{
	struct aim *aims[2] = { &self->pair.out, &self->pair.in };
	struct vmig_device *devs[2] = { self->dev, self->pair.second };
	uint32_t quiet[2];
	int fds[2], i;

	CLAUSES(QUI_07, QUI_08, QUI_11);
	NEED_AIM;
	NEED_PEER;
	for (i = 0; i < 2; i++)
		must_begin(aims[i], SEED + i);
	for (i = 0; i < 2; i++)
		fds[i] = vmig_set_state(devs[i], variant->state);
	for (i = 0; i < 2; i++)
		quiet[i] = landed_word(aims[i]->peer);
	let_time_pass(aims[0]);
	for (i = 0; i < 2; i++)
		CHECK(QUI_08, landed_word(aims[i]->peer) == quiet[i],
		      vmig_fmt(
			      "two devices write into each other, SET(%s) of both, the %s looked at "
			      "when both have returned and later",
			      vmig_state_name(variant->state), i ? "first" : "second"),
		      "no change", "it has been written to in between");
	for (i = 0; i < 2; i++)
		vmig_close_data_fd(fds[i]);
	for (i = 0; i < 2; i++)
		vmig_set_state(devs[i], VFIO_DEVICE_STATE_STOP);
	for (i = 0; i < 2; i++)
		vmig_set_state(devs[i], VFIO_DEVICE_STATE_RUNNING_P2P);
	let_time_pass(aims[0]);
	for (i = 0; i < 2; i++)
		CHECK(QUI_07, landed_word(aims[i]->peer) == quiet[i],
		      vmig_fmt("both stopped and in RUNNING_P2P again, the %s looked at",
			       i ? "first" : "second"),
		      "no change", "it has been written to in between");
	for (i = 0; i < 2; i++)
		vmig_set_state(devs[i], VFIO_DEVICE_STATE_RUNNING);
	for (i = 0; i < 2; i++)
		CHECK(QUI_11, lands(aims[i], SEED + i),
		      vmig_fmt("both in RUNNING again, the %s looked at", i ? "first" : "second"),
		      "all that was asked for is there",
		      touched(aims[i]) ? "something else" : "nothing");
}

VMIG_MAIN("p2p_dma")
