/* SPDX-License-Identifier: GPL-2.0-only */
/* Format strings for messages. */
#ifndef VMIG_BASE_FORMAT_H
#define VMIG_BASE_FORMAT_H

/* So many strings of vmig_fmt() are good at a time, of so many bytes each. */
#define VMIG_FMT_STRINGS 32
#define VMIG_FMT_MAX 384

const char *vmig_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *vmig_errno_name(int err);

#endif /* VMIG_BASE_FORMAT_H */
