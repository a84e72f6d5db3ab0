// SPDX-License-Identifier: GPL-2.0-only
/* read() and write() of a data_fd with a timeout. See bounded.h. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vmig/bounded.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/*
 * The signal that ends a call repeats, because the first one may come before the call has begun
 * to sleep.
 */
#define AGAIN_MS 100

/*
 * Signals of a bound over many calls, which do not rearm the timer when they make progress: at
 * most one of these parts passes until the first one that counts.
 */
#define PARTS 4

/* Taken from none of glibc's, and by no test. */
#define BOUND_SIGNAL (SIGRTMIN + 5)

/**
 * struct bound_timer - the timer of a thread
 * @owner: the thread it was created for, 0 for none: a process that a thread forks has a copy
 *	of this, and no timer
 * @timer: counts in CLOCK_MONOTONIC
 * @fired: how many of its signals came
 */
struct bound_timer {
	pid_t owner;
	timer_t timer;
	volatile sig_atomic_t fired;
};

static __thread struct bound_timer mine;

static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_error;

/* Runs in the thread whose timer it is. */
static void on_timer(int sig)
{
	(void)sig;
	mine.fired++;
}

/* A thread's timer does not end with it. */
static void thread_ends(void *arg)
{
	struct bound_timer *t = arg;

	if (t->owner == syscall(SYS_gettid))
		timer_delete(t->timer);
	t->owner = 0;
}

/* Without SA_RESTART, or no call would end. */
static void install(void)
{
	struct sigaction action = { .sa_handler = on_timer };

	once_error = pthread_key_create(&at_exit, thread_ends);
	if (!once_error && sigaction(BOUND_SIGNAL, &action, NULL))
		once_error = errno;
}

/**
 * vmig_bound_prepare - get this thread's timer now
 *
 * The first bound of a thread does that by itself. It is for a thread in which the kernel is
 * about to be made to fail: the timer is the only thing here that needs memory of the kernel.
 *
 * Return: 0, or the -errno of timer_create().
 */
int vmig_bound_prepare(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = BOUND_SIGNAL };
	pid_t tid = syscall(SYS_gettid);
	sigset_t set;

	if (mine.owner == tid)
		return 0;
	pthread_once(&once, install);
	if (once_error)
		return -once_error;
	event.sigev_notify_thread_id = tid;
	if (timer_create(CLOCK_MONOTONIC, &event, &mine.timer))
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, BOUND_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	mine.owner = tid;
	pthread_setspecific(at_exit, &mine);
	return 0;
}

static struct timespec from_ms(unsigned int ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
}

static int begin(struct vmig_bound *b, unsigned int first_ms, unsigned int again_ms, int most)
{
	struct itimerspec arm = { .it_value = from_ms(first_ms), .it_interval = from_ms(again_ms) };
	int ret = vmig_bound_prepare();

	if (ret)
		return ret;
	b->most = most;
	b->began = mine.fired;
	b->seen = mine.fired;
	return timer_settime(mine.timer, 0, &arm, &b->outer) ? -errno : 0;
}

/**
 * vmig_bound_begin - bound one call of this thread
 * @b: filled in; for vmig_bound_end() in the same thread
 * @ms: how long it may block, from now on; more than 0
 *
 * Return: 0, or the -errno of timer_create(): nothing is bounded then, and nothing to be ended.
 */
int vmig_bound_begin(struct vmig_bound *b, unsigned int ms)
{
	return begin(b, ms, AGAIN_MS, 1);
}

/**
 * vmig_bound_begin_loop - bound the calls of a loop in this thread
 * @b: filled in; for vmig_bound_end() in the same thread
 * @ms: how long it may go on without any bytes moved; that is noticed a quarter late at most
 *
 * It costs nothing for each call, where vmig_bound_begin() costs two system calls.
 *
 * Return: as vmig_bound_begin().
 */
