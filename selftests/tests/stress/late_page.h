/* SPDX-License-Identifier: GPL-2.0-only */
/* A page that comes only when it is served: userfaultfd. */
#ifndef VMIG_TESTS_STRESS_LATE_PAGE_H
#define VMIG_TESTS_STRESS_LATE_PAGE_H

#include <stdbool.h>

/**
 * struct vmig_late_page - a page that is not there until vmig_late_page_serve()
 * @at: its address
 * @fd: userfaultfd of the process
 */
struct vmig_late_page {
	unsigned char *at;
	int fd;
};

const char *vmig_late_page_begin(struct vmig_late_page *p);
bool vmig_late_page_wanted(const struct vmig_late_page *p, int timeout_ms);
void vmig_late_page_serve(const struct vmig_late_page *p, const void *data);
void vmig_late_page_end(struct vmig_late_page *p);

#endif /* VMIG_TESTS_STRESS_LATE_PAGE_H */
