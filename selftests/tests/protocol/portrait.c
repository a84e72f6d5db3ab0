// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device shows to its user, to be compared with a device that nobody has used: its infos,
 * its config space, what the exerciser can read of its registers and its memory, and its stream.
 *
 * What a device changes by itself, or comes up with anew each time, is found by looking more than
 * once, and left out: nothing says that two fresh devices, or one after two resets, hold the same.
 * A stream is compared where a device that nobody touches gives the same one each time, also after
 * it was opened anew and reset.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <vmig/error.h>
#include <vmig/exerciser.h>
#include <vmig/feature.h>
#include <vmig/info.h>
#include <vmig/region.h>
#include <vmig/state.h>
#include "device_snapshot.h"
#include "exercise.h"
#include "load_attempt.h"
#include "pci_config.h"
#include "portrait.h"
#include "session.h"

/* Between two looks: long enough for what a device does by itself. */
#define PAUSE_MS 100

static FILE *begin_text(char **text, size_t *len)
{
	FILE *f = open_memstream(text, len);

	if (!f)
		vmig_test_error("no memory");
	return f;
}

static void put_config(FILE *f, struct vmig_device *dev, const struct vfio_region_info *config,
		       const char *what, unsigned int at, size_t len)
{
	uint32_t value = 0;

	if (__vmig_region_read(dev, config, at, &value, len) == (ssize_t)len)
		fprintf(f, "%s, config space %#x: %#x\n", what, at, value);
}

/* All that a guest's driver sets, and not what tells of errors and links (PCI_STATUS and its like).
 */
static void look_at_config(FILE *f, struct vmig_device *dev)
{
	struct vfio_region_info *config = __vmig_pci_config(dev);
	unsigned int at, cap;

	if (!config)
		return;
	put_config(f, dev, config, "ids", PCI_VENDOR_ID, 4);
	put_config(f, dev, config, "command", PCI_COMMAND, 2);
	for (at = PCI_CLASS_REVISION; at < PCI_STD_HEADER_SIZEOF; at += 4)
		put_config(f, dev, config, "header", at, 4);
	cap = vmig_pci_capability(dev, config, PCI_CAP_ID_MSI);
	for (at = 0; cap && at < 12; at += 4)
		put_config(f, dev, config, "MSI", cap + at, 4);
	cap = vmig_pci_capability(dev, config, PCI_CAP_ID_MSIX);
	if (cap)
		put_config(f, dev, config, "MSI-X", cap + PCI_MSIX_FLAGS, 2);
	cap = vmig_pci_capability(dev, config, PCI_CAP_ID_PM);
	if (cap)
		put_config(f, dev, config, "power state", cap + PCI_PM_CTRL, 1);
	free(config);
}

/* Before an exerciser sets up anything. */
static char *look_at_outside(struct vmig_device *dev)
{
	char *text, *infos = vmig_snapshot(dev);
	size_t len;
	FILE *f = begin_text(&text, &len);

	fputs(infos, f);
	look_at_config(f, dev);
	fclose(f);
	free(infos);
	return text;
}

/* "" where no exerciser can look, and after an error, which is not this check's business. */
static char *look_at_state(struct vmig_device *dev)
{
	struct vmig_exercise w = {};
	char *text;
	size_t len;
	FILE *f = begin_text(&text, &len);
	int ret;

	vmig_exercise_begin(&w, dev);
	ret = w.ops->look ? w.ops->look(&w, f) : 0;
	vmig_exercise_end(&w);
	fclose(f);
	if (ret)
		*text = '\0';
	return text;
}

static void save(struct vmig_device *dev, struct vmig_stream *s)
{
	vmig_save(dev, s);
	vmig_set_state(dev, VFIO_DEVICE_STATE_RUNNING);
}

