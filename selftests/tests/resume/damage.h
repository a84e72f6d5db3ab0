/* SPDX-License-Identifier: GPL-2.0-only */
/* Spoil a stream at one position, or put its parts where they do not belong. */
#ifndef VMIG_TESTS_RESUME_DAMAGE_H
#define VMIG_TESTS_RESUME_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <vmig/stream.h>

/* Byte of a stream that is no stream. */
#define VMIG_GARBAGE 0xa5

/**
 * struct vmig_damage - a way to spoil a stream at one position
 * @name: in messages
 * @width: bytes that are spoilt; positions are multiples of it
 * @flip: these bits are inverted
 * @set: and then these are set
 */
struct vmig_damage {
	const char *name;
	size_t width;
	unsigned char flip, set;
};

/* An index, a flag or a checksum that is another one; a count or a length as large as can be. */
#define VMIG_INVERTED_BYTE ((struct vmig_damage){ "an inverted byte", 1, 0xff, 0 })
#define VMIG_WORD_OF_ONES ((struct vmig_damage){ "a word of all ones", 4, 0, 0xff })

void vmig_spoil(struct vmig_stream *s, size_t at, const struct vmig_damage *d);
bool vmig_rearrange(struct vmig_stream *bad, const struct vmig_stream *good, unsigned int how,
		    const char **name);

#endif /* VMIG_TESTS_RESUME_DAMAGE_H */
