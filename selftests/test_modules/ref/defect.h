/* SPDX-License-Identifier: GPL-2.0-only */
/* What a reference driver does wrong on demand; the list is in defects.def. */
#ifndef VFIO_MIG_REF_DEFECT_H
#define VFIO_MIG_REF_DEFECT_H

#include <linux/types.h>

enum ref_defect {
	REF_NO_DEFECT,
#define DEFECT(name, where, chapter, number, what, who) REF_DEFECT_##name,
#include "defects.def"
#undef DEFECT
};

/**
 * struct ref_defect_state - what defects remember between calls
 * @previous: state before the last SET (set_is_async)
 * @set_at: jiffies of that SET
 * @setting: how many of the first SETs since open are under way
 * @sessions: sessions that have ended since open
 * @aborts: aborted PRE_COPY sessions since open
 * @aborted: a PRE_COPY session was aborted
 * @aborted_at: there
 * @saver: who has read a stream
 * @leftover: the last bytes that were written in a session
 * @blocked: no session can begin
 * @wedged: nothing works any more
 * @matched: a stream was good
 * @sticky: a load has failed
 * @oops: closed in RESUMING
 * @was_reset: VFIO_DEVICE_RESET was called since open
 * @log_broken: the next START fails
 * @no_memory: there was no memory for a session
 * @loaded_p2p: RUNNING_P2P was reached from RESUMING in one SET
 * @thread: who began the session, a thread
 * @process: and its process
 * @opted_in: the user before had opted in
 * @loaded: a stream was loaded since the last reset
 * @ran: and the device has run since
 * @late: work was asked for in PRE_COPY
 * @bad_at: an address in a stream was bad, or all of the stream
 * @opening: the device is being opened
 * @log_interrupted: STOP came while REPORT was under way
 * @touched: a bit for each of what was used since open
 */
struct ref_defect_state {
	u32 previous;
	unsigned long set_at;
	atomic_t setting;
	unsigned int sessions;
	unsigned int aborts;
	bool aborted;
	u64 aborted_at;
	pid_t saver;
	u8 leftover[16];
	bool blocked;
	bool wedged;
	bool matched;
	bool sticky;
	bool oops;
	bool was_reset;
	bool log_broken;
	bool no_memory;
	bool loaded_p2p;
	pid_t thread;
	pid_t process;
	bool opted_in;
	bool loaded;
	bool ran;
	bool late;
	bool bad_at;
	bool opening;
	bool log_interrupted;
	unsigned long touched;
};

int ref_defect_leak_fd(void);
bool ref_defect_collides(atomic_t *inside);

#endif /* VFIO_MIG_REF_DEFECT_H */
