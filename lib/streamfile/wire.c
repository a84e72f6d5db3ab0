// SPDX-License-Identifier: GPL-2.0-only
/* A stream over TCP; see wire.h. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/wire.h>

/* A receiver that is not there yet is asked for again after this time. */
#define AGAIN_MS 200

/* How often is looked whether to give up. */
#define LOOK_MS 200

/**
 * vmig_frame_encode - make the head of a frame
 * @f: the frame
 * @head: where it goes
 */
void vmig_frame_encode(const struct vmig_frame *f, unsigned char head[VMIG_WIRE_HEAD])
{
	uint32_t type = htole32(f->type), len = htole32(f->len);
	uint64_t value = htole64(f->value);

	memcpy(head, &type, 4);
	memcpy(head + 4, &len, 4);
	memcpy(head + 8, &value, 8);
}

/* How much may follow a frame of that kind? False for a kind that does not exist. */
static bool limits_of(enum vmig_wire_type type, uint32_t *min, uint32_t *max)
{
	*min = 0;
	*max = 0;
	switch (type) {
	case VMIG_WIRE_HEADER:
		*min = 1;
		*max = 4096;
		return true;
	case VMIG_WIRE_DATA:
		*min = 1;
		*max = VMIG_WIRE_MAX;
		return true;
	case VMIG_WIRE_DONE:
		*min = 8;
		*max = 8;
		return true;
	case VMIG_WIRE_GOOD:
	case VMIG_WIRE_NOPE:
	case VMIG_WIRE_BAD:
	case VMIG_WIRE_STOP:
		*max = VMIG_WIRE_TEXT;
		return true;
	case VMIG_WIRE_WANT:
	case VMIG_WIRE_TOOK:
		return true;
	}
	return false;
}

/**
 * vmig_frame_decode - read the head of a frame, strictly
 * @head: it; may come from anywhere
 * @f: the frame
 *
 * Return: 0, or -EPROTO for what is no head of a frame.
 */
int vmig_frame_decode(const unsigned char head[VMIG_WIRE_HEAD], struct vmig_frame *f)
{
	uint32_t type, len, min, max;
	uint64_t value;

	memcpy(&type, head, 4);
	memcpy(&len, head + 4, 4);
	memcpy(&value, head + 8, 8);
	f->type = le32toh(type);
	f->len = le32toh(len);
	f->value = le64toh(value);
	if (!limits_of(f->type, &min, &max) || f->len < min || f->len > max)
		return -EPROTO;
	return 0;
}

/**
 * vmig_wire_text - what the other side says, fit for a terminal
 * @data: the bytes
 * @len: their number
 * @text: where they go; a byte that is not printable becomes '?'
 * @size: of @text
 */
void vmig_wire_text(const void *data, size_t len, char *text, size_t size)
{
	const unsigned char *from = data;
	size_t n;

	for (n = 0; n < len && n + 1 < size; n++)
		text[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : '?';
	text[n] = '\0';
}

static int parse_port(const char *text, in_port_t *port)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n < 1 || n > 65535)
		return -EINVAL;
	*port = htons(n);
	return 0;
}

static bool is_any(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;

	if (address->ss_family == AF_INET)
		return four->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

static int parse_host(const char *host, const char *port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *six = (void *)address;
	struct sockaddr_in *four = (void *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		return parse_port(port, &four->sin_port);
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		return parse_port(port, &six->sin6_port);
	}
	return -EINVAL;
}

/**
 * vmig_wire_address - read an address and a port
 * @spec: ADDRESS:PORT, [ADDRESS]:PORT with one of IPv6; numbers only, as a static program has
 *	  no name service
 * @own: to listen at: PORT alone stands for 127.0.0.1, and the address that means all
 *	 addresses of the host is refused
 * @address: where it goes
 * @why: what is wrong with it, one clause for people
 * @size: of @why
 *
 * Return: 0 or -EINVAL.
 */
int vmig_wire_address(const char *spec, bool own, struct sockaddr_storage *address, char *why,
		      size_t size)
{
	const char *colon = strrchr(spec, ':'), *host = spec;
	char name[64];
	size_t len;

	if (!colon && own) {
		host = "127.0.0.1";
		len = strlen(host);
	} else {
		len = colon ? (size_t)(colon - spec) : 0;
	}
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, host);
	if (len >= sizeof(name) || parse_host(name, colon ? colon + 1 : spec, address)) {
		snprintf(why, size, "'%.100s' is no %s", spec,
			 own ? "PORT or ADDRESS:PORT, in numbers" : "ADDRESS:PORT, in numbers");
		return -EINVAL;
	}
	if (own && is_any(address)) {
		snprintf(
			why, size,
			"%.80s would listen on all addresses of this host: give the one through which "
			"the sender comes",
			spec);
		return -EINVAL;
	}
	return 0;
}

