// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRC-64 as in the .xz format: polynomial of ECMA-182, bits reflected, all ones before and
 * after. Against accidents, not against people. A C library has no checksum, and the
 * programs are static, also for other machines, so that a library for one costs more than it.
 */
#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include <vmig/crc64.h>

#define POLYNOMIAL 0xc96c5795d7870f42ULL

/* Row n: what a byte does to the checksum that n more bytes come behind. */
static uint64_t table[8][256];

static void make_table(void)
{
	unsigned int byte, i;
	uint64_t crc;

	for (byte = 0; byte < 256; byte++) {
		crc = byte;
		for (i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[0][byte] = crc;
	}
	for (i = 1; i < 8; i++)
		for (byte = 0; byte < 256; byte++)
			table[i][byte] =
				table[0][table[i - 1][byte] & 0xff] ^ table[i - 1][byte] >> 8;
}

/**
 * vmig_crc64 - the checksum of some bytes more
 * @crc: of what comes before them, 0 for nothing
 * @data: the bytes
 * @len: their number
 *
 * Eight bytes a step, as a checksum of a byte a step is slower than the devices.
 *
 * Return: the checksum of all.
 */
uint64_t vmig_crc64(uint64_t crc, const void *data, size_t len)
{
	static bool made;
	const unsigned char *p = data;
	uint64_t word;
	unsigned int i;

	if (!made)
		make_table();
	made = true;
	crc = ~crc;
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		word = le64toh(word) ^ crc;
		for (crc = 0, i = 0; i < 8; i++)
			crc ^= table[7 - i][word >> 8 * i & 0xff];
	}
	for (; len; p++, len--)
		crc = table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
	return ~crc;
}
