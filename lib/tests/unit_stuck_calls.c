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
	struct vmig_stuck_call calls[3] = {};

	UNIT(!after("read", "11") && after("read", "111"), "three tests in a row are enough");
	UNIT(!after("read", "2") && after("read", "22"), "two that SIGKILL does not end are");
	UNIT(!after("read", "11r1r11"), "not if it came back in between");
	UNIT(after("read", "111r"), "what was given up stays so");
	UNIT(after("read", "1r1r1r1r1r1r1r1r1r1r1r1"), "twelve tests in all are enough");
	UNIT(!after("set", "1r1r1r1r1r1r1r1r1r1r1r1") && after("set", "111"),
	     "not for all arcs, of which others come back");

	UNIT(vmig_stuck_parse("read=3/4  x= y=1 set.RUNNING.STOP=0/2 =1/1 reset=1/1x\n", calls,
			      3) == 2 &&
		     !strcmp(calls[0].name, "read") && calls[0].in_a_row == 3 &&
		     calls[0].tests == 4 && !strcmp(calls[1].name, "set.RUNNING.STOP") &&
		     calls[1].tests == 2,
	     "a list is read, and what is damaged of it left out");
	UNIT(vmig_stuck_parse("a=1/1 b=1/1 c=1/1 d=1/1", calls, 3) == 3,
	     "no more than there is room for");
	UNIT(!vmig_stuck_parse("", calls, 3), "an empty one");

	UNIT(says("read", "read() of a data_fd"), "read");
	UNIT(says("set.RUNNING.STOP_COPY", "SET(STOP_COPY) in RUNNING"), "an arc");
	UNIT(says("feature.10008", "DMA_LOGGING_REPORT"), "a feature");
	UNIT(says("feature.20063", "feature.20063"), "one that nobody knows");
	return unit_end();
}
