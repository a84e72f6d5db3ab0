// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that the threads of a pool make. Threads of a process share the data_fds that it
 * has, without synchronisation: one closes what another one reads from.
 *
 * A number of an fd may have become another data_fd's by the time it is used. It is never
 * another kind of file's, as long as a process that has data_fds opens nothing else: so the
 * opens of the device are made by a process of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/dma_logging.h>
#include <vmig/fsm.h>
#include "load_attempt.h"
#include "stress_ops.h"

#define SLOTS 8

/* A reset is made at most for this part of the time. */
#define RESET_SHARE 6

/* How long a process that a thread forks may take; ms. */
#define FORK_MS 5000

/* The data_fds of this process, each one more than it is, so that 0 is none. */
static atomic_int slots[SLOTS];

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

/* Some fd, or -1; it may be closed by the time it is used. */
static int some_fd(struct vmig_worker *m)
{
	unsigned int at = vmig_rng_below(&m->rng, SLOTS), i;
	int fd;

	for (i = 0; i < SLOTS; i++) {
		fd = atomic_load(&slots[(at + i) % SLOTS]);
		if (fd)
			return fd - 1;
	}
	return -1;
}

static void put(unsigned int slot, int fd)
{
	int old = atomic_exchange(&slots[slot], fd + 1);

	if (old)
		close(old - 1);
}

/**
 * vmig_put_data_fd - give the threads of this process a data_fd
 * @fd: the data_fd, theirs from now on
 */
void vmig_put_data_fd(int fd)
{
	put(0, fd);
}

/**
 * vmig_forget_data_fds - close the data_fds of this process
 */
void vmig_forget_data_fds(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		put(i, -1);
}

/* Now and then the first touch of the buffer is the kernel's, under the driver's locks. */
static unsigned char *buffer(struct vmig_worker *m)
{
	if (!vmig_rng_below(&m->rng, 4) &&
	    mmap(m->page, VMIG_THREAD_POOL_BUFFER, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		vmig_test_error("mmap() failed: %s", vmig_errno_name(errno));
	return m->page;
}

static size_t some_size(struct vmig_worker *m)
{
	if (vmig_rng_below(&m->rng, 4))
		return 1 + vmig_rng_below(&m->rng, 64);
	return 1 + vmig_rng_below(&m->rng, VMIG_THREAD_POOL_BUFFER);
}

static int run_get(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;
	uint32_t state;
	int ret = __vmig_get_state(c->dev, &state);

	*arg = state;
	if (!ret && state != VFIO_DEVICE_STATE_ERROR && !vmig_state_offered(c->flags, state))
		vmig_thread_pool_bad(c, ST_02,
				     "GET tells state %u, which this device does not have", state);
	return ret;
}

const struct vmig_call vmig_call_get = { "get", run_get };

static int run_flags(struct vmig_worker *m, uint32_t *arg)
{
	uint64_t flags;
	int ret = __vmig_get_migration(m->pool->dev, &flags);

	*arg = flags;
	return ret;
}

const struct vmig_call vmig_call_flags = { "migration", run_flags };

static int run_size(struct vmig_worker *m, uint32_t *arg)
{
	uint64_t size;
	int ret = __vmig_get_data_size(m->pool->dev, &size);

	*arg = size;
	return ret;
}

const struct vmig_call vmig_call_size = { "data_size", run_size };

static int set(struct vmig_worker *m, uint32_t state)
{
	int fd = -1, ret = __vmig_set_state(m->pool->dev, state, &fd);

	if (!ret && fd >= 0)
		put(vmig_rng_below(&m->rng, SLOTS), fd);
	return ret;
}

static int run_set(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;

	*arg = c->states[vmig_rng_below(&m->rng, c->nr_states)];
	return set(m, *arg);
}

const struct vmig_call vmig_call_set = { "set", run_set };

/**
 * vmig_last_set - the last call of a thread: a SET that works from every state
 * @m: the thread; what it asks for is the last entry of its log
 */
void vmig_last_set(struct vmig_worker *m)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP };
	unsigned int nr = atomic_load(&m->calls);
	struct vmig_entry *e = &m->log[nr % VMIG_THREAD_POOL_LOG];

	e->call = &vmig_call_set;
	e->arg = states[vmig_rng_below(&m->rng, 2)];
	atomic_store(&m->busy, true);
	atomic_store(&m->calls, nr + 1);
	e->ret = set(m, e->arg);
	atomic_store(&m->busy, false);
}

/* 100 ms on PCI, so that it is made seldom there, and nothing is called in its place. */
static int run_reset(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;
	uint64_t begin = vmig_now_ms(), end;
	int ret;

	*arg = 0;
	if (begin < atomic_load(&c->no_reset_before))
		return -EAGAIN;
	ret = __vmig_reset(c->dev);
	end = vmig_now_ms();
	*arg = end - begin;
	atomic_store(&c->no_reset_before, end + RESET_SHARE * (end - begin));
	return ret;
}

