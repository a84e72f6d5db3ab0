// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stream files: what was written is read again, and nothing else is. Each bit of a header,
 * each length of a file and each byte of a stream that is wrong is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lzma.h>

#include <vmig/streamfile.h>
#include "unit.h"

#define STREAM 3000

static unsigned char stream[STREAM];
static char path[64];

static struct vmig_streamfile sample(void)
{
	return (struct vmig_streamfile){
		.length = STREAM,
		.checksum = lzma_crc64(stream, STREAM, 0),
		.flags = 7,
		.saved_at = 1700000000,
		.seed = 0x4001,
		.device = "0000:3b:00.2",
		.kind = "pci 1b36:6d76",
		.driver = "vfio_mig_mock",
		.driver_version = "2",
		.srcversion = "BAEEEB3C124200B1A5E90C8",
		.firmware = "28.39.1002",
		.kernel = "6.12.117 x86_64",
	};
}

/* The value that the CRC catalogue gives: files of all versions of this suite have this one. */
static void checksums(void)
{
	UNIT(lzma_crc64((const uint8_t *)"123456789", 9, 0) == 0x995dc9bbdf1939faULL,
	     "CRC-64 of 123456789");
}

static void round_trip(void)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	struct vmig_streamfile f = sample(), g;
	char why[200];

	vmig_streamfile_encode(&f, header);
	UNIT(!vmig_streamfile_decode(header, sizeof(header), &g, why, sizeof(why)) &&
		     g.length == f.length && g.checksum == f.checksum && g.flags == f.flags &&
		     g.saved_at == f.saved_at && g.seed == f.seed && !strcmp(g.device, f.device) &&
		     !strcmp(g.kind, f.kind) && !strcmp(g.driver, f.driver) &&
		     !strcmp(g.driver_version, f.driver_version) &&
		     !strcmp(g.srcversion, f.srcversion) && !strcmp(g.firmware, f.firmware) &&
		     !strcmp(g.kernel, f.kernel),
	     "what was encoded is decoded");
	UNIT(!memcmp(header + 16, "\xb8\x0b\0\0\0\0\0\0", 8), "numbers are little endian");
	memset(f.device, 'x', sizeof(f.device));
	strcpy(f.kind, "a\nb\x1b");
	vmig_streamfile_encode(&f, header);
	UNIT(!vmig_streamfile_decode(header, sizeof(header), &g, why, sizeof(why)) &&
		     strlen(g.device) == sizeof(g.device) - 1 && !strcmp(g.kind, "a?b?"),
	     "a text that is too long or not printable is made one that is not");
}

static void every_bit(void)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	struct vmig_streamfile f = sample(), g;
	unsigned int bit, taken = 0, len;
	char why[200];

	vmig_streamfile_encode(&f, header);
	for (bit = 0; bit < 8 * sizeof(header); bit++) {
		header[bit / 8] ^= 1 << bit % 8;
		taken += !vmig_streamfile_decode(header, sizeof(header), &g, why, sizeof(why));
		header[bit / 8] ^= 1 << bit % 8;
	}
	UNIT(!taken, "a header with any one bit wrong is refused");
	for (len = 0; len < sizeof(header); len++)
		taken += !vmig_streamfile_decode(header, len, &g, why, sizeof(why));
	UNIT(!taken, "a header of any shorter length is refused");
}

/* Wrong, and with a checksum that says it is right. */
static bool accepts(unsigned int at, unsigned char value)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	struct vmig_streamfile f = sample(), g;
	uint64_t crc;
	char why[200];
	int i;

	vmig_streamfile_encode(&f, header);
	header[at] = value;
	crc = lzma_crc64(header, sizeof(header) - 8, 0);
	for (i = 0; i < 8; i++)
		header[sizeof(header) - 8 + i] = crc >> 8 * i;
	return !vmig_streamfile_decode(header, sizeof(header), &g, why, sizeof(why));
}

