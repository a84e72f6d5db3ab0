/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Report checks and breaches of clauses, and derive the result of a test.
 *
 * A test claims the clauses it checks and then checks them. A check that does not
 * hold is a breach: what was done, what the clause expects, what the device did. The clause's
 * level decides what it means: MUST fails the test, SHOULD is a warning that passes
 * (and fails with --strict), MAY is a note. A breach that the driver's profile lists
 * makes the test XFAIL.
 *
 * A test may find that a clause it claims has nothing to check on this device; what
 * counts as evidence for a clause is what was really checked.
 *
 * All of it is printed as KTAP diagnostics that begin with "# vmig:", which are what
 * the report is made of:
 *
 *	# vmig: clauses FD-07 FD-08
 *	# vmig: breach FD-07
 *	# vmig:   did: read() of the data_fd after STOP_COPY -> STOP
 *	# vmig:   expected: 0 or an error
 *	# vmig:   got: 24 bytes
 *	# vmig:   at: data_fd.c:123
 *	# vmig:   known: mtty.c:123 mtty_foo() | reason from the profile
 *	# vmig: note STRM-16 ...
 *	# vmig: metric stop_copy_bytes 96 bytes
 *	# vmig: sample arc.RUNNING.PRE_COPY.us 412.5 us
 *	# vmig: checked FD-07
 *	# vmig: took 0.012
 */
#ifndef VMIG_HARNESS_VERDICT_H
#define VMIG_HARNESS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include <vmig/clauses.h>
#include <vmig/format.h>

/**
 * struct vmig_claim - which clauses a test checks
 * @test: name of its function, fixture_test
 * @ids: the clauses
 * @count: their number
 *
 * Static and collected in a section, so that --list knows them without a device.
 */
struct vmig_claim {
	const char *test;
	const enum vmig_clause_id *ids;
	size_t count;
};

/* First statement of every test. An id that is not in the catalogue does not compile. */
#define CLAUSES(...)                                                                               \
	do {                                                                                       \
		static const enum vmig_clause_id ids_[] = { __VA_ARGS__ };                         \
		static const struct vmig_claim claim_ = { __func__, ids_,                          \
							  sizeof(ids_) / sizeof(ids_[0]) };        \
		static const struct vmig_claim *const claimed_                                     \
			__attribute__((section("vmig_claims"), used)) = &claim_;                   \
		vmig_claim(&claim_);                                                               \
	} while (0)

/* The place of a check in the source: what vmig_breach() takes. */
#define VMIG_STRING_(x) #x
#define VMIG_STRING(x) VMIG_STRING_(x)
#define VMIG_HERE __FILE__ ":" VMIG_STRING(__LINE__)

/**
 * CHECK - does a clause hold here?
 * @id: a clause that CLAUSES() of this test names
 * @cond: what must be true
 * @did: what was done, for messages; vmig_fmt() formats one
 * @expected: what the clause says must come
 * @...: format and arguments: what the device did
 *
 * Evaluates to @cond, so that a test can stop where going on makes no sense.
 */
#define CHECK(id, cond, did, expected, ...)                                                        \
	CHECK_AT(VMIG_HERE, id, cond, did, expected, __VA_ARGS__)

/* CHECK() in a function that judges for its caller, who says where it was called: VMIG_HERE. */
#define CHECK_AT(at, id, cond, did, expected, ...)                                                 \
	(vmig_checked(id), (cond) ? true : (vmig_breach(at, id, did, expected, __VA_ARGS__), false))

/* The call must work: @ret is 0 or -errno. */
#define CHECK_OK(id, ret, did) vmig_check_ok(VMIG_HERE, id, ret, did)
/* The call must fail with this errno. */
#define CHECK_ERRNO(id, ret, err, did) vmig_check_errno(VMIG_HERE, id, ret, err, did)
/* The call must fail; the uAPI does not say with which errno, so it is noted only. */
#define CHECK_FAILS(id, ret, did) vmig_check_fails(VMIG_HERE, id, ret, did)

/* The only exit code that the kselftest harness takes for a failure. */
#define VMIG_EXIT_BROKEN 1

void vmig_test_error(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void vmig_test_error_init(void);

bool vmig_clause_binds(enum vmig_clause_id id);

void vmig_claim(const struct vmig_claim *claim);
void vmig_checked(enum vmig_clause_id id);
void vmig_breach(const char *at, enum vmig_clause_id id, const char *did, const char *expected,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
bool vmig_check_ok(const char *at, enum vmig_clause_id id, int ret, const char *did);
bool vmig_check_errno(const char *at, enum vmig_clause_id id, int ret, int err, const char *did);
bool vmig_check_fails(const char *at, enum vmig_clause_id id, int ret, const char *did);
void vmig_note(enum vmig_clause_id id, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vmig_metric(const char *name, double value, const char *unit);
void vmig_sample(const char *name, double value, const char *unit);

void vmig_verdict_init(void);
void vmig_verdict_begin(const char *test);
int vmig_verdict_end(void);
const char *vmig_verdict_reason(int verdict);

#endif /* VMIG_HARNESS_VERDICT_H */
