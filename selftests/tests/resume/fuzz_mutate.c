// SPDX-License-Identifier: GPL-2.0-only
/* Mutations of a stream that know nothing of its structure. See fuzz_mutate.h. */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_mutate.h"

/* Headers stand at the beginning, and sometimes at the end. */
#define HEAD 128
#define TAIL 64

/* Changes of one stream, at most. */
#define CHANGES 6

static uint64_t below(struct vmig_fuzz_mutator *m, uint64_t limit)
{
	return limit ? vmig_rng_below(&m->rng, limit) : 0;
}

static void tell(struct vmig_fuzz_mutator *m, const char *fmt, ...)
{
	size_t len = strlen(m->what);
	va_list args;

	if (len + 2 >= sizeof(m->what))
		return;
	if (len)
		len += snprintf(m->what + len, sizeof(m->what) - len, "; ");
	va_start(args, fmt);
	vsnprintf(m->what + len, sizeof(m->what) - len, fmt, args);
	va_end(args);
}

/* A place for @width bytes, mostly where headers are and where something was found. */
static size_t place(struct vmig_fuzz_mutator *m, const struct vmig_stream *s, size_t width)
{
	size_t room = s->len - width, at;

	switch (below(m, 8)) {
	case 0:
		at = below(m, room + 1);
		break;
	case 1:
		at = room - below(m, room < TAIL ? room + 1 : TAIL);
		break;
	case 2:
	case 3:
		at = m->hot + below(m, 33);
		at = at < 16 ? 0 : at - 16;
		break;
	default:
		at = below(m, room < HEAD ? room + 1 : HEAD);
	}
	if (below(m, 4))
		at -= at % (width > 4 ? 4 : width);
	m->at = at > room ? room : at;
	return m->at;
}

static uint64_t get(const struct vmig_stream *s, size_t at, size_t width)
{
	uint64_t v = 0;

	memcpy(&v, s->data + at, width);
	return le64toh(v);
}

static void put(struct vmig_stream *s, size_t at, size_t width, uint64_t v)
{
	v = htole64(v);
	memcpy(s->data + at, &v, width);
}

/* A number that a parser may not have thought of, for a place where @old stands. */
static uint64_t bad_number(struct vmig_fuzz_mutator *m, const struct vmig_stream *s, size_t at,
			   size_t width, uint64_t old)
{
	uint64_t v;

	switch (below(m, 12)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return UINT64_MAX >> (64 - 8 * width + 1);
	case 3:
		return 1ULL << below(m, 8 * width);
	case 4:
		return old + below(m, 33) - 16;
	case 5:
	case 6:
		/* Lengths: of the stream, of what is left of it, of that without what stands here.
		 */
		v = s->len - (below(m, 2) ? at : 0);
		return v - (below(m, 2) ? old : 0) - width * below(m, 3) + below(m, 3) - 1;
	case 7:
	case 8:
		/* What stands elsewhere, which may be a size. */
		v = get(s, place(m, s, width), width);
		m->at = at;
		return v + below(m, 3) - 1;
	case 9:
		v = get(s, place(m, s, width), width);
		m->at = at;
		return s->len - v;
	case 10:
		return 4096 * (1 + below(m, 32)) + below(m, 3) - 1;
	}
	return vmig_rng_next(&m->rng);
}

static void change_number(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	static const size_t widths[] = { 1, 2, 4, 4, 8 };
	size_t width = widths[below(m, 5)], at;
	uint64_t v;

	if (s->len < width)
		return;
	at = place(m, s, width);
	v = bad_number(m, s, at, width, get(s, at, width));
	put(s, at, width, v);
	tell(m, "u%zu at %zu = %#llx", 8 * width, at, (unsigned long long)get(s, at, width));
}

static void change_byte(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	size_t at = place(m, s, 1);

	switch (below(m, 3)) {
	case 0:
		s->data[at] ^= 1 << below(m, 8);
		break;
	case 1:
		s->data[at] ^= 0xff;
		break;
	default:
		s->data[at] = vmig_rng_next(&m->rng);
	}
	tell(m, "byte %zu = %#x", at, s->data[at]);
}

/* Makes room for, or takes away, bytes at a place. */
static void resize(struct vmig_stream *s, size_t at, size_t out, size_t in)
{
	size_t rest = s->len - at - out, need = s->len - out + in;
	unsigned char *data;

	if (need > s->room) {
		data = realloc(s->data, need);
		if (!data)
			abort();
		s->data = data;
		s->room = need;
	}
	memmove(s->data + at + in, s->data + at + out, rest);
	s->len = need;
}

/* A length for a block: short ones are as likely as long ones. */
static size_t block(struct vmig_fuzz_mutator *m, size_t max)
{
	size_t len = 1 + below(m, below(m, 2) ? 64 : max);

	return len < max ? len : max;
}

static void truncate_it(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	s->len = below(m, 2) ? s->len - block(m, s->len) : below(m, s->len);
	tell(m, "cut off at %zu", s->len);
}

static void delete_block(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	size_t at = place(m, s, 1), len = block(m, s->len - at);

	resize(s, at, len, 0);
	tell(m, "without %zu bytes at %zu", len, at);
}

static void extend(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	size_t len = block(m, m->max - s->len), at = s->len;

	if (s->len >= m->max)
		return;
	resize(s, at, 0, len);
	memset(s->data + at, below(m, 2) ? 0 : below(m, 256), len);
	tell(m, "%zu bytes of %#x more", len, s->data[at]);
}

