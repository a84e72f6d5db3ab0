// SPDX-License-Identifier: GPL-2.0-only
/* Watch the calls to the device, and do without those that do not come back. See stuck.h. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <vmig/fsm.h>
#include <vmig/shared.h>
#include <vmig/stuck_calls.h>
#include "stuck.h"
#include "verdict.h"

/* Descriptors beyond this are not looked at. */
#define FDS_MAX 1024

/* What a call's name is put together from; all fit into VMIG_STUCK_NAME. */
#define NAME VMIG_STUCK_NAME

/* No state has this number. */
#define NOT_KNOWN UINT32_MAX

enum fd_kind { FD_OTHER, FD_DEVICE, FD_DATA };

/**
 * struct watch - what the program and the processes of its tests know together
 * @test: the process of the test that runs
 * @counted: this test is counted already
 * @call: what its thread, or a child that it waits for, is in; empty for nothing
 * @since: from when on, ms
 * @interrupted: it was, by a signal, and may be tried again
 * @known: calls that did not come back
 */
struct watch {
	pid_t test;
	bool counted;
	char call[NAME];
	uint64_t since;
	bool interrupted;
	struct vmig_stuck_list known;
};

static struct watch *watch;

/* In the process of a test, and in those that it forks. */
static bool in_test;
/* In the thread that began the test, and in the first thread of those processes. */
static __thread bool first_thread;
/* Whose descriptor it is; a data_fd that another process sent is not known. */
static unsigned char kinds[FDS_MAX];
/* As far as this process knows. */
static uint32_t at_state = NOT_KNOWN;

int __real_close(int fd);
int __real_ioctl(int fd, unsigned long request, ...);
ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __real_write(int fd, const void *buf, size_t len);
int __wrap_close(int fd);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);

/* The coarse clock costs no system call, and next to no time of what is measured. */
static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/**
 * vmig_stuck_init - once a program, before its first test
 *
 * Reads VMIG_STUCK, which is what `vmig_ktap stuck` printed.
 */
void vmig_stuck_init(void)
{
	const char *env = getenv("VMIG_STUCK");

	watch = vmig_shared_alloc(sizeof(*watch));
	vmig_stuck_parse(env ? env : "", &watch->known);
}

/* All arcs are one call, too: where none comes back. */
static const char *coarse(const char *call)
{
	return strncmp(call, "set.", 4) ? NULL : "set";
}

static void count_one(const char *call, unsigned int weight)
{
	struct vmig_stuck_call *c = vmig_stuck_find(&watch->known, call, true);

	if (!c)
		return;
	vmig_stuck_count(c, weight);
	printf("# vmig: stuck %s %u\n", call, weight);
	fflush(stdout);
}

/* Once a test, whatever it does. */
static void count(const char *call, unsigned int weight)
{
	if (watch->counted)
		return;
	watch->counted = true;
	count_one(call, weight);
	if (coarse(call))
		count_one(coarse(call), weight);
}

static void returned_one(const char *call)
{
	struct vmig_stuck_call *c = vmig_stuck_find(&watch->known, call, false);

	if (!c || !c->in_a_row)
		return;
	vmig_stuck_returned(c);
	printf("# vmig: returned %s\n", call);
}

static void returned(const char *call)
{
	if (!watch->known.nr)
		return;
	returned_one(call);
	if (coarse(call))
		returned_one(coarse(call));
}

/*
 * A process that the test forked may have somebody who waits for its answer, and would judge the
 * driver by it: it takes the test along.
 */
static void not_run(const struct vmig_stuck_call *c)
{
	char text[128];

	printf("# vmig: broken not run: %s did not come back in %u tests before this one\n",
	       vmig_stuck_text(c->name, text, sizeof(text)), c->tests);
	fflush(stdout);
	if (getpid() != watch->test)
		kill(watch->test, SIGKILL);
	_exit(VMIG_EXIT_BROKEN);
}

static void need(const char *call)
{
	const struct vmig_stuck_call *c;

	if (!watch || !watch->known.nr)
		return;
	c = vmig_stuck_find(&watch->known, call, false);
	if (c && vmig_stuck_given_up(c))
		not_run(c);
	if (coarse(call))
		need(coarse(call));
}

