// SPDX-License-Identifier: GPL-2.0-only
/* The schema of profiles: keys.def, and what its forms are. */
#include <regex.h>
#include <string.h>

#include <vmig/profile_keys.h>

enum often { ONCE, ANY };

/* The form of a value: in words, and as a regular expression. */
struct form {
	const char *words;
	const char *regex;
};

/* A field between bars that has something in it. */
#define FIELD "[^|]*[^|[:space:]][^|]*"

static const struct form WORD = { "one word", "^[^[:space:]]+$" };

static const struct form WORDS = { "words", "." };

static const struct form TEXT = { "text", "." };

static const struct form NUMBER = { "a number from 1 on", "^[1-9][0-9]{0,3}$" };

static const struct form RANGE = { "FROM-TO of kernels, either may be missing",
				   "^([0-9]+\\.[0-9.]+)?-([0-9]+\\.[0-9.]+)?$" };

static const struct form PCI_ID = { "VENDOR:DEVICE, four hexadecimal digits each",
				    "^[0-9a-f]{4}:[0-9a-f]{4}$" };

static const struct form DEVLINK = { "migratable", "^migratable$" };

static const struct form PARAMETER = { "MODULE.NAME=VALUE, without blanks",
				       "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_]+=[^[:space:]]*$" };

static const struct form FEATURE = {
	"FEATURE | on what condition | file:line function(), with one of STOP_COPY, P2P, PRE_COPY, "
	"DMA_LOGGING, MIG_DATA_SIZE, REINIT",
	"^(STOP_COPY|P2P|PRE_COPY|DMA_LOGGING|MIG_DATA_SIZE|REINIT) *\\|" FIELD "\\|" FIELD "$"
};

static const struct form FACT = { "what | file:line function()", "^" FIELD "\\|" FIELD "$" };

static const struct form ERRNO = { "in what situation | ERRNO | file:line function()",
				   "^" FIELD "\\| *(E[A-Z0-9]+|0) *\\|" FIELD "$" };

static const struct form DEVIATION = {
	"CLAUSE [(FROM-TO)] | glob of tests | file:line function() | why",
	"^[A-Z0-9]+-[0-9]+ *(\\([0-9.]*-[0-9.]*\\) *)?\\|" FIELD "\\|" FIELD "\\|.*[^[:space:]]"
};

static const struct form CRASHES = { "glob of tests [(FROM-TO)] | file:line function() | why",
				     "^" FIELD "\\|" FIELD "\\|.*[^[:space:]]" };

static const struct key {
	const char *name;
	enum often often;
	const struct form *form;
	const char *what;
} keys[] = {
#define KEY(name, often, form, what) { name, often, &(form), what },
#include "keys.def"
#undef KEY
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(NR_KEYS <= 8 * sizeof(unsigned long), "one bit a key");

static bool fits(const struct form *form, const char *value)
{
	regex_t re;
	bool match;

	if (regcomp(&re, form->regex, REG_EXTENDED | REG_NOSUB))
		return false;
	match = !regexec(&re, value, 0, NULL, 0);
	regfree(&re);
	return match;
}

/**
 * vmig_profile_key_current - the present name of a key
 * @key: a key as a profile has it, perhaps by a name of an earlier version
 *
 * Return: the name that keys.def has for it, or @key.
 */
struct text vmig_profile_key_current(struct text key)
{
	static const char crashes[] = "crashes";

	if (text_is(key, "lethal"))
		return (struct text){ crashes, sizeof(crashes) - 1 };
	return key;
}

/**
 * vmig_profile_key_check - may this line stand in a profile?
 * @arena: where the answer goes
 * @key: its key
 * @value: its value, without blanks around it
 * @seen: a bit for each key that the profile has had, 0 at its start
 *
 * Return: NULL, or what is wrong with it.
 */
char *vmig_profile_key_check(struct arena *arena, struct text key, struct text value,
			     unsigned long *seen)
{
	const struct key *k;
	size_t i;

	for (i = 0; i < NR_KEYS && !text_is(key, keys[i].name); i++)
		;
	if (i == NR_KEYS)
		return arena_printf(arena,
				    "there is no key \"%s\"; vmig-report --profile-keys lists them",
				    text_clean(arena, key));
	k = &keys[i];
	if (k->often == ONCE && *seen & 1UL << i)
		return arena_printf(arena, "\"%s\" stands there twice, and can be said once",
				    k->name);
	*seen |= 1UL << i;
	if (!fits(k->form, text_clean(arena, value)))
		return arena_printf(arena, "the value of \"%s\" is not of the form \"%s\"", k->name,
				    k->form->words);
	return NULL;
}

/**
 * vmig_profile_key - the keys, one after the other
 * @i: number of the key, from 0 on
 * @key: filled
 *
 * Return: false behind the last one.
 */
bool vmig_profile_key(size_t i, struct vmig_profile_key *key)
{
	if (i >= NR_KEYS)
		return false;
	*key = (struct vmig_profile_key){
		.name = keys[i].name,
		.once = keys[i].often == ONCE,
		.form = keys[i].form->words,
		.what = keys[i].what,
	};
	return true;
}
