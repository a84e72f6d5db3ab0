// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine tries read() and write() as a user of these has them: O_NONBLOCK is on an fd only
 * while a ring moves its stream. A pipe stands in for a data_fd.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <vmig/engine.h>
#include "internal.h"
#include "unit.h"

/* More than all trials take. */
#define BYTES (256UL << 20)

/**
 * struct seen - which flags the fd had
 * @e: the engine
 * @fd: its source
 * @blocks: how many blocks came by a way, indexed by enum vmig_method
 * @nonblock: at how many of these the fd had O_NONBLOCK
 */
struct seen {
	struct vmig_engine *e;
	int fd;
	unsigned int blocks[VMIG_METHOD_RING + 1];
	unsigned int nonblock[VMIG_METHOD_RING + 1];
};

/* By which way does the engine move bytes now? */
static enum vmig_method way(const struct vmig_autotune *t)
{
	bool over = t->count == 1 || t->next >= 2 * t->count;

	return t->strategies[over ? t->best : t->next % t->count].method;
}

static void look(void *arg, const void *data, size_t len)
{
	struct seen *s = arg;
	enum vmig_method method = way(&s->e->autotune);

	(void)data;
	(void)len;
	s->blocks[method]++;
	s->nonblock[method] += !!(fcntl(s->fd, F_GETFL) & O_NONBLOCK);
}

static void *feed(void *arg)
{
	static char block[1 << 16];
	size_t left;
	ssize_t n;

	for (left = BYTES; left; left -= n) {
		n = write(*(int *)arg, block, left < sizeof(block) ? left : sizeof(block));
		if (n <= 0)
			break;
	}
	close(*(int *)arg);
	return NULL;
}

/* A stream through a pipe; -1 where the engine cannot be had. */
static int run(const struct vmig_engine_options *o, struct seen *s)
{
	struct vmig_flow f = {};
	pthread_t thread;
	int fd[2], ret;
	char why[256];

	memset(s, 0, sizeof(*s));
	s->e = vmig_engine_open(o, 1, why, sizeof(why));
	if (!s->e || pipe(fd) || pthread_create(&thread, NULL, feed, &fd[1]))
		return -1;
	s->fd = fd[0];
	f.from = vmig_endpoint_fd(fd[0]);
	f.to = vmig_endpoint_call(look, s);
	ret = __vmig_engine_run(s->e, &f, 1);
	pthread_join(thread, NULL);
	UNIT(!ret && f.bytes == BYTES, "a stream goes through by %s", vmig_engine_choice(s->e));
	UNIT(!(fcntl(fd[0], F_GETFL) & O_NONBLOCK), "the flags of its fd are as they were");
	vmig_engine_close(s->e);
	close(fd[0]);
	return 0;
}

int main(void)
{
	static const struct vmig_engine_options automatic,
		plain = { .method = VMIG_METHOD_SYNC },
		nonblock = { .method = VMIG_METHOD_SYNC, .nonblock = true };
	struct seen s;

	UNIT(!run(&plain, &s) && s.blocks[VMIG_METHOD_SYNC] && !s.nonblock[VMIG_METHOD_SYNC],
	     "read() and write() do without O_NONBLOCK");
	UNIT(!run(&nonblock, &s) && s.nonblock[VMIG_METHOD_SYNC] == s.blocks[VMIG_METHOD_SYNC],
	     "but where it is asked for");
	UNIT(!run(&automatic, &s) && s.blocks[VMIG_METHOD_SYNC] && !s.nonblock[VMIG_METHOD_SYNC],
	     "also while they are tried beside a ring");
	/* None where this kernel refuses a ring. */
	UNIT(s.nonblock[VMIG_METHOD_RING] == s.blocks[VMIG_METHOD_RING],
	     "a ring has it: %u blocks of %u", s.nonblock[VMIG_METHOD_RING],
	     s.blocks[VMIG_METHOD_RING]);
	return unit_end();
}
