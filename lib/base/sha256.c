// SPDX-License-Identifier: GPL-2.0-only
/* Checksums, as sha256sum prints them. Who calls it is linked with libmd, as dpkg is. */
#include <sys/types.h>

#include <sha256.h>

#include <vmig/sha256.h>

/**
 * vmig_sha256 - the SHA-256 of a file
 * @arena: where the answer goes
 * @contents: the file
 *
 * Return: 64 hexadecimal digits.
 */
char *vmig_sha256(struct arena *arena, struct text contents)
{
	char *hex = arena_alloc(arena, SHA256_DIGEST_STRING_LENGTH);

	SHA256Data((const uint8_t *)contents.s, contents.n, hex);
	return hex;
}
