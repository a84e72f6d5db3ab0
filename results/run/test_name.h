/* SPDX-License-Identifier: GPL-2.0-only */
/* Parse the name of a test: how the device was opened, and in the FSM chapter the arc. */
#ifndef VMIG_RESULTS_TEST_NAME_H
#define VMIG_RESULTS_TEST_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "ktap.h"

/**
 * struct arc - the pair of a test fsm.WAY_FROM_to_TO.TEST
 * @from: number of the state the device is in
 * @to: number that is asked for
 */
struct arc {
	uint32_t from, to;
};

struct text test_name_uapi(const struct test *test);
bool test_name_is_uapi(struct text word);
bool test_name_arc(const struct test *test, struct arc *arc);

#endif /* VMIG_RESULTS_TEST_NAME_H */