/* A block again: behind itself, at the end, or where it likes. */
static void repeat_block(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	size_t from = below(m, 8) ? place(m, s, 1) : 0, to, len;
	unsigned char *copy;

	len = below(m, 4) ? block(m, s->len - from) : s->len - from;
	if (s->len + len > m->max)
		return;
	to = below(m, 2) ? from + len : below(m, 2) ? s->len : below(m, s->len + 1);
	copy = malloc(len);
	if (!copy)
		return;
	memcpy(copy, s->data + from, len);
	resize(s, to, 0, len);
	memcpy(s->data + to, copy, len);
	free(copy);
	tell(m, "%zu bytes at %zu again at %zu", len, from, to);
}

static void swap_blocks(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	size_t a = place(m, s, 1), b = below(m, s->len), len, i;
	unsigned char byte;

	if (a == b)
		return;
	len = block(m, a < b ? b - a : a - b);
	if (len > s->len - (a < b ? b : a))
		len = s->len - (a < b ? b : a);
	for (i = 0; i < len; i++) {
		byte = s->data[a + i];
		s->data[a + i] = s->data[b + i];
		s->data[b + i] = byte;
	}
	tell(m, "%zu bytes at %zu and at %zu exchanged", len, a, b);
}

/* A part of the other stream: in place of what is here, or all from here on. */
static void splice(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	size_t at = place(m, s, 1), from = below(m, 2) ? at : below(m, m->other.len), len;

	if (from >= m->other.len)
		return;
	if (below(m, 2)) {
		len = m->other.len - from;
		if (at + len > m->max)
			len = m->max - at;
		resize(s, at, s->len - at, len);
	} else {
		len = block(m, m->other.len - from);
		if (len > s->len - at)
			len = s->len - at;
	}
	memcpy(s->data + at, m->other.data + from, len);
	tell(m, "%zu bytes at %zu from %zu of another", len, at, from);
}

/**
 * vmig_fuzz_mutate - change a stream, at some places by rng
 * @m: what with; says what was done
 * @s: the stream, of at most @m->max bytes
 */
void vmig_fuzz_mutate(struct vmig_fuzz_mutator *m, struct vmig_stream *s)
{
	static void (*const ways[])(struct vmig_fuzz_mutator *, struct vmig_stream *) = {
		change_number, change_number, change_number, change_number, change_number,
		change_number, change_byte,   change_byte,   truncate_it,   delete_block,
		extend,	       repeat_block,  swap_blocks,   splice,
	};
	unsigned int n = 1;

	m->what[0] = '\0';
	while (n < CHANGES && below(m, 2))
		n++;
	while (n-- && s->len)
		ways[below(m, sizeof(ways) / sizeof(ways[0]))](m, s);
}

/**
 * vmig_fuzz_mutate_sweep - one of the changes that are made before rng decides
 * @m: says what was done
 * @s: the stream
 * @i: which one, below VMIG_SWEEP: each word of the first bytes gets each number once
 */
void vmig_fuzz_mutate_sweep(struct vmig_fuzz_mutator *m, struct vmig_stream *s, unsigned int i)
{
	size_t at = i / VMIG_SWEEP_VALUES * 4;
	uint64_t old, values[VMIG_SWEEP_VALUES];

	m->what[0] = '\0';
	if (at + 8 > s->len)
		return;
	m->at = at;
	old = get(s, at, 4);
	values[0] = 0;
	values[1] = UINT32_MAX;
	values[2] = INT32_MAX;
	values[3] = old - 1;
	values[4] = old + 1;
	values[5] = s->len;
	values[6] = UINT64_MAX;
	values[7] = s->len - at - 4;
	put(s, at, values[i % VMIG_SWEEP_VALUES] == UINT64_MAX ? 8 : 4,
	    values[i % VMIG_SWEEP_VALUES]);
	tell(m, "u32 at %zu = %#llx", at, (unsigned long long)values[i % VMIG_SWEEP_VALUES]);
}

/* Where @value stands in the stream; @s->len if it does not. */
static size_t find(const struct vmig_stream *s, uint64_t value, size_t width)
{
	uint64_t le = htole64(value);
	unsigned char *p = memmem(s->data, s->len, &le, width);

	return p ? p - s->data : s->len;
}

/**
 * vmig_fuzz_mutate_match - write what the driver compared a part of the stream with
 * @m: says what was done
 * @s: the stream
 * @c: a comparison that was made while the stream was loaded
 *
 * A number of the stream that a driver has compared stands there as it was, mostly. The
 * other one in its place, or one more or less, gets past the check; also where that is a
 * checksum.
 *
 * Return: false if there was nothing to change.
 */
bool vmig_fuzz_mutate_match(struct vmig_fuzz_mutator *m, struct vmig_stream *s,
			    const struct vmig_comparison *c)
{
	unsigned int first = below(m, 2), i;
	uint64_t from, to;
	size_t at;

	if (c->width < 2 || c->values[0] == c->values[1])
		return false;
	for (i = 0; i < 2; i++) {
		from = c->values[first ^ i];
		to = c->values[first ^ i ^ 1];
		at = find(s, from, c->width);
		if (at == s->len)
			continue;
		if (!below(m, 4))
			to += below(m, 3) - 1;
		m->at = at;
		put(s, at, c->width, to);
		tell(m, "u%u at %zu = %#llx", 8 * c->width, at, (unsigned long long)to);
		return true;
	}
	return false;
}