static socklen_t length_of(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}

/**
 * vmig_wire_listen - open a door, on one address
 * @address: at which
 * @why: what went wrong, one clause for people
 * @size: of @why
 *
 * Return: a listening socket or -errno.
 */
int vmig_wire_listen(const struct sockaddr_storage *address, char *why, size_t size)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, err;

	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !bind(fd, (const void *)address, length_of(address)) && !listen(fd, 1))
		return fd;
	err = errno;
	if (fd >= 0)
		close(fd);
	snprintf(why, size, "%s", strerror(err));
	return -err;
}

/*
 * Wait for one of the events, until @until at most; in short steps, as a signal may come
 * before poll() has begun.
 */
static int wait_for(struct vmig_wire *w, int fd, short events, uint64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now;
	int n;

	if (until > w->end_ms)
		until = w->end_ms;
	for (;;) {
		if (w->stop && *w->stop)
			return -EINTR;
		now = vmig_now_ms();
		n = poll(&p, 1, now >= until ? 0 : until - now < LOOK_MS ? until - now : LOOK_MS);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (now >= until)
			return until == w->end_ms ? -ETIME : -ETIMEDOUT;
	}
}

static void set_up(struct vmig_wire *w, int fd)
{
	int one = 1;

	/* The small frames are what the other side waits for. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	w->fd = fd;
}

/**
 * vmig_wire_accept - let one sender in, and close the door
 * @w: the connection; all but @fd is set
 * @listener: what vmig_wire_listen() gave; closed
 * @patience_ms: how long to wait
 *
 * Return: 0; -ETIMEDOUT if nobody came; -errno.
 */
int vmig_wire_accept(struct vmig_wire *w, int listener, unsigned int patience_ms)
{
	int ret, fd;

	w->fd = -1;
	ret = wait_for(w, listener, POLLIN, vmig_now_ms() + patience_ms);
	if (!ret) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			ret = -errno;
		else
			set_up(w, fd);
	}
	close(listener);
	return ret;
}

static int try_connect(struct vmig_wire *w, const struct sockaddr_storage *address, uint64_t until)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret = fd < 0 ? -errno : 0, err;
	socklen_t len = sizeof(err);

	if (!ret && connect(fd, (const void *)address, length_of(address)))
		ret = -errno;
	if (ret == -EINPROGRESS) {
		ret = wait_for(w, fd, POLLOUT, until);
		if (!ret)
			ret = getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -errno : -err;
	}
	if (!ret)
		set_up(w, fd);
	else if (fd >= 0)
		close(fd);
	return ret;
}

/**
 * vmig_wire_connect - go to a receiver
 * @w: the connection; all but @fd is set
 * @address: where it is
 * @patience_ms: how long to try; one that is not there yet is asked for again
 *
 * Return: 0 or -errno of the last try.
 */
int vmig_wire_connect(struct vmig_wire *w, const struct sockaddr_storage *address,
		      unsigned int patience_ms)
{
	uint64_t until = vmig_now_ms() + patience_ms;
	int ret;

	w->fd = -1;
	for (;;) {
		ret = try_connect(w, address, until);
		if (ret != -ECONNREFUSED && ret != -EHOSTUNREACH && ret != -ENETUNREACH)
			return ret;
		if (vmig_now_ms() + AGAIN_MS >= until || (w->stop && *w->stop))
			return ret;
		poll(NULL, 0, AGAIN_MS);
	}
}

static int send_all(struct vmig_wire *w, struct iovec *iov, int count)
{
	uint64_t heard = vmig_now_ms();
	struct msghdr msg = {};
	ssize_t n;
	int ret;

	while (count) {
		msg.msg_iov = iov;
		msg.msg_iovlen = count;
		n = sendmsg(w->fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			ret = wait_for(w, w->fd, POLLOUT, heard + w->silence_ms);
			if (ret)
				return ret;
			continue;
		}
		if (n < 0 && errno == EINTR && !(w->stop && *w->stop))
			continue;
		if (n < 0)
			return -errno;
		heard = vmig_now_ms();
		for (; count && (size_t)n >= iov->iov_len; iov++, count--)
			n -= iov->iov_len;
		if (count) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= n;
		}
	}
	return 0;
}

