/* SPDX-License-Identifier: GPL-2.0-only */
/* KTAP for the unit tests of the library, which run on the build host. */
#ifndef VMIG_TESTS_UNIT_H
#define VMIG_TESTS_UNIT_H

#include <stdbool.h>
#include <stdio.h>

static int unit_number, unit_failed;

/* One result line; @what says the rule, and the values where it does not hold. */
#define UNIT(cond, ...)                                                                            \
	do {                                                                                       \
		bool ok_ = (cond);                                                                 \
		unit_failed += !ok_;                                                               \
		printf("%sok %d ", ok_ ? "" : "not ", ++unit_number);                              \
		printf(__VA_ARGS__);                                                               \
		printf("\n");                                                                      \
	} while (0)

static inline int unit_end(void)
{
	printf("1..%d\n", unit_number);
	return unit_failed ? 1 : 0;
}

#endif /* VMIG_TESTS_UNIT_H */