const struct vmig_call vmig_call_reset = { "reset", run_reset };

/* As another user, by whichever way: 0, or -errno. */
static int open_some_way(struct vmig_worker *m, uint32_t *arg, struct vmig_device **dev)
{
	const struct vmig_dev_id *id = &m->pool->dev->id;
	const char *why;

	*arg = vmig_rng_below(&m->rng, VMIG_NR_UAPIS);
	if (!vmig_uapi_available(id, *arg, &why))
		return -ENOENT;
	return __vmig_open(id, *arg, dev);
}

static int run_visit(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_device *dev;
	uint32_t state;
	int ret = open_some_way(m, arg, &dev);

	if (ret)
		return ret;
	ret = __vmig_get_state(dev, &state);
	if (!ret && state != VFIO_DEVICE_STATE_RUNNING)
		ret = __vmig_reset(dev);
	vmig_close(dev);
	return ret;
}

const struct vmig_call vmig_call_visit = { "visit", run_visit };

/* What another user tries, who must not get it: for processes without a data_fd. */
static int run_open(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;
	struct vmig_device *dev;
	int ret = open_some_way(m, arg, &dev);

	if (ret)
		return ret;
	vmig_close(dev);
	vmig_thread_pool_bad(c, OPEN_05, "an open through the %s, while the device is open",
			     vmig_uapi_name(*arg));
	return 0;
}

const struct vmig_call vmig_call_open = { "open", run_open };

#define LOGGED (1ULL << 30)

static int run_log_start(struct vmig_worker *m, uint32_t *arg)
{
	struct vfio_device_feature_dma_logging_range ranges[4];
	uint64_t page_size = 4096;
	unsigned int i;

	*arg = 1 + vmig_rng_below(&m->rng, 4);
	for (i = 0; i < *arg; i++) {
		ranges[i].iova = i * LOGGED / 4;
		ranges[i].length = LOGGED / 4;
	}
	return __vmig_log_start(m->pool->dev, &page_size, ranges, *arg);
}

const struct vmig_call vmig_call_log_start = { "log_start", run_log_start };

/* The bits of what the buffer has room for, at some place. */
static int run_log_report(struct vmig_worker *m, uint32_t *arg)
{
	uint64_t pages = 64 * (1 + vmig_rng_below(&m->rng, VMIG_THREAD_POOL_BUFFER / 8));
	uint64_t at = vmig_rng_below(&m->rng, LOGGED / 4096 / 64 / 4) * 64;

	*arg = pages;
	return __vmig_log_report(m->pool->dev, at * 4096, pages * 4096, 4096, buffer(m));
}

const struct vmig_call vmig_call_log_report = { "log_report", run_log_report };

static int run_log_stop(struct vmig_worker *m, uint32_t *arg)
{
	(void)arg;
	return __vmig_log_stop(m->pool->dev);
}

const struct vmig_call vmig_call_log_stop = { "log_stop", run_log_stop };

/* Bytes that were moved, but not by a session that had ended before the call. */
static int moved(struct vmig_worker *m, const char *what, bool over, ssize_t n)
{
	if (n > 0 && over)
		vmig_thread_pool_bad(m->pool, FD_09,
				     "%s of %zd bytes, called after close() of the device", what,
				     n);
	if (n > 0)
		m->bytes += n;
	return result(n);
}

static int run_read(struct vmig_worker *m, uint32_t *arg)
{
	bool over = atomic_load(&m->pool->over);

	*arg = some_size(m);
	return moved(m, "read()", over, read(some_fd(m), buffer(m), *arg));
}

const struct vmig_call vmig_call_read = { "read", run_read };

/* A piece of a good stream, mostly from where it belongs if everybody wrote in turns. */
static int run_write(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;
	bool over = atomic_load(&c->over);
	size_t size = some_size(m), at = 0;
	unsigned char *page = buffer(m);

	if (!c->stream_len)
		return -ENODATA;
	if (size > c->stream_len)
		size = c->stream_len;
	if (vmig_rng_below(&m->rng, 2))
		at = vmig_rng_below(&m->rng, c->stream_len - size + 1);
	memcpy(page, c->stream + at, size);
	*arg = size;
	return moved(m, "write()", over, write(some_fd(m), page, size));
}

const struct vmig_call vmig_call_write = { "write", run_write };

