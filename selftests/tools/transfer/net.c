// SPDX-License-Identifier: GPL-2.0-only
/* A device's state from one host to another. See ferry.h, and wire.h for what goes over. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/wire.h>
#include <vmig/error.h>
#include "transfer.h"
#include "verdict.h"

/* The receiver tells how far it is each time so many bytes have come. */
#define TELL_EACH (4 << 20)

/**
 * struct link - one end of a connection
 * @w: the connection
 * @peer: who is at the other end, for people
 * @took: bytes that the receiver has confirmed
 * @answer: last word of the receiver, 0 while there is none
 * @text: what it said
 */
struct link {
	struct vmig_wire w;
	const char *peer;
	uint64_t took;
	enum vmig_wire_type answer;
	char text[VMIG_WIRE_TEXT + 1];
};

static void set_up(struct link *l, const struct vmig_ferry *c, const char *peer)
{
	*l = (struct link){
		.w = { .fd = -1,
		       .silence_ms = c->silence_ms,
		       .end_ms = c->end_ms,
		       .stop = &vmig_ferry_stop },
		.peer = peer,
	};
}

/* The connection is of no use any more: why, and how far it came. */
static bool lost(struct vmig_ferry *c, const struct link *l, int err, const char *what)
{
	char why[200];

	vmig_wire_fault(&l->w, err, why, sizeof(why));
	return vmig_ferry_fail(c, "%s %s: %s", what, l->peer, why);
}

static bool lost_sending(struct vmig_ferry *c, const struct link *l, int err)
{
	char why[200];

	vmig_wire_fault(&l->w, err, why, sizeof(why));
	return vmig_ferry_fail(
		c, "the connection to %s broke: %s; %llu bytes were sent, %llu of them confirmed",
		l->peer, why, (unsigned long long)c->bytes, (unsigned long long)l->took);
}

/* The next frame of the receiver; its last word is kept. 0 or -errno. */
static int listen_to(struct link *l)
{
	struct vmig_frame f;
	int ret;

	ret = vmig_wire_receive(&l->w, &f, l->text, VMIG_WIRE_TEXT);
	if (ret)
		return ret;
	switch (f.type) {
	case VMIG_WIRE_TOOK:
		if (f.value < l->took)
			return -EPROTO;
		l->took = f.value;
		return 0;
	case VMIG_WIRE_GOOD:
	case VMIG_WIRE_NOPE:
	case VMIG_WIRE_BAD:
	case VMIG_WIRE_STOP:
		l->answer = f.type;
		l->took = f.value;
		vmig_wire_text(l->text, f.len, l->text, sizeof(l->text));
		return 0;
	case VMIG_WIRE_WANT:
		l->answer = f.type;
		return 0;
	default:
		return -EPROTO;
	}
}

/* What the receiver's last word means. */
static enum vmig_ferry_end answered(struct vmig_ferry *c, const struct link *l)
{
	switch (l->answer) {
	case VMIG_WIRE_GOOD:
		return VMIG_FERRY_DONE;
	case VMIG_WIRE_NOPE:
		vmig_ferry_fail(c, "%s refused the stream: %s", l->peer, l->text);
		return VMIG_FERRY_REFUSED;
	case VMIG_WIRE_BAD:
		vmig_ferry_fail(c, "%s says of its device: %s", l->peer, l->text);
		return VMIG_FERRY_BROKEN;
	default:
		vmig_ferry_fail(c, "%s stopped after %llu bytes: %s", l->peer,
				(unsigned long long)l->took, l->text);
		return VMIG_FERRY_CANNOT;
	}
}

static bool to_peer(struct vmig_ferry *c, void *arg, const void *data, size_t len, uint64_t at)
{
	struct link *l = arg;
	int ret = 0;

	while (!ret && !l->answer && vmig_wire_pending(&l->w))
		ret = listen_to(l);
	if (!ret && !l->answer)
		ret = vmig_wire_send(&l->w, VMIG_WIRE_DATA, at, data, len);
	/* A receiver that hung up has often said why. */
	while ((ret == -EPIPE || ret == -ECONNRESET) && !l->answer && !listen_to(l))
		;
	if (ret && !l->answer)
		return lost_sending(c, l, ret);
	return !l->answer;
}

/* Whose stream it is, and whether the receiver wants it. */
static enum vmig_ferry_end introduce(struct vmig_ferry *c, struct link *l)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	int ret;

	vmig_streamfile_encode(&c->here, header);
	ret = vmig_wire_send(&l->w, VMIG_WIRE_HEADER, 0, header, sizeof(header));
	ret = ret ?: listen_to(l);
	if (!ret && !l->answer)
		ret = -EPROTO;
	if (ret) {
		lost(c, l, ret, "no stream was sent to");
		return VMIG_FERRY_CANNOT;
	}
	if (l->answer == VMIG_WIRE_NOPE) {
		vmig_ferry_fail(c, "%s does not want the stream: %s", l->peer, l->text);
		return VMIG_FERRY_CANNOT;
	}
	if (l->answer != VMIG_WIRE_WANT)
		return answered(c, l);
	l->answer = 0;
	return VMIG_FERRY_DONE;
}

