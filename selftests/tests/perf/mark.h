/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks around what is timed, for a QEMU that counts instructions (configs/guest/cost): long NOPs
 * that no compiler emits, as each has a displacement that begins with a magic number. Elsewhere
 * they do nothing, and take a nanosecond.
 *
 * The name of what is timed comes first, bit by bit, and holds until the next one; the empty one
 * says that nothing is of interest. Only then begins what is timed, so that the name costs it
 * nothing.
 */
#ifndef VMIG_TESTS_PERF_MARK_H
#define VMIG_TESTS_PERF_MARK_H

/* nopl DISP32(%rax,%rax,1), or of %eax */
#define MARK_OPCODE                                                                                \
	{                                                                                          \
		0x0f, 0x1f, 0x84, 0x00                                                             \
	}
#define MARK_MASK 0xffffff00u
#define MARK_MAGIC 0x766d6700u

#define MARK_NAME 0 /* a name begins */
#define MARK_BIT_0 1 /* of the name, the lowest of each character first; a character 0 ends it */
#define MARK_BIT_1 2
#define MARK_BEGIN 3 /* what is timed begins; it may have parts that are timed, too */
#define MARK_END 4

#define MARK_NAME_MAX 63

/* On x86, 32-bit or 64-bit. The jump ends the block of instructions that QEMU counts as one. */
#ifdef __has_builtin
#if __has_builtin(__builtin_ia32_pause)
#define VMIG_MARK(what)                                                                            \
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0\n\tjmp 1f\n1:" ::"i"(              \
			     (int)(MARK_MAGIC | (what)))                                           \
		     : "memory")
#endif
#endif
#ifndef VMIG_MARK
#define VMIG_MARK(what) ((void)(what))
#endif

/**
 * vmig_mark_begin - what is timed begins
 *
 * To be called before the clock is read: what is counted and what the clock says are then alike, as
 * each has one reading of it.
 */
static inline void vmig_mark_begin(void)
{
	VMIG_MARK(MARK_BEGIN);
}

/**
 * vmig_mark_end - what is timed ends
 *
 * To be called before the clock is read.
 */
static inline void vmig_mark_end(void)
{
	VMIG_MARK(MARK_END);
}

/**
 * vmig_mark_name - what comes is called so
 * @name: of a sample, MARK_NAME_MAX bytes at most; empty: nothing is of interest
 */
static inline void vmig_mark_name(const char *name)
{
	unsigned int bit;

	VMIG_MARK(MARK_NAME);
	do {
		for (bit = 0; bit < 8; bit++) {
			if (*name >> bit & 1)
				VMIG_MARK(MARK_BIT_1);
			else
				VMIG_MARK(MARK_BIT_0);
		}
	} while (*name++);
}

#endif /* VMIG_TESTS_PERF_MARK_H */
