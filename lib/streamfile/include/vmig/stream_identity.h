/* SPDX-License-Identifier: GPL-2.0-only */
/* Identity of a device for the header of a stream file. */
#ifndef VMIG_STREAMFILE_STREAM_IDENTITY_H
#define VMIG_STREAMFILE_STREAM_IDENTITY_H

#include <vmig/resolve.h>
#include <vmig/streamfile.h>

void vmig_streamfile_describe(const struct vmig_dev_id *id, struct vmig_streamfile *f);

#endif /* VMIG_STREAMFILE_STREAM_IDENTITY_H */
