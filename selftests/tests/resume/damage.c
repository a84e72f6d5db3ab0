// SPDX-License-Identifier: GPL-2.0-only
/* Spoil a stream at one position, or put its parts where they do not belong. */
#include <string.h>

#include "damage.h"

/**
 * vmig_spoil - spoil a stream at one position
 * @s: the stream
 * @at: where; there are as many bytes as @d is wide
 * @d: how
 */
void vmig_spoil(struct vmig_stream *s, size_t at, const struct vmig_damage *d)
{
	size_t i;

	for (i = at; i < at + d->width; i++)
		s->data[i] = (s->data[i] ^ d->flip) | d->set;
}

/**
 * vmig_rearrange - a stream whose bytes are not where they belong, as after a retry that went wrong
 * @bad: where it goes; what it held is gone
 * @good: the stream that it is made of
 * @how: which one, from 0
 * @name: what was done, for messages
 *
 * Return: false for an @how behind the last one.
 */
bool vmig_rearrange(struct vmig_stream *bad, const struct vmig_stream *good, unsigned int how,
		    const char **name)
{
	size_t half = good->len / 2, at, n;

	bad->len = 0;
	switch (how) {
	case 0:
		*name = "the second half alone";
		vmig_stream_append(bad, good->data + half, good->len - half);
		return true;
	case 1:
		*name = "the second half and then the first";
		vmig_stream_append(bad, good->data + half, good->len - half);
		vmig_stream_append(bad, good->data, half);
		return true;
	case 2:
		*name = "two copies of the stream that are interleaved";
		for (at = 0; at < good->len; at += n) {
			n = good->len - at < 8 ? good->len - at : 8;
			vmig_stream_append(bad, good->data + at, n);
			vmig_stream_append(bad, good->data + at, n);
		}
		return true;
	case 3:
		*name = "zeros only";
		vmig_stream_copy(bad, good);
		memset(bad->data, 0, bad->len);
		return true;
	case 4:
		*name = "garbage only";
		vmig_stream_copy(bad, good);
		memset(bad->data, VMIG_GARBAGE, bad->len);
		return true;
	}
	return false;
}