int vmig_bound_begin_loop(struct vmig_bound *b, unsigned int ms)
{
	unsigned int part = ms / PARTS + 1;

	return begin(b, part, part, PARTS + 1);
}

/**
 * vmig_bound_expired - has nothing been moved for too long?
 * @b: a bound of this thread
 *
 * For loops that wait otherwise than in a call, after EAGAIN.
 *
 * Return: true if so.
 */
bool vmig_bound_expired(const struct vmig_bound *b)
{
	return mine.fired - b->seen >= b->most;
}

/* What a call came to: true if only the timer interrupted it, and too early. */
static bool once_more(struct vmig_bound *b, ssize_t *ret, size_t len, int fired)
{
	if (*ret < 0)
		*ret = -errno;
	if (*ret > 0)
		b->seen = mine.fired;
	*ret = vmig_io_result(*ret, len);
	if (*ret != -EINTR || mine.fired == fired)
		return false;
	if (!vmig_bound_expired(b))
		return true;
	*ret = -ETIMEDOUT;
	return false;
}

/**
 * vmig_bound_read - read() within a bound
 * @b: a bound of this thread
 * @fd: data_fd
 * @buf: where the bytes go; any pointer
 * @len: bytes asked for
 *
 * Return: bytes read, 0 at the end of the stream, or -errno; -ETIMEDOUT when the bound has
 * expired, -EINTR for another signal than its own, -EPROTO for more bytes than @len.
 */
ssize_t vmig_bound_read(struct vmig_bound *b, int fd, void *buf, size_t len)
{
	ssize_t ret;
	int fired;

	do {
		fired = mine.fired;
		ret = read(fd, buf, len);
	} while (once_more(b, &ret, len, fired));
	return ret;
}

/**
 * vmig_bound_write - write() within a bound
 * @b: a bound of this thread
 * @fd: data_fd
 * @buf: the bytes; any pointer
 * @len: their number
 *
 * Return: bytes written, or -errno as for vmig_bound_read().
 */
ssize_t vmig_bound_write(struct vmig_bound *b, int fd, const void *buf, size_t len)
{
	ssize_t ret;
	int fired;

	do {
		fired = mine.fired;
		ret = write(fd, buf, len);
	} while (once_more(b, &ret, len, fired));
	return ret;
}

/**
 * vmig_bound_end - no bound any more, or the one that this one began within
 * @b: the bound
 *
 * No signal of its own comes after this.
 */
void vmig_bound_end(const struct vmig_bound *b)
{
	timer_settime(mine.timer, 0, &b->outer, NULL);
	mine.fired = b->began;
}

/**
 * __vmig_read - read() that ends
 * @fd: data_fd
 * @buf: where the bytes go; any pointer
 * @len: bytes asked for
 *
 * Return: bytes read, 0 at the end of the stream, or -errno; -ETIMEDOUT for a read
 * that was blocked for VMIG_IO_TIMEOUT_MS, -EPROTO for one that returned more than @len.
 */
ssize_t __vmig_read(int fd, void *buf, size_t len)
{
	struct vmig_bound b;
	ssize_t ret = vmig_bound_begin(&b, VMIG_IO_TIMEOUT_MS);

	if (ret)
		return ret;
	ret = vmig_bound_read(&b, fd, buf, len);
	vmig_bound_end(&b);
	return ret;
}

/**
 * __vmig_write - write() that ends
 * @fd: data_fd
 * @buf: the bytes; any pointer
 * @len: their number
 *
 * Return: bytes written, or -errno; -ETIMEDOUT and -EPROTO as for __vmig_read().
 */
ssize_t __vmig_write(int fd, const void *buf, size_t len)
{
	struct vmig_bound b;
	ssize_t ret = vmig_bound_begin(&b, VMIG_IO_TIMEOUT_MS);

	if (ret)
		return ret;
	ret = vmig_bound_write(&b, fd, buf, len);
	vmig_bound_end(&b);
	return ret;
}
