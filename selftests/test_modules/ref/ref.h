/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The migration engine of the reference drivers: states, data_fd sessions, the stream,
 * pre-copy and DMA logging, for any device that can say what struct ref_ops asks.
 *
 * Locks, outermost first:
 *   ref->state_mutex     states and sessions; held while a SET is under way
 *   ref_session.io       one read() or write() at a time; held over user copies
 *   ref_session.lock     what a session has; never held over a user copy, so that a reset,
 *                        which comes under locks that a page fault takes, can take it
 *   locks of the device  under any of them
 */
#ifndef VFIO_MIG_REF_H
#define VFIO_MIG_REF_H

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/iova_bitmap.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "compat.h"
#include "defect.h"
#include "format.h"
#include "freedom.h"

struct ref_device;
struct ref_lost;
struct ref_session;
struct ref_pieces;

/**
 * enum ref_activity - how much of a device is at work
 * @REF_STOPPED: nothing: no DMA, no interrupt, nothing moves by itself
 * @REF_NO_DMA: no DMA is begun and none is under way; all else works (the P2P states)
 * @REF_RUNNING: all of it
 */
enum ref_activity { REF_STOPPED, REF_NO_DMA, REF_RUNNING };

/**
 * struct ref_ops - what the engine asks of a device
 * @set_activity: bring the device to this activity and return when it is there: what is
 *	under way has ended, what waits is held. Bounded by the driver; on an error the
 *	activity is as it was.
 * @get_regs: the whole state but for the memory, regs_size bytes. Called for a stopped
 *	device. Unused bytes must be 0.
 * @check_regs: is a state that came in a stream one that the device can take? -EINVAL if not.
 * @set_regs: make it the device's state; comes after all of the memory, and has been checked.
 * @read_mem: memory, in any state, while the device may be writing to it (then it calls
 *	ref_dirty(), and the page is sent again)
 * @write_mem: memory that came in a stream, only in RESUMING
 * @save_mem: optional: read_mem() to @p->data and the sums of its pieces, for a device that
 *	knows some without looking; @at is a multiple of REF_PIECE
 * @look_mem: optional: the sums of the pieces of @p->data, which came for @at and is unchecked
 * @load_mem: optional: write_mem() of @p->data, of which look_mem() has seen the same
 * @load_begin: optional: RESUMING was entered
 * @load_end: optional: all has come, make what write_mem() brought the device's own; before
 *	set_regs()
 * @reset: make the state what it is after power-on, memory included; the activity is
 *	REF_RUNNING after it
 * @reaches: optional: is something mapped at this address? For defects only
 *
 * All but those that move memory are called with the state mutex held.
 */
struct ref_ops {
	int (*set_activity)(struct ref_device *ref, enum ref_activity activity);
	void (*get_regs)(struct ref_device *ref, void *regs);
	int (*check_regs)(struct ref_device *ref, const void *regs);
	int (*set_regs)(struct ref_device *ref, const void *regs);
	int (*read_mem)(struct ref_device *ref, u64 at, void *buf, size_t len);
	int (*write_mem)(struct ref_device *ref, u64 at, const void *buf, size_t len);
	int (*save_mem)(struct ref_device *ref, u64 at, struct ref_pieces *p, size_t len);
	void (*look_mem)(struct ref_device *ref, u64 at, struct ref_pieces *p, size_t len);
	int (*load_mem)(struct ref_device *ref, u64 at, const struct ref_pieces *p, size_t len);
	void (*load_begin)(struct ref_device *ref);
	int (*load_end)(struct ref_device *ref);
	void (*reset)(struct ref_device *ref);
	bool (*reaches)(struct ref_device *ref, u64 iova);
};

/**
 * struct ref_driver - one of the two drivers
 * @defect: what it does wrong at the moment
 * @freedom: what it does differently, for as long as it is loaded
 * @read_delay_us: how long each read() of a stream sleeps before it gives anything
 * @arc_delay_us: the same of each step from one state to the next
 *
 * The delays break no rule: they are there to see whether a slower driver is noticed.
 */
struct ref_driver {
	enum ref_defect defect;
	enum ref_freedom freedom;
	unsigned int read_delay_us;
	unsigned int arc_delay_us;
};

/**
 * struct ref_log - DMA logging
 * @lock: for all below
 * @on: between START and STOP
 * @all: a page could not be kept, so that all count as written
 * @coarse: bits of a page number that a granule leaves out; defects only
 * @granule: pages that are told of together, 0 for one
 * @beside: how many beside these are told of, too
 * @untold: there was no report yet, and the first one has all pages
 * @pages: numbers of the pages, of 4 KiB, that were written
 * @nr_ranges: number of @ranges
 * @ranges: what is logged
 */
struct ref_log {
	struct mutex lock;
	bool on;
	bool all;
	u64 coarse;
	u64 granule;
	u64 beside;
	bool untold;
	struct xarray pages;
	u32 nr_ranges;
	struct ref_range *ranges;
};

/**
 * struct ref_range - IOVAs that are logged
 * @first: the first one
 * @last: the last one
 */
struct ref_range {
	u64 first;
	u64 last;
};

