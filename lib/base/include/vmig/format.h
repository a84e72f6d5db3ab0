/* SPDX-License-Identifier: GPL-2.0-only */
/* Words for messages. */
#ifndef VMIG_FORMAT_H
#define VMIG_FORMAT_H

const char *vmig_errno_name(int err);

#endif /* VMIG_FORMAT_H */
