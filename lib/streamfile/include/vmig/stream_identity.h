/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a device is, as the header of its streams says it. */
#ifndef VMIG_MIGRATION_STREAMID_H
#define VMIG_MIGRATION_STREAMID_H

#include <vmig/resolve.h>
#include <vmig/streamfile.h>

void vmig_streamfile_describe(const struct vmig_dev_id *id, struct vmig_streamfile *f);

#endif /* VMIG_MIGRATION_STREAMID_H */
