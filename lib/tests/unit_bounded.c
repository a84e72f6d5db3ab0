// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() end, in whatever thread they are made. A pipe stands in for a data_fd. Each
 * part runs in a process of its own, as one that does not end must not take this program along.
 *
 * The makefile has VMIG_IO_TIMEOUT_MS short here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vmig/bounded.h>
#include <vmig/clock.h>
#include "unit.h"

/* What does not end after this long does not end. */
#define LIMIT_MS (20 * VMIG_IO_TIMEOUT_MS)

#define THREADS 32

static int fds[2];

/* Does @part come back, and with true? */
static bool holds(bool (*part)(void))
{
	uint64_t end = vmig_now_ms() + LIMIT_MS;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(pipe(fds) || !part());
	while (!waitpid(pid, &status, WNOHANG)) {
		if (vmig_now_ms() < end) {
			usleep(10000);
			continue;
		}
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return !status;
}

static ssize_t read_byte(int fd)
{
	char c;

	return __vmig_read(fd, &c, 1);
}

/* 0 if the call took as long as the bound, and not much longer. */
static bool in_time(uint64_t began, unsigned int bounds)
{
	uint64_t took = vmig_now_ms() - began;

	return took >= VMIG_IO_TIMEOUT_MS && took < bounds * VMIG_IO_TIMEOUT_MS;
}

static void *reader(void *arg)
{
	*(ssize_t *)arg = read_byte(fds[0]);
	return NULL;
}

static void *writer(void *arg)
{
	static char bytes[1 << 20];

	*(ssize_t *)arg = __vmig_write(fds[1], bytes, sizeof(bytes));
	if (*(ssize_t *)arg > 0)
		*(ssize_t *)arg = __vmig_write(fds[1], bytes, sizeof(bytes));
	return NULL;
}

/* While this thread sleeps in pthread_join(), which a signal does not end. */
static bool in_second_thread(void *(*call)(void *))
{
	uint64_t began = vmig_now_ms();
	pthread_t thread;
	ssize_t ret = 0;

	if (pthread_create(&thread, NULL, call, &ret))
		return false;
	pthread_join(thread, NULL);
	return ret == -ETIMEDOUT && in_time(began, 5);
}

static bool second_reads(void)
{
	return in_second_thread(reader);
}

static bool second_writes(void)
{
	return in_second_thread(writer);
}

static bool main_reads(void)
{
	uint64_t began = vmig_now_ms();

	return read_byte(fds[0]) == -ETIMEDOUT && in_time(began, 5);
}

static volatile bool over;

/* Calls that return at once, for as long as the other thread waits; NULL if all did well. */
static void *quick_reader(void *arg)
{
	int ready[2];
	char c = 0;

	if (pipe(ready))
		return arg;
	while (!over) {
		if (__vmig_write(ready[1], &c, 1) != 1 || read_byte(ready[0]) != 1)
			return arg;
		usleep(1000);
	}
	return NULL;
}

static bool side_by_side(void)
{
	uint64_t began = vmig_now_ms();
	pthread_t thread;
	void *wrong;
	bool good;

	if (pthread_create(&thread, NULL, quick_reader, fds))
		return false;
	good = read_byte(fds[0]) == -ETIMEDOUT && in_time(began, 5);
	over = true;
	pthread_join(thread, &wrong);
	return good && !wrong;
}

/* A child has no timer of its parent's, and its parent keeps it. */
static bool after_fork(void)
{
	int status;
	pid_t pid;

	if (!main_reads())
		return false;
	pid = fork();
	if (!pid)
		_exit(!main_reads() || !second_reads());
	waitpid(pid, &status, 0);
	return !status && main_reads();
}

static void on_signal(int sig)
{
	(void)sig;
}

static void *interrupter(void *arg)
{
	usleep(VMIG_IO_TIMEOUT_MS * 1000 / 2);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static bool other_signal(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t self = pthread_self(), thread;
	ssize_t ret;

	sigaction(SIGUSR1, &action, NULL);
	if (pthread_create(&thread, NULL, interrupter, &self))
		return false;
	ret = read_byte(fds[0]);
	pthread_join(thread, NULL);
	return ret == -EINTR;
}

static bool quiet_afterwards(void)
{
	struct timespec t = { .tv_nsec = 3 * VMIG_IO_TIMEOUT_MS % 1000 * 1000000L,
			      .tv_sec = 3 * VMIG_IO_TIMEOUT_MS / 1000 };

	return main_reads() && write(fds[1], "x", 1) == 1 && read_byte(fds[0]) == 1 &&
	       !nanosleep(&t, NULL);
}

/* Some bytes, each well before the bound expires, and all together later. */
static void *slow_writer(void *arg)
{
	int i;

	for (i = 0; i < 8; i++) {
		usleep(VMIG_IO_TIMEOUT_MS * 1000 / 3);
		if (write(fds[1], "x", 1) != 1)
			break;
	}
	return arg;
}

static bool progress(void)
{
	struct vmig_bound b;
	pthread_t thread;
	unsigned int n = 0;
	uint64_t began;
	ssize_t ret;
	char c;

	if (pthread_create(&thread, NULL, slow_writer, NULL) ||
	    vmig_bound_begin_loop(&b, VMIG_IO_TIMEOUT_MS))
		return false;
	do {
		began = vmig_now_ms();
		ret = vmig_bound_read(&b, fds[0], &c, 1);
		n += ret > 0;
	} while (ret > 0);
	vmig_bound_end(&b);
	pthread_join(thread, NULL);
	return n == 8 && ret == -ETIMEDOUT && in_time(began, 5);
}

static bool nested(void)
{
	struct vmig_bound b;
	ssize_t ret;
	char c;

	if (vmig_bound_begin_loop(&b, VMIG_IO_TIMEOUT_MS))
		return false;
	ret = read_byte(fds[0]);
	if (ret != -ETIMEDOUT || vmig_bound_expired(&b))
		return false;
	ret = vmig_bound_read(&b, fds[0], &c, 1);
	vmig_bound_end(&b);
	return ret == -ETIMEDOUT;
}

static bool signal_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	return main_reads();
}

/* How many timers this process has; -1 where the kernel does not tell. */
static int timers(void)
{
	FILE *f = fopen("/proc/self/timers", "re");
	char line[128];
	int n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, "ID:", 3);
	fclose(f);
	return n;
}

