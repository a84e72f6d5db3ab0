// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_transfer: a device's state into a file or a pipe, or out of one. Behind --save-stream and
 * --load-stream of run.sh, in the guest and on hosts. No test: what it says is one sentence, on
 * stderr where it did not go well, or where standard output is the stream.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmig/clock.h>
#include <vmig/error.h>
#include "transfer.h"

static struct vmig_transfer c;

static void on_signal(int sig)
{
	vmig_transfer_stop = sig;
}

/* Without SA_RESTART: what waits is to look at vmig_transfer_stop. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	/* write() says so too. */
	signal(SIGPIPE, SIG_IGN);
}

/* No device shall become standard output: what is closed becomes what can do nothing. */
static void hold_standard(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_WRONLY };
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			exit(VMIG_TRANSFER_CANNOT);
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
		exit(VMIG_TRANSFER_CANNOT);
	}
	return n;
}

/* The name that 0.1.0 has goes on for a release. */
static unsigned int transfer_seconds(void)
{
	return seconds_of("VMIG_TRANSFER_SECONDS", seconds_of("VMIG_FERRY_SECONDS", 600));
}

static int usage(void)
{
	fprintf(stderr,
		"vmig: vmig_transfer save DEVICE FILE|- [SEED], vmig_transfer load DEVICE FILE|-,"
		" vmig_transfer show FILE, vmig_transfer copy FILE -, vmig_transfer copy - FILE\n");
	return VMIG_TRANSFER_CANNOT;
}

static bool is_pipe(const char *name)
{
	return !strcmp(name, "-");
}

static enum vmig_transfer_end run(char **argv)
{
	if (!strcmp(argv[1], "copy"))
		return is_pipe(argv[2]) ? vmig_transfer_keep(&c, argv[3])
					: vmig_transfer_pour(&c, argv[2]);
	if (!vmig_transfer_find(&c, argv[2]))
		return VMIG_TRANSFER_CANNOT;
	if (!strcmp(argv[1], "save"))
		return is_pipe(argv[3]) ? vmig_transfer_save_pipe(&c)
					: vmig_transfer_save(&c, argv[3]);
	return is_pipe(argv[3]) ? vmig_transfer_load_pipe(&c) : vmig_transfer_load(&c, argv[3]);
}

/* Is that what it can be asked for, apart from show? */
static bool understood(int argc, char **argv)
{
	if (argc < 4)
		return false;
	if (!strcmp(argv[1], "copy"))
		return argc == 4 && is_pipe(argv[2]) != is_pipe(argv[3]);
	if (!strcmp(argv[1], "load"))
		return argc == 4;
	return argc <= 5 && !strcmp(argv[1], "save");
}

/* The device is put back first: the sentence says that it is. Returns the exit code. */
static int finish(enum vmig_transfer_end end)
{
	if (!vmig_transfer_close(&c))
		end = VMIG_TRANSFER_BROKEN;
	if (c.why[0])
		fprintf(stderr, "vmig: %s\n", c.why);
	return end == VMIG_TRANSFER_BROKEN ? VMIG_TRANSFER_REFUSED : end;
}

/* Out of memory, say: that is no refusal by the driver. */
static void give_up(const char *message)
{
	static bool again;

	/* Not even the device can be put back: the kernel resets it when it closes it. */
	if (again) {
		fprintf(stderr, "vmig: %s\n", message);
		_exit(VMIG_TRANSFER_CANNOT);
	}
	again = true;
	vmig_transfer_fail(&c, "%s", message);
	exit(finish(VMIG_TRANSFER_CANNOT));
}

int main(int argc, char **argv)
{
	hold_standard();
	vmig_set_fail_hook(give_up);
	if (argc == 3 && !strcmp(argv[1], "show"))
		return vmig_transfer_show(argv[2]);
	if (!understood(argc, argv))
		return usage();
	catch_signals();
	c.seed = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	c.silence_ms = 1000 * seconds_of("VMIG_SILENCE_SECONDS", 30);
	c.patience_ms = 1000 * seconds_of("VMIG_WAIT_SECONDS", 60);
	c.end_ms = vmig_now_ms() + c.patience_ms + 1000 * transfer_seconds();
	return finish(run(argv));
}
