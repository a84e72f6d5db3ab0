/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why is a device not migratable? Facts of the host and of its devices, as JSON; rules on
 * them (probe_rules.def); one page for people. Facts and rules are apart, so that the facts
 * of one machine can be judged on another.
 */
#ifndef VMIG_SELFTESTS_PROBE_H
#define VMIG_SELFTESTS_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <vmig/resolve.h>

/* probe_sys.c: reading /sys, /proc and /dev below vmig_root */
#define PRINTF(n) __attribute__((format(printf, n, n + 1)))
bool probe_there(const char *fmt, ...) PRINTF(1);
json_t *probe_line(const char *fmt, ...) PRINTF(1);
json_t *probe_names(const char *fmt, ...) PRINTF(1);
void probe_real(char *real, size_t len, const char *fmt, ...) PRINTF(3);
json_t *probe_access(const char *path);

/* probe_text.c: looking into facts, and words from them */
const json_t *probe_find(const json_t *facts, const char *path);
const char *probe_text(const json_t *facts, const char *path);
long long probe_number(const json_t *facts, const char *path, long long none);
bool probe_true(const json_t *facts, const char *path);
json_t *probe_join(const json_t *words, const char *between);

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
void probe_drivers_load(const struct probe_options *options, const char *release);
json_t *probe_candidates(const char *modalias);
json_t *probe_profile_configs(void);
const char *probe_profile_of(const char *driver);

/* probe_host.c, probe_device.c, probe_sriov.c, probe_carries.c: the facts */
json_t *probe_host(void);
json_t *probe_host_config(const json_t *more);
json_t *probe_device(const struct vmig_dev_id *id);
json_t *probe_users(const struct vmig_dev_id *id);
json_t *probe_devices(unsigned int *others);
json_t *probe_sriov(const struct vmig_dev_id *id, const char *modalias);
void probe_devlink_load(const struct probe_options *options);
json_t *probe_devlink(const char *pf, int vf);
void probe_carries(const char *sysfs, json_t *words);

/* probe_rules.c: the judgement, which is put into the device's facts */
void probe_judge(const json_t *host, json_t *device);

/* resolve.c: --resolve */
int probe_resolve(const char *spec);

/* probe_page.c: the page */
void probe_page_host(const json_t *host);
void probe_page_device(const json_t *device);

#endif /* VMIG_SELFTESTS_PROBE_H */