static void *one_byte(void *arg)
{
	return write(fds[1], "x", 1) == 1 && read_byte(fds[0]) == 1 ? NULL : arg;
}

static bool threads_end(void)
{
	pthread_t thread;
	void *wrong;
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, one_byte, fds) || pthread_join(thread, &wrong) ||
		    wrong)
			return false;
	return timers() <= 0;
}

static void results(void)
{
	UNIT(vmig_io_result(5, 4) == -EPROTO, "5 bytes of 4 that were asked for: -EPROTO");
	UNIT(vmig_io_result(1, 0) == -EPROTO, "1 byte of none: -EPROTO");
	UNIT(vmig_io_result(4, 4) == 4 && vmig_io_result(3, 4) == 3 && !vmig_io_result(0, 4),
	     "as many as were asked for, or fewer, come back as they are");
	UNIT(vmig_io_result(-ENOMSG, 4) == -ENOMSG, "so does an error");
}

int main(void)
{
	results();
	UNIT(holds(main_reads), "read() of an empty pipe ends with -ETIMEDOUT in time");
	UNIT(holds(second_reads), "so it does in a second thread, while the first one joins it");
	UNIT(holds(second_writes), "so does write() to a full pipe there");
	UNIT(holds(side_by_side), "calls of another thread do not disturb it, nor it them");
	UNIT(holds(after_fork), "a child, and a thread of it, has a bound of its own");
	UNIT(holds(other_signal), "another signal ends it with -EINTR");
	UNIT(holds(quiet_afterwards), "no signal comes after the call");
	UNIT(holds(progress), "a loop ends when nothing has moved for that long, and not before");
	UNIT(holds(nested), "a bound begins within another one, and that one goes on");
	UNIT(holds(signal_blocked), "it works with all signals blocked");
	UNIT(holds(threads_end), "a thread's timer ends with the thread");
	return unit_end();
}