/* Which bytes came, and how often; the first reader that finds the end marks it for the others. */
static int run_take(struct vmig_worker *m, uint32_t *arg)
{
	size_t most = m->pool->stream_len / 100 + 16, i;
	ssize_t n;

	if (most > VMIG_THREAD_POOL_BUFFER)
		most = VMIG_THREAD_POOL_BUFFER;
	*arg = 1 + vmig_rng_below(&m->rng, most);
	n = read(some_fd(m), buffer(m), *arg);
	for (i = 0; n > 0 && i < n; i++)
		m->tally[m->page[i]]++;
	if (n > 0)
		m->bytes += n;
	if (!n) {
		atomic_store(&m->pool->drained, true);
		atomic_store(&m->pool->stop, true);
	}
	return result(n);
}

const struct vmig_call vmig_call_take = { "read", run_take };

static void refuse(struct vmig_thread_pool *c, int err)
{
	atomic_store(&c->refused_errno, err);
	atomic_fetch_add(&c->refused, 1);
}

/* A part of what is left, all bytes of which are equal to the stream's last one. */
static int run_tail(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;
	long left = atomic_load(&c->left), size;
	unsigned char *page = buffer(m);
	ssize_t n = 0, done;

	/* Small pieces of what is small, so that there is something for everybody. */
	size = 1 + vmig_rng_below(&m->rng, (left > 0 ? left : 0) / 4 + 1);
	if (size > VMIG_THREAD_POOL_BUFFER)
		size = VMIG_THREAD_POOL_BUFFER;
	left = atomic_fetch_sub(&c->left, size);

	if (left <= size)
		atomic_store(&c->stop, true);
	if (left < size)
		size = left > 0 ? left : 0;
	memset(page, c->stream[c->stream_len - 1], size);
	*arg = size;
	for (done = 0; done < size; done += n) {
		n = write(some_fd(m), page + done, size - done);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			n = 0;
		else if (n <= 0)
			break;
		m->bytes += n;
	}
	if (done < size)
		refuse(c, n ? errno : EIO);
	return done < size ? result(n) : done;
}

const struct vmig_call vmig_call_tail = { "write", run_tail };

/* Each thread writes all of the stream, as if it were alone. */
static int run_flood(struct vmig_worker *m, uint32_t *arg)
{
	struct vmig_thread_pool *c = m->pool;
	size_t size = some_size(m);
	unsigned char *page = buffer(m);
	ssize_t n;

	if (size > c->stream_len - m->bytes)
		size = c->stream_len - m->bytes;
	memcpy(page, c->stream + m->bytes, size);
	*arg = size;
	n = write(some_fd(m), page, size);
	if (n > 0)
		m->bytes += n;
	/* An error is for ever, if it is of the stream. */
	if (m->bytes == c->stream_len || (n < 0 && !vmig_rng_below(&m->rng, 16)))
		atomic_store(&c->stop, true);
	return result(n);
}

const struct vmig_call vmig_call_flood = { "write", run_flood };

static int run_poll(struct vmig_worker *m, uint32_t *arg)
{
	struct pollfd p = { .fd = some_fd(m), .events = POLLIN | POLLOUT };
	int ret = poll(&p, 1, 0);

	*arg = p.revents;
	return result(ret);
}

const struct vmig_call vmig_call_poll = { "poll", run_poll };

static int run_info(struct vmig_worker *m, uint32_t *arg)
{
	struct vfio_precopy_info *info = (void *)buffer(m);

	info->argsz = sizeof(*info);
	*arg = sizeof(*info);
	return result(ioctl(some_fd(m), VFIO_MIG_GET_PRECOPY_INFO, info));
}

const struct vmig_call vmig_call_info = { "precopy_info", run_info };

static int run_close(struct vmig_worker *m, uint32_t *arg)
{
	*arg = vmig_rng_below(&m->rng, SLOTS);
	put(*arg, -1);
	return 0;
}

const struct vmig_call vmig_call_close = { "close", run_close };

static int run_dup(struct vmig_worker *m, uint32_t *arg)
{
	int fd = some_fd(m);

	*arg = vmig_rng_below(&m->rng, SLOTS);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	put(*arg, fd);
	return 0;
}

const struct vmig_call vmig_call_dup = { "dup", run_dup };

/* Its end closes the copies of all fds, the device's too, and none of them is the last. */
static void be_forked(struct vmig_worker *m)
{
	uint32_t arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_poll(m, &arg);
	run_info(m, &arg);
	run_get(m, &arg);
	if (vmig_rng_below(&m->rng, 2))
		kill(getpid(), SIGKILL);
	_exit(0);
}

static int run_fork(struct vmig_worker *m, uint32_t *arg)
{
	uint64_t end = vmig_now_ms() + FORK_MS;
	pid_t pid = fork();

	if (!pid)
		be_forked(m);
	*arg = 0;
	if (pid < 0)
		return -errno;
	while (!waitpid(pid, NULL, WNOHANG)) {
		if (vmig_now_ms() > end)
			kill(pid, SIGKILL);
		usleep(500);
	}
	return 0;
}

const struct vmig_call vmig_call_fork = { "fork", run_fork };
