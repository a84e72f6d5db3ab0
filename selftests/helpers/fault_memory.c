// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is not there, in whole or for now, and memory use of process and kernel. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vmig/error.h>
#include <vmig/sysfs.h>
#include "fault_memory.h"
#include "verdict.h"

/**
 * vmig_before_hole - bytes that end where nothing is mapped
 * @data: what to put there, or NULL for 0xa5 all over
 * @len: bytes, at most a page
 *
 * The page stays for the life of the process, which is one test.
 *
 * Return: the address of the bytes; the byte behind the last one faults. The bytes
 * are aligned as their length is.
 */
void *vmig_before_hole(const void *data, size_t len)
{
	char *page = mmap(NULL, 2 * VMIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (page == MAP_FAILED || munmap(page + VMIG_PAGE, VMIG_PAGE))
		vmig_test_error("mmap() of a page with a hole behind it failed: %s",
				vmig_errno_name(errno));
	memset(page, 0xa5, VMIG_PAGE);
	if (data)
		memcpy(page + VMIG_PAGE - len, data, len);
	return page + VMIG_PAGE - len;
}

/**
 * vmig_around_hole - bytes up to a page that cannot be accessed, and a page behind it that can
 * @data: what to put before the hole, or NULL for 0xa5 all over
 * @len: bytes of it, at most a page
 *
 * Who looks at the ends of it alone does not see the hole. The pages stay for the life of the
 * process, which is one test.
 *
 * Return: the address of the first byte.
 */
void *vmig_around_hole(const void *data, size_t len)
{
	char *page = mmap(NULL, 3 * VMIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (page == MAP_FAILED)
		vmig_test_error("mmap() of three pages failed: %s", vmig_errno_name(errno));
	memset(page, 0xa5, 3 * VMIG_PAGE);
	if (data)
		memcpy(page + VMIG_PAGE - len, data, len);
	vmig_protect(page + VMIG_PAGE, PROT_NONE);
	return page + VMIG_PAGE - len;
}

/* Two pages of a file in memory, mapped with @flags. */
static unsigned char *map_file(int flags, int *fd)
{
	void *at;

	*fd = memfd_create("vmig", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, 2 * VMIG_PAGE))
		vmig_test_error("memfd_create() failed: %s", vmig_errno_name(errno));
	at = mmap(NULL, 2 * VMIG_PAGE, PROT_READ | PROT_WRITE, flags, *fd, 0);
	if (at == MAP_FAILED)
		vmig_test_error("mmap() of a memfd failed: %s", vmig_errno_name(errno));
	return at;
}

/**
 * vmig_absent_pages - two pages of a file that no access has brought into the page table yet
 * @data: what is in them from the middle of the first one on
 * @len: bytes of it, at most a page
 *
 * For who reads from them. Unmap them with vmig_absent_end().
 *
 * Return: the address of the data.
 */
void *vmig_absent_pages(const void *data, size_t len)
{
	unsigned char *at;
	int fd;

	at = map_file(MAP_PRIVATE, &fd);
	if (pwrite(fd, data, len, VMIG_PAGE / 2) != (ssize_t)len)
		vmig_test_error("pwrite() to a memfd failed: %s", vmig_errno_name(errno));
	close(fd);
	return at + VMIG_PAGE / 2;
}

/**
 * vmig_punched_pages - two pages of a file out of which all memory has been taken
 *
 * For who writes to them, a page at most. Unmap them with vmig_absent_end().
 *
 * Return: an address in the middle of the first one.
 */
void *vmig_punched_pages(void)
{
	unsigned char *at;
	int fd;

	at = map_file(MAP_SHARED, &fd);
	memset(at, 0xa5, 2 * VMIG_PAGE);
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * VMIG_PAGE))
		vmig_test_error("fallocate() of a hole failed: %s", vmig_errno_name(errno));
	close(fd);
	return at + VMIG_PAGE / 2;
}

/**
 * vmig_absent_end - unmap two pages
 * @at: what vmig_absent_pages() or vmig_punched_pages() gave
 */
void vmig_absent_end(void *at)
{
	munmap((unsigned char *)at - VMIG_PAGE / 2, 2 * VMIG_PAGE);
}

/**
 * vmig_protect - change what may be done with the page of an address
 * @p: any address in a page of vmig_before_hole()
 * @prot: PROT_*
 */
void vmig_protect(void *p, int prot)
{
	void *page = (void *)((uintptr_t)p & ~(uintptr_t)(VMIG_PAGE - 1));

	if (mprotect(page, VMIG_PAGE, prot))
		vmig_test_error("mprotect() failed: %s", vmig_errno_name(errno));
}

/**
 * vmig_count_fds - how many fds this process has open
 *
 * Return: their number; the one that the count itself needs is not in it.
 */
int vmig_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int n = 0;

	if (!dir)
		vmig_test_error("/proc/self/fd cannot be read: %s", vmig_errno_name(errno));
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n - 1;
}

/**
 * vmig_mem_available - bytes of memory that the kernel could still give away
 *
 * Return: their number, MemAvailable.
 */
uint64_t vmig_mem_available(void)
{
	unsigned long long kib = 0;

	vmig_sysfs_field("/proc/meminfo", "MemAvailable:", &kib);
	return kib << 10;
}