/**
 * vmig_wire_send - send a frame
 * @w: the connection
 * @type: what it is
 * @value: its number
 * @data: what follows it
 * @len: bytes of @data
 *
 * Return: 0; -ETIMEDOUT where the other side takes nothing; -ETIME where all takes too long;
 * -EINTR; another -errno of the connection.
 */
int vmig_wire_send(struct vmig_wire *w, enum vmig_wire_type type, uint64_t value, const void *data,
		   size_t len)
{
	struct vmig_frame f = { .type = type, .len = len, .value = value };
	unsigned char head[VMIG_WIRE_HEAD];
	struct iovec iov[2] = {
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)data, .iov_len = len },
	};

	vmig_frame_encode(&f, head);
	return send_all(w, iov, len ? 2 : 1);
}

static int receive_all(struct vmig_wire *w, unsigned char *to, size_t len)
{
	uint64_t heard = vmig_now_ms();
	size_t done = 0;
	ssize_t n;
	int ret;

	while (done < len) {
		n = recv(w->fd, to + done, len - done, 0);
		if (n > 0) {
			done += n;
			heard = vmig_now_ms();
			if (heard >= w->end_ms)
				return -ETIME;
			continue;
		}
		if (!n)
			return -ECONNRESET;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		ret = wait_for(w, w->fd, POLLIN, heard + w->silence_ms);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * vmig_wire_receive - receive a frame
 * @w: the connection
 * @f: the frame
 * @data: what follows it
 * @size: of @data
 *
 * Return: 0; -EPROTO for what is no frame, or one with more behind it than @size;
 * -ECONNRESET where the other side hung up; otherwise as vmig_wire_send().
 */
int vmig_wire_receive(struct vmig_wire *w, struct vmig_frame *f, void *data, size_t size)
{
	unsigned char head[VMIG_WIRE_HEAD];
	int ret;

	ret = receive_all(w, head, sizeof(head));
	ret = ret ?: vmig_frame_decode(head, f);
	if (!ret && f->len > size)
		ret = -EPROTO;
	return ret ?: receive_all(w, data, f->len);
}

/**
 * vmig_wire_pending - is there something to receive?
 * @w: the connection
 *
 * Return: true also where the other side has hung up.
 */
bool vmig_wire_pending(struct vmig_wire *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/**
 * vmig_wire_close - end a connection so that the other side gets what was sent last
 * @w: the connection; may have none
 *
 * A close with bytes that nobody has read makes the kernel drop those on the way out. So
 * what still comes is thrown away, for as long as the other side may be silent at most.
 */
void vmig_wire_close(struct vmig_wire *w)
{
	static char scrap[64 << 10];
	uint64_t until = vmig_now_ms() + w->silence_ms;
	ssize_t n = 1;

	if (w->fd < 0)
		return;
	shutdown(w->fd, SHUT_WR);
	while (n && vmig_now_ms() < until) {
		n = recv(w->fd, scrap, sizeof(scrap), 0);
		if (n < 0 && (errno != EAGAIN || wait_for(w, w->fd, POLLIN, until)))
			break;
	}
	close(w->fd);
	w->fd = -1;
}

/**
 * vmig_wire_fault - what is wrong with a connection, for people
 * @w: the connection
 * @err: what a function here returned, not 0
 * @why: a clause, such as "the other side hung up"
 * @size: of @why
 */
void vmig_wire_fault(const struct vmig_wire *w, int err, char *why, size_t size)
{
	switch (err) {
	case -ECONNRESET:
	case -EPIPE:
		snprintf(why, size, "the other side hung up");
		break;
	case -ETIMEDOUT:
		snprintf(why, size, "the other side was silent for %u s", w->silence_ms / 1000);
		break;
	case -ETIME:
		snprintf(why, size, "it took too long as a whole");
		break;
	case -EPROTO:
		snprintf(why, size, "the other side sends what is no answer of this suite");
		break;
	case -EINTR:
		snprintf(why, size, "it was interrupted here");
		break;
	default:
		snprintf(why, size, "%s", strerror(-err));
	}
}
