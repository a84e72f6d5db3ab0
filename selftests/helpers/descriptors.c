// SPDX-License-Identifier: GPL-2.0-only
/* Exhaust the file descriptors of the process (EMFILE). */
#include <errno.h>

#include <vmig/error.h>
#include "descriptors.h"
#include "verdict.h"

/**
 * vmig_descriptors_take - from now on this process gets no new file descriptor
 *
 * By the soft limit: those that it has stay.
 *
 * Return: the limit as it was, for vmig_descriptors_give_back().
 */
struct rlimit vmig_descriptors_take(void)
{
	struct rlimit old, none;

	if (getrlimit(RLIMIT_NOFILE, &old))
		vmig_test_error("getrlimit() failed: %s", vmig_errno_name(errno));
	none = old;
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_NOFILE, &none))
		vmig_test_error("setrlimit() failed: %s", vmig_errno_name(errno));
	return old;
}

/**
 * vmig_descriptors_give_back - it gets them again
 * @old: what vmig_descriptors_take() returned
 */
void vmig_descriptors_give_back(const struct rlimit *old)
{
	setrlimit(RLIMIT_NOFILE, old);
}
