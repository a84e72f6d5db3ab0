// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_ferry: a device's state into a file, out of one, or to another host. Behind
 * --save-stream, --load-stream, --send and --recv of run.sh, in the guest and on hosts. No
 * test: what it says is one sentence, on stderr where it did not go well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/error.h>
#include <vmig/wire.h>
#include "transfer.h"

static struct vmig_ferry c;

static void on_signal(int sig)
{
	vmig_ferry_stop = sig;
}

/* Without SA_RESTART: what waits is to look at vmig_ferry_stop. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static unsigned int seconds_of(const char *env, unsigned int value)
{
	const char *text = getenv(env);
	unsigned long n;
	char *end;

	if (!text || !*text)
		return value;
	n = strtoul(text, &end, 10);
	if (*end || !n || n > 1000000) {
		fprintf(stderr, "vmig: %s=%s: a number of seconds, 1 or more\n", env, text);
		exit(VMIG_FERRY_CANNOT);
	}
	return n;
}

static int usage(void)
{
	fprintf(stderr,
		"vmig: vmig_ferry save|load DEVICE FILE [SEED], vmig_ferry show FILE,"
		" vmig_ferry send DEVICE ADDRESS:PORT [SEED], vmig_ferry recv DEVICE [ADDRESS:]PORT\n");
	return VMIG_FERRY_CANNOT;
}

/* Is that an address to listen at, or to go to? */
static int check_address(const char *spec, bool own)
{
	struct sockaddr_storage address;
	char why[200];

	if (!vmig_wire_address(spec, own, &address, why, sizeof(why)))
		return VMIG_FERRY_DONE;
	fprintf(stderr, "vmig: %s\n", why);
	return VMIG_FERRY_CANNOT;
}

static const struct {
	const char *name;
	enum vmig_ferry_end (*run)(struct vmig_ferry *c, const char *where);
} jobs[] = {
	{ "save", vmig_ferry_save },
	{ "load", vmig_ferry_load },
	{ "send", vmig_ferry_send },
	{ "recv", vmig_ferry_recv },
};

#define JOBS (sizeof(jobs) / sizeof(jobs[0]))

/* The device is put back first: the sentence says that it is. Returns the exit code. */
static int finish(enum vmig_ferry_end end)
{
	if (!vmig_ferry_close(&c))
		end = VMIG_FERRY_BROKEN;
	if (c.why[0])
		fprintf(stderr, "vmig: %s\n", c.why);
	return end == VMIG_FERRY_BROKEN ? VMIG_FERRY_REFUSED : end;
}

/* Out of memory, say: that is no refusal by the driver. */
static void give_up(const char *message)
{
	static bool again;

	/* Not even the device can be put back: the kernel resets it when it closes it. */
	if (again) {
		fprintf(stderr, "vmig: %s\n", message);
		_exit(VMIG_FERRY_CANNOT);
	}
	again = true;
	vmig_ferry_fail(&c, "%s", message);
	exit(finish(VMIG_FERRY_CANNOT));
}

int main(int argc, char **argv)
{
	enum vmig_ferry_end end = VMIG_FERRY_CANNOT;
	size_t i;

	vmig_set_fail_hook(give_up);
	if (argc == 3 && !strcmp(argv[1], "show"))
		return vmig_ferry_show(argv[2]);
	if (argc == 3 && (!strcmp(argv[1], "at") || !strcmp(argv[1], "to")))
		return check_address(argv[2], argv[1][0] == 'a');
	for (i = 0; i < JOBS && argc > 1 && strcmp(argv[1], jobs[i].name); i++)
		;
	if (argc < 4 || argc > 5 || i == JOBS)
		return usage();
	catch_signals();
	c.seed = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	c.silence_ms = 1000 * seconds_of("VMIG_SILENCE_SECONDS", 30);
	c.patience_ms = 1000 * seconds_of("VMIG_WAIT_SECONDS", 60);
	c.end_ms = vmig_now_ms() + c.patience_ms + 1000 * seconds_of("VMIG_FERRY_SECONDS", 600);
	if (vmig_ferry_find(&c, argv[2]))
		end = jobs[i].run(&c, argv[3]);
	return finish(end);
}
