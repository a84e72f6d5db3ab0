/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that has been given a data_fd, and makes calls on it on request. */
#ifndef VMIG_TESTS_DATA_FD_FD_PEER_H
#define VMIG_TESTS_DATA_FD_FD_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <vmig/device.h>

/* Bytes that a peer can read or write at once. */
#define VMIG_FD_PEER_MAX (64 << 10)

/* Default timeout of a request to a peer, where nothing else is said. */
#define VMIG_FD_PEER_TIMEOUT_MS 10000

/**
 * enum vmig_fd_peer_op - requests to a peer
 * @VMIG_FD_PEER_TAKE: nothing but to take the data_fd that comes along
 * @VMIG_FD_PEER_READ: read() some bytes into the shared buffer
 * @VMIG_FD_PEER_WRITE: write() some bytes of the shared buffer
 * @VMIG_FD_PEER_POLL: poll() for POLLIN, for ever
 */
enum vmig_fd_peer_op {
	VMIG_FD_PEER_TAKE,
	VMIG_FD_PEER_READ,
	VMIG_FD_PEER_WRITE,
	VMIG_FD_PEER_POLL
};

/**
 * struct vmig_fd_peer - the other process
 * @pid: its pid
 * @sock: socket to it
 * @buf: VMIG_FD_PEER_MAX bytes of memory that it shares
 */
struct vmig_fd_peer {
	pid_t pid;
	int sock;
	unsigned char *buf;
};

void vmig_fd_peer_start(struct vmig_fd_peer *peer, struct vmig_device *dev, int data_fd);
void vmig_fd_peer_send_fd(struct vmig_fd_peer *peer, int data_fd);
void vmig_fd_peer_request(struct vmig_fd_peer *peer, enum vmig_fd_peer_op op, size_t len);
bool vmig_fd_peer_reply(struct vmig_fd_peer *peer, int timeout_ms, ssize_t *ret);
ssize_t vmig_fd_peer_do(struct vmig_fd_peer *peer, enum vmig_fd_peer_op op, size_t len);
void vmig_fd_peer_stop(struct vmig_fd_peer *peer);

#endif /* VMIG_TESTS_DATA_FD_FD_PEER_H */
