/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on one kind of device: how to make it work, and how to read its state. One file a
 * device, one struct vmig_exerciser in it, listed in exerciser.c; a device that no file knows gets
 * the generic one, which offers nothing. An operation that is NULL is missing, and a test that
 * needs it is skipped with that reason.
 *
 * Operations touch the device in RUNNING unless said otherwise. They return 0 or -errno.
 * What takes time is begun by one and waited for by another, so that a test can change
 * the state in between.
 */
#ifndef VMIG_EXERCISERS_EXERCISER_H
#define VMIG_EXERCISERS_EXERCISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <vmig/device.h>

struct vmig_exerciser;

/**
 * struct vmig_exercise - a device under an exerciser
 * @dev: the device
 * @ops: what can be done with it
 * @priv: the exerciser's own
 */
struct vmig_exercise {
	struct vmig_device *dev;
	const struct vmig_exerciser *ops;
	void *priv;
};

/**
 * struct vmig_condition - something out of the ordinary that a device can be in, and that is state
 * @name: words behind "a device with"
 * @enter: bring it there, in RUNNING; -ENOENT for a device that has none of this
 * @check: is it there? 0, or -EILSEQ with in @why what is there instead; in RUNNING
 * @leave: end it, in RUNNING
 */
struct vmig_condition {
	const char *name;
	int (*enter)(struct vmig_exercise *w);
	int (*check)(struct vmig_exercise *w, const char **why);
	int (*leave)(struct vmig_exercise *w);
};

/**
 * struct vmig_exerciser - the operations
 * @name: name in messages
 * @driver: kernel driver whose devices it knows, or NULL
 * @knows: does it know this device, where the driver's name is not enough? Must not change
 *	anything. Optional.
 * @begin: make @w->priv and prepare the device (memory decoding, bus mastering). Optional.
 * @end: the device has no work left; free @w->priv. Optional.
 *
 * State:
 * @set_pattern: put a pattern that @seed makes into every part of the state that can be set
 * @check_pattern: is that pattern there? 0, or -EILSEQ with in @why what differs. May be called
 *	in any state of the device in which its registers can be read.
 * @dirty: let the device change its own state, as different from any set_pattern() pattern as
 *	@seed says; works in PRE_COPY too. check_dirty() sees it.
 * @check_dirty: does the state carry the change that dirty(@seed) made? 0 or -EILSEQ.
 * @look: print what can be read of the device, registers and memory, a fact a line, but for what
 *	moves by itself and what a read would change; of memory, only what is not 0. Two devices
 *	of which nobody has used either print the same. In RUNNING. Optional.
 * @stress_registers: write to every register that starts or changes something, in any state (a
 *	guest that does not keep still). Must not hurt a conforming device in RUNNING.
 * @counter: a value that moves by itself while the device runs and stands in STOP; read in
 *	any state
 * @hold_stream: the device gives no migration data until a call with @on false, so
 *	that a read() waits; in any state
 * @reinit: the device is reconfigured: in PRE_COPY it has new initial data, about @bytes of it,
 *	of which GET_PRECOPY_INFO tells with VFIO_PRECOPY_INFO_REINIT. All that dirty() changes
 *	is among it. -ENOENT for a device that cannot. Optional.
 * @conditions: errors that nobody has cleared, queues that are full, what a user has begun and
 *	not ended. Each is left by the one who entered it. Optional.
 * @condition_count: how many
 * @older: give and take streams as the version of driver or firmware before this one does, as
 *	long as @on; in any state. -ENOENT where there is none. Optional.
 *
 * DMA:
 * @dma_max: largest transfer in bytes
 * @dma_align: alignment of IOVA and length
 * @iova_bits: width of the addresses it can make
 * @dma_time_ms: how long a transfer of dma_max takes at least, 0 if it cannot be seen in flight
 * @dma_write: begin a write of @len bytes that @seed makes (vmig_pattern()) to memory
 * @dma_read: begin a read of memory; dma_wait() then returns a checksum of it in @sum. Optional.
 *	Like dma_write() and p2p_write() in any state: where the device must not begin, it may be
 *	held or refused.
 * @dma_wait: wait until all DMA has ended, @timeout_ms at most (-ETIMEDOUT). Reads registers
 *	only: in P2P states a transfer that is held gives -ETIMEDOUT. @sum may be NULL, else it
 *	gets the vmig_sum() of what the last dma_read() read.
 * @dma_queue: how many transfers can be begun without waiting, 1 or more; all of them
 *	together move dma_max bytes at most
 * @dma_write_irq: dma_write(), and the interrupt of irq_raise() when it has ended. Optional.
 * @dma_stays: DMA that waits in the device, or what it moves, is no part of its state
 * @dma_is_one_kind: the device cannot distinguish peer to peer from other DMA, so that in P2P
 *states it must do none at all (H:1181)
 *
 * Peer to peer; __vmig_p2p_begin() of p2p.h makes one device reach another:
 * @p2p_memory: on the target: where in which region peers may write 4 bytes. Changes nothing.
 * @p2p_window: where user space cannot map that for @w: make the 4 bytes of @peer, another
 *	device of the same driver, reachable by what the driver of @w has for it. Returns the IOVA.
 *	Optional.
 * @p2p_write: begin a P2P write of @value (4 bytes) to @iova
 * @p2p_landed: on the target: the 4 bytes that were last written to it. In any state.
 *
 * Firmware behind the device, where it is one of ours:
 * @fault: what is to go wrong with it from now on: "COMMAND:fail", "COMMAND:slow=MS",
 *	"COMMAND:never"; "" for nothing. In any state.
 * @commands: the names of the commands that reached it since fault() was last called, in
 *	order, with blanks between, and whether the fault came (@hit). In any state.
 * @event: something happens to it by itself: "pf_reset", "vf_disabled", ... -ENOENT where it
 *	has no such event. In any state.
 * @start_unknown: it was stopped, and stands still as it has not been told to go on in the way
 *	that it knows: whether hardware like this would go on is not documented. Optional.
 *
 * Interrupts:
 * @irq_index: VFIO irq index of what irq_raise() raises; vector 0
 * @irq_raise: raise it, @delay_ms from now (0: at once). With a delay of a device that cannot
 *	delay: -EOPNOTSUPP.
 * @irq_stays: an interrupt that is due later is no part of its state
 * @irq_mask: the device's own mask: while it is on, interrupts wait in the device, and one comes
 *	when it is off again. Optional.
 */