static enum vmig_ferry_end conclude(struct vmig_ferry *c, struct link *l)
{
	uint64_t sum = htole64(c->checksum);
	int ret;

	ret = vmig_wire_send(&l->w, VMIG_WIRE_DONE, c->bytes, &sum, sizeof(sum));
	while (!ret && !l->answer)
		ret = listen_to(l);
	/* It may have answered before it heard of the end. */
	while ((ret == -EPIPE || ret == -ECONNRESET) && !l->answer && !listen_to(l))
		;
	if (ret && !l->answer) {
		lost_sending(c, l, ret);
		return VMIG_FERRY_CANNOT;
	}
	if (l->answer == VMIG_WIRE_GOOD)
		printf("sent %s from %s: %s accepted it, %s\n", vmig_ferry_rate(c), c->id.name,
		       l->peer, l->text);
	return answered(c, l);
}

/**
 * vmig_ferry_send - the device's state to another host
 * @c: what is carried, found
 * @to: ADDRESS:PORT of the receiver
 *
 * The device is saved only after the receiver has said that it wants the stream, and is in
 * RUNNING again when this ends.
 *
 * Return: how it ended, on both sides.
 */
enum vmig_ferry_end vmig_ferry_send(struct vmig_ferry *c, const char *to)
{
	struct sockaddr_storage address;
	enum vmig_ferry_end end;
	struct link l;
	int ret;

	set_up(&l, c, vmig_ferry_name(to));
	if (vmig_wire_address(to, false, &address, c->why, sizeof(c->why)) || !vmig_ferry_open(c))
		return VMIG_FERRY_CANNOT;
	ret = vmig_wire_connect(&l.w, &address, c->patience_ms);
	if (ret) {
		lost(c, &l, ret, "no connection to");
		return VMIG_FERRY_CANNOT;
	}
	c->here.seed = c->seed;
	end = introduce(c, &l);
	if (end == VMIG_FERRY_DONE) {
		if (vmig_ferry_out(c, to_peer, &l))
			end = conclude(c, &l);
		else if (l.answer)
			end = answered(c, &l);
		else
			end = VMIG_FERRY_CANNOT;
	}
	if (end == VMIG_FERRY_CANNOT && !l.answer)
		vmig_wire_send(&l.w, VMIG_WIRE_STOP, c->bytes, c->why,
			       strnlen(c->why, VMIG_WIRE_TEXT));
	vmig_wire_close(&l.w);
	return end;
}

/* Tell the sender what came of it. Where it does not hear that, the verdict stands here. */
static void tell(struct vmig_ferry *c, struct link *l, enum vmig_wire_type type, const char *text)
{
	vmig_wire_send(&l->w, type, c->bytes, text, strnlen(text, VMIG_WIRE_TEXT));
}

/* Is that a stream for this device? Nothing was touched so far. */
static bool meet(struct vmig_ferry *c, struct link *l, struct vmig_streamfile *f)
{
	unsigned char header[4096];
	struct vmig_frame frame;
	char why[400];
	int ret;

	ret = vmig_wire_receive(&l->w, &frame, header, sizeof(header));
	if (!ret && frame.type != VMIG_WIRE_HEADER)
		ret = -EPROTO;
	if (ret)
		return lost(c, l, ret, "no stream came from");
	if (vmig_streamfile_decode(header, frame.len, f, why, sizeof(why)) ||
	    !vmig_streamfile_fits(f, &c->here, why, sizeof(why))) {
		tell(c, l, VMIG_WIRE_NOPE, why);
		return vmig_ferry_fail(c, "the stream of %s is none for %s: %s", l->peer,
				       c->id.name, why);
	}
	return true;
}

static bool lost_receiving(struct vmig_ferry *c, const struct link *l, int err)
{
	char why[200];

	vmig_wire_fault(&l->w, err, why, sizeof(why));
	return vmig_ferry_fail(
		c, "the connection from %s broke: %s; %llu bytes had come, which are dropped",
		l->peer, why, (unsigned long long)c->bytes);
}

/* The sender's last frame: is what came what was sent? */
static bool is_whole(struct vmig_ferry *c, const struct link *l, const struct vmig_frame *f,
		     const unsigned char *data)
{
	uint64_t sum;

	memcpy(&sum, data, sizeof(sum));
	if (f->value == c->bytes && le64toh(sum) == c->checksum)
		return true;
	return vmig_ferry_fail(
		c,
		"what came from %s is not what was sent (%llu bytes of %llu, or another "
		"checksum), and is dropped",
		l->peer, (unsigned long long)c->bytes, (unsigned long long)f->value);
}

