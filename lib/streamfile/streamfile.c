// SPDX-License-Identifier: GPL-2.0-only
/* Read, write and check saved streams and their header. See streamfile.h. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lzma.h>

#include <vmig/streamfile.h>

#define MAGIC "VMIGSTRM"
#define TRAILER_MAGIC "VMIGDONE"
#define AT_CHECKSUM (VMIG_STREAMFILE_BYTES - 8)

/* The name of a file that is not complete. */
#define PART ".part"

/* How much of a file is read at a time. */
#define BLOCK (256 << 10)

enum {
	AT_VERSION = 8,
	AT_BYTES = 12,
	AT_LENGTH = 16,
	AT_SUM = 24,
	AT_FLAGS = 32,
	AT_TIME = 40,
	AT_SEED = 48,
	AT_ZERO = 52,
	AT_REST = 696
};

/* Within the trailer. */
enum { TRAILER_LENGTH = 8, TRAILER_SUM = 16, TRAILER_CHECKSUM = 24 };

/* The texts of the header, in the order in which they stand. */
static const struct field {
	unsigned int at, size;
	size_t member;
	const char *name;
} fields[] = {
	{ 56, 128, offsetof(struct vmig_streamfile, device), "device" },
	{ 184, 96, offsetof(struct vmig_streamfile, kind), "kind of device" },
	{ 280, 64, offsetof(struct vmig_streamfile, driver), "driver" },
	{ 344, 64, offsetof(struct vmig_streamfile, driver_version), "driver version" },
	{ 408, 64, offsetof(struct vmig_streamfile, srcversion), "srcversion" },
	{ 472, 96, offsetof(struct vmig_streamfile, firmware), "firmware version" },
	{ 568, 128, offsetof(struct vmig_streamfile, kernel), "kernel" },
};

