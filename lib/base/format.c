// SPDX-License-Identifier: GPL-2.0-only
/* Words for messages. */
#include <stdio.h>
#include <string.h>

#include <vmig/format.h>

/**
 * vmig_errno_name - the name of an errno, as the specification writes it
 * @err: 0, an errno, or a negative one as the library returns it
 *
 * Return: "success", "EINVAL", or the number for one without a name; the string of
 * a number is good until the thread's next call.
 */
const char *vmig_errno_name(int err)
{
	static __thread char number[24];
	const char *name;

	if (!err)
		return "success";
	name = strerrorname_np(err < 0 ? -err : err);
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", err < 0 ? -err : err);
	return number;
}
