// SPDX-License-Identifier: GPL-2.0-only
/* When a call is not made any more, and what is passed on of it. */
#include <string.h>

#include <vmig/stuck_calls.h>
#include "unit.h"

static bool after(const char *name, const char *what)
{
	struct vmig_stuck_call c = {};

	snprintf(c.name, sizeof(c.name), "%s", name);
	for (; *what; what++) {
		if (*what == 'r')
			vmig_stuck_returned(&c);
		else
			vmig_stuck_count(&c, *what - '0');
	}
	return vmig_stuck_given_up(&c);
}

static bool says(const char *name, const char *expected)
{
	char text[128];

	return !strcmp(vmig_stuck_text(name, text, sizeof(text)), expected);
}

int main(void)
{
	static struct vmig_stuck_list list;
	static char many[16 * (VMIG_STUCK_MAX + 1)];
	const struct vmig_stuck_call *calls = list.calls;
	unsigned int i;

	UNIT(!after("read", "11") && after("read", "111"), "three tests in a row are enough");
	UNIT(!after("read", "2") && after("read", "22"), "two that SIGKILL does not end are");
	UNIT(!after("read", "11r1r11"), "not if it came back in between");
	UNIT(after("read", "111r"), "what was given up stays so");
	UNIT(after("read", "1r1r1r1r1r1r1r1r1r1r1r1"), "twelve tests in all are enough");
	UNIT(!after("set", "1r1r1r1r1r1r1r1r1r1r1r1") && after("set", "111"),
	     "not for all arcs, of which others come back");

	vmig_stuck_parse("read=3/4  x= y=1 set.RUNNING.STOP=0/2 =1/1 reset=1/1x\n", &list);
	UNIT(list.nr == 2 && !strcmp(calls[0].name, "read") && calls[0].in_a_row == 3 &&
		     calls[0].tests == 4 && !strcmp(calls[1].name, "set.RUNNING.STOP") &&
		     calls[1].tests == 2,
	     "a list is read, and what is damaged of it left out");
	UNIT(vmig_stuck_find(&list, "read", true) == calls && list.nr == 2, "a call is found");
	UNIT(!vmig_stuck_find(&list, "write", false) && list.nr == 2,
	     "one that is not there is not");
	UNIT(vmig_stuck_find(&list, "write", true) == calls + 2 && list.nr == 3 && !calls[2].tests,
	     "and is put there");
	for (i = 0; i <= VMIG_STUCK_MAX; i++)
		sprintf(many + strlen(many), "c%u=1/1 ", i);
	vmig_stuck_parse(many, &list);
	UNIT(list.nr == VMIG_STUCK_MAX && !vmig_stuck_find(&list, "one more", true),
	     "no more than there is room for");
	vmig_stuck_parse("", &list);
	UNIT(!list.nr, "an empty one");

	UNIT(says("read", "read() of a data_fd"), "read");
	UNIT(says("set.RUNNING.STOP_COPY", "SET(STOP_COPY) in RUNNING"), "an arc");
	UNIT(says("feature.10008", "DMA_LOGGING_REPORT"), "a feature");
	UNIT(says("feature.20063", "feature.20063"), "one that nobody knows");
	return unit_end();
}
