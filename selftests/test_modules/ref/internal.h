/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the engine know of each other; ref.h is what a driver sees. Each calls
 * those above it here, and none below: core, freedom, log, session, reset, data_fd, copy, save and
 * load, fsm, and device.c, which has no more to say than ref.h does.
 */
#ifndef VFIO_MIG_REF_INTERNAL_H
#define VFIO_MIG_REF_INTERNAL_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>

#include "format.h"
#include "ref.h"

/* What of the stream comes next. */
enum ref_phase {
	REF_PHASE_HEADER,
	REF_PHASE_KEY, /* of a stream that has a key or noise */
	REF_PHASE_INITIAL, /* all of the memory, once; saving only */
	REF_PHASE_RECORDS, /* what changed since */
	REF_PHASE_REGS, /* saving only */
	REF_PHASE_END, /* saving only */
	REF_PHASE_DONE,
};

/**
 * struct ref_session - a session
 * @count: the device and the file
 * @io: one read() or write() at a time, over user copies
 * @lock: for all below
 * @ref: the device, NULL once the session is over
 * @freedom: what its driver does differently
 * @vdev: its VFIO device, to find out by ref_of() whether there still is one; defects only
 * @saving: saving or resuming
 * @state: migration state of the device
 * @over: the session has ended; nothing is given or taken
 * @stale: it should be over, and a defect keeps it
 * @hold: no data for now
 * @wait: readers that wait for data or the end of the session
 * @buf: a header or record
 * @pieces: of the data of the record in @buf
 * @len: bytes in @buf
 * @pos: saving: how many of them were read
 * @need: resuming: how many make it complete
 * @version: of the stream
 * @initial: saving: @buf is of the initial data
 * @reinit: saving: there is new initial data that GET_PRECOPY_INFO has not told of
 * @phase: what comes next
 * @key: what the records are encrypted with, 0 for nothing
 * @noise: saving: bytes of the record that says nothing, 0 for no such record
 * @pause: saving: the temporary end between two rounds is to be told
 * @repeated: saving: all of the memory was made to go again in STOP_COPY
 * @asked: saving: how often GET_PRECOPY_INFO was called
 * @moved: bytes that went through the file
 * @waits: calls that have waited
 * @late: resuming: bytes that came after the stream had turned out bad
 * @cursor: saving: how much of the memory has gone once
 * @number: of the next record
 * @regs: resuming: the registers that came; saving: those that sampled_in_precopy took
 * @have_regs: @regs is set
 * @broken: resuming: what came is no stream
 * @taken: resuming: something came
 * @reads: read() calls; defects only
 * @enomsg: read() has given ENOMSG; defects only
 * @lose: drop the next piece; defects only
 * @stuck: what initial_bytes was with the last REINIT; defects only
 * @flushed: a descriptor of the file was closed; defects only
 * @tgid: who read last; defects only
 * @unchecked: do not look at checksums; defects only
 * @touched: a defect looks at the device when it may be gone, NULL without
 * @buf_freed: a defect has freed @buf, which still points there
 * @users: read() and write() calls that are under way; defects only
 * @io_kept: an error has left with @io held; defects only
 * @unaccounted: memory that its user is not charged with; defects only
 * @entry: in a list of stale sessions; defects only
 */
struct ref_session {
	struct kref count;
	struct mutex io;
	struct mutex lock;
	struct ref_device *ref;
	enum ref_freedom freedom;
	struct vfio_device *vdev;
	bool saving;
	enum vfio_device_mig_state state;
	bool over;
	bool stale;
	bool hold;
	wait_queue_head_t wait;
	u8 *buf;
	struct ref_pieces pieces;
	size_t len;
	size_t pos;
	size_t need;
	u32 version;
	bool initial;
	bool reinit;
	enum ref_phase phase;
	u64 key;
	u32 noise;
	bool pause;
	bool repeated;
	u32 asked;
	u64 moved;
	atomic_t waits;
	u64 late;
	u64 cursor;
	u32 number;
	void *regs;
	bool have_regs;
	bool broken;
	bool taken;
	u32 reads;
	bool enomsg;
	bool lose;
	u64 stuck;
	bool flushed;
	pid_t tgid;
	bool unchecked;
	struct ref_device *touched;
	bool buf_freed;
	atomic_t users;
	bool io_kept;
	void *unaccounted;
	struct list_head entry;
};

