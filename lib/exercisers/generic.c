// SPDX-License-Identifier: GPL-2.0-only
/* Fallback for unknown devices: no operation is available. */
#include <vmig/exerciser.h>

const struct vmig_exerciser vmig_exerciser_generic = {
	.name = "generic",
};
