/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * List of the tests of a program, in the order in which they run. The list of the kselftest
 * harness is private to it, so the macros of vmig_harness.h fill one of the suite's own.
 */
#ifndef VMIG_HARNESS_TEST_LIST_H
#define VMIG_HARNESS_TEST_LIST_H

/**
 * struct vmig_listed - a variant of a fixture, or a test of one
 * @fixture: name of the fixture
 * @name: name of the variant or of the test
 * @order: grows through the source file; a compiler may put variables in any order
 */
struct vmig_listed {
	const char *fixture;
	const char *name;
	unsigned int order;
};

/* Collected in the section @list, which is vmig_variants or vmig_tests. */
#define VMIG_LISTED(list, fixture_, name_)                                                         \
	static const struct vmig_listed list##_##fixture_##_##name_ = { #fixture_, #name_,         \
									__COUNTER__ };             \
	static const struct vmig_listed *list##_##fixture_##_##name_##_in                          \
		__attribute__((section(#list), used)) = &list##_##fixture_##_##name_

const char *vmig_chosen(void);
void vmig_list(const char *chapter);
void vmig_names(const char *chapter, const char *globs);
char **vmig_select(const char *globs, const char *after, char *name, int *argc);
void vmig_claim_skipped(const char *fixture, const char *test);

#endif /* VMIG_HARNESS_TEST_LIST_H */
