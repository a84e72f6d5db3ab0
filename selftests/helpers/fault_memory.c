// SPDX-License-Identifier: GPL-2.0-only
/* Memory whose access faults or blocks (userfaultfd), and memory use of process and kernel. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

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