static void strict(void)
{
	UNIT(accepts(48, 0x77), "another seed is another seed");
	UNIT(!accepts(8, 2), "a newer format is refused");
	UNIT(!accepts(12, 1), "another header size is refused");
	UNIT(!accepts(52, 1) && !accepts(700, 1) && !accepts(1015, 1),
	     "bytes where none have to be are refused");
	UNIT(!accepts(56 + 3, '\n') && !accepts(56 + 3, 0x80), "a text of other bytes is refused");
	UNIT(!accepts(56 + 100, 'x'), "bytes behind the end of a text are refused");
	UNIT(!accepts(184, 0) && !accepts(280, 0), "a header of no driver or kind is refused");
}

static void fits(void)
{
	struct vmig_streamfile f = sample(), here = sample();
	char why[400];

	strcpy(here.kernel, "7.1.0 aarch64");
	UNIT(vmig_streamfile_fits(&f, &here, why, sizeof(why)) &&
		     vmig_streamfile_same_version(&f, &here),
	     "another kernel with the same driver is the same version");
	strcpy(here.firmware, "28.40.1000");
	UNIT(vmig_streamfile_fits(&f, &here, why, sizeof(why)) &&
		     !vmig_streamfile_same_version(&f, &here),
	     "other firmware fits, and is another version");
	strcpy(here.kind, "pci 1b36:6d77");
	UNIT(!vmig_streamfile_fits(&f, &here, why, sizeof(why)) && strstr(why, "1b36:6d77"),
	     "another device does not fit");
	here = sample();
	here.srcversion[0] = '\0';
	f.srcversion[0] = '\0';
	strcpy(here.kernel, "7.1.0 aarch64");
	UNIT(!vmig_streamfile_same_version(&f, &here),
	     "a driver without a srcversion is the kernel's");
}

static bool write_sample(void)
{
	struct vmig_streamfile f = sample();
	char why[200];
	int fd = vmig_streamfile_create(path, why, sizeof(why));

	return fd >= 0 && write(fd, stream, STREAM) == STREAM &&
	       !vmig_streamfile_finish(fd, path, &f, why, sizeof(why));
}

static bool opens(void)
{
	unsigned char bytes[STREAM];
	struct vmig_streamfile f;
	char why[300];
	int fd = vmig_streamfile_open(path, &f, why, sizeof(why));
	bool same;

	if (fd < 0)
		return false;
	same = read(fd, bytes, STREAM) == STREAM && !memcmp(bytes, stream, STREAM);
	close(fd);
	return same;
}

/* As a pipe has it, kept in a file; with @more bytes that the trailer does not know of. */
static bool write_piped(size_t more)
{
	unsigned char header[VMIG_STREAMFILE_BYTES], trailer[VMIG_STREAMFILE_TRAILER];
	struct vmig_streamfile f = sample(), unknown = sample();
	FILE *file = fopen(path, "w");
	bool good;

	unknown.length = VMIG_STREAMFILE_UNKNOWN;
	unknown.checksum = 0;
	vmig_streamfile_encode(&unknown, header);
	vmig_streamfile_encode_trailer(&f, trailer);
	good = file && fwrite(header, sizeof(header), 1, file) == 1 &&
	       fwrite(stream, STREAM, 1, file) == 1 && fwrite(stream, 1, more, file) == more &&
	       fwrite(trailer, sizeof(trailer), 1, file) == 1;
	return file && !fclose(file) && good;
}

static void put_byte(off_t at, int change)
{
	int fd = open(path, O_RDWR);
	unsigned char c;

	if (fd < 0 || pread(fd, &c, 1, at) != 1)
		exit(1);
	c ^= change;
	if (pwrite(fd, &c, 1, at) != 1)
		exit(1);
	close(fd);
}

