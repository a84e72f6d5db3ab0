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
 * run_status_words - how a run ended, for people
 * @pool: where the words go
 * @run: the run
 *
 * Return: "complete", "complete in 3 guests".
 */
const char *run_status_words(struct pool *pool, const struct run_record *run)
{
	const char *name = run_status_name(run->status);

	if (run->guests < 2)
		return name;
	return pool_printf(pool, "%s in %u guests", name, run->guests);
}

static json_t *load(struct pool *pool, struct text contents, char **error)
{
	json_error_t err;
	json_t *root;

	root = json_loadb(contents.s, contents.n, 0, &err);
	if (root && json_is_object(root))
		return root;
	if (root)
		*error = "is no JSON object";
	else
		*error = pool_printf(pool, "is no valid JSON (line %d: %s)", err.line,
				     text_clean(pool, (struct text){ err.text, strlen(err.text) }));
	json_decref(root);
	return NULL;
}

/* The string member @key of @object, NULL where there is none or it is empty. */
static char *string(struct pool *pool, json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s && *s ? text_clean(pool, (struct text){ s, strlen(s) }) : NULL;
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
 * record_run - read run.json
 * @pool: where strings go
 * @contents: the file
 * @run: the answer
 *
 * Return: NULL, or a sentence's end about what is wrong with the file ("is no valid
 * JSON ...").
 */
char *record_run(struct pool *pool, struct text contents, struct run_record *run)
{
	json_t *root, *options, *suite, *seconds, *planned, *firmware;
	char *error = NULL, *status;

	root = load(pool, contents, &error);
	if (!root)
		return error;
	options = json_object_get(root, "options");
	suite = json_object_get(root, "suite");
	seconds = json_object_get(root, "seconds");
	status = string(pool, root, "status");
	run->status = status_of(status);
	if (run->status == RUN_UNKNOWN)
		error = status ? pool_printf(pool, "has a status that is not known, \"%s\"", status)
			       : "has no status";
	run->where = string(pool, root, "where");
	run->accel = string(pool, root, "accel");
	run->programs = string(pool, options, "programs");
	run->stock_kernel = string(pool, options, "stock_kernel");
	run->started = string(pool, root, "started");
	if (json_is_number(seconds) && json_number_value(seconds) >= 0)
		run->seconds = json_number_value(seconds);
	planned = json_object_get(root, "planned");
	if (json_is_integer(planned) && json_integer_value(planned) >= 0)
		run->planned = json_integer_value(planned);
	run->version = string(pool, suite, "version");
	run->commit = string(pool, suite, "commit");
	run->strict = json_is_true(json_object_get(options, "strict"));
	run->hazards = json_is_true(json_object_get(options, "hazards"));
	run->known_deviations = !json_is_false(json_object_get(options, "known_deviations"));
	run->tests = string(pool, options, "tests");
	/* Without the word a part of the suite would pass for the whole. */
	if (!error && run->planned >= 0 && !json_object_get(options, "tests"))
		error = "does not say which tests were chosen";
	run->parameters = string(pool, options, "parameters");
	run->profile = string(pool, options, "profile");
	run->mustpass = string(pool, options, "mustpass");
	run->stress = string(pool, options, "stress");
	run->seed = json_integer_value(json_object_get(options, "seed"));
	run->debug_kernel = json_is_true(json_object_get(options, "debug_kernel"));
	if (json_is_integer(json_object_get(root, "guests")))
		run->guests = (unsigned int)json_integer_value(json_object_get(root, "guests"));
	firmware = json_object_get(root, "firmware");
	run->stand_in = string(pool, firmware, "stand_in");
	run->driver_source = string(pool, firmware, "driver_source");
	run->driver_sha256 = string(pool, firmware, "sha256");
	run->driver_patch = string(pool, firmware, "patch");
	json_decref(root);
	return error;
}

static char *scalar(struct pool *pool, const json_t *value)
{
	const char *s;

	switch (json_typeof(value)) {
	case JSON_STRING:
		s = json_string_value(value);
		return text_clean(pool, (struct text){ s, strlen(s) });
	case JSON_INTEGER:
		return pool_printf(pool, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return pool_printf(pool, "%g", json_real_value(value));
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

static void flatten(struct pool *pool, const char *name, json_t *value, struct facts *facts)
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
			place = text_clean(pool, (struct text){ key, strlen(key) });
			place = *name ? pool_printf(pool, "%s.%s", name, place) : place;
			flatten(pool, place, member, facts);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member) {
			place = pool_printf(pool, "%s[%zu]", name, i);
			flatten(pool, place, member, facts);
		}
	} else {
		fact = pool_alloc(pool, sizeof(*fact));
		fact->name = pool_strndup(pool, name, strlen(name));
		fact->value = scalar(pool, value);
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
 * record_environment - read environment.json
 * @pool: where strings go
 * @contents: the file
 * @env: the answer
 *
 * Return: NULL, or a sentence's end about what is wrong with the file.
 */
char *record_environment(struct pool *pool, struct text contents, struct environment *env)
{
	json_t *root, *kernel, *device, *module, *features;
	struct facts facts = { .last = &env->facts };
	char *error = NULL;

	root = load(pool, contents, &error);
	if (!root)
		return error;
	flatten(pool, "", root, &facts);
	kernel = json_object_get(root, "kernel");
	env->release = string(pool, kernel, "release");
	env->build = string(pool, kernel, "version");
	env->machine = string(pool, kernel, "machine");
	device = json_object_get(root, "device");
	env->device = string(pool, device, "name");
	env->bus = string(pool, device, "bus");
	env->cdev = string(pool, device, "cdev");
	env->group = string(pool, device, "group");
	env->driver = string(pool, device, "driver");
	module = json_object_get(device, "module");
	env->driver_version = string(pool, module, "version");
	env->srcversion = string(pool, module, "srcversion");
	env->simulated = json_is_true(json_object_get(device, "simulated_firmware"));
	features = json_object_get(root, "features");
	env->migration = truth(json_object_get(features, "migration"));
	env->flags = (uint64_t)json_integer_value(json_object_get(features, "flags"));
	env->dma_logging = truth(json_object_get(features, "dma_logging"));
	json_decref(root);
	return NULL;
}
