// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: the header of a stream, and what stands behind one that came through a pipe. */
#include <string.h>

#include <lzma.h>

#include <vmig/streamfile.h>

#include "fuzz.h"

/* Whatever is taken is what would have been written: there is one form of each header. */
static void header(const uint8_t *data, size_t size)
{
	unsigned char again[VMIG_STREAMFILE_BYTES];
	struct vmig_streamfile f;
	char why[200], origin[512];

	if (vmig_streamfile_decode(data, size, &f, why, sizeof(why))) {
		MUST(*why);
		fuzz_clean(why);
		return;
	}
	MUST(size >= VMIG_STREAMFILE_BYTES);
	vmig_streamfile_encode(&f, again);
	MUST(!memcmp(again, data, sizeof(again)));
	fuzz_clean(f.device);
	fuzz_clean(f.kernel);
	vmig_streamfile_origin(&f, origin, sizeof(origin));
	fuzz_clean(origin);
	MUST(vmig_streamfile_fits(&f, &f, why, sizeof(why)));
	MUST(vmig_streamfile_same_version(&f, &f));
}

/* The same with what chance does not find: the beginning, the sizes and the checksum. */
static void nearly(const uint8_t *data, size_t size)
{
	static const unsigned char begin[] = "VMIGSTRM\1\0\0\0\0\4\0";
	unsigned char bytes[VMIG_STREAMFILE_BYTES] = {};
	uint64_t crc;
	int i;

	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	memcpy(bytes, begin, sizeof(begin));
	crc = lzma_crc64(bytes, sizeof(bytes) - 8, 0);
	for (i = 0; i < 8; i++)
		bytes[sizeof(bytes) - 8 + i] = crc >> 8 * i;
	header(bytes, sizeof(bytes));
}

/* As the last bytes of a stream that was cut short, and nearly right ones. */
static void trailer(const uint8_t *data, size_t size)
{
	unsigned char again[VMIG_STREAMFILE_TRAILER], near[VMIG_STREAMFILE_TRAILER];
	struct vmig_streamfile f = { .length = 1 };

	if (size < VMIG_STREAMFILE_TRAILER)
		return;
	if (vmig_streamfile_decode_trailer(data, &f)) {
		MUST(f.length == 1 && !f.checksum);
	} else {
		vmig_streamfile_encode_trailer(&f, again);
		MUST(!memcmp(again, data, sizeof(again)));
	}
	memcpy(&f.length, data, sizeof(f.length));
	memcpy(&f.checksum, data + sizeof(f.length), sizeof(f.checksum));
	vmig_streamfile_encode_trailer(&f, near);
	MUST(!vmig_streamfile_decode_trailer(near, &f));
	near[data[16] % sizeof(near)] ^= 1 << data[17] % 8;
	MUST(vmig_streamfile_decode_trailer(near, &f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	header(data, size);
	nearly(data, size);
	trailer(data, size);
	return 0;
}
