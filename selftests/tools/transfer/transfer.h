/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transferring a device's state to a file or a pipe, or from one: what vmig_transfer does. No test
 * and no verdict on clauses; one sentence says how it ended.
 */
#ifndef VMIG_TOOLS_TRANSFER_TRANSFER_H
#define VMIG_TOOLS_TRANSFER_TRANSFER_H

#include <signal.h>

#include <vmig/exerciser.h>
#include <vmig/streamfile.h>

/* How vmig_transfer ends. */
enum vmig_transfer_end {
	VMIG_TRANSFER_DONE, /* and what could be seen of the state is right */
	VMIG_TRANSFER_REFUSED, /* the driver refused the stream, and the device works */
	VMIG_TRANSFER_CANNOT, /* it could not be tried, or not to its end */
	VMIG_TRANSFER_BROKEN, /* the driver broke a rule; the exit code is that of a refusal */
};

/* Bytes of a read() or write(). */
#define VMIG_TRANSFER_BLOCK (1 << 20)

/**
 * struct vmig_transfer - a device whose state is transferred
 * @id: which one
 * @dev: the device, open
 * @here: what it is, for the headers of its streams
 * @bytes: of the stream, so far
 * @checksum: of these
 * @began_ms: when the first of them moved, vmig_now_ms()
 * @took_ms: how long it took from there to the last, and to SET(STOP) of a load
 * @end_ms: when all has to be over, vmig_now_ms()
 * @silence_ms: how long the other end of a pipe may do nothing
 * @patience_ms: how long it is waited for before it has done anything
 * @seed: pattern to put into the device before it is saved, 0 for none
 * @write_error: errno of the write() that the driver refused
 * @sure: an exerciser has seen that the state is the one that was saved
 * @why: what went wrong, a clause for a message
 */
struct vmig_transfer {
	struct vmig_dev_id id;
	struct vmig_device *dev;
	struct vmig_streamfile here;
	uint64_t bytes;
	uint64_t checksum;
	uint64_t began_ms;
	uint64_t took_ms;
	uint64_t end_ms;
	unsigned int silence_ms;
	unsigned int patience_ms;
	uint32_t seed;
	int write_error;
	bool sure;
	char why[600];
};

/* Set by a signal: give up, put the device back. */
extern volatile sig_atomic_t vmig_transfer_stop;

/* Where a stream goes: the bytes and their place; false with c->why where they cannot. */
typedef bool (*vmig_transfer_sink)(struct vmig_transfer *c, void *arg, const void *data, size_t len,
				   uint64_t at);

/* device.c */
bool vmig_transfer_fail(struct vmig_transfer *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool vmig_transfer_find(struct vmig_transfer *c, const char *device);
bool vmig_transfer_open(struct vmig_transfer *c);
bool vmig_transfer_close(struct vmig_transfer *c);
bool vmig_transfer_out(struct vmig_transfer *c, vmig_transfer_sink sink, void *arg);
int vmig_transfer_begin(struct vmig_transfer *c, const struct vmig_streamfile *f);
bool vmig_transfer_to_device(struct vmig_transfer *c, void *data_fd, const void *data, size_t len,
			     uint64_t at);
enum vmig_transfer_end vmig_transfer_finish(struct vmig_transfer *c, int data_fd,
					    const struct vmig_streamfile *f);
const char *vmig_transfer_name(const char *name);
const char *vmig_transfer_rate(const struct vmig_transfer *c);
const char *vmig_transfer_seen(const struct vmig_transfer *c);
const char *vmig_transfer_origin(const struct vmig_streamfile *f);

/* file.c */
bool vmig_transfer_to_file(struct vmig_transfer *c, void *arg, const void *data, size_t len,
			   uint64_t at);
bool vmig_transfer_read_file(struct vmig_transfer *c, int fd, uint64_t length,
			     vmig_transfer_sink sink, void *arg);
enum vmig_transfer_end vmig_transfer_show(const char *path);
enum vmig_transfer_end vmig_transfer_save(struct vmig_transfer *c, const char *path);
enum vmig_transfer_end vmig_transfer_load(struct vmig_transfer *c, const char *path);

/* pipe.c */
enum vmig_transfer_end vmig_transfer_save_pipe(struct vmig_transfer *c);
enum vmig_transfer_end vmig_transfer_load_pipe(struct vmig_transfer *c);
enum vmig_transfer_end vmig_transfer_keep(struct vmig_transfer *c, const char *path);
enum vmig_transfer_end vmig_transfer_pour(struct vmig_transfer *c, const char *path);

#endif /* VMIG_TOOLS_TRANSFER_TRANSFER_H */
