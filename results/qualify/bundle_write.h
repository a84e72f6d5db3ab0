/* SPDX-License-Identifier: GPL-2.0-only */
/* Make the bundle of a qualification from the directory of its rounds. */
#ifndef VMIG_RESULTS_BUNDLE_WRITE_H
#define VMIG_RESULTS_BUNDLE_WRITE_H

#include "tar.h"

struct tar_member *bundle_collect(struct arena *arena, const char *dir, char **error);
struct text bundle_manifest(struct arena *arena, const struct tar_member *members);
char *bundle_write(struct arena *arena, const struct tar_member *members, struct text *packed);

#endif /* VMIG_RESULTS_BUNDLE_WRITE_H */