/* All of the stream, up to its end or to where the driver refuses it. False with c->why. */
static bool from_peer(struct vmig_ferry *c, struct link *l, int data_fd)
{
	unsigned char *block = vmig_alloc(VMIG_WIRE_MAX);
	uint64_t told = 0;
	struct vmig_frame f;
	bool more = true;
	int ret = 0;

	while (more && !ret) {
		ret = vmig_wire_receive(&l->w, &f, block, VMIG_WIRE_MAX);
		if (ret)
			break;
		if (f.type == VMIG_WIRE_DATA && f.value == c->bytes) {
			more = vmig_ferry_in(c, data_fd, block, f.len);
			if (more && c->bytes - told >= TELL_EACH) {
				told = c->bytes;
				ret = vmig_wire_send(&l->w, VMIG_WIRE_TOOK, told, NULL, 0);
			}
		} else if (f.type == VMIG_WIRE_DONE) {
			more = false;
			is_whole(c, l, &f, block);
		} else if (f.type == VMIG_WIRE_STOP) {
			more = false;
			vmig_wire_text(block, f.len, l->text, sizeof(l->text));
			vmig_ferry_fail(c, "%s stopped after %llu bytes: %s", l->peer,
					(unsigned long long)f.value, l->text);
		} else {
			ret = -EPROTO;
		}
	}
	free(block);
	if (ret)
		lost_receiving(c, l, ret);
	return !c->why[0];
}

static enum vmig_ferry_end take(struct vmig_ferry *c, struct link *l)
{
	struct vmig_streamfile f;
	enum vmig_ferry_end end;
	char origin[512];
	int data_fd;

	if (!meet(c, l, &f))
		return VMIG_FERRY_CANNOT;
	data_fd = vmig_ferry_begin(c, &f);
	if (data_fd < 0) {
		tell(c, l, VMIG_WIRE_STOP, c->why);
		return VMIG_FERRY_CANNOT;
	}
	vmig_wire_send(&l->w, VMIG_WIRE_WANT, 0, NULL, 0);
	if (!from_peer(c, l, data_fd)) {
		close(data_fd);
		tell(c, l, VMIG_WIRE_STOP, c->why);
		return VMIG_FERRY_CANNOT;
	}
	end = vmig_ferry_finish(c, data_fd, &f);
	if (end == VMIG_FERRY_DONE) {
		tell(c, l, VMIG_WIRE_GOOD, vmig_ferry_seen(c));
		vmig_streamfile_origin(&f, origin, sizeof(origin));
		printf("received %s into %s: accepted, %s; it is from %s\n", vmig_ferry_rate(c),
		       c->id.name, vmig_ferry_seen(c), origin);
	} else {
		tell(c, l, end == VMIG_FERRY_BROKEN ? VMIG_WIRE_BAD : VMIG_WIRE_NOPE, c->why);
	}
	return end;
}

/**
 * vmig_ferry_recv - the state of a device on another host into this one
 * @c: what is carried, found
 * @at: PORT or ADDRESS:PORT to listen at
 *
 * One connection, after which nothing listens any more.
 *
 * Return: how it ended.
 */
enum vmig_ferry_end vmig_ferry_recv(struct vmig_ferry *c, const char *at)
{
	struct sockaddr_storage address;
	enum vmig_ferry_end end;
	char why[200];
	struct link l;
	int fd, ret;

	set_up(&l, c, "the sender");
	if (vmig_wire_address(at, true, &address, c->why, sizeof(c->why)) || !vmig_ferry_open(c))
		return VMIG_FERRY_CANNOT;
	fd = vmig_wire_listen(&address, why, sizeof(why));
	if (fd < 0) {
		vmig_ferry_fail(c, "cannot listen at %s: %s", at, why);
		return VMIG_FERRY_CANNOT;
	}
	printf("waiting for a sender at %s%s\n", strchr(at, ':') ? "" : "127.0.0.1:", at);
	fflush(stdout);
	ret = vmig_wire_accept(&l.w, fd, c->patience_ms);
	if (ret == -ETIMEDOUT || ret == -ETIME)
		vmig_ferry_fail(c, "no sender came to %s within %u s (VMIG_WAIT_SECONDS)", at,
				c->patience_ms / 1000);
	else if (ret)
		lost(c, &l, ret, "nothing came from");
	if (ret)
		return VMIG_FERRY_CANNOT;
	end = take(c, &l);
	vmig_wire_close(&l.w);
	return end;
}
