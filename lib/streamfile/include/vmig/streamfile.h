/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Format of a saved stream: a file, or a pipe to another host.
 *
 * A stream file is a header of VMIG_STREAMFILE_BYTES, then the bytes of the data_fd as they
 * came, then nothing, or a trailer. The header says whose stream it is, as the stream itself
 * is opaque:
 *
 *	offset  bytes
 *	     0      8  "VMIGSTRM"
 *	     8      4  version of this format, 1
 *	    12      4  bytes of the header, 1024
 *	    16      8  bytes of the stream; all ones: not known yet, the trailer has it
 *	    24      8  CRC-64 of the .xz format, of the stream; 0 while its length is not known
 *	    32      8  flags of VFIO_DEVICE_FEATURE_MIGRATION
 *	    40      8  seconds since 1970 at which it was saved
 *	    48      4  seed of the pattern that an exerciser had put into the state, 0 for none
 *	    52      4  0
 *	    56    128  device: PCI address or UUID
 *	   184     96  what kind of device: "pci 8086:4941", "mdev mtty-1"
 *	   280     64  driver
 *	   344     64  version of its module
 *	   408     64  srcversion of its module
 *	   472     96  version of the firmware
 *	   568    128  kernel
 *	   696    320  0
 *	  1016      8  CRC-64 of all before it
 *
 * What goes into a pipe cannot be turned back to when the length is known. It has all ones for
 * it, and behind the stream a trailer of VMIG_STREAMFILE_TRAILER bytes, without which it is not
 * complete; such bytes may be kept in a file as well:
 *
 *	     0      8  "VMIGDONE"
 *	     8      8  bytes of the stream
 *	    16      8  its CRC-64
 *	    24      8  CRC-64 of the 24 bytes before it
 *
 * Numbers are little endian. Texts are printable ASCII, filled up with zeros, the last byte
 * of each is one; an empty text stands for what was not to be found out.
 */
#ifndef VMIG_STREAMFILE_STREAMFILE_H
#define VMIG_STREAMFILE_STREAMFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMIG_STREAMFILE_BYTES 1024
#define VMIG_STREAMFILE_VERSION 1
#define VMIG_STREAMFILE_TRAILER 32

/* The length of a stream that is still being saved. */
#define VMIG_STREAMFILE_UNKNOWN UINT64_MAX

/**
 * struct vmig_streamfile - what the header says
 * @length: bytes of the stream, or VMIG_STREAMFILE_UNKNOWN
 * @checksum: its CRC-64
 * @flags: migration features of the device, VFIO_MIGRATION_*
 * @saved_at: seconds since 1970
 * @seed: of the pattern in the state, see vmig_exerciser.set_pattern(); 0 for none
 * @device: its name on its host
 * @kind: what a stream of it can be loaded into
 * @driver: kernel driver
 * @driver_version: version of the driver's module
 * @srcversion: srcversion of the driver's module
 * @firmware: version of the device's firmware
 * @kernel: release and machine
 */
struct vmig_streamfile {
	uint64_t length;
	uint64_t checksum;
	uint64_t flags;
	uint64_t saved_at;
	uint32_t seed;
	char device[128];
	char kind[96];
	char driver[64];
	char driver_version[64];
	char srcversion[64];
	char firmware[96];
	char kernel[128];
};

void vmig_streamfile_encode(const struct vmig_streamfile *f,
			    unsigned char header[VMIG_STREAMFILE_BYTES]);
int vmig_streamfile_decode(const unsigned char *bytes, size_t len, struct vmig_streamfile *f,
			   char *why, size_t size);
void vmig_streamfile_encode_trailer(const struct vmig_streamfile *f,
				    unsigned char trailer[VMIG_STREAMFILE_TRAILER]);
int vmig_streamfile_decode_trailer(const unsigned char trailer[VMIG_STREAMFILE_TRAILER],
				   struct vmig_streamfile *f);
bool vmig_streamfile_fits(const struct vmig_streamfile *f, const struct vmig_streamfile *here,
			  char *why, size_t size);
bool vmig_streamfile_same_version(const struct vmig_streamfile *f,
				  const struct vmig_streamfile *here);
void vmig_streamfile_origin(const struct vmig_streamfile *f, char *text, size_t size);

int vmig_streamfile_open(const char *path, struct vmig_streamfile *f, char *why, size_t size);
int vmig_streamfile_create(const char *path, char *why, size_t size);
int vmig_streamfile_finish(int fd, const char *path, const struct vmig_streamfile *f, char *why,
			   size_t size);
void vmig_streamfile_abandon(int fd, const char *path);

#endif /* VMIG_STREAMFILE_STREAMFILE_H */