/* Where its last text begins, on any machine: what may follow it is padding. */
_Static_assert(offsetof(struct vmig_streamfile, kernel) == 676 - 128,
	       "the sizes of the texts stand twice");

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void put32(unsigned char *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

static void put64(unsigned char *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof(value));
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const unsigned char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

/**
 * vmig_streamfile_encode - make the header of a stream
 * @f: what it says; a byte of a text that is not printable becomes '?'
 * @header: where it goes
 */
void vmig_streamfile_encode(const struct vmig_streamfile *f,
			    unsigned char header[VMIG_STREAMFILE_BYTES])
{
	const char *text;
	unsigned int i, n;

	memset(header, 0, VMIG_STREAMFILE_BYTES);
	memcpy(header, MAGIC, AT_VERSION);
	put32(header + AT_VERSION, VMIG_STREAMFILE_VERSION);
	put32(header + AT_BYTES, VMIG_STREAMFILE_BYTES);
	put64(header + AT_LENGTH, f->length);
	put64(header + AT_SUM, f->checksum);
	put64(header + AT_FLAGS, f->flags);
	put64(header + AT_TIME, f->saved_at);
	put32(header + AT_SEED, f->seed);
	for (i = 0; i < FIELDS; i++) {
		text = (const char *)f + fields[i].member;
		for (n = 0; n < fields[i].size - 1 && text[n]; n++)
			header[fields[i].at + n] = printable(text[n]) ? text[n] : '?';
	}
	put64(header + AT_CHECKSUM, lzma_crc64(header, AT_CHECKSUM, 0));
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	while (len && !*bytes) {
		bytes++;
		len--;
	}
	return !len;
}

/* A text, or false: zeros behind its end, and nothing before it that is not printable. */
static bool get_text(const unsigned char *bytes, unsigned int size, char *text)
{
	unsigned int n;

	for (n = 0; n < size && bytes[n]; n++)
		if (!printable(bytes[n]))
			return false;
	if (n == size || !all_zero(bytes + n, size - n))
		return false;
	memcpy(text, bytes, size);
	return true;
}

static int refuse(char *why, size_t size, const char *what)
{
	snprintf(why, size, "%s", what);
	return -EINVAL;
}

/**
 * vmig_streamfile_decode - read a header, strictly
 * @bytes: the header; may come from anywhere
 * @len: bytes that are there; what is behind the header does not count
 * @f: what it says
 * @why: what is wrong with it, one phrase for a message
 * @size: of @why
 *
 * Return: 0; -EINVAL for what is no header, or one with anything in it that
 * vmig_streamfile_encode() does not make.
 */
int vmig_streamfile_decode(const unsigned char *bytes, size_t len, struct vmig_streamfile *f,
			   char *why, size_t size)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	if (len < AT_VERSION || memcmp(bytes, MAGIC, AT_VERSION))
		return refuse(why, size, "it does not begin as a stream file does");
	if (len < VMIG_STREAMFILE_BYTES)
		return refuse(why, size, "it ends within its header");
	if (get32(bytes + AT_VERSION) != VMIG_STREAMFILE_VERSION ||
	    get32(bytes + AT_BYTES) != VMIG_STREAMFILE_BYTES)
		return refuse(why, size,
			      "its format is of a version that this program does not know");
	if (get64(bytes + AT_CHECKSUM) != lzma_crc64(bytes, AT_CHECKSUM, 0))
		return refuse(why, size, "the checksum of its header is wrong");
	f->length = get64(bytes + AT_LENGTH);
	f->checksum = get64(bytes + AT_SUM);
	f->flags = get64(bytes + AT_FLAGS);
	f->saved_at = get64(bytes + AT_TIME);
	f->seed = get32(bytes + AT_SEED);
	if (f->length == VMIG_STREAMFILE_UNKNOWN && f->checksum)
		return refuse(why, size, "its header has a checksum and no length");
	for (i = 0; i < FIELDS; i++) {
		if (get_text(bytes + fields[i].at, fields[i].size, (char *)f + fields[i].member))
			continue;
		snprintf(why, size, "the %s in its header is no text", fields[i].name);
		return -EINVAL;
	}
	if (!f->driver[0] || !f->kind[0])
		return refuse(why, size, "its header names no driver or no kind of device");
	if (!all_zero(bytes + AT_ZERO, 4) || !all_zero(bytes + AT_REST, AT_CHECKSUM - AT_REST))
		return refuse(why, size, "its header has something where nothing has to be");
	return 0;
}

/**
 * vmig_streamfile_encode_trailer - make what stands behind a stream whose header has no length
 * @f: length and checksum of the stream
 * @trailer: where it goes
 */
void vmig_streamfile_encode_trailer(const struct vmig_streamfile *f,
				    unsigned char trailer[VMIG_STREAMFILE_TRAILER])
{
	memcpy(trailer, TRAILER_MAGIC, TRAILER_LENGTH);
	put64(trailer + TRAILER_LENGTH, f->length);
	put64(trailer + TRAILER_SUM, f->checksum);
	put64(trailer + TRAILER_CHECKSUM, lzma_crc64(trailer, TRAILER_CHECKSUM, 0));
}

/**
 * vmig_streamfile_decode_trailer - read what stands behind such a stream, strictly
 * @trailer: the last bytes that are there; may be those of a stream that was cut short
 * @f: length and checksum are set from it
 *
 * Return: 0; -EINVAL for what is no trailer, with @f as it was.
 */
int vmig_streamfile_decode_trailer(const unsigned char trailer[VMIG_STREAMFILE_TRAILER],
				   struct vmig_streamfile *f)
{
	if (memcmp(trailer, TRAILER_MAGIC, TRAILER_LENGTH) ||
	    get64(trailer + TRAILER_CHECKSUM) != lzma_crc64(trailer, TRAILER_CHECKSUM, 0))
		return -EINVAL;
	f->length = get64(trailer + TRAILER_LENGTH);
	f->checksum = get64(trailer + TRAILER_SUM);
	return 0;
}

