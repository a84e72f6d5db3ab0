/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why is a device not migratable? Facts of the host and of its devices, as JSON; rules on
 * them (rules.def); one page of text. Facts and rules are apart, so that the facts
 * of one machine can be judged on another.
 */
#ifndef VMIG_TOOLS_PROBE_PROBE_H
#define VMIG_TOOLS_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <vmig/resolve.h>

/* probe_sys.c: reading /sys, /proc and /dev below vmig_root */
#define PRINTF(n) __attribute__((format(printf, n, n + 1)))
bool vmig_probe_there(const char *fmt, ...) PRINTF(1);
json_t *vmig_probe_line(const char *fmt, ...) PRINTF(1);
json_t *vmig_probe_names(const char *fmt, ...) PRINTF(1);
void vmig_probe_real(char *real, size_t len, const char *fmt, ...) PRINTF(3);
json_t *vmig_probe_access(const char *path);

/* probe_text.c: looking into facts, and words from them */
const json_t *vmig_probe_find(const json_t *facts, const char *path);
const char *vmig_probe_text(const json_t *facts, const char *path);
long long vmig_probe_number(const json_t *facts, const char *path, long long none);
bool vmig_probe_true(const json_t *facts, const char *path);
json_t *vmig_probe_join(const json_t *words, const char *between);

/**
 * struct probe_options - where the probe finds what it cannot ask the kernel
 * @profiles: directory of the device profiles
 * @aliases: modules.alias, or NULL for that of the running kernel
 * @devlink: command that prints the devlink ports as JSON, or NULL for none
 */
struct probe_options {
	const char *profiles;
	const char *aliases;
	const char *devlink;
};

/* probe_driver.c: which drivers could have a device */
void vmig_probe_drivers_load(const struct probe_options *options, const char *release);
json_t *vmig_probe_candidates(const char *modalias);
json_t *vmig_probe_profile_configs(void);
const char *vmig_probe_profile_of(const char *driver);

/* probe_host.c, probe_device.c, probe_sriov.c, probe_carries.c: the facts */
json_t *vmig_probe_host(void);
json_t *vmig_probe_host_config(const json_t *more);
json_t *vmig_probe_device(const struct vmig_dev_id *id);
json_t *vmig_probe_users(const struct vmig_dev_id *id);
json_t *vmig_probe_devices(unsigned int *others);
json_t *vmig_probe_sriov(const struct vmig_dev_id *id, const char *modalias);
void vmig_probe_devlink_load(const struct probe_options *options);
json_t *vmig_probe_devlink(const char *pf, int vf);
void vmig_probe_carries(const char *sysfs, json_t *words);

/* probe_rules.c: the judgement, which is put into the device's facts */
void vmig_probe_judge(const json_t *host, json_t *device);

/* resolve.c: --resolve */
int vmig_probe_resolve(const char *spec);

/* probe_page.c: the page */
void vmig_probe_page_host(const json_t *host);
void vmig_probe_page_device(const json_t *device);

#endif /* VMIG_TOOLS_PROBE_PROBE_H */
