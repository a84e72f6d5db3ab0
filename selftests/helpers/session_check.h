/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check data transfer sessions and their streams.
 *
 * A stream is opaque and the specification does not promise that a device which is in
 * the same state twice gives the same bytes twice (H:1038). So a stream is judged by
 * loading it. Only where a control has shown that this device does repeat itself after
 * a plain load are the bytes that it gives after another kind of load compared too.
 *
 * A test does something to a session and sees whether the session is still good. If it
 * is not, the same is done once more but for that something: what fails then as well
 * is another rule's breach, and this test could not judge.
 */
#ifndef VMIG_HELPERS_SESSION_CHECK_H
#define VMIG_HELPERS_SESSION_CHECK_H

#include <stdbool.h>

#include <vmig/stream.h>
#include <vmig/device.h>
#include <vmig/format.h>
#include "verdict.h"

/* Fixture variants: cdev and group x kind of session; the variant has a member `state`. */
#define VMIG_VARIANTS_SESSIONS_UAPI(fixture, name_, uapi_)                                         \
	VMIG_VARIANT(fixture, name_##_STOP_COPY, .uapi = uapi_,                                    \
		     .state = VFIO_DEVICE_STATE_STOP_COPY);                                        \
	VMIG_VARIANT(fixture, name_##_RESUMING, .uapi = uapi_,                                     \
		     .state = VFIO_DEVICE_STATE_RESUMING);                                         \
	VMIG_VARIANT(fixture, name_##_PRE_COPY, .uapi = uapi_,                                     \
		     .state = VFIO_DEVICE_STATE_PRE_COPY);                                         \
	VMIG_VARIANT(fixture, name_##_PRE_COPY_P2P, .uapi = uapi_,                                 \
		     .state = VFIO_DEVICE_STATE_PRE_COPY_P2P)

#define VMIG_VARIANTS_SESSIONS(fixture)                                                            \
	VMIG_VARIANTS_SESSIONS_UAPI(fixture, cdev, VMIG_UAPI_CDEV);                                \
	VMIG_VARIANTS_SESSIONS_UAPI(fixture, group, VMIG_UAPI_GROUP)

/* To be added to the two, as VMIG_VARIANT_COMPAT() is. */
#define VMIG_VARIANTS_SESSIONS_COMPAT(fixture)                                                     \
	VMIG_VARIANTS_SESSIONS_UAPI(fixture, iommufd_compat_type1v2, VMIG_UAPI_COMPAT)

/**
 * struct vmig_reference - a plain save and load, to compare others with
 * @stream: what was saved, in reads of 1 MiB
 * @repeats: a save after a plain load of @stream gave the same bytes again, and the device
 *	does not change by itself while it runs
 */
struct vmig_reference {
	struct vmig_stream stream;
	bool repeats;
};

/**
 * struct vmig_fault - what a device did not do well, if anything
 * @found: there is a fault
 * @content: the calls worked, and the bytes of the device differ from the control's
 * @why: what the device did, "" without a fault
 */
struct vmig_fault {
	bool found;
	bool content;
	char why[VMIG_FMT_MAX];
};

#define VMIG_NO_FAULT ((struct vmig_fault){})

/*
 * vmig_scenario - a part of a test, with or without what the test is about
 * @dev: the device, in STOP
 * @control: the control
 * @arg: the test's own
 * @with: do it; else leave it out, and do all the rest
 *
 * Return: what the device did not do well, or no fault; see vmig_verify_*().
 */
typedef struct vmig_fault (*vmig_scenario)(struct vmig_device *dev, struct vmig_reference *control,
					   const void *arg, bool with);

struct vmig_fault vmig_fault(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void vmig_reference_save(struct vmig_device *dev, struct vmig_reference *control);
void vmig_reference_save_quick(struct vmig_device *dev, struct vmig_reference *control);
void vmig_reference_restore(struct vmig_device *dev, const struct vmig_reference *control);
bool vmig_judge_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
		   struct vmig_reference *control, vmig_scenario scenario, const void *arg,
		   const char *did);
bool vmig_judge_once_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev,
			vmig_scenario scenario, const void *arg, const char *did);

struct vmig_fault vmig_verify_some(int fd, struct vmig_stream *s, size_t bytes);
struct vmig_fault vmig_verify_write(int fd, const struct vmig_stream *s, size_t from, size_t to,
				    const struct vmig_chunks *chunks);
struct vmig_fault vmig_verify_content(struct vmig_device *dev,
				      const struct vmig_reference *control);
struct vmig_fault vmig_verify_load(struct vmig_device *dev, const struct vmig_reference *control,
				   const struct vmig_stream *s, const struct vmig_chunks *chunks);
struct vmig_fault vmig_verify_finish_save(struct vmig_device *dev, int fd, struct vmig_stream *s,
					  const struct vmig_reference *control,
					  const struct vmig_chunks *chunks);
struct vmig_fault vmig_verify_finish_load(struct vmig_device *dev, int fd, size_t from,
					  const struct vmig_reference *control);
struct vmig_fault vmig_verify_rest_of_save(struct vmig_device *dev, int fd, struct vmig_stream *s,
					   const struct vmig_reference *control,
					   struct vmig_fault fault);
struct vmig_fault vmig_verify_rest_of_load(struct vmig_device *dev, int fd, size_t from,
					   const struct vmig_reference *control,
					   struct vmig_fault fault);
struct vmig_fault vmig_verify_session(struct vmig_device *dev, int fd,
				      const struct vmig_reference *control);
struct vmig_fault vmig_verify_save(struct vmig_device *dev, const struct vmig_reference *control);

bool vmig_judge_session_at(const char *at, enum vmig_clause_id id, struct vmig_device *dev, int fd,
			   const struct vmig_reference *control, const char *did);
bool vmig_judge_dead_at(const char *at, enum vmig_clause_id id, int fd, bool resuming,
			const char *did);

const char *vmig_alive(int fd, bool resuming);
void vmig_require_dead_fd(int fd, bool resuming);

int vmig_begin(struct vmig_device *dev, uint32_t state, struct vmig_stream *good);
int vmig_session_open(struct vmig_device *dev, uint32_t state, struct vmig_stream *good);
int vmig_session_open_partial(struct vmig_device *dev, uint32_t state, struct vmig_stream *good);
void vmig_session_complete(struct vmig_device *dev, int fd, const struct vmig_stream *good);

/* A breach reports the line of the call. */
#define vmig_check_against_reference(...) vmig_judge_at(VMIG_HERE, __VA_ARGS__)
#define vmig_judge_once(...) vmig_judge_once_at(VMIG_HERE, __VA_ARGS__)
#define vmig_check_session(...) vmig_judge_session_at(VMIG_HERE, __VA_ARGS__)
#define vmig_check_dead_fd(...) vmig_judge_dead_at(VMIG_HERE, __VA_ARGS__)

#endif /* VMIG_HELPERS_SESSION_CHECK_H */