static void files(void)
{
	unsigned int at, taken = 0;
	struct vmig_streamfile f;
	char why[300];
	struct stat st;

	UNIT(write_sample() && opens(), "a file that was written is opened, at its stream");
	UNIT(!stat(path, &st) && st.st_size == VMIG_STREAMFILE_BYTES + STREAM,
	     "header, stream, and nothing else");
	for (at = VMIG_STREAMFILE_BYTES; at < VMIG_STREAMFILE_BYTES + STREAM; at += 13) {
		put_byte(at, 0x10);
		taken += opens();
		put_byte(at, 0x10);
	}
	UNIT(!taken, "a file with a wrong byte in its stream is refused");
	UNIT(opens(), "and put right it is not");
	for (at = VMIG_STREAMFILE_BYTES + STREAM; at--;) {
		if (truncate(path, at))
			exit(1);
		taken += opens();
	}
	UNIT(!taken, "a file cut off anywhere is refused");
	if (!write_sample() || truncate(path, VMIG_STREAMFILE_BYTES + STREAM + 1))
		exit(1);
	UNIT(!opens(), "a file with a byte more is refused");
	UNIT(vmig_streamfile_open("/dev/null", &f, why, sizeof(why)) == -EINVAL &&
		     vmig_streamfile_open("/", &f, why, sizeof(why)) == -EINVAL,
	     "what is no file is refused");
	UNIT(vmig_streamfile_open("/nosuch/file", &f, why, sizeof(why)) == -ENOENT,
	     "a file that is not there is an error");
	UNIT(vmig_streamfile_create("/nosuch/file", why, sizeof(why)) == -ENOENT,
	     "and one that cannot be made");
}

static void trailers(void)
{
	unsigned char trailer[VMIG_STREAMFILE_TRAILER];
	struct vmig_streamfile f = sample(), g = { .length = 5 };
	unsigned int bit, taken = 0;

	vmig_streamfile_encode_trailer(&f, trailer);
	UNIT(!vmig_streamfile_decode_trailer(trailer, &g) && g.length == f.length &&
		     g.checksum == f.checksum,
	     "a trailer that was encoded is decoded");
	g.length = 5;
	for (bit = 0; bit < 8 * sizeof(trailer); bit++) {
		trailer[bit / 8] ^= 1 << bit % 8;
		taken += !vmig_streamfile_decode_trailer(trailer, &g);
		trailer[bit / 8] ^= 1 << bit % 8;
	}
	UNIT(!taken && g.length == 5, "a trailer with any one bit wrong is none");
}

static void piped(void)
{
	off_t at, end = VMIG_STREAMFILE_BYTES + STREAM + VMIG_STREAMFILE_TRAILER;
	unsigned int taken = 0;
	struct vmig_streamfile f;
	char why[300];
	int fd;

	UNIT(write_piped(0) && opens(), "a file of what a pipe had is opened, at its stream");
	fd = vmig_streamfile_open(path, &f, why, sizeof(why));
	UNIT(fd >= 0 && f.length == STREAM && f.checksum == sample().checksum,
	     "with the length that stands at its end");
	close(fd);
	for (at = VMIG_STREAMFILE_BYTES; at < end; at += 13) {
		put_byte(at, 0x10);
		taken += opens();
		put_byte(at, 0x10);
	}
	UNIT(!taken && opens(), "one with a wrong byte in stream or trailer is refused");
	if (truncate(path, end + 1))
		exit(1);
	UNIT(!opens(), "one with a byte more is refused");
	for (at = end; at--;) {
		if (truncate(path, at))
			exit(1);
		taken += opens();
	}
	UNIT(!taken, "one cut off anywhere is refused");
	UNIT(write_piped(7) && !opens(), "one with more bytes than its trailer tells is refused");
}

static void abandoned(void)
{
	char part[80], why[200];
	int fd;

	snprintf(part, sizeof(part), "%s.part", path);
	if (!write_sample())
		exit(1);
	fd = vmig_streamfile_create(path, why, sizeof(why));
	UNIT(fd >= 0 && !access(part, F_OK) && opens(),
	     "while a file is written the old one is there");
	vmig_streamfile_abandon(fd, path);
	UNIT(access(part, F_OK) && opens(), "and when it is given up, too");
}

int main(void)
{
	unsigned int i, x = 1;

	for (i = 0; i < STREAM; i++) {
		x = x * 1103515245 + 12345;
		stream[i] = x >> 16;
	}
	snprintf(path, sizeof(path), "/tmp/unit_streamfile.%d", (int)getpid());
	checksums();
	round_trip();
	every_bit();
	strict();
	fits();
	files();
	trailers();
	piped();
	abandoned();
	unlink(path);
	return unit_end();
}
