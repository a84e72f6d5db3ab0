/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream over TCP, from one sender to one receiver: every wait bounded, nothing that comes
 * believed. Both send frames of 16 bytes, little endian, and what belongs to them:
 *
 *	offset  bytes
 *	     0      4  enum vmig_wire_type, four letters
 *	     4      4  bytes that follow, VMIG_WIRE_MAX at most
 *	     8      8  a number
 *
 *	sender                            receiver
 *	HEAD  header of streamfile.h
 *	                                  WANT  or NOPE with the reason: nothing was touched
 *	DATA  at which byte; some bytes
 *	...                               TOOK  how many bytes the device has
 *	DONE  how many; their CRC-64
 *	                                  GOOD  or NOPE or BAD: what came of it
 *
 * STOP with the reason ends it early, from either side; after NOPE, BAD, STOP and GOOD
 * nothing comes. There is no proof of who the other side is, and no secret.
 */
#ifndef VMIG_MIGRATION_WIRE_H
#define VMIG_MIGRATION_WIRE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Bytes behind a frame at most. */
#define VMIG_WIRE_MAX (1 << 20)

/* Bytes of its head. */
#define VMIG_WIRE_HEAD 16

/* Bytes of a reason at most. */
#define VMIG_WIRE_TEXT 400

#define VMIG_WIRE_NAME(a, b, c, d) ((uint32_t)(a) | (b) << 8 | (c) << 16 | (uint32_t)(d) << 24)

/**
 * enum vmig_wire_type - what a frame is
 * @VMIG_WIRE_HEADER: whose stream it is
 * @VMIG_WIRE_WANT: it fits, let it come
 * @VMIG_WIRE_DATA: a part of it; the number is its place
 * @VMIG_WIRE_TOOK: the device has so many bytes
 * @VMIG_WIRE_DONE: that was all; the number of bytes
 * @VMIG_WIRE_GOOD: the device took it
 * @VMIG_WIRE_NOPE: it was refused, and no harm was done
 * @VMIG_WIRE_BAD: the device did not keep to the rules
 * @VMIG_WIRE_STOP: it cannot go on
 */
enum vmig_wire_type {
	VMIG_WIRE_HEADER = VMIG_WIRE_NAME('H', 'E', 'A', 'D'),
	VMIG_WIRE_WANT = VMIG_WIRE_NAME('W', 'A', 'N', 'T'),
	VMIG_WIRE_DATA = VMIG_WIRE_NAME('D', 'A', 'T', 'A'),
	VMIG_WIRE_TOOK = VMIG_WIRE_NAME('T', 'O', 'O', 'K'),
	VMIG_WIRE_DONE = VMIG_WIRE_NAME('D', 'O', 'N', 'E'),
	VMIG_WIRE_GOOD = VMIG_WIRE_NAME('G', 'O', 'O', 'D'),
	VMIG_WIRE_NOPE = VMIG_WIRE_NAME('N', 'O', 'P', 'E'),
	VMIG_WIRE_BAD = VMIG_WIRE_NAME('B', 'A', 'D', ' '),
	VMIG_WIRE_STOP = VMIG_WIRE_NAME('S', 'T', 'O', 'P'),
};

/**
 * struct vmig_frame - head of a frame
 * @type: what it is
 * @len: bytes that follow
 * @value: its number
 */
struct vmig_frame {
	enum vmig_wire_type type;
	uint32_t len;
	uint64_t value;
};

/**
 * struct vmig_wire - a connection
 * @fd: the socket
 * @silence_ms: how long the other side may neither send nor take anything
 * @end_ms: when all has to be over, vmig_now_ms()
 * @stop: gives up as soon as this is not 0; or NULL
 */
struct vmig_wire {
	int fd;
	unsigned int silence_ms;
	uint64_t end_ms;
	const volatile sig_atomic_t *stop;
};

void vmig_frame_encode(const struct vmig_frame *f, unsigned char head[VMIG_WIRE_HEAD]);
int vmig_frame_decode(const unsigned char head[VMIG_WIRE_HEAD], struct vmig_frame *f);
void vmig_wire_text(const void *data, size_t len, char *text, size_t size);

int vmig_wire_address(const char *spec, bool own, struct sockaddr_storage *address, char *why,
		      size_t size);
int vmig_wire_listen(const struct sockaddr_storage *address, char *why, size_t size);
int vmig_wire_accept(struct vmig_wire *w, int listener, unsigned int patience_ms);
int vmig_wire_connect(struct vmig_wire *w, const struct sockaddr_storage *address,
		      unsigned int patience_ms);

int vmig_wire_send(struct vmig_wire *w, enum vmig_wire_type type, uint64_t value, const void *data,
		   size_t len);
int vmig_wire_receive(struct vmig_wire *w, struct vmig_frame *f, void *data, size_t size);
bool vmig_wire_pending(struct vmig_wire *w);
void vmig_wire_close(struct vmig_wire *w);
void vmig_wire_fault(const struct vmig_wire *w, int err, char *why, size_t size);

#endif /* VMIG_MIGRATION_WIRE_H */
