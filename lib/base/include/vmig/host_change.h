/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Record of the changes made to this host, which have to be undone: the file that VMIG_UNDO
 * names, else /run/vmig/undo. What undoes a change is on record before the change is made, so that
 * whoever comes after a run that was killed can do it: run.sh --cleanup.
 *
 * A line a change, "PATH<TAB>VALUE": write VALUE to PATH. Before them a line "boot<TAB>ID": after a
 * reboot nothing of it is true. A line that begins with # is of a change that was undone.
 *
 * Every change of the file is made under flock() and by one call of the kernel, so that a writer
 * that is killed leaves a record of before or of after: a line is added by one write() to the end,
 * and taken out by overwriting one byte or by cutting the file off before it.
 */
#ifndef VMIG_BASE_HOST_CHANGE_H
#define VMIG_BASE_HOST_CHANGE_H

#include <stdbool.h>

/**
 * struct vmig_setting - a file of /proc or /sys whose value is changed
 * @path: the file
 * @old: what it said, or what has to be written to undo the change
 */
struct vmig_setting {
	const char *path;
	char old[128];
};

const char *vmig_change_file(void);
int __vmig_change_record(const char *path, const char *value);
int __vmig_change_drop(const char *path, const char *value);
int __vmig_change_list(bool kept, char **text);
int __vmig_change_keep(void);
int __vmig_change_expire(void);
int __vmig_change_clear(void);

bool vmig_setting_change(struct vmig_setting *s, const char *path, const char *value);
bool vmig_setting_record(struct vmig_setting *s, const char *path, const char *undo);
bool vmig_setting_back(const struct vmig_setting *s);
bool vmig_put_line(const char *path, const char *line);

#endif /* VMIG_BASE_HOST_CHANGE_H */
