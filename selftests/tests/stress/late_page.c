// SPDX-License-Identifier: GPL-2.0-only
/* A page that comes only when it is served: userfaultfd. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include <vmig/error.h>
#include "fault_memory.h"
#include "late_page.h"
#include "verdict.h"

/**
 * vmig_late_page_begin - make a page that is not there
 * @p: where it goes
 *
 * It is one of the calling process, whose children have none: who is to wait for it is a thread.
 *
 * Return: NULL, or why there can be none.
 */
const char *vmig_late_page_begin(struct vmig_late_page *p)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	p->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (p->fd < 0)
		return "the kernel has no userfaultfd, or this is not root";
	p->at = mmap(NULL, VMIG_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	area.range.start = (uintptr_t)p->at;
	area.range.len = VMIG_PAGE;
	if (p->at == MAP_FAILED || ioctl(p->fd, UFFDIO_API, &api) ||
	    ioctl(p->fd, UFFDIO_REGISTER, &area))
		vmig_test_error("a page for userfaultfd: %s", vmig_errno_name(errno));
	return NULL;
}

/**
 * vmig_late_page_wanted - wait until somebody waits for the page
 * @p: the page
 * @timeout_ms: for so long at most
 *
 * Return: true if somebody does.
 */
bool vmig_late_page_wanted(const struct vmig_late_page *p, int timeout_ms)
{
	struct pollfd poller = { .fd = p->fd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&poller, 1, timeout_ms) == 1 && read(p->fd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

/**
 * vmig_late_page_serve - now it is there
 * @p: the page
 * @data: a page, what is in it
 */
void vmig_late_page_serve(const struct vmig_late_page *p, const void *data)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)p->at,
		.src = (uintptr_t)data,
		.len = VMIG_PAGE,
	};

	if (ioctl(p->fd, UFFDIO_COPY, &copy) && errno != EEXIST)
		vmig_test_error("UFFDIO_COPY: %s", vmig_errno_name(errno));
}

/**
 * vmig_late_page_end - give a page back
 * @p: the page; who waits for it finds zeros
 */
void vmig_late_page_end(struct vmig_late_page *p)
{
	close(p->fd);
	munmap(p->at, VMIG_PAGE);
}
