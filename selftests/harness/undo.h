/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of the system that a test changes for a while, and puts back in any case. */
#ifndef VMIG_SELFTESTS_UNDO_H
#define VMIG_SELFTESTS_UNDO_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct vmig_setting - a file of /proc or /sys whose value is changed
 * @path: the file
 * @old: what it said, or what has to be written to undo the change
 */
struct vmig_setting {
	const char *path;
	char old[128];
};

bool vmig_setting_change(struct vmig_setting *s, const char *path, const char *value);
void vmig_setting_record(struct vmig_setting *s, const char *path, const char *undo);
bool vmig_setting_back(const struct vmig_setting *s);
bool vmig_put_line(const char *path, const char *line);

#endif /* VMIG_SELFTESTS_UNDO_H */
