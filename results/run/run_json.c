// SPDX-License-Identifier: GPL-2.0-only
/* Readers of run.json and environment.json. What they do not say stays unknown. */
#include <jansson.h>
#include <string.h>

#include "run_json.h"

static const char *const status_names[] = {
	[RUN_COMPLETE] = "complete",	   [RUN_INTERRUPTED] = "interrupted",
	[RUN_TIMEOUT] = "timeout",	   [RUN_GUEST_DIED] = "guest-died",
	[RUN_DEVICE_LOST] = "device-lost", [RUN_UNKNOWN] = "unknown",
};

/**
 * run_status_name - a status as run.json has it
 * @status: the status
 *
 * Return: "complete", "guest-died", ...
 */
const char *run_status_name(enum run_status status)
{
	return status_names[status];
}

/**
 * run_status_words - describe how a run ended
 * @arena: where the words go
 * @run: the run
 *
 * Return: "complete", "complete in 3 guests".
 */
const char *run_status_words(struct arena *arena, const struct run_record *run)
{
	const char *name = run_status_name(run->status);

	if (run->guests < 2)
		return name;
	return arena_printf(arena, "%s in %u guests", name, run->guests);
}

static json_t *load(struct arena *arena, struct text contents, char **error)
{
	json_error_t err;
	json_t *root;

	root = json_loadb(contents.s, contents.n, 0, &err);
	if (root && json_is_object(root))
		return root;
	if (root)
		*error = "is no JSON object";
	else
		*error = arena_printf(
			arena, "is no valid JSON (line %d: %s)", err.line,
			text_clean(arena, (struct text){ err.text, strlen(err.text) }));
	json_decref(root);
	return NULL;
}

/* The string member @key of @object, NULL where there is none or it is empty. */
static char *string(struct arena *arena, json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s && *s ? text_clean(arena, (struct text){ s, strlen(s) }) : NULL;
}

static enum run_status status_of(const char *name)
{
	int i;

	for (i = 0; name && i < RUN_UNKNOWN; i++)
		if (!strcmp(name, status_names[i]))
			return (enum run_status)i;
	return RUN_UNKNOWN;
}

/**
 * run_json_run - read run.json
 * @arena: where strings go
 * @contents: the file
 * @run: the answer
 *
 * Return: NULL, or a sentence's end about what is wrong with the file ("is no valid
 * JSON ...").
 */
char *run_json_run(struct arena *arena, struct text contents, struct run_record *run)
{
	json_t *root, *options, *suite, *seconds, *planned, *firmware;
	char *error = NULL, *status;

	root = load(arena, contents, &error);
	if (!root)
		return error;
	options = json_object_get(root, "options");
	suite = json_object_get(root, "suite");
	seconds = json_object_get(root, "seconds");
	status = string(arena, root, "status");
	run->status = status_of(status);
	if (run->status == RUN_UNKNOWN)
		error = status ? arena_printf(arena, "has a status that is not known, \"%s\"",
					      status)
			       : "has no status";
	run->where = string(arena, root, "where");
	run->accel = string(arena, root, "accel");
	run->virtual_time = json_is_true(json_object_get(root, "virtual_time"));
	run->programs = string(arena, options, "programs");
	run->stock_kernel = string(arena, options, "stock_kernel");
	run->kernel_source = string(arena, root, "kernel_source");
	run->started = string(arena, root, "started");
	if (json_is_number(seconds) && json_number_value(seconds) >= 0)
		run->seconds = json_number_value(seconds);
	planned = json_object_get(root, "planned");
	if (json_is_integer(planned) && json_integer_value(planned) >= 0)
		run->planned = json_integer_value(planned);
	run->version = string(arena, suite, "version");
	run->commit = string(arena, suite, "commit");
	run->strict = json_is_true(json_object_get(options, "strict"));
	run->hazards = json_is_true(json_object_get(options, "hazards"));
	run->known_deviations = !json_is_false(json_object_get(options, "known_deviations"));
	run->without_migration = json_is_true(json_object_get(options, "without_migration"));
	run->left_out = string(arena, options, "left_out");
	run->tests = string(arena, options, "tests");
	/* Without the word a part of the suite would pass for the whole. */
	if (!error && run->planned >= 0 && !json_object_get(options, "tests"))
		error = "does not say which tests were chosen";
	run->parameters = string(arena, options, "parameters");
	run->profile = string(arena, options, "profile");
	run->mustpass = string(arena, options, "mustpass");
	run->stress = string(arena, options, "stress");
	run->seed = json_integer_value(json_object_get(options, "seed"));
	run->debug_kernel = json_is_true(json_object_get(options, "debug_kernel"));
	if (json_is_integer(json_object_get(root, "guests")))
		run->guests = (unsigned int)json_integer_value(json_object_get(root, "guests"));
	firmware = json_object_get(root, "firmware");
	run->stand_in = string(arena, firmware, "stand_in");
	run->driver_source = string(arena, firmware, "driver_source");
	run->driver_sha256 = string(arena, firmware, "sha256");
	run->driver_patch = string(arena, firmware, "patch");
	json_decref(root);
	return error;
}