static bool same(const struct vmig_stream *a, const struct vmig_stream *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static void keep_text(char to[VMIG_PORTRAIT_TEXT], const char *text)
{
	if (strlen(text) < VMIG_PORTRAIT_TEXT)
		strcpy(to, text);
}

/* Another device that nobody has used. */
static void begin_anew(struct vmig_device **dev)
{
	vmig_reopen(dev);
	vmig_recover_running(*dev);
	if (vmig_can_reset(*dev))
		vmig_reset(*dev);
}

static void take_state(struct vmig_device **dev, struct vmig_portrait *p)
{
	char *one = look_at_state(*dev), *two, *three;

	vmig_sleep_ms(PAUSE_MS);
	two = look_at_state(*dev);
	begin_anew(dev);
	three = look_at_state(*dev);
	if (!strcmp(one, two) && !strcmp(one, three))
		keep_text(p->state, one);
	else
		printf("# vmig: the device changes by itself, or comes up with something else each time, so that what it holds is not compared\n");
	free(one);
	free(two);
	free(three);
}

static void take_stream(struct vmig_device **dev, struct vmig_portrait *p)
{
	struct vmig_stream one = {}, two = {}, three = {};

	save(*dev, &one);
	vmig_sleep_ms(PAUSE_MS);
	save(*dev, &two);
	begin_anew(dev);
	/* As before each of the others. */
	free(look_at_state(*dev));
	save(*dev, &three);
	if (one.len <= VMIG_PORTRAIT_STREAM && same(&one, &two) && same(&one, &three)) {
		memcpy(p->stream, one.data, one.len);
		p->len = one.len;
	} else {
		printf("# vmig: two saves of an untouched device differ, or are long, so that streams are not compared\n");
	}
	vmig_stream_free(&one);
	vmig_stream_free(&two);
	vmig_stream_free(&three);
}

/**
 * vmig_portrait_take - take the portrait of a device before anybody uses it
 * @dev: the device, in RUNNING; opened anew
 * @p: where it goes
 *
 * Where that is allowed (VMIG_REBIND) the device is unbound and bound first, so that it is one that
 * was just made. Elsewhere it has been opened by this program alone, if that is the first one.
 */
void vmig_portrait_take(struct vmig_device **dev, struct vmig_portrait *p)
{
	char *outer;

	vmig_session_rebind(dev);
	outer = look_at_outside(*dev);
	keep_text(p->outer, outer);
	free(outer);
	take_state(dev, p);
	take_stream(dev, p);
	p->taken = true;
}

static size_t first_difference(const struct vmig_portrait *p, const struct vmig_stream *s)
{
	size_t i;

	for (i = 0; i < p->len && i < s->len && p->stream[i] == s->data[i]; i++)
		;
	return i;
}

/**
 * vmig_portrait_judge_at - is a device like one that nobody has used?
 * @at: where the caller is: VMIG_HERE
 * @p: that one
 * @dev: the device, in RUNNING; there afterwards
 * @id: clause that is checked
 * @outer: compare infos and config space, too
 * @did: what was done to it
 *
 * Return: false after a breach.
 */
bool vmig_portrait_judge_at(const char *at, const struct vmig_portrait *p, struct vmig_device *dev,
			    enum vmig_clause_id id, bool outer, const char *did)
{
	struct vmig_difference d = {};
	struct vmig_stream s = {};
	bool ok = true;
	char *text;

	if (outer) {
		text = look_at_outside(dev);
		ok &= CHECK_AT(at, id, vmig_snapshot_same(p->outer, text, &d),
			       vmig_fmt("infos and config space after %s", did),
			       vmig_fmt("as of a device that nobody has used: %s", d.was), "%s",
			       d.is);
		free(text);
	}
	text = look_at_state(dev);
	if (*p->state)
		ok &= CHECK_AT(at, id, vmig_snapshot_same(p->state, text, &d),
			       vmig_fmt("registers and memory after %s", did),
			       vmig_fmt("as of a device that nobody has used: %s", d.was), "%s",
			       d.is);
	free(text);
	if (!p->len)
		return ok;
	save(dev, &s);
	ok &= CHECK_AT(at, id, s.len == p->len && !memcmp(s.data, p->stream, p->len),
		       vmig_fmt("a save after %s", did),
		       "the stream of a device that nobody has used",
		       "%zu bytes in place of %zu, the first difference at %zu", s.len, p->len,
		       first_difference(p, &s));
	vmig_stream_free(&s);
	return ok;
}