/**
 * vmig_streamfile_fits - may a stream be tried on a device?
 * @f: the stream
 * @here: the device, as vmig_streamfile_describe() has it
 * @why: why not, one phrase for a message
 * @size: of @why
 *
 * The same driver and the same kind of device. Other versions of driver, firmware and kernel
 * do not count: whether such a stream is any good is for the driver to say.
 *
 * Return: true if it may.
 */
bool vmig_streamfile_fits(const struct vmig_streamfile *f, const struct vmig_streamfile *here,
			  char *why, size_t size)
{
	if (!strcmp(f->driver, here->driver) && !strcmp(f->kind, here->kind))
		return true;
	snprintf(why, size, "it is of a device \"%s\" under %s, and this one is \"%s\" under %s",
		 f->kind, f->driver, here->kind, here->driver);
	return false;
}

/**
 * vmig_streamfile_same_version - was a stream saved by this very driver and firmware?
 * @f: the stream, which fits
 * @here: the device
 *
 * A driver without a srcversion is built into its kernel, which then counts.
 *
 * Return: true if so: then the device must take it.
 */
bool vmig_streamfile_same_version(const struct vmig_streamfile *f,
				  const struct vmig_streamfile *here)
{
	return !strcmp(f->srcversion, here->srcversion) &&
	       !strcmp(f->driver_version, here->driver_version) &&
	       !strcmp(f->firmware, here->firmware) &&
	       (here->srcversion[0] || !strcmp(f->kernel, here->kernel));
}

/**
 * vmig_streamfile_origin - describe where a stream comes from
 * @f: the stream
 * @text: where the words go
 * @size: of @text
 */
void vmig_streamfile_origin(const struct vmig_streamfile *f, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s%s%s%s%s, kernel %s", f->driver,
		 f->driver_version[0] ? " " : "", f->driver_version,
		 f->srcversion[0] ? ", srcversion " : "", f->srcversion,
		 f->firmware[0] ? ", firmware " : "", f->firmware, f->kernel);
}

/* read() of all that was asked for, but for the end of the file. */
static ssize_t read_all(int fd, unsigned char *to, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = read(fd, to + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += n;
	}
	return done;
}

/* Does what follows the header fit to it? Leaves the file at the stream's first byte. */
static int check_stream(int fd, const struct vmig_streamfile *f, char *why, size_t size)
{
	unsigned char *block = malloc(BLOCK);
	uint64_t crc = 0, left = f->length;
	ssize_t n = 0;

	while (block && left) {
		n = read_all(fd, block, left < BLOCK ? left : BLOCK);
		if (n <= 0)
			break;
		crc = lzma_crc64(block, n, crc);
		left -= n;
	}
	if (!block)
		n = -ENOMEM;
	free(block);
	if (n >= 0 && left)
		return refuse(why, size, "it became shorter while it was read");
	if (n >= 0 && crc != f->checksum)
		return refuse(why, size, "the checksum of its stream is wrong");
	if (n >= 0 && lseek(fd, VMIG_STREAMFILE_BYTES, SEEK_SET) >= 0)
		return 0;
	n = n < 0 ? n : -errno;
	snprintf(why, size, "it cannot be read: %s", strerror(-n));
	return n;
}

/* The trailer of a file whose header has no length; @behind bytes are behind the header. */
static int check_trailer(int fd, struct vmig_streamfile *f, uint64_t behind, char *why, size_t size)
{
	unsigned char trailer[VMIG_STREAMFILE_TRAILER];
	off_t at = VMIG_STREAMFILE_BYTES + behind - sizeof(trailer);
	uint64_t length = behind - sizeof(trailer);

	if (behind >= sizeof(trailer) &&
	    pread(fd, trailer, sizeof(trailer), at) == sizeof(trailer) &&
	    !vmig_streamfile_decode_trailer(trailer, f) && f->length == length)
		return check_stream(fd, f, why, size);
	snprintf(why, size,
		 "it was cut short, or has something behind its end: %" PRIu64
		 " bytes are there behind its header, and no end of a stream",
		 behind);
	return -EINVAL;
}

