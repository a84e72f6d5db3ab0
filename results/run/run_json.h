/* SPDX-License-Identifier: GPL-2.0-only */
/* Parse run.json and environment.json: how the suite was run, where, on what. */
#ifndef VMIG_RESULTS_RUN_JSON_H
#define VMIG_RESULTS_RUN_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/arena.h>
#include <vmig/text.h>

/* How a run ended, as the runner saw it. */
enum run_status {
	RUN_COMPLETE,
	RUN_INTERRUPTED,
	RUN_TIMEOUT,
	RUN_GUEST_DIED,
	RUN_DEVICE_LOST,
	RUN_UNKNOWN, /* no run.json: the test programs were run by hand */
};

/**
 * struct run_record - run.json
 * @status: how the run ended
 * @where: "guest" or "host", or NULL
 * @accel: "tcg" or "kvm" in a guest, or NULL
 * @virtual_time: the guest's clock counted instructions
 * @started: ISO 8601, or NULL
 * @seconds: wall time, negative where it is not known
 * @planned: number of tests in tests.tsv, negative where it does not say
 * @version: of the suite, or NULL
 * @commit: the same
 * @strict: a breach of a SHOULD clause is a failure
 * @hazards: tests ran that can hang a kernel with a known bug
 * @debug_kernel: the guest's kernel was one with debugging
 * @kernel_source: what the kernel was built from, as "linux-source-7.3 7.3.4-1", or NULL
 * @stock_kernel: series of the distribution's kernel in the guest, NULL for one that was built
 * @programs: "32-bit" where the tests were not this machine's own, or NULL
 * @guests: how many guests it took, 0 where that is not known
 * @known_deviations: the profile's deviations count as known
 * @without_migration: the device was to be one that offers no migration
 * @left_out: the drivers that such a run of several has left out, or NULL
 * @tests: glob that chose the tests, NULL for all
 * @mustpass: version of the mustpass list that chose them, or NULL
 * @stress: "brief" or "full": bounds of the tests by chance, NULL for none
 * @seed: what chance began with, 0 where it does not say
 * @parameters: what modules of the guest were loaded with, or NULL
 * @profile: name of the profile, or NULL
 * @stand_in: module that simulated the firmware, or NULL
 * @driver_source: directory of the kernel source that the driver was built from, or NULL
 * @driver_sha256: of the list of checksums of its files, or NULL
 * @driver_patch: patch that it was built with, or NULL
 */
struct run_record {
	enum run_status status;
	char *where, *accel, *programs, *kernel_source, *stock_kernel;
	char *started;
	double seconds;
	long long planned;
	char *version, *commit;
	bool strict, hazards, known_deviations, debug_kernel, virtual_time, without_migration;
	unsigned int guests;
	char *left_out, *tests, *parameters, *profile;
	char *mustpass, *stress;
	long long seed;
	char *stand_in, *driver_source, *driver_sha256, *driver_patch;
};

/**
 * struct fact - one value of environment.json
 * @name: its place, "device.pci.vendor"
 * @value: as text
 */
struct fact {
	char *name;
	char *value;
	/* private: */
	struct fact *next;
};

/* Whether a device has a feature is known, or the environment does not say. */
enum has { HAS_NOT, HAS, HAS_UNKNOWN };

/**
 * struct environment - environment.json
 *
 * The members that the report has words for, where selftests/tools/env/main.c puts them;
 * @facts has all of them.
 *
 * @release: kernel.release, as uname -r
 * @build: kernel.version, as uname -v
 * @machine: kernel.machine, as uname -m
 * @device: device.name: BDF or mdev UUID
 * @bus: device.bus, or NULL
 * @cdev: device.cdev, or NULL
 * @group: device.group, or NULL
 * @driver: device.driver
 * @driver_version: device.module.version, or NULL
 * @srcversion: device.module.srcversion, or NULL
 * @migration: features.migration
 * @flags: features.flags, VFIO_MIGRATION_*; 0 where it is not known
 * @dma_logging: features.dma_logging
 * @simulated: device.simulated_firmware: no vendor's card, but our stand-in for one
 * @facts: every value in the file
 */
struct environment {
	char *release, *build, *machine;
	char *device, *bus, *cdev, *group;
	char *driver, *driver_version, *srcversion;
	enum has migration;
	uint64_t flags;
	enum has dma_logging;
	bool simulated;
	struct fact *facts;
};

char *run_json_run(struct arena *arena, struct text contents, struct run_record *run);
char *run_json_environment(struct arena *arena, struct text contents, struct environment *env);
const char *run_status_name(enum run_status status);
const char *run_status_words(struct arena *arena, const struct run_record *run);

#endif /* VMIG_RESULTS_RUN_JSON_H */