/**
 * struct ref_device - a device with migration
 *
 * Set by the driver before ref_init():
 * @vdev: the VFIO device
 * @driver: its driver
 * @ops: what it can do
 * @type: identity of the device type; streams of another type are refused
 * @mem_size: bytes of memory
 * @regs_size: bytes of all other state, REF_MAX_REGS at most
 * @iova_bits: width of the addresses that the device can make
 * @version: of the stream that it writes, the newest that it reads; 0 for REF_VERSION
 * @error_on_bad_load: a failed load leads to ERROR, else the device stays in RESUMING
 *
 * The engine's own:
 * @state_mutex: see above
 * @setters: how many SETs are under way
 * @features: REF_FEATURE_*
 * @state: migration state
 * @activity: what the device was last told
 * @session: the open session, or NULL
 * @lock: for @deferred_reset, and to wake up the readers of @session
 * @deferred_reset: a reset came while the state mutex was taken
 * @dirty: a bit for each page of memory that changed since it was sent
 * @fresh: the same of those that are initial data again, see ref_reinit()
 * @tracking: changes are written to @dirty
 * @hold: sessions give no data for now (a device that is slow)
 * @log: DMA logging
 * @defect: what defects remember, see defect.h
 * @lost: memory that a defect does not give back before the device goes
 */
struct ref_device {
	struct vfio_device *vdev;
	struct ref_driver *driver;
	const struct ref_ops *ops;
	u32 type;
	u64 mem_size;
	u32 regs_size;
	unsigned int iova_bits;
	u32 version;
	bool error_on_bad_load;

	struct mutex state_mutex;
	atomic_t setters;
	u32 features;
	enum vfio_device_mig_state state;
	enum ref_activity activity;
	struct ref_session *session;
	spinlock_t lock;
	bool deferred_reset;
	unsigned long *dirty;
	unsigned long *fresh;
	bool tracking;
	bool hold;
	struct ref_log log;
	struct ref_defect_state defect;
	struct ref_lost *lost;
};

#define REF_MAX_REGS 4096

/* Which of the optional features a driver offers: its features= parameter. */
#define REF_FEATURE_P2P BIT(0)
#define REF_FEATURE_PRE_COPY BIT(1)
#define REF_FEATURE_LOG BIT(2)
#define REF_FEATURES_ALL (REF_FEATURE_P2P | REF_FEATURE_PRE_COPY | REF_FEATURE_LOG)

/* The parameters that each of the drivers has. */
extern const struct kernel_param_ops ref_defect_param_ops;
extern const struct kernel_param_ops ref_freedom_param_ops;
extern const struct kernel_param_ops ref_features_param_ops;

#define REF_PARAMS(driver_, features_)                                                             \
	module_param_cb(defect, &ref_defect_param_ops, &(driver_), 0644);                          \
	MODULE_PARM_DESC(defect, "which rule to break, none by default; ? lists them in the log"); \
	module_param_cb(conforming, &ref_freedom_param_ops, &(driver_), 0444);                     \
	MODULE_PARM_DESC(conforming, "which freedom of the header to take, none by default");      \
	module_param_named(read_delay_us, (driver_).read_delay_us, uint, 0644);                    \
	MODULE_PARM_DESC(read_delay_us, "each read() of a stream takes so much longer");           \
	module_param_named(arc_delay_us, (driver_).arc_delay_us, uint, 0644);                      \
	MODULE_PARM_DESC(arc_delay_us, "each step from state to state takes so much longer");      \
	module_param_cb(features, &ref_features_param_ops, &(features_), 0444);                    \
	MODULE_PARM_DESC(features, "what to offer: all, or none, p2p, pre_copy, log with commas")

/**
 * struct ref_pieces - data of a record and what is known of its pieces
 * @data: the data
 * @sum: ref_piece_sum() of each piece
 * @known: a bit for each piece, which only the device's operations set and read: what it
 *	found there. It holds from one save_mem() to the next, as all others who write to @data
 *	clear it.
 */
struct ref_pieces {
	u8 *data;
	u64 sum[REF_PIECES];
	u32 known;
};

/*
 * When a driver calls these: ref_init() before it registers the VFIO device, ref_open() and
 * ref_close() at the end of open_device and at the start of close_device, ref_reset() for a
 * VFIO_DEVICE_RESET that it does itself, ref_reset_done() from the PCI error handlers.
 */
int ref_init(struct ref_device *ref, u32 features);
void ref_destroy(struct ref_device *ref);
void ref_open(struct ref_device *ref);
void ref_close(struct ref_device *ref);
int ref_reset(struct ref_device *ref);
void ref_reset_done(struct ref_device *ref);
void ref_dirty(struct ref_device *ref, u64 at, size_t len);
void ref_set_hold(struct ref_device *ref, bool hold);
void ref_reinit(struct ref_device *ref, u64 at, u64 len);
void ref_worked(struct ref_device *ref);
void ref_accessed(struct ref_device *ref);
bool ref_work_lost(struct ref_device *ref);
void ref_log_write(struct ref_device *ref, u64 iova, u64 len);
bool ref_unknown_feature_ok(struct ref_device *ref, u32 flags);
void ref_lose(struct ref_device *ref, size_t bytes);
bool ref_freedom_plain(enum ref_freedom freedom, size_t *bytes);
void ref_force_state(struct ref_device *ref, enum vfio_device_mig_state state);

/* A delay of ref_driver. Whoever asks for more than a second gets one: a wait must end. */
static inline void ref_delay(unsigned int us)
{
	if (us)
		fsleep(min(us, 1000000U));
}

static inline bool ref_defect(const struct ref_device *ref, enum ref_defect defect)
{
	return READ_ONCE(ref->driver->defect) == defect;
}

/* One that shows after a load only. */
static inline bool ref_loaded_defect(const struct ref_device *ref, enum ref_defect defect)
{
	return ref_defect(ref, defect) && READ_ONCE(ref->defect.loaded);
}

static inline bool ref_freedom(const struct ref_device *ref, enum ref_freedom freedom)
{
	return ref->driver->freedom == freedom;
}

#endif /* VFIO_MIG_REF_H */
