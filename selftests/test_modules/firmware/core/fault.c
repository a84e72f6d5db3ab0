// SPDX-License-Identifier: GPL-2.0-only
/* Faults on demand: a command to the firmware fails, is slow, or is never answered. */

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "fw.h"

/* How long a command that is never answered keeps its caller: what a driver's own
 * time limit would do, but shorter, as the caller may hold locks.
 */
static unsigned int never_ms = 3000;

module_param(never_ms, uint, 0644);
MODULE_PARM_DESC(never_ms, "how long a command that is never answered keeps its caller");

struct fault {
	char command[24];
	unsigned int nth; /* 0: each one */
	int error;
	unsigned int ms;
};

static DEFINE_MUTEX(lock);
static struct fault fault;
static unsigned int seen;
static unsigned int hit;

/* The commands since the fault was set, with blanks between; as many as there is room for. */
static char commands[512];

/* "COMMAND[@N]:fail[=ERRNO]", "...:slow=MS", "...:never", or "" */
static int parse(char *s, struct fault *f)
{
	char *action = s, *value, *nth;

	memset(f, 0, sizeof(*f));
	if (!*s)
		return 0;
	nth = strsep(&action, ":");
	if (!action)
		return -EINVAL;
	strscpy(f->command, strsep(&nth, "@"));
	if (nth && kstrtouint(nth, 0, &f->nth))
		return -EINVAL;
	value = action;
	action = strsep(&value, "=");
	if (!strcmp(action, "fail")) {
		f->error = EIO;
		return value ? kstrtoint(value, 0, &f->error) : 0;
	}
	if (!strcmp(action, "never")) {
		f->error = ETIMEDOUT;
		f->ms = never_ms;
		return 0;
	}
	if (!strcmp(action, "slow") && value)
		return kstrtouint(value, 0, &f->ms);
	return -EINVAL;
}

static int fault_set(const char *value, const struct kernel_param *kp)
{
	char *copy = kstrdup(value, GFP_KERNEL);
	struct fault f;
	int ret;

	if (!copy)
		return -ENOMEM;
	ret = parse(strim(copy), &f);
	kfree(copy);
	if (ret)
		return ret;
	mutex_lock(&lock);
	fault = f;
	seen = 0;
	hit = 0;
	commands[0] = '\0';
	mutex_unlock(&lock);
	return 0;
}

/* How often the fault has come since it was set, and which commands: a test wants to know. */
static int fault_get(char *buf, const struct kernel_param *kp)
{
	int n;

	mutex_lock(&lock);
	n = sysfs_emit(buf, "%u%s\n", hit, commands);
	mutex_unlock(&lock);
	return n;
}

static const struct kernel_param_ops fault_ops = {
	.set = fault_set,
	.get = fault_get,
};

module_param_cb(fault, &fault_ops, NULL, 0644);
MODULE_PARM_DESC(fault,
		 "COMMAND[@N]:fail[=ERRNO], :slow=MS or :never; the N-th from now, or each one");

/**
 * fw_fault - a command has reached the firmware: is it to go wrong?
 * @command: its name: "suspend", "resume", "save", "load", ... as the stand-in calls it
 *
 * May sleep.
 *
 * Return: 0 if the command is to be carried out, else -errno
 */
int fw_fault(const char *command)
{
	unsigned int ms = 0;
	int ret = 0;

	mutex_lock(&lock);
	if (strlen(commands) + strlen(command) + 2 < sizeof(commands)) {
		strlcat(commands, " ", sizeof(commands));
		strlcat(commands, command, sizeof(commands));
	}
	if (!strcmp(command, fault.command) && (++seen == fault.nth || !fault.nth)) {
		ret = -fault.error;
		ms = fault.ms;
		hit++;
	}
	mutex_unlock(&lock);
	if (ms)
		msleep(ms);
	return ret;
}
EXPORT_SYMBOL_GPL(fw_fault);
