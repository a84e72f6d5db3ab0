// SPDX-License-Identifier: GPL-2.0-only
/* Seeded patterns, for the state of a device and for memory that it reads or writes by DMA. */
#include <string.h>

#include <vmig/pattern.h>

/**
 * vmig_pattern_word - one of many values that a seed makes
 * @seed: the seed
 * @n: which one
 *
 * Neighbours differ in all of their bytes as a rule, and so do seeds.
 *
 * Return: the value.
 */
uint32_t vmig_pattern_word(uint32_t seed, uint32_t n)
{
	uint32_t x = seed * 0x9e3779b9 + n + 1;

	x = (x ^ x >> 16) * 0x45d9f3b;
	x = (x ^ x >> 16) * 0x45d9f3b;
	return x ^ x >> 16;
}

/**
 * vmig_pattern - fill memory with what a seed makes
 * @buf: the memory
 * @len: bytes
 * @seed: the seed
 */
void vmig_pattern(void *buf, size_t len, uint32_t seed)
{
	unsigned char *p = buf;
	uint32_t word;
	size_t at, n;

	for (at = 0; at < len; at += n) {
		word = vmig_pattern_word(seed, at / sizeof(word));
		n = len - at < sizeof(word) ? len - at : sizeof(word);
		memcpy(p + at, &word, n);
	}
}

/**
 * vmig_sum - checksum of memory, as dma_wait() returns it for a dma_read()
 * @buf: the memory
 * @len: bytes
 *
 * Return: the sum; depends on the order of the bytes.
 */
uint32_t vmig_sum(const void *buf, size_t len)
{
	const unsigned char *p = buf;
	uint32_t sum = 2166136261;
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ p[i]) * 16777619;
	return sum;
}
