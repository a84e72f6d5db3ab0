/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines by which a test reports the breach of a clause:
 *
 *	# vmig: breach FD-07
 *	# vmig:   did: read() of the data_fd after STOP_COPY -> STOP
 *	# vmig:   expected: 0 or an error
 *	# vmig:   got: 24 bytes
 *	# vmig:   at: data_fd.c:123
 *	# vmig:   known: mtty.c:123 mtty_foo() | reason from the profile
 */
#ifndef VMIG_SPEC_BREACH_LINE_H
#define VMIG_SPEC_BREACH_LINE_H

#include <stddef.h>

/* A longer value is cut at as many bytes. */
#define VMIG_BREACH_VALUE_MAX 1000

/* Room for all lines of a breach, in bytes. */
#define VMIG_BREACH_LINES_MAX (8 * VMIG_BREACH_VALUE_MAX)

/**
 * struct vmig_breach - a breach, in words
 * @clause: id of the clause that was broken, "FD-07"
 * @did: what was done
 * @expected: what must have come
 * @got: what the device did instead
 * @at: where it was judged, "data_fd.c:123", or NULL
 * @where: line of the driver that the profile names for it, or NULL for a breach that is not known
 * @reason: the profile's reason, with @where
 */
struct vmig_breach {
	const char *clause;
	const char *did;
	const char *expected;
	const char *got;
	const char *at;
	const char *where;
	const char *reason;
};

size_t vmig_breach_lines(char *buf, size_t len, const struct vmig_breach *b);

#endif /* VMIG_SPEC_BREACH_LINE_H */