static int check_file(int fd, struct vmig_streamfile *f, char *why, size_t size)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	uint64_t behind;
	struct stat st;
	ssize_t n;
	int ret;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return refuse(why, size, "it is no file");
	n = read_all(fd, header, sizeof(header));
	if (n < 0) {
		snprintf(why, size, "it cannot be read: %s", strerror(-n));
		return n;
	}
	ret = vmig_streamfile_decode(header, n, f, why, size);
	if (ret)
		return ret;
	behind = st.st_size - VMIG_STREAMFILE_BYTES;
	if (f->length == VMIG_STREAMFILE_UNKNOWN)
		return check_trailer(fd, f, behind, why, size);
	if (f->length == behind)
		return check_stream(fd, f, why, size);
	snprintf(why, size,
		 "it was cut short, or has something behind its end: %" PRIu64
		 " bytes of stream are there, and its header tells of %" PRIu64,
		 behind, f->length);
	return -EINVAL;
}

/**
 * vmig_streamfile_open - open a stream file, all of which is there
 * @path: the file
 * @f: what its header says
 * @why: what is wrong, one phrase for a message
 * @size: of @why
 *
 * The whole file is read once, so that nothing of a damaged one reaches a device.
 *
 * Return: fd at the first byte of the stream, or -errno: -EINVAL for a file that is not what
 * it should be.
 */
int vmig_streamfile_open(const char *path, struct vmig_streamfile *f, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

	memset(f, 0, sizeof(*f));
	if (fd < 0) {
		ret = -errno;
		snprintf(why, size, "it cannot be opened: %s", strerror(-ret));
		return ret;
	}
	ret = check_file(fd, f, why, size);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

static char *part_of(const char *path)
{
	char *part;

	return asprintf(&part, "%s" PART, path) < 0 ? NULL : part;
}

static int fail(int err, char *why, size_t size)
{
	snprintf(why, size, "it cannot be written: %s", strerror(err));
	return -err;
}

/**
 * vmig_streamfile_create - begin a stream file
 * @path: the file; it is PATH.part until it is finished
 * @why: what is wrong, one phrase for a message
 * @size: of @why
 *
 * Return: fd to write the stream to, or -errno.
 */
int vmig_streamfile_create(const char *path, char *why, size_t size)
{
	char *part = part_of(path);
	int fd, err;

	if (!part)
		return fail(ENOMEM, why, size);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err = errno;
	if (fd >= 0 && lseek(fd, VMIG_STREAMFILE_BYTES, SEEK_SET) < 0) {
		err = errno;
		close(fd);
		unlink(part);
		fd = -1;
	}
	free(part);
	return fd < 0 ? fail(err, why, size) : fd;
}

/**
 * vmig_streamfile_finish - the stream is complete
 * @fd: what vmig_streamfile_create() gave, closed in any case
 * @path: the same
 * @f: what the header is to say
 * @why: what is wrong, one phrase for a message
 * @size: of @why
 *
 * A file of that name is there with all of the stream in it, or as it was before.
 *
 * Return: 0 or -errno.
 */
int vmig_streamfile_finish(int fd, const char *path, const struct vmig_streamfile *f, char *why,
			   size_t size)
{
	unsigned char header[VMIG_STREAMFILE_BYTES];
	char *part = part_of(path);
	int err = part ? 0 : ENOMEM;

	vmig_streamfile_encode(f, header);
	if (!err && pwrite(fd, header, sizeof(header), 0) != sizeof(header))
		err = errno ?: ENOSPC;
	if (!err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	if (!err && rename(part, path))
		err = errno;
	if (err && part)
		unlink(part);
	free(part);
	return err ? fail(err, why, size) : 0;
}

/**
 * vmig_streamfile_abandon - there will be no stream
 * @fd: what vmig_streamfile_create() gave, closed
 * @path: the same
 */
void vmig_streamfile_abandon(int fd, const char *path)
{
	char *part = part_of(path);

	close(fd);
	if (part)
		unlink(part);
	free(part);
}
