// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmig_probe: which devices of this host can be migrated, and why the others cannot.
 * run.sh --probe starts it, and asks it before it takes a device from the host.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <vmig/error.h>
#include <vmig/version.h>
#include "probe.h"

#define EXIT_NOT 1
#define EXIT_USAGE 2

static const char usage[] =
	"Usage: vmig_probe [OPTION]... [DEVICE]\n"
	"\n"
	"Prints what is to be known of DEVICE, or of each device that VFIO could have: drivers,\n"
	"IOMMU, access, migration features; and of a device that cannot be migrated why, with the\n"
	"step that changes it. A VFIO device that nobody has open is opened for a moment.\n"
	"\n"
	"  -j, --json         as JSON\n"
	"  -H, --harm         only what taking DEVICE from the host would break, a line each;\n"
	"                     exit code 1 if there is anything\n"
	"  -f, --facts        only facts for a script: NAME=VALUE\n"
	"      --resolve      only how DEVICE is found and opened, for a script: NAME=VALUE, a line\n"
	"                     each, any value up to the end of its line\n"
	"      --judge FILE   judge what --json printed elsewhere, and print the page\n"
	"      --profiles DIR the device profiles\n"
	"      --aliases FILE modules.alias, if not that of the running kernel\n"
	"      --devlink CMD  prints the ports of devlink as JSON\n"
	"      --root DIR     a tree in place of /, for tests; nothing is opened\n"
	"\n"
	"Exit code: 0; 1 DEVICE cannot be migrated, or that is not to be seen; 2 no such device.\n";

struct arguments {
	struct probe_options options;
	const char *device, *judge, *root;
	bool json, harm, facts, resolve;
};

static bool parse(int argc, char **argv, struct arguments *a)
{
	enum { JUDGE = 256, PROFILES, ALIASES, DEVLINK, ROOT, RESOLVE };
	static const struct option options[] = { { "json", 0, NULL, 'j' },
						 { "harm", 0, NULL, 'H' },
						 { "facts", 0, NULL, 'f' },
						 { "help", 0, NULL, 'h' },
						 { "judge", 1, NULL, JUDGE },
						 { "profiles", 1, NULL, PROFILES },
						 { "aliases", 1, NULL, ALIASES },
						 { "devlink", 1, NULL, DEVLINK },
						 { "root", 1, NULL, ROOT },
						 { "resolve", 0, NULL, RESOLVE },
						 {} };
	int c;

	while ((c = getopt_long(argc, argv, "jHfh", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			a->json = true;
			break;
		case 'H':
			a->harm = true;
			break;
		case 'f':
			a->facts = true;
			break;
		case RESOLVE:
			a->resolve = true;
			break;
		case JUDGE:
			a->judge = optarg;
			break;
		case PROFILES:
			a->options.profiles = optarg;
			break;
		case ALIASES:
			a->options.aliases = optarg;
			break;
		case DEVLINK:
			a->options.devlink = optarg;
			break;
		case ROOT:
			a->root = optarg;
			break;
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : EXIT_USAGE);
		}
	}
	a->device = argv[optind];
	return argc - optind <= 1 && (a->device || (!a->harm && !a->facts && !a->resolve));
}

/* A word that a shell can take as it is; what has others is left out. */
static void fact(const char *name, const char *value)
{
	if (strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			  "._:/@+-") == strlen(value))
		printf("%s=%s\n", name, value);
}

static void facts(const json_t *device)
{
	const json_t *list = vmig_probe_find(device, "candidates"), *best;
	const char *type = "";
	json_t *c;
	size_t i;

	list = json_array_size(list) ? list : vmig_probe_find(device, "sriov.candidates");
	best = json_array_get(list, 0);
	json_array_foreach(list, i, c) {
		if (vmig_probe_true(c, "there") && !vmig_probe_true(best, "there"))
			best = c;
	}
	json_array_foreach(vmig_probe_find(device, "mdev_types"), i, c) {
		if (!*type)
			type = vmig_probe_text(c, "type");
	}
	fact("sysfs", vmig_probe_text(device, "sysfs"));
	fact("name", vmig_probe_text(device, "name"));
	fact("bus", vmig_probe_text(device, "bus"));
	fact("driver", vmig_probe_text(device, "driver"));
	fact("override", vmig_probe_text(device, "override"));
	fact("role", vmig_probe_text(device, "sriov.role"));
	fact("pf", vmig_probe_text(device, "sriov.pf.name"));
	fact("pf_driver", vmig_probe_text(device, "sriov.pf.driver"));
	fact("best", vmig_probe_text(best, "driver"));
	fact("best_devlink", vmig_probe_text(best, "devlink"));
	fact("mdev_type", type);
	fact("devlink_port", vmig_probe_text(device, "sriov.devlink.port"));
	fact("devlink_migratable", vmig_probe_text(device, "sriov.devlink.migratable"));
}

