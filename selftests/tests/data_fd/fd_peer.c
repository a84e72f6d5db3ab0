// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another process that has a data_fd: by fork(), or sent to it through a socket. It
 * has no fd of the device, so that what happens to its data_fd when the device is left,
 * reset or closed is the driver's doing.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/shared.h>
#include "child.h"
#include "fd_peer.h"

struct order {
	enum vmig_fd_peer_op op;
	size_t len;
};

struct setup {
	struct vmig_fd_peer *peer;
	struct vmig_device *dev;
	int sock;
	int data_fd;
};

/* Room for one fd, aligned as the header of a control message must be. */
union fd_message {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* An order comes alone or with an fd, which the peer has from then on. */
static bool take_order(int sock, struct order *order, int *data_fd)
{
	struct iovec iov = { .iov_base = order, .iov_len = sizeof(*order) };
	union fd_message control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*order))
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(data_fd, CMSG_DATA(cmsg), sizeof(*data_fd));
	return true;
}

static ssize_t carry_out(const struct order *order, int data_fd, unsigned char *buf)
{
	struct pollfd p = { .fd = data_fd, .events = POLLIN };
	ssize_t ret = 0;

	switch (order->op) {
	case VMIG_FD_PEER_TAKE:
		break;
	case VMIG_FD_PEER_READ:
		ret = read(data_fd, buf, order->len);
		break;
	case VMIG_FD_PEER_WRITE:
		ret = write(data_fd, buf, order->len);
		break;
	case VMIG_FD_PEER_POLL:
		ret = poll(&p, 1, -1);
		if (ret > 0)
			ret = p.revents;
		break;
	}
	return ret < 0 ? -errno : ret;
}

/* Ends with the socket, or when it is killed. */
static void be_peer(void *arg)
{
	struct setup *s = arg;
	struct order order;
	ssize_t ret;

	vmig_close(s->dev);
	close(s->peer->sock);
	while (take_order(s->sock, &order, &s->data_fd)) {
		ret = carry_out(&order, s->data_fd, s->peer->buf);
		if (send(s->sock, &ret, sizeof(ret), MSG_NOSIGNAL) != sizeof(ret))
			break;
	}
}

/**
 * vmig_fd_peer_start - start a peer
 * @peer: where it goes
 * @dev: the device, whose fds the peer closes for itself
 * @data_fd: the data_fd that it inherits, or -1 for one that is sent later
 */
void vmig_fd_peer_start(struct vmig_fd_peer *peer, struct vmig_device *dev, int data_fd)
{
	struct setup setup = { .peer = peer, .dev = dev, .data_fd = data_fd };
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		vmig_test_error("socketpair() failed: %s", vmig_errno_name(errno));
	peer->buf = vmig_shared_alloc(VMIG_FD_PEER_MAX);
	peer->sock = sock[0];
	setup.sock = sock[1];
	peer->pid = vmig_child_start(be_peer, &setup);
	close(sock[1]);
}

static void send_order(struct vmig_fd_peer *peer, const struct order *order, int data_fd)
{
	struct iovec iov = { .iov_base = (void *)order, .iov_len = sizeof(*order) };
	union fd_message control = {};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (data_fd >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(data_fd));
		memcpy(CMSG_DATA(cmsg), &data_fd, sizeof(data_fd));
	}
	if (sendmsg(peer->sock, &msg, MSG_NOSIGNAL) != sizeof(*order))
		vmig_test_error("sendmsg() to the other process failed: %s",
				vmig_errno_name(errno));
}

/**
 * vmig_fd_peer_send_fd - give a peer a data_fd by SCM_RIGHTS
 * @peer: the peer
 * @data_fd: the data_fd; the caller keeps its own copy
 *
 * When this returns the peer has it.
 */
void vmig_fd_peer_send_fd(struct vmig_fd_peer *peer, int data_fd)
{
	struct order order = { .op = VMIG_FD_PEER_TAKE };
	ssize_t ret;

	send_order(peer, &order, data_fd);
	if (!vmig_fd_peer_reply(peer, VMIG_FD_PEER_TIMEOUT_MS, &ret))
		vmig_test_error("the other process did not take the data_fd");
}

/**
 * vmig_fd_peer_request - send a request to a peer, and do not wait
 * @peer: the peer, not doing anything
 * @op: what to do
 * @len: bytes, at most VMIG_FD_PEER_MAX
 */
void vmig_fd_peer_request(struct vmig_fd_peer *peer, enum vmig_fd_peer_op op, size_t len)
{
	struct order order = { .op = op, .len = len < VMIG_FD_PEER_MAX ? len : VMIG_FD_PEER_MAX };

	send_order(peer, &order, -1);
}

/**
 * vmig_fd_peer_reply - wait for the reply of a peer
 * @peer: the peer
 * @timeout_ms: how long
 * @ret: what the call returned, or -errno
 *
 * Return: false if the peer is not done in time.
 */
bool vmig_fd_peer_reply(struct vmig_fd_peer *peer, int timeout_ms, ssize_t *ret)
{
	struct pollfd p = { .fd = peer->sock, .events = POLLIN };

	if (poll(&p, 1, timeout_ms) <= 0)
		return false;
	if (recv(peer->sock, ret, sizeof(*ret), 0) != sizeof(*ret))
		vmig_test_error("the other process has gone");
	return true;
}

/**
 * vmig_fd_peer_do - send a request to a peer and wait for the reply
 * @peer: the peer
 * @op: what to do
 * @len: bytes, at most VMIG_FD_PEER_MAX
 *
 * Return: what the call returned, or -errno; -ETIMEDOUT for none in time.
 */
ssize_t vmig_fd_peer_do(struct vmig_fd_peer *peer, enum vmig_fd_peer_op op, size_t len)
{
	ssize_t ret;

	vmig_fd_peer_request(peer, op, len);
	return vmig_fd_peer_reply(peer, VMIG_FD_PEER_TIMEOUT_MS, &ret) ? ret : -ETIMEDOUT;
}

/**
 * vmig_fd_peer_stop - end a peer, whatever it is doing
 * @peer: the peer; its copy of the data_fd is closed when this returns
 */
void vmig_fd_peer_stop(struct vmig_fd_peer *peer)
{
	if (vmig_child_kill(peer->pid) == VMIG_CHILD_STUCK)
		vmig_test_error(
			"the other process hangs in a call on the data_fd and cannot be killed");
	close(peer->sock);
	vmig_shared_free(peer->buf, VMIG_FD_PEER_MAX);
}
