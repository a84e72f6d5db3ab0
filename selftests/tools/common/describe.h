/* SPDX-License-Identifier: GPL-2.0-only */
/* Describe a device and its driver as JSON, for environment.json and the probe. */
#ifndef VMIG_TOOLS_COMMON_DESCRIBE_H
#define VMIG_TOOLS_COMMON_DESCRIBE_H

#include <jansson.h>

#include <vmig/device.h>

json_t *vmig_file_line(const char *dir, const char *name);
json_t *vmig_describe_module(const struct vmig_dev_id *id);
json_t *vmig_describe_features(struct vmig_device *dev);

#endif /* VMIG_TOOLS_COMMON_DESCRIBE_H */