/**
 * vmig_stuck_begin - a test begins, in its process
 */
void vmig_stuck_begin(void)
{
	watch->test = getpid();
	watch->counted = false;
	watch->call[0] = '\0';
	in_test = true;
	first_thread = true;
	memset(kinds, FD_OTHER, sizeof(kinds));
	at_state = NOT_KNOWN;
}

/**
 * vmig_stuck_need_open - end this test if its device cannot be opened and closed any more
 */
void vmig_stuck_need_open(void)
{
	need("exit");
	need("close");
	need("open");
}

/**
 * vmig_stuck_need_read - end this test if a data_fd cannot be read any more
 *
 * For a read() that is not made by that function, such as one of io_uring.
 */
void vmig_stuck_need_read(void)
{
	need("read");
}

/**
 * vmig_stuck_any - is there a call that is not made any more?
 *
 * Return: true if so.
 */
bool vmig_stuck_any(void)
{
	unsigned int i;

	for (i = 0; watch && i < watch->known.nr; i++)
		if (vmig_stuck_given_up(&watch->known.calls[i]))
			return true;
	return false;
}

/* What was killed, or cannot be: was it in a call for that long? */
static void killed(bool gone, const char *otherwise)
{
	bool in_call = watch->call[0] && !watch->interrupted;

	if (!gone)
		count(in_call ? watch->call : otherwise, 2);
	else if (in_call && now_ms() - watch->since >= VMIG_STUCK_MS)
		count(watch->call, 1);
	watch->call[0] = '\0';
}

/**
 * vmig_stuck_former - the former test has ended, and maybe not of its own will
 * @gone: its process is gone
 */
void vmig_stuck_former(bool gone)
{
	if (watch)
		killed(gone, "exit");
}

/**
 * vmig_stuck_child - a child of this test was killed
 * @gone: it is gone
 */
void vmig_stuck_child(bool gone)
{
	if (in_test)
		killed(gone, "exit");
}

static void enter(const char *call)
{
	need(call);
	if (!first_thread)
		return;
	/* What a signal interrupted goes on: see bounded.h. */
	if (!watch->interrupted || strcmp(watch->call, call)) {
		watch->since = now_ms();
		snprintf(watch->call, NAME, "%s", call);
	}
	watch->interrupted = false;
}

static void leave(const char *call, bool interrupted)
{
	int err = errno;

	if (!interrupted)
		returned(call);
	else if (first_thread && now_ms() - watch->since >= VMIG_STUCK_MS)
		count(call, 1);
	if (first_thread) {
		watch->interrupted = interrupted;
		if (!interrupted)
			watch->call[0] = '\0';
	}
	errno = err;
}

static void set_kind(int fd, enum fd_kind kind)
{
	if (fd >= 0 && fd < FDS_MAX)
		kinds[fd] = kind;
}

static enum fd_kind kind_of(int fd)
{
	return fd >= 0 && fd < FDS_MAX ? kinds[fd] : FD_OTHER;
}

/**
 * __wrap_read - read() as the linker gives it to all of a chapter (ld --wrap)
 * @fd: any
 * @buf: for read()
 * @len: for read()
 *
 * Return: as read() does.
 */
ssize_t __wrap_read(int fd, void *buf, size_t len)
{
	ssize_t n;

	if (!in_test || kind_of(fd) != FD_DATA)
		return __real_read(fd, buf, len);
	enter("read");
	n = __real_read(fd, buf, len);
	leave("read", n < 0 && errno == EINTR);
	return n;
}

/**
 * __wrap_write - write(), likewise
 * @fd: any
 * @buf: for write()
 * @len: for write()
 *
 * Return: as write() does.
 */
ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	ssize_t n;

	if (!in_test || kind_of(fd) != FD_DATA)
		return __real_write(fd, buf, len);
	enter("write");
	n = __real_write(fd, buf, len);
	leave("write", n < 0 && errno == EINTR);
	return n;
}

/**
 * __wrap_close - close(), likewise
 * @fd: any
 *
 * Return: as close() does.
 */
int __wrap_close(int fd)
{
	enum fd_kind kind = kind_of(fd);
	const char *call = kind == FD_DATA ? "close_data" : "close";
	int ret;

	set_kind(fd, FD_OTHER);
	if (!in_test || kind == FD_OTHER)
		return __real_close(fd);
	enter(call);
	ret = __real_close(fd);
	leave(call, false);
	return ret;
}

