// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU that counts the instructions of what the tests time, by where they lie.
 *
 *	-plugin cost.so,out=FILE
 *
 * A test names what it times and marks where that begins and ends, by long NOPs
 * (selftests/tests/perf/mark.h). In between, each block of instructions that runs is counted, under
 * its address and under the module that was last seen to run: a memcpy() of the kernel is that of
 * the module that called it. A user's program is one address, 0, and ends the module's turn.
 *
 * At the end of QEMU, FILE has a line for each thing that was timed and each place that ran in it:
 *
 *	vmig-cost 1
 *	phase INDEX TIMES INSTRUCTIONS NAME
 *	count INDEX MODULE-ADDRESS ADDRESS INSTRUCTIONS
 *	string INDEX MODULE-ADDRESS ADDRESS INSTRUCTIONS
 *	end
 *
 * `string' is REP MOVS or REP STOS, of which QEMU counts each turn: a memcpy() or memset() that
 * the compiler has put into the function that asked for it.
 *
 * For a guest of one processor: there is one state, without a lock.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"
#include "mark.h"

#define PHASES_MAX 256

/* A power of two. Of what is timed, some thousand places are seen. */
#define PLACES (1 << 18)

/* Where x86-64 has its kernel, and where in it the modules; __START_KERNEL_map + 512 MiB. */
#define KERNEL 0xffff800000000000ull
#define MODULES 0xffffffffa0000000ull
#define MODULES_END 0xffffffffff000000ull

#define PAGE_MASK (~0xfffull)

/**
 * struct place - where instructions ran
 * @phase: of what was timed, an index into phases
 * @owner: an address in the module whose turn it was, or 0
 * @address: of the block; 0: in user space
 * @instructions: their number; 0: the place is free
 * @string: it is an instruction that copies or fills
 */
struct place {
	unsigned int phase;
	uint64_t owner;
	uint64_t address;
	uint64_t instructions;
	bool string;
};

/**
 * struct block - a translated block, as long as QEMU runs
 * @address: 0: in user space
 * @instructions: that it has
 * @string: it begins with an instruction that copies or fills, and so has no other
 * @last: where they were counted last
 */
struct block {
	uint64_t address;
	uint64_t instructions;
	bool string;
	struct place *last;
};

static struct phase {
	char name[MARK_NAME_MAX + 1];
	uint64_t times;
	uint64_t instructions;
} phases[PHASES_MAX];

static unsigned int nr_phases, nr_places;
static struct place *places;
static const char *out;

/* The name that is being told, bit by bit. */
static char name[MARK_NAME_MAX + 1];
static unsigned int name_bits;

static qemu_plugin_id_t plugin;

/* Until a test speaks of a name for the first time, only marks are looked for: a guest boots. */
static enum {
	LOOKING,
	TURNING, /* QEMU was asked to translate all of it anew */
	COUNTING,
} stage;

static struct phase *phase; /* what is timed is called so; NULL: of no interest */
static unsigned int depth; /* of what is timed within what is timed */
static uint64_t owner;
/* A module is told by its pages, and is known by the block of each that was seen first. */
static struct {
	uint64_t page, block;
} seen[4096];

static uint64_t hash(uint64_t a)
{
	return (a * 0x9e3779b97f4a7c15ull) >> 40;
}

static uint64_t module_of(uint64_t address)
{
	uint64_t i = hash(address & PAGE_MASK);

	for (;; i++) {
		i %= sizeof(seen) / sizeof(seen[0]);
		if (!seen[i].page) {
			seen[i].page = address & PAGE_MASK;
			seen[i].block = address;
		}
		if (seen[i].page == (address & PAGE_MASK))
			return seen[i].block;
	}
}

static struct place *place_of(unsigned int index, uint64_t address)
{
	uint64_t i = hash(address ^ hash(owner + index));
	struct place *p;

	for (;; i++) {
		p = &places[i % PLACES];
		if (!p->instructions)
			break;
		if (p->phase == index && p->owner == owner && p->address == address)
			return p;
	}
	/* Nothing comes near this; and the sum would show that it was not enough. */
	if (nr_places == PLACES / 2)
		return NULL;
	nr_places++;
	p->phase = index;
	p->owner = owner;
	p->address = address;
	return p;
}

static void ran(unsigned int vcpu, void *data)
{
	struct block *b = data;
	struct place *p = b->last;
	unsigned int index;

	(void)vcpu;
	if (!depth || !phase)
		return;
	if (!b->address)
		owner = 0;
	else if (b->address >= MODULES && b->address < MODULES_END)
		owner = module_of(b->address);
	index = phase - phases;
	if (!p || p->phase != index || p->owner != owner)
		p = place_of(index, b->address);
	if (!p)
		return;
	b->last = p;
	p->string = b->string;
	p->instructions += b->instructions;
	phase->instructions += b->instructions;
}

static struct phase *phase_of(void)
{
	unsigned int i;

	for (i = 0; i < nr_phases; i++)
		if (!strcmp(phases[i].name, name))
			return &phases[i];
	if (!name[0] || nr_phases == PHASES_MAX)
		return NULL;
	strcpy(phases[nr_phases].name, name);
	return &phases[nr_phases++];
}

/* One bit of the name; whatever was timed is over when a name begins. */
static void name_bit(unsigned int bit)
{
	unsigned int at = name_bits / 8;

	if (!name_bits) {
		memset(name, 0, sizeof(name));
		phase = NULL;
		depth = 0;
	}
	if (at < MARK_NAME_MAX)
		name[at] |= (char)(bit << name_bits % 8);
	name_bits++;
	if (name_bits % 8)
		return;
	if (at < MARK_NAME_MAX && name[at])
		return;
	phase = phase_of();
	name_bits = 0;
}

static void count_all(qemu_plugin_id_t id);

static void marked(unsigned int vcpu, void *data)
{
	(void)vcpu;
	switch ((uintptr_t)data) {
	case MARK_NAME:
		name_bits = 0;
		if (stage == LOOKING) {
			stage = TURNING;
			qemu_plugin_reset(plugin, count_all);
		}
		break;
	case MARK_BIT_0:
	case MARK_BIT_1:
		name_bit((uintptr_t)data == MARK_BIT_1);
		break;
	case MARK_BEGIN:
		owner = 0;
		if (!depth++ && phase)
			phase->times++;
		break;
	case MARK_END:
		if (depth)
			depth--;
		break;
	}
}

/* REP MOVS or REP STOS, of bytes or more? */
static bool is_string(const struct qemu_plugin_insn *insn)
{
	const unsigned char *code = qemu_plugin_insn_data(insn);
	size_t n = qemu_plugin_insn_size(insn);
	unsigned char last = code[n - 1] & 0xfe;

	return n <= 3 && code[0] == 0xf3 && (n == 2 || (code[1] & 0xf0) == 0x40) &&
	       (last == 0xa4 || last == 0xaa);
}

/* Which mark an instruction is, or -1. */
static int mark_of(const struct qemu_plugin_insn *insn)
{
	static const unsigned char nop[] = MARK_OPCODE;
	const unsigned char *code = qemu_plugin_insn_data(insn);
	uint32_t word;

	if (qemu_plugin_insn_size(insn) != sizeof(nop) + sizeof(word) ||
	    memcmp(code, nop, sizeof(nop)))
		return -1;
	memcpy(&word, code + sizeof(nop), sizeof(word));
	return (word & MARK_MASK) == MARK_MAGIC ? (int)(word & ~MARK_MASK) : -1;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	struct block *b;
	int mark;

	(void)id;
	if (stage == COUNTING) {
		b = calloc(1, sizeof(*b));
		if (!b)
			abort();
		b->address = address >= KERNEL ? address : 0;
		b->instructions = n;
		b->string = is_string(qemu_plugin_tb_get_insn(tb, 0));
		qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, QEMU_PLUGIN_CB_NO_REGS, b);
	}
	if (address >= KERNEL)
		return;
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		mark = mark_of(insn);
		if (mark >= 0)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)mark);
	}
}

static void ended(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");
	const struct place *p;
	unsigned int i;

	(void)id;
	(void)data;
	if (!f)
		return;
	fputs("vmig-cost 1\n", f);
	for (i = 0; i < nr_phases; i++)
		fprintf(f, "phase %u %" PRIu64 " %" PRIu64 " %s\n", i, phases[i].times,
			phases[i].instructions, phases[i].name);
	for (i = 0; i < PLACES; i++) {
		p = &places[i];
		if (p->instructions)
			fprintf(f, "%s %u %016" PRIx64 " %016" PRIx64 " %" PRIu64 "\n",
				p->string ? "string" : "count", p->phase, p->owner, p->address,
				p->instructions);
	}
	fputs("end\n", f);
	fclose(f);
}

static void count_all(qemu_plugin_id_t id)
{
	stage = COUNTING;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
}

QEMU_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

QEMU_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc,
				    char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = strdup(argv[0] + 4);
	plugin = id;
	places = calloc(PLACES, sizeof(*places));
	if (!out || !places)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
