/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cost by instruction: how many instructions of the guest each thing that was timed took, and where
 * they ran. From cost.tsv, which configs/guest/cost.sh writes.
 */
#ifndef VMIG_RESULTS_COST_H
#define VMIG_RESULTS_COST_H

#include <stdbool.h>
#include <stdint.h>

#include <vmig/arena.h>
#include <vmig/text.h>

#include "ktap.h"

enum cost_class {
#define COST_CLASS(id, name, what) COST_##id,
#include "cost_classes.def"
	NR_COST_CLASSES,
};

/**
 * struct cost_function - what ran in one function
 * @name: of the function; with "+rep" behind it a copy that is a part of it
 * @module: that has it; "-": the kernel
 * @caller: the module that it ran for; "-": none
 * @class: what it counts as
 * @instructions: in all rounds
 */
struct cost_function {
	char *name, *module, *caller;
	enum cost_class class;
	double instructions;
	/* private: */
	struct cost_function *next;
};

/**
 * struct cost_phase - one thing that was timed
 * @name: that of its samples
 * @times: how often it began
 * @instructions: of all rounds
 * @classes: the same by class; COST_WAITING are nanoseconds, of which an instruction takes one
 * @functions: the same by function, most first
 * @rounds: samples of that name; 0: there are none, and nothing is known of its time
 * @nanoseconds: their sum
 * @bytes: that were moved in them, 0 where that is not what it does
 */
struct cost_phase {
	char *name;
	double times;
	double instructions;
	double classes[NR_COST_CLASSES];
	struct cost_function *functions;
	size_t rounds;
	double nanoseconds;
	double bytes;
	/* private: */
	struct cost_phase *next;
};

/**
 * struct cost - what was counted in a run
 * @phases: what was timed, by name
 * @none: a sentence: why there is nothing; NULL if there is
 */
struct cost {
	struct cost_phase *phases;
	char *none;
};

const char *cost_class_name(enum cost_class class);
const char *cost_class_words(enum cost_class class);
void cost_parse(struct arena *arena, struct text contents, const char *driver, struct cost *cost);
void cost_join(struct cost *cost, const struct chapter *chapters);
double cost_disagreement(const struct cost_phase *p);

#endif /* VMIG_RESULTS_COST_H */