/* A place outside of the frames that may be looked at, or NULL. */
static const void *shown;

/**
 * vmig_stuck_readable - the argument of the next features may be looked at
 * @arg: where it is, other than in a frame of a caller: it stays readable; NULL: no longer
 */
void vmig_stuck_readable(const void *arg)
{
	shown = arg;
}

/*
 * The argument of a feature, if it may be looked at: what the library puts together lies in one of
 * the callers' frames, and any other pointer may be one that a test made bad.
 */
static struct vfio_device_feature *readable(void *arg)
{
	uintptr_t at = (uintptr_t)arg, frame = (uintptr_t)__builtin_frame_address(0);

	return arg == shown || (at > frame && at - frame < 4096 && !(at % 8)) ? arg : NULL;
}

static struct vfio_device_feature_mig_state *state_of(struct vfio_device_feature *f, uint32_t op)
{
	if (!f || f->flags != (op | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE) ||
	    f->argsz < sizeof(*f) + sizeof(struct vfio_device_feature_mig_state))
		return NULL;
	return (void *)f->data;
}

static void feature_name(char name[NAME], struct vfio_device_feature *f)
{
	struct vfio_device_feature_mig_state *set = state_of(f, VFIO_DEVICE_FEATURE_SET);

	if (set)
		snprintf(name, NAME, "set.%s.%s",
			 at_state == NOT_KNOWN ? "some_state" : vmig_state_name(at_state),
			 vmig_state_name(set->device_state));
	else if (f)
		snprintf(name, NAME, "feature.%x", f->flags);
	else
		snprintf(name, NAME, "feature");
}

/* What a feature operation told: where the device is, and whose descriptor that one is. */
static void learn(struct vfio_device_feature *f, bool ok)
{
	struct vfio_device_feature_mig_state *set = state_of(f, VFIO_DEVICE_FEATURE_SET),
					     *get = state_of(f, VFIO_DEVICE_FEATURE_GET);

	if (get && ok)
		at_state = get->device_state;
	if (!set)
		return;
	at_state = ok ? set->device_state : NOT_KNOWN;
	/* 0 is what went in, see __vmig_set_state(). */
	if (ok && set->data_fd > 0)
		set_kind(set->data_fd, FD_DATA);
}

static int feature(int fd, unsigned long request, void *arg, struct vfio_device_feature *f)
{
	char name[NAME];
	int ret;

	feature_name(name, f);
	set_kind(fd, FD_DEVICE);
	enter(name);
	ret = __real_ioctl(fd, request, arg);
	leave(name, ret < 0 && errno == EINTR);
	learn(f, ret >= 0);
	return ret;
}

static const char *ioctl_name(unsigned long request)
{
	switch (request) {
	case VFIO_DEVICE_RESET:
		return "reset";
	case VFIO_MIG_GET_PRECOPY_INFO:
		return "precopy_info";
	case VFIO_GROUP_GET_DEVICE_FD:
	case VFIO_DEVICE_BIND_IOMMUFD:
		return "open";
	default:
		return NULL;
	}
}

/**
 * __wrap_ioctl - ioctl(), likewise
 * @fd: any
 * @request: any
 *
 * Return: as ioctl() does.
 */
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	const char *name = ioctl_name((unsigned int)request);
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (in_test && (unsigned int)request == VFIO_DEVICE_FEATURE)
		return feature(fd, request, arg, readable(arg));
	if (!in_test || !name)
		return __real_ioctl(fd, request, arg);
	enter(name);
	ret = __real_ioctl(fd, request, arg);
	leave(name, ret < 0 && errno == EINTR);
	if (ret >= 0 && (unsigned int)request == VFIO_GROUP_GET_DEVICE_FD)
		set_kind(ret, FD_DEVICE);
	if (!ret && (unsigned int)request == VFIO_DEVICE_BIND_IOMMUFD)
		set_kind(fd, FD_DEVICE);
	if (!ret && (unsigned int)request == VFIO_DEVICE_RESET)
		at_state = VFIO_DEVICE_STATE_RUNNING;
	return ret;
}
