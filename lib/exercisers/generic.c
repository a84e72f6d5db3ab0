// SPDX-License-Identifier: GPL-2.0-only
/* For devices that nobody has told us about: nothing can be done with them. */
#include <vmig/exerciser.h>

const struct vmig_exerciser vmig_exerciser_generic = {
	.name = "generic",
};