static int harm(const json_t *device)
{
	json_t *entry;
	size_t i;

	json_array_foreach(vmig_probe_find(device, "harm"), i, entry) {
		printf("%s\t%s: %s\n", vmig_probe_text(entry, "id"), vmig_probe_text(entry, "why"),
		       vmig_probe_text(entry, "step"));
	}
	return i ? EXIT_NOT : 0;
}

static int output(const struct arguments *a, const json_t *probe)
{
	const json_t *devices = json_object_get(probe, "devices");
	json_t *device;
	size_t i;

	if (a->json) {
		json_dumpf(probe, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		vmig_probe_page_host(json_object_get(probe, "host"));
		json_array_foreach(devices, i, device) {
			vmig_probe_page_device(device);
		}
		if (!json_array_size(devices))
			printf("\nThere is no device that VFIO could have with migration.\n");
		if (vmig_probe_number(probe, "others", 0))
			printf("\n%lld other PCI devices: no driver that is known here could "
			       "migrate them.\n",
			       vmig_probe_number(probe, "others", 0));
	}
	if (fflush(stdout) || ferror(stdout))
		return EXIT_USAGE;
	return !a->device || vmig_probe_true(json_array_get(devices, 0), "migratable") ? 0
										       : EXIT_NOT;
}

/* The facts of one device, or of all; NULL with a sentence if there is no such device. */
static json_t *gather(const struct arguments *a)
{
	json_t *devices, *host, *device;
	struct vmig_dev_id id;
	unsigned int others = 0;
	char why[512];
	size_t i;

	vmig_probe_devlink_load(&a->options);
	if (a->device && vmig_resolve(a->device, &id, why, sizeof(why)) && !id.sysfs[0]) {
		fprintf(stderr, "vmig: %s\n", why);
		return NULL;
	}
	devices =
		a->device ? json_pack("[o]", vmig_probe_device(&id)) : vmig_probe_devices(&others);
	host = vmig_probe_host();
	json_array_foreach(devices, i, device) {
		vmig_probe_judge(host, device);
	}
	return json_pack("{s:s, s:o, s:o, s:i}", "suite", vmig_commit, "host", host, "devices",
			 devices, "others", others);
}

/* What --json has printed, judged anew. */
static json_t *read_facts(const char *file)
{
	json_t *probe, *device, *host;
	json_error_t error;
	size_t i;

	probe = json_load_file(file, 0, &error);
	host = json_object_get(probe, "host");
	if (!json_is_object(host) || !json_is_array(json_object_get(probe, "devices"))) {
		fprintf(stderr, "vmig: %s is not what --probe --json prints%s%s\n", file,
			probe ? "" : ": ", probe ? "" : error.text);
		json_decref(probe);
		return NULL;
	}
	json_array_foreach(json_object_get(probe, "devices"), i, device) {
		if (json_is_object(device))
			vmig_probe_judge(host, device);
	}
	return probe;
}

static void give_up(const char *message)
{
	fprintf(stderr, "vmig: %s\n", message);
	exit(EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct arguments a = {};
	static char root[PATH_MAX];
	json_t *probe, *device;
	struct utsname uts;
	int ret;

	vmig_set_fail_hook(give_up);
	if (!parse(argc, argv, &a)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (a.root && !realpath(a.root, root)) {
		fprintf(stderr, "vmig: --root %s: no such directory\n", a.root);
		return EXIT_USAGE;
	}
	if (a.root)
		vmig_root = root;
	uname(&uts);
	vmig_probe_drivers_load(&a.options, uts.release);
	if (a.resolve)
		return vmig_probe_resolve(a.device) || fflush(stdout) || ferror(stdout) ? EXIT_USAGE
											: 0;
	probe = a.judge ? read_facts(a.judge) : gather(&a);
	if (!probe)
		return EXIT_USAGE;
	device = json_array_get(json_object_get(probe, "devices"), 0);
	if (a.facts)
		facts(device);
	ret = a.harm ? harm(device) : a.facts ? 0 : output(&a, probe);
	json_decref(probe);
	return ret;
}