/**
 * struct ref_session_kind - what makes a session one that saves or one that resumes
 * @saving: which of the two
 * @fops: what its data_fd can do
 * @begin: it begins: its state is set, and its file is there
 */
struct ref_session_kind {
	bool saving;
	const struct file_operations *(*fops)(struct ref_device *ref);
	void (*begin)(struct ref_session *s);
};

/* core.c */
struct ref_device *ref_of(struct vfio_device *vdev);
int ref_register(struct ref_device *ref);
void ref_unregister(struct ref_device *ref);
void ref_each(void (*call)(struct ref_device *ref));
bool ref_is_saving(enum vfio_device_mig_state state);
enum ref_activity ref_activity_of(struct ref_device *ref, enum vfio_device_mig_state state);
int ref_set_activity(struct ref_device *ref, enum ref_activity activity);
u64 ref_flags(struct ref_device *ref);

/* freedom.c */
u32 ref_freedom_features(const struct ref_device *ref, u32 features);
u64 ref_freedom_data_size(const struct ref_device *ref, u64 size);
void ref_freedom_info(const struct ref_session *s, struct vfio_precopy_info *info);
size_t ref_freedom_count(const struct ref_session *s, size_t count);
int ref_freedom_wait(struct ref_session *s);
void ref_freedom_open(enum ref_freedom freedom);
int ref_freedom_arc(const struct ref_device *ref);
int ref_freedom_refused(const struct ref_device *ref, int ret);
int ref_freedom_bad_load(enum ref_freedom freedom, int ret);
int ref_freedom_ended(const struct ref_session *s);
int ref_freedom_unknown(const struct ref_session *s);

/* hang.c */
enum ref_hang {
	REF_HANG_NONE,
	REF_HANG_READ,
	REF_HANG_WRITE,
	REF_HANG_SET,
	REF_HANG_GET,
	REF_HANG_INFO,
	REF_HANG_REPORT,
	REF_HANG_RESET,
	REF_HANG_CLOSE,
	REF_HANG_RELEASE,
};

int ref_hang(enum ref_hang call);
int ref_hang_here(void);

/* log.c */
extern const struct vfio_log_ops ref_log_ops;
void ref_log_end(struct ref_device *ref);

/* session.c */
struct file *ref_session_begin(struct ref_device *ref, enum vfio_device_mig_state state,
			       const struct ref_session_kind *kind);
void ref_session_end(struct ref_device *ref);
void ref_session_put(struct ref_session *s);
void ref_session_forget(struct ref_device *ref);
void ref_session_state(struct ref_session *s, enum vfio_device_mig_state state);
bool ref_session_defect(const struct ref_session *s, enum ref_defect defect);
void ref_session_sum(struct ref_session *s, size_t len);
struct ref_session *ref_session_next(struct ref_session *stale, bool saving);
void ref_session_next_put(struct ref_session *s);

/* remains.c */
void ref_find_lost(struct ref_device *ref);
void ref_reset_state(struct ref_device *ref);

/* reset.c */
void ref_reset_locked(struct ref_device *ref);
void ref_state_unlock(struct ref_device *ref);

/* data_fd.c */
int ref_session_flush(struct file *filp, fl_owner_t id);
int ref_session_release(struct inode *inode, struct file *filp);

/* copy.c */
void ref_copy_wait(struct ref_device *ref, enum ref_defect defect);
size_t ref_copy_out(struct ref_session *s, char __user *to, const u8 *from, size_t n,
		    char __user *end);
size_t ref_copy_in(struct ref_session *s, u8 *to, const char __user *from, size_t n,
		   const char __user *end);

/* save.c */
extern const struct ref_session_kind ref_save_kind;
void ref_save_rewind(struct ref_session *s);
u64 ref_save_size(struct ref_device *ref);

/* load.c */
extern const struct ref_session_kind ref_load_kind;
int ref_load_finish(struct ref_session *s, enum vfio_device_mig_state target);

/* fsm.c */
extern const struct vfio_migration_ops ref_mig_ops;

#endif /* VFIO_MIG_REF_INTERNAL_H */
