/* SPDX-License-Identifier: GPL-2.0-only */
/* Recognise warnings and sanitizer reports in the kernel log, by complaints.def. */
#ifndef VMIG_SPEC_COMPLAINTS_H
#define VMIG_SPEC_COMPLAINTS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct vmig_complaint - a line of complaints.def
 * @text: what the kernel's log says
 * @start: only at the beginning of a line
 * @joins: part of a complaint that is open already, such as the Oops after a BUG
 * @late: it comes long after its cause, or has its cause elsewhere
 * @in_test: a test that listens makes a breach of it; the report counts all
 * @kind: what to call it
 */
struct vmig_complaint {
	const char *text;
	bool start;
	bool joins;
	bool late;
	bool in_test;
	const char *kind;
};

const struct vmig_complaint *vmig_complaint_find(const char *line, size_t len);

#endif /* VMIG_SPEC_COMPLAINTS_H */
