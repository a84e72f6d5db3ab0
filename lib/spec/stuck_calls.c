// SPDX-License-Identifier: GPL-2.0-only
/* Calls that do not come back. See stuck_calls.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmig/stuck_calls.h>

/**
 * vmig_stuck_find - look for a call in a list
 * @list: the list
 * @name: the call
 * @add: put it there, counted in no test yet, where it is not
 *
 * Return: the call; NULL where it is not there, or there is no room for it.
 */
struct vmig_stuck_call *vmig_stuck_find(struct vmig_stuck_list *list, const char *name, bool add)
{
	struct vmig_stuck_call *c;

	for (c = list->calls; c < list->calls + list->nr; c++)
		if (!strcmp(c->name, name))
			return c;
	if (!add || list->nr == VMIG_STUCK_MAX)
		return NULL;
	list->nr++;
	*c = (struct vmig_stuck_call){};
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

/**
 * vmig_stuck_count - it did not come back in one more test
 * @c: the call
 * @weight: 1, or 2 for a process that cannot be killed
 */
void vmig_stuck_count(struct vmig_stuck_call *c, unsigned int weight)
{
	c->in_a_row += weight;
	c->tests++;
}

/**
 * vmig_stuck_returned - it did come back
 * @c: the call
 *
 * Where it has been given up it stays so: another thread may have been in it all the time.
 */
void vmig_stuck_returned(struct vmig_stuck_call *c)
{
	if (!vmig_stuck_given_up(c))
		c->in_a_row = 0;
}

/**
 * vmig_stuck_given_up - is it not to be made any more?
 * @c: the call
 *
 * All arcs together are given up only where none came back: one that does not is known by itself.
 *
 * Return: true if so.
 */
bool vmig_stuck_given_up(const struct vmig_stuck_call *c)
{
	if (c->in_a_row >= VMIG_STUCK_IN_A_ROW)
		return true;
	return c->tests >= VMIG_STUCK_IN_ALL && strcmp(c->name, "set");
}

/* "read=3/4": in a row, and all. */
static bool parse_one(const char *word, size_t len, struct vmig_stuck_call *c)
{
	const char *is = memchr(word, '=', len);
	unsigned long n, all;
	char *end;

	if (!is || is == word || is - word >= VMIG_STUCK_NAME)
		return false;
	n = strtoul(is + 1, &end, 10);
	if (end == is + 1 || *end != '/')
		return false;
	all = strtoul(end + 1, &end, 10);
	if (end != word + len || n > INT_MAX || all > INT_MAX)
		return false;
	snprintf(c->name, sizeof(c->name), "%.*s", (int)(is - word), word);
	c->in_a_row = n;
	c->tests = all;
	return true;
}

/**
 * vmig_stuck_parse - read a list of them
 * @text: "NAME=IN_A_ROW/TESTS ...", with blanks between; what is damaged is left out, and what
 *	  VMIG_STUCK_MAX leaves no room for
 * @list: where they go; what it held is gone
 */
void vmig_stuck_parse(const char *text, struct vmig_stuck_list *list)
{
	size_t len;

	list->nr = 0;
	for (text += strspn(text, "\n "); *text && list->nr < VMIG_STUCK_MAX;
	     text += strspn(text, "\n ")) {
		len = strcspn(text, "\n ");
		if (parse_one(text, len, &list->calls[list->nr]))
			list->nr++;
		text += len;
	}
}

/* VFIO_DEVICE_FEATURE flags, as the header numbers them: index and operation. */
static const char *feature_text(unsigned long flags)
{
	static const struct {
		unsigned long flags;
		const char *text;
	} known[] = {
		{ 0x10001, "GET of MIGRATION" },   { 0x10002, "GET of the state" },
		{ 0x20006, "DMA_LOGGING_START" },  { 0x20007, "DMA_LOGGING_STOP" },
		{ 0x10008, "DMA_LOGGING_REPORT" }, { 0x10009, "GET of MIG_DATA_SIZE" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].flags == flags)
			return known[i].text;
	return NULL;
}

/**
 * vmig_stuck_text - what a call is called in a sentence
 * @name: its name
 * @text: where it goes
 * @room: of @text
 *
 * Return: @text.
 */
const char *vmig_stuck_text(const char *name, char *text, size_t room)
{
	static const char *const texts[][2] = {
		{ "read", "read() of a data_fd" },
		{ "write", "write() to a data_fd" },
		{ "close_data", "close() of a data_fd" },
		{ "close", "close() of the device" },
		{ "open", "the open of the device" },
		{ "exit", "the end of a process that had the device open" },
		{ "reset", "VFIO_DEVICE_RESET" },
		{ "precopy_info", "VFIO_MIG_GET_PRECOPY_INFO" },
		{ "set", "SET of any state" },
		{ "feature", "VFIO_DEVICE_FEATURE" },
	};
	const char *dot, *feature;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strcmp(name, texts[i][0])) {
			snprintf(text, room, "%s", texts[i][1]);
			return text;
		}
	}
	dot = strrchr(name, '.');
	if (!strncmp(name, "set.", 4) && dot > name + 4) {
		snprintf(text, room, "SET(%s) in %.*s", dot + 1, (int)(dot - name - 4), name + 4);
		return text;
	}
	feature = dot ? feature_text(strtoul(dot + 1, NULL, 16)) : NULL;
	snprintf(text, room, "%s", feature ? feature : name);
	return text;
}