static char *scalar(struct arena *arena, const json_t *value)
{
	const char *s;

	switch (json_typeof(value)) {
	case JSON_STRING:
		s = json_string_value(value);
		return text_clean(arena, (struct text){ s, strlen(s) });
	case JSON_INTEGER:
		return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return arena_printf(arena, "%g", json_real_value(value));
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	default:
		return "-";
	}
}

/* Values kept of environment.json, and how deep they may stand: vmig_env writes some 60. */
#define FACTS_MAX 1000
#define DEPTH_MAX 16

/* Where facts go. */
struct facts {
	struct fact **last;
	unsigned int nr, depth;
};

static void flatten(struct arena *arena, const char *name, json_t *value, struct facts *facts)
{
	struct fact *fact;
	const char *key;
	char *place;
	json_t *member;
	size_t i;

	if (facts->nr == FACTS_MAX || facts->depth == DEPTH_MAX)
		return;
	facts->depth++;
	if (json_is_object(value)) {
		json_object_foreach(value, key, member) {
			place = text_clean(arena, (struct text){ key, strlen(key) });
			place = *name ? arena_printf(arena, "%s.%s", name, place) : place;
			flatten(arena, place, member, facts);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member) {
			place = arena_printf(arena, "%s[%zu]", name, i);
			flatten(arena, place, member, facts);
		}
	} else {
		fact = arena_alloc(arena, sizeof(*fact));
		fact->name = arena_strndup(arena, name, strlen(name));
		fact->value = scalar(arena, value);
		*facts->last = fact;
		facts->last = &fact->next;
		facts->nr++;
	}
	facts->depth--;
}

static enum has truth(json_t *value)
{
	if (json_is_true(value))
		return HAS;
	return json_is_false(value) ? HAS_NOT : HAS_UNKNOWN;
}

/**
 * run_json_environment - read environment.json
 * @arena: where strings go
 * @contents: the file
 * @env: the answer
 *
 * Return: NULL, or a sentence's end about what is wrong with the file.
 */
char *run_json_environment(struct arena *arena, struct text contents, struct environment *env)
{
	json_t *root, *kernel, *device, *module, *features;
	struct facts facts = { .last = &env->facts };
	char *error = NULL;

	root = load(arena, contents, &error);
	if (!root)
		return error;
	flatten(arena, "", root, &facts);
	kernel = json_object_get(root, "kernel");
	env->release = string(arena, kernel, "release");
	env->build = string(arena, kernel, "version");
	env->machine = string(arena, kernel, "machine");
	device = json_object_get(root, "device");
	env->device = string(arena, device, "name");
	env->bus = string(arena, device, "bus");
	env->cdev = string(arena, device, "cdev");
	env->group = string(arena, device, "group");
	env->driver = string(arena, device, "driver");
	module = json_object_get(device, "module");
	env->driver_version = string(arena, module, "version");
	env->srcversion = string(arena, module, "srcversion");
	env->simulated = json_is_true(json_object_get(device, "simulated_firmware"));
	features = json_object_get(root, "features");
	env->migration = truth(json_object_get(features, "migration"));
	env->flags = (uint64_t)json_integer_value(json_object_get(features, "flags"));
	env->dma_logging = truth(json_object_get(features, "dma_logging"));
	json_decref(root);
	return NULL;
}
