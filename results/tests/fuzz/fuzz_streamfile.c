// SPDX-License-Identifier: GPL-2.0-only
/* Fuzz target: the header of a stream file, and what comes over the network with one. */
#include <string.h>

#include <lzma.h>

#include <vmig/streamfile.h>
#include <vmig/wire.h>

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

static void frames(const uint8_t *data, size_t size)
{
	unsigned char again[VMIG_WIRE_HEAD];
	struct vmig_frame f;
	char text[VMIG_WIRE_TEXT + 1];

	for (; size >= VMIG_WIRE_HEAD; data += VMIG_WIRE_HEAD, size -= VMIG_WIRE_HEAD) {
		if (vmig_frame_decode(data, &f))
			continue;
		MUST(f.len <= VMIG_WIRE_MAX);
		vmig_frame_encode(&f, again);
		MUST(!memcmp(again, data, sizeof(again)));
	}
	vmig_wire_text(data, size, text, sizeof(text));
	fuzz_clean(text);
}

static void address(const uint8_t *data, size_t size)
{
	struct sockaddr_storage to;
	char spec[200], why[300];

	snprintf(spec, sizeof(spec), "%.*s", (int)(size < 199 ? size : 199), (const char *)data);
	if (!vmig_wire_address(spec, size & 1, &to, why, sizeof(why)))
		MUST(to.ss_family);
	else
		MUST(*why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	header(data, size);
	nearly(data, size);
	frames(data, size);
	address(data, size);
	return 0;
}
