// SPDX-License-Identifier: GPL-2.0-only
/* Memory that a process shares with its children. */
#include <errno.h>
#include <sys/mman.h>

#include <vmig/error.h>
#include <vmig/shared.h>

/**
 * vmig_shared_alloc - memory that is shared with the children that are forked from now on
 * @size: bytes
 *
 * What is never written to takes no memory (MAP_NORESERVE).
 *
 * Return: zeroed memory that begins at a page, or vmig_fail().
 */
void *vmig_shared_alloc(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		vmig_fail("no memory to share, %zu bytes: %s", size, vmig_errno_name(errno));
	return at;
}

/**
 * vmig_shared_free - give it back, in this process; children keep theirs
 * @at: what vmig_shared_alloc() returned
 * @size: its bytes
 */
void vmig_shared_free(void *at, size_t size)
{
	munmap(at, size);
}
