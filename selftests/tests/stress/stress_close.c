// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are closed, or taken away, while threads use a data_fd, which outlives both.
 * Another process waits for its turn, as the next user of the device would.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vmig/state.h>
#include <vmig/fsm.h>
#include <vmig/error.h>
#include "load_attempt.h"
#include "child.h"
#include "unbind.h"
#include "session.h"
#include "stress_close.h"
#include "stress_ops.h"

#define OPEN_TRIES 500
#define OPEN_PAUSE_US 10000

/* How long a remover may wait after the device was closed; ms. */
#define REMOVAL_MS 10000

/* Threads are at work for so long before the close and after it; us. */
#define WHILE_US 8000

static const struct vmig_weighted_call reads[] = {
	{ &vmig_call_read, 8 },	 { &vmig_call_poll, 3 }, { &vmig_call_info, 3 },
	{ &vmig_call_close, 0 }, { &vmig_call_dup, 1 },	 { NULL },
};

static const struct vmig_weighted_call writes[] = {
	{ &vmig_call_write, 8 },
	{ &vmig_call_poll, 3 },
	{ &vmig_call_info, 3 },
	{ &vmig_call_dup, 1 },
	{ NULL },
};

static const struct vmig_weighted_call visits[] = { { &vmig_call_visit, 1 }, { NULL } };

static void remover(void *arg)
{
	const struct vmig_dev_id *id = arg;

	/* The device would never be closed, were it open here. */
	syscall(SYS_close_range, 3, ~0U, 0);
	vmig_remove(id);
}

/*
 * Until it has closed what it has of the device, a close() here is not the last one. Its end of the
 * pipe is closed with that.
 */
static pid_t start_remover(void)
{
	int ends[2];
	pid_t pid;
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		vmig_test_error("pipe2() failed: %s", vmig_errno_name(-errno));
	pid = vmig_child_start(remover, (void *)vmig_first_device());
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
	return pid;
}

static struct vmig_device *open_in_turn(struct vmig_thread_pool *c, struct vmig_closing *how)
{
	const struct vmig_dev_id *id = vmig_first_device();
	struct vmig_device *dev;
	int i, ret = 0;

	for (i = 0; i < OPEN_TRIES; i++) {
		ret = __vmig_open(id, how->uapi, &dev);
		if (!ret)
			return dev;
		usleep(OPEN_PAUSE_US);
	}
	vmig_thread_pool_bad(c, ROB_01, "the device cannot be opened any more: %s",
			     vmig_errno_name(ret));
	return NULL;
}

/* It ends in the middle of its calls, and with the last close of what only it has open. */
static void __attribute__((noreturn)) end_process(struct vmig_thread_pool *c, unsigned int process)
{
	unsigned int t;

	atomic_store(&c->exits[process], true);
	for (t = 0; t < c->threads; t++)
		atomic_store(&c->workers[process][t].ended, true);
	atomic_store(&c->stop, true);
	_exit(0);
}

struct closer {
	struct vmig_thread_pool *pool;
	struct vmig_closing *how;
	struct vmig_device *dev;
	unsigned int process;
};

static void close_meanwhile(void *arg)
{
	struct closer *s = arg;
	struct vmig_thread_pool *c = s->pool;
	struct vmig_rng *rng = &c->workers[s->process][VMIG_THREAD_POOL_THREADS - 1].rng;
	pid_t pid = 0;

	vmig_thread_pool_wait_started(c);
	if (s->how->remove)
		pid = start_remover();
	usleep(vmig_rng_below(rng, WHILE_US));
	/* Death closes everything at once, in whatever order. */
	if (!pid && !vmig_rng_below(rng, 4))
		end_process(c, s->process);
	vmig_close(s->dev);
	atomic_store(&c->over, true);
	if (pid && vmig_child_wait(pid, REMOVAL_MS) != VMIG_CHILD_DONE)
		vmig_thread_pool_bad(c, ROB_01,
				     "the driver did not let go of the device within %u s of "
				     "the last close",
				     REMOVAL_MS / 1000);
	usleep(vmig_rng_below(rng, WHILE_US));
	atomic_store(&c->stop, true);
}

static void be_closer(struct vmig_thread_pool *c, unsigned int process)
{
	struct vmig_closing *how = c->arg;
	struct closer s = { .pool = c, .how = how, .process = process };
	int fd = -1, ret;

	s.dev = open_in_turn(c, how);
	if (!s.dev)
		end_process(c, process);
	ret = __vmig_recover_running(s.dev);
	if (!ret)
		ret = __vmig_goto_state(s.dev, how->state, &fd);
	if (ret) {
		vmig_thread_pool_bad(c, ROB_04, "the way to %s, after an open, failed: %s",
				     vmig_state_name(how->state), vmig_errno_name(ret));
		end_process(c, process);
	}
	vmig_put_data_fd(fd);
	vmig_thread_pool_threads(c, process, close_meanwhile, &s);
}

/**
 * vmig_stress_close - rounds of an open, a session that threads use, and a close
 * @c: the pool; the device is not open
 * @how: in which way
 * @did: what is done, for messages
 * @calls: after about so many calls, or
 * @rounds: so many rounds it is enough, or when @c->ms have passed
 *
 * Return: false if the kernel has hung or ended one of the processes, or the device has not
 * come back.
 */
bool vmig_stress_close(struct vmig_thread_pool *c, struct vmig_closing *how, const char *did,
		       unsigned long calls, unsigned int rounds)
{
	uint64_t end = vmig_now_ms() + c->ms;
	unsigned int i;
	int ret;

	c->body[0] = be_closer;
	c->arg = how;
	c->mix[0] = vmig_state_saving(how->state) ? reads : writes;
	/* It would have the device open when it is to go. */
	c->processes = how->remove ? 1 : 2;
	c->mix[1] = visits;
	c->limit = VMIG_NO_LIMIT;
	if (how->remove && vmig_bring_back(vmig_first_device()))
		vmig_test_error("it is not known how to bring the device back");
	for (i = 0; i < rounds && atomic_load(&c->made) < calls && vmig_now_ms() < end; i++) {
		vmig_thread_pool_again(c);
		if (!vmig_thread_pool_run(c, did))
			return false;
		ret = how->remove ? vmig_bring_back(vmig_first_device()) : 0;
		if (ret)
			vmig_thread_pool_bad(c, ROB_01,
					     "the device does not come back to its driver: %s",
					     vmig_errno_name(ret));
		if (atomic_load(&c->has_bad))
			break;
	}
	return true;
}
