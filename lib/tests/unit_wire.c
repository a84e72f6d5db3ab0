// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream on the network: frames arrive as they were sent, and a peer that is silent, hangs
 * up, sends rubbish, or trickles for ever costs a bounded time and an error. Children are
 * the peers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/wire.h>
#include "unit.h"

static unsigned char block[VMIG_WIRE_MAX];
static int listener;
static struct sockaddr_storage where;

static struct vmig_wire wire(void)
{
	return (struct vmig_wire){ .fd = -1, .silence_ms = 1500, .end_ms = vmig_now_ms() + 3000 };
}

/* A door on whatever port is free. */
static void open_door(void)
{
	struct sockaddr_in *address = (void *)&where;
	socklen_t len = sizeof(where);
	char why[100];

	memset(&where, 0, sizeof(where));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = vmig_wire_listen(&where, why, sizeof(why));
	if (listener < 0 || getsockname(listener, (void *)&where, &len))
		exit(1);
}

/* A peer that connects and does this. */
static pid_t peer(void (*act)(int fd))
{
	struct vmig_wire w = wire();
	pid_t pid;

	fflush(stdout);
	open_door();
	pid = fork();
	if (pid)
		return pid;
	close(listener);
	if (vmig_wire_connect(&w, &where, 1000))
		_exit(1);
	act(w.fd);
	_exit(0);
}

static void hang_up(int fd)
{
	close(fd);
}

static void be_silent(int fd)
{
	(void)fd;
	pause();
}

static void send_rubbish(int fd)
{
	if (write(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27) == 27)
		pause();
}

static void send_half(int fd)
{
	struct vmig_frame f = { VMIG_WIRE_DATA, 1000, 0 };
	unsigned char head[VMIG_WIRE_HEAD];

	vmig_frame_encode(&f, head);
	if (write(fd, head, sizeof(head)) == sizeof(head) && write(fd, block, 500) == 500)
		close(fd);
}

/* Never silent, and never at its end. */
static void trickle(int fd)
{
	struct vmig_frame f = { VMIG_WIRE_HEADER, 4096, 0 };
	unsigned char head[VMIG_WIRE_HEAD];

	vmig_frame_encode(&f, head);
	if (write(fd, head, sizeof(head)) != sizeof(head))
		return;
	while (write(fd, "D", 1) == 1)
		usleep(100000);
}

