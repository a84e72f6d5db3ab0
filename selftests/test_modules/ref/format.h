/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of the reference drivers, little endian: a header, then records that are
 * numbered, each with a checksum over itself: memory in any order and as often as it changed,
 * then the registers, then the end.
 *
 * In version 2 the registers have struct ref_offer before them. A device reads the streams of its
 * own version and of older ones, and refuses newer ones.
 */
#ifndef VFIO_MIG_REF_FORMAT_H
#define VFIO_MIG_REF_FORMAT_H

#include <linux/bitops.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>

#define REF_MAGIC 0x3167696d66657276ULL
#define REF_VERSION 2 /* the newest */

/**
 * struct ref_header - what the stream is of
 * @magic: REF_MAGIC
 * @version: 1 to REF_VERSION
 * @type: of the device, see struct ref_device
 * @mem_size: bytes of memory
 * @regs_size: bytes of registers
 * @sum: ref_sum() of all before it
 */
struct ref_header {
	__le64 magic;
	__le32 version;
	__le32 type;
	__le64 mem_size;
	__le32 regs_size;
	__le32 sum;
};

enum ref_record_kind {
	REF_RECORD_MEM = 1,
	REF_RECORD_REGS,
	REF_RECORD_END,
	REF_RECORD_NOISE, /* says nothing */
	REF_RECORD_KEY, /* 8 bytes: what the records after it are encrypted with */
};

/**
 * struct ref_record - head of a record
 * @kind: enum ref_record_kind
 * @len: bytes that follow
 * @at: address in memory, 0 for other records
 * @number: of the record, from 0
 * @sum: ref_record_sum() of all before it and of what follows it
 */
struct ref_record {
	__le32 kind;
	__le32 len;
	__le64 at;
	__le32 number;
	__le32 sum;
};

/**
 * struct ref_offer - what the device offered to who saved it; nothing depends on it
 * @features: REF_FEATURE_*
 */
struct ref_offer {
	__le64 features;
};

/* Bytes of a record before the registers that it brings. */
static inline u32 ref_prefix(u32 version)
{
	return version > 1 ? sizeof(struct ref_offer) : 0;
}

/* All of the stream of a device whose state is one byte: this, and the type of the device. */
#define REF_PLAIN_BYTE 0x50

#define REF_RECORD_MAX 0x10000
#define REF_END_LEN 16 /* reserved, 0 */
#define REF_BUFFER (sizeof(struct ref_record) + REF_RECORD_MAX)

/*
 * Each step is a bijection of the sum, so that one wrong word shows always, and words that
 * changed places nearly always. A checksum against accidents, not against people.
 */
static inline u64 ref_sum_add(u64 sum, const u8 *data, size_t len)
{
	__le64 word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum = rol64(sum ^ le64_to_cpu(word), 23) * 0x9e3779b97f4a7c15ULL;
	}
	if (!len)
		return sum;
	word = 0;
	memcpy(&word, data, len);
	return rol64(sum ^ le64_to_cpu(word), 23) * 0x9e3779b97f4a7c15ULL;
}

static inline u32 ref_sum_end(u64 sum)
{
	return sum >> 32 ^ sum;
}

static inline u32 ref_header_sum(const struct ref_header *h)
{
	return ref_sum_end(ref_sum_add(1, (const u8 *)h, offsetof(struct ref_header, sum)));
}

/* The data of a record are summed up by pieces, and the sums of these go into the record's. */
#define REF_PIECE 4096
#define REF_PIECES (REF_RECORD_MAX / REF_PIECE)

/*
 * The first word of a piece comes last. So a device whose pages differ in that word alone, as
 * long as nobody wrote to them, knows what comes before without looking at each again.
 */
static inline u64 ref_piece_begin(const u8 *data, size_t len)
{
	size_t head = min(len, sizeof(u64));

	return ref_sum_add(3, data + head, len - head);
}

static inline u64 ref_piece_sum(const u8 *data, size_t len)
{
	return ref_sum_add(ref_piece_begin(data, len), data, min(len, sizeof(u64)));
}

static inline u32 ref_record_sum(const struct ref_record *r, const u64 *pieces, size_t len)
{
	u64 sum = ref_sum_add(2, (const u8 *)r, offsetof(struct ref_record, sum));
	size_t i;

	for (i = 0; i < DIV_ROUND_UP(len, REF_PIECE); i++)
		sum = rol64(sum ^ pieces[i], 23) * 0x9e3779b97f4a7c15ULL;
	return ref_sum_end(sum);
}

/*
 * Encrypt a part of a record, or decrypt it. @at, where in the record that is, is a multiple of
 * 8, and all of it but the end has whole words.
 */
static inline void ref_crypt(u8 *data, size_t len, u64 key, u32 number, size_t at)
{
	u64 word, stream;
	size_t n;

	for (; len; data += n, at += n, len -= n) {
		n = min(len, sizeof(word));
		stream = (key ^ ((u64)number << 32 | at)) * 0x9e3779b97f4a7c15ULL;
		stream = (stream ^ stream >> 29) * 0xbf58476d1ce4e5b9ULL;
		memcpy(&word, data, n);
		word ^= stream ^ stream >> 32;
		memcpy(data, &word, n);
	}
}

#endif /* VFIO_MIG_REF_FORMAT_H */
