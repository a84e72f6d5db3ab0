// SPDX-License-Identifier: GPL-2.0-only
/* The command line of vmig-report, by argp of the C library. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "action.h"
#include "message.h"

/* Keys above those that could be letters. */
#define KEY_FIRST 0x1000

/**
 * struct request - what a command line asks for
 * @actions: all that can be asked for; the index is the key of the option
 * @action: what is asked for, NULL for no option
 * @second: what is asked for on top of that
 * @bad: an option that is none
 * @argc: number of arguments
 * @argv: arguments, NULL behind them
 */
struct request {
	const struct action **actions;
	const struct action *action, *second;
	const char *bad;
	int argc;
	char **argv;
};

/* Where getopt() has stopped: behind an option, or at letters that hang together. */
static const char *stopped_at(const struct argp_state *state)
{
	const char *next = state->next < state->argc ? state->argv[state->next] : "";

	if (next[0] == '-' && next[1] && next[1] != '-' && next[2])
		return next;
	return state->argv[state->next - 1];
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;

	(void)arg;
	if (key == ARGP_KEY_ARGS) {
		r->argc = state->argc - state->next;
		r->argv = state->argv + state->next;
	} else if (key == ARGP_KEY_ERROR) {
		r->bad = r->second ? NULL : stopped_at(state);
	} else if (key < KEY_FIRST || key >= ARGP_KEY_END) {
		return ARGP_ERR_UNKNOWN;
	} else if (r->action) {
		r->second = r->actions[key - KEY_FIRST];
	} else {
		r->action = r->actions[key - KEY_FIRST];
	}
	/* argp stops at any error. */
	return r->second ? ARGP_ERR_UNKNOWN : 0;
}

/* The options, each twice: to be found, and with its arguments, to be shown. */
static struct argp_option *options(struct arena *arena, const struct command *c,
				   const struct action ***actions)
{
	struct argp_option *o = NULL;
	const struct action_group *g;
	const struct action *a;
	int nr = 0, nr_actions = 0, group = 0;

	*actions = NULL;
	for (g = c->groups; g->title; g++) {
		group++;
		o = arena_grow(arena, o, nr, sizeof(*o));
		o[nr++] = (struct argp_option){ .doc = g->title, .group = group };
		for (a = g->actions; a->name; a++) {
			o = arena_grow(arena, o, nr, sizeof(*o));
			o[nr++] = (struct argp_option){ .name = a->name,
							.key = KEY_FIRST + nr_actions,
							.flags = OPTION_HIDDEN,
							.group = group };
			o = arena_grow(arena, o, nr, sizeof(*o));
			o[nr++] = (struct argp_option){ .name = arena_printf(
								arena, "--%s%s%s", a->name,
								*a->args ? " " : "", a->args),
							.doc = a->doc,
							.flags = OPTION_DOC,
							.group = group };
			*actions = arena_grow(arena, *actions, nr_actions, sizeof(**actions));
			(*actions)[nr_actions++] = a;
		}
	}
	o = arena_grow(arena, o, nr, sizeof(*o));
	o[nr] = (struct argp_option){ 0 };
	return o;
}

static int run(struct arena *arena, const struct command *c, const struct request *r)
{
	const struct action *a = r->action;

	if (r->second)
		error_msg("--%s and --%s cannot be asked for at once: give one of them; --help "
			  "says more",
			  a->name, r->second->name);
	else if (r->bad)
		error_msg("cannot make sense of \"%s\"; --help shows what can be asked for, and an "
			  "argument that begins with a dash stands behind --",
			  r->bad);
	else if (!a)
		return c->other(arena, r->argv);
	else if (!a->most && r->argc)
		error_msg("--%s takes no argument, and was given \"%s\"; --help says more", a->name,
			  r->argv[0]);
	else if (r->argc < a->least || r->argc > a->most)
		error_msg("--%s takes %s; --help says more", a->name, a->args);
	else
		return a->run(arena, r->argv);
	return EXIT_UNTESTED;
}

/**
 * action_run - do what a command line asks for
 * @arena: memory
 * @c: what it may ask for
 * @argc: as main() has it
 * @argv: as main() has it; options may stand anywhere, behind -- there is none
 *
 * Return: the exit code; EXIT_UNTESTED after a sentence where the line makes no sense.
 */
int action_run(struct arena *arena, const struct command *c, int argc, char **argv)
{
	struct argp argp = { .parser = parse };
	struct request r = { .argv = argv + argc };

	argp.options = options(arena, c, &r.actions);
	/* run() reports an error in one sentence. */
	argp_parse(&argp, argc, argv, ARGP_SILENT, NULL, &r);
	return run(arena, c, &r);
}

/**
 * action_help - print what can be asked for
 * @arena: memory
 * @c: the same
 *
 * Return: the exit code.
 */
int action_help(struct arena *arena, const struct command *c)
{
	const struct action **actions;
	struct argp argp = { .doc = c->doc };

	argp.options = options(arena, c, &actions);
	setenv("ARGP_HELP_FMT", "doc-opt-col=2,opt-doc-col=24,header-col=0,rmargin=99", 0);
	fputs(c->usage, stdout);
	argp_help(&argp, stdout, ARGP_HELP_DOC | ARGP_HELP_LONG, "vmig-report");
	return close_stdout(0);
}