static void end_peer(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void bad_peer(void (*act)(int fd), int expected, const char *what)
{
	uint64_t began = vmig_now_ms();
	struct vmig_wire w = wire();
	struct vmig_frame f;
	pid_t pid = peer(act);
	char why[100];
	int ret;

	ret = vmig_wire_accept(&w, listener, 1000);
	ret = ret ?: vmig_wire_receive(&w, &f, block, sizeof(block));
	vmig_wire_fault(&w, ret, why, sizeof(why));
	UNIT(ret == expected, "%s: %s", what, why);
	end_peer(pid);
	vmig_wire_close(&w);
	UNIT(vmig_now_ms() - began < 10000, "%s: it ends", what);
}

static void one_frame(int fd)
{
	struct vmig_wire w = wire();

	w.fd = fd;
	if (vmig_wire_send(&w, VMIG_WIRE_DATA, 4711, block, sizeof(block)) ||
	    vmig_wire_send(&w, VMIG_WIRE_GOOD, 1ULL << 40, "well\x1b", 5))
		_exit(1);
	vmig_wire_close(&w);
}

static void frames(void)
{
	unsigned char *got = calloc(1, VMIG_WIRE_MAX);
	struct vmig_wire w = wire();
	struct vmig_frame f;
	char text[20];
	pid_t pid;

	memset(block, 0x5a, sizeof(block));
	pid = peer(one_frame);
	UNIT(got && !vmig_wire_accept(&w, listener, 1000) &&
		     !vmig_wire_receive(&w, &f, got, VMIG_WIRE_MAX) && f.type == VMIG_WIRE_DATA &&
		     f.value == 4711 && f.len == VMIG_WIRE_MAX && !memcmp(got, block, f.len),
	     "a frame of 1 MiB arrives");
	UNIT(!vmig_wire_receive(&w, &f, got, VMIG_WIRE_MAX) && f.type == VMIG_WIRE_GOOD &&
		     f.value == 1ULL << 40,
	     "and the one behind it");
	vmig_wire_text(got, f.len, text, sizeof(text));
	UNIT(!strcmp(text, "well?"), "what it says is fit for a terminal");
	UNIT(vmig_wire_receive(&w, &f, got, VMIG_WIRE_MAX) == -ECONNRESET, "and then it hangs up");
	vmig_wire_close(&w);
	end_peer(pid);
	free(got);
}

/* Nobody reads what is sent: the buffers of the kernel fill up. */
static void deaf(void)
{
	struct vmig_wire w = wire();
	pid_t pid = peer(be_silent);
	int ret = vmig_wire_accept(&w, listener, 1000), i;

	for (i = 0; i < 64 && !ret; i++)
		ret = vmig_wire_send(&w, VMIG_WIRE_DATA, i, block, sizeof(block));
	UNIT(ret == -ETIMEDOUT, "a peer that takes nothing");
	end_peer(pid);
	vmig_wire_close(&w);
}

static void stopped(void)
{
	static volatile sig_atomic_t stop = SIGINT;
	struct vmig_wire w = wire();

	open_door();
	w.stop = &stop;
	UNIT(vmig_wire_accept(&w, listener, 1000) == -EINTR, "an interrupt ends the wait");
}

static void nobody(void)
{
	struct vmig_wire w = wire();

	open_door();
	UNIT(vmig_wire_accept(&w, listener, 200) == -ETIMEDOUT, "nobody comes");
	/* The door is closed now. */
	UNIT(vmig_wire_connect(&w, &where, 500) == -ECONNREFUSED, "nobody is there");
}

static void heads(void)
{
	static const struct vmig_frame bad[] = {
		{ VMIG_WIRE_DATA, 0, 0 },
		{ VMIG_WIRE_DATA, VMIG_WIRE_MAX + 1, 0 },
		{ VMIG_WIRE_WANT, 1, 0 },
		{ VMIG_WIRE_TOOK, 8, 0 },
		{ VMIG_WIRE_DONE, 7, 0 },
		{ VMIG_WIRE_GOOD, VMIG_WIRE_TEXT + 1, 0 },
		{ VMIG_WIRE_HEADER, 0, 0 },
		{ VMIG_WIRE_HEADER, 4097, 0 },
		{ VMIG_WIRE_NAME('d', 'a', 't', 'a'), 1, 0 },
		{ 0, 0, 0 },
	};
	unsigned char head[VMIG_WIRE_HEAD];
	struct vmig_frame f;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vmig_frame_encode(&bad[i], head);
		UNIT(vmig_frame_decode(head, &f) == -EPROTO, "bad head of a frame %u", i);
	}
}

static void addresses(void)
{
	static const struct {
		const char *spec;
		bool own, good;
	} all[] = {
		{ "4711", true, true },
		{ "127.0.0.1:4711", true, true },
		{ "[::1]:4711", true, true },
		{ "::1:4711", true, true },
		{ "192.0.2.1:1", false, true },
		{ "4711", false, false },
		{ "0", true, false },
		{ "65536", true, false },
		{ "47x", true, false },
		{ "", true, false },
		{ "host:4711", false, false },
		{ "192.0.2.1:", false, false },
		{ "192.0.2.1:-1", false, false },
		{ "0.0.0.0:4711", true, false },
		{ "[::]:4711", true, false },
		{ ":4711", true, false },
	};
	struct sockaddr_storage address;
	char why[200];
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		UNIT(!vmig_wire_address(all[i].spec, all[i].own, &address, why, sizeof(why)) ==
			     all[i].good,
		     "address '%s' to %s: %s", all[i].spec, all[i].own ? "listen at" : "go to",
		     all[i].good ? "taken" : "refused");
	UNIT(!vmig_wire_address("4711", true, &address, why, sizeof(why)) &&
		     ((struct sockaddr_in *)&address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK),
	     "a port alone is of this host alone");
}

int main(void)
{
	heads();
	addresses();
	frames();
	bad_peer(hang_up, -ECONNRESET, "a peer that hangs up");
	bad_peer(be_silent, -ETIMEDOUT, "a silent peer");
	bad_peer(send_rubbish, -EPROTO, "a peer that sends rubbish");
	bad_peer(send_half, -ECONNRESET, "a peer that hangs up in the middle of a frame");
	bad_peer(trickle, -ETIME, "a peer that trickles");
	deaf();
	stopped();
	nobody();
	return unit_end();
}