struct vmig_exerciser {
	const char *name;
	const char *driver;
	bool (*knows)(struct vmig_device *dev);
	int (*begin)(struct vmig_exercise *w);
	void (*end)(struct vmig_exercise *w);

	int (*set_pattern)(struct vmig_exercise *w, uint32_t seed);
	int (*check_pattern)(struct vmig_exercise *w, uint32_t seed, const char **why);
	int (*dirty)(struct vmig_exercise *w, uint32_t seed);
	int (*check_dirty)(struct vmig_exercise *w, uint32_t seed, const char **why);
	int (*look)(struct vmig_exercise *w, FILE *f);
	int (*stress_registers)(struct vmig_exercise *w);
	int (*counter)(struct vmig_exercise *w, uint64_t *value);
	int (*hold_stream)(struct vmig_exercise *w, bool on);
	int (*reinit)(struct vmig_exercise *w, uint32_t bytes);
	int (*older)(struct vmig_exercise *w, bool on);
	const struct vmig_condition *conditions;
	uint32_t condition_count;

	uint32_t dma_max;
	uint32_t dma_align;
	uint32_t iova_bits;
	uint32_t dma_time_ms;
	uint32_t dma_queue;
	bool dma_is_one_kind;
	int (*dma_write)(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed);
	int (*dma_write_irq)(struct vmig_exercise *w, uint64_t iova, uint32_t len, uint32_t seed);
	bool dma_stays;
	int (*dma_read)(struct vmig_exercise *w, uint64_t iova, uint32_t len);
	int (*dma_wait)(struct vmig_exercise *w, int timeout_ms, uint32_t *sum);

	int (*p2p_memory)(struct vmig_exercise *w, uint32_t *region, uint64_t *offset);
	int (*p2p_window)(struct vmig_exercise *w, struct vmig_exercise *peer, uint64_t *iova);
	int (*p2p_write)(struct vmig_exercise *w, uint64_t iova, uint32_t value);
	int (*p2p_landed)(struct vmig_exercise *w, uint32_t *value);

	int (*fault)(struct vmig_exercise *w, const char *spec);
	int (*commands)(struct vmig_exercise *w, char *names, size_t size, bool *hit);
	int (*event)(struct vmig_exercise *w, const char *name);
	bool (*start_unknown)(struct vmig_exercise *w);

	uint32_t irq_index;
	int (*irq_raise)(struct vmig_exercise *w, unsigned int delay_ms);
	bool irq_stays;
	int (*irq_mask)(struct vmig_exercise *w, bool on);
};

extern const struct vmig_exerciser vmig_exerciser_generic, vmig_exerciser_mock, vmig_exerciser_edu,
	vmig_exerciser_fw, vmig_exerciser_mtty, vmig_exerciser_nvme;

int __vmig_exercise_begin(struct vmig_exercise *w, struct vmig_device *dev);
void vmig_exercise_begin(struct vmig_exercise *w, struct vmig_device *dev);
void vmig_exercise_end(struct vmig_exercise *w);

#endif /* VMIG_EXERCISERS_EXERCISER_H */
