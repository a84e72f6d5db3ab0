/* SPDX-License-Identifier: GPL-2.0-only */
/* Places in the kernel's source, as a profile names them for more than one kernel. */
#ifndef VMIG_PROFILE_PLACE_H
#define VMIG_PROFILE_PLACE_H

void vmig_place_for_kernel(char *place, const char *source, const char *kernels,
			   const char *release);

#endif /* VMIG_PROFILE_PLACE_H */
