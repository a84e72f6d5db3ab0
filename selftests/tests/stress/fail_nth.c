// SPDX-License-Identifier: GPL-2.0-only
/*
 * ST-03, ST-09, FD-17, ROB-01, ROB-04, ROB-05: allocations and user copies that fail, the
 * first of a call, the second, and so on until the call runs with none left to fail. A host
 * that runs out of memory is a bad moment to leave a state half changed, and the ways out of
 * a failure are code that has hardly ever run.
 *
 * Each test is one child process that is watched. What a call returns is the driver's choice;
 * judged is what the specification says of a call that failed, or of one that did not, and
 * that a reset leads back to a device that migrates. Errors may be survived: a call during
 * which something failed and that succeeds all the same must have done all of its work.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <vmig/dma_logging.h>
#include <vmig/info.h>
#include "cgroup.h"
#include "fixture_states.h"
#include "fail_each.h"
#include "fail_nth.h"
#include "round_trip_check.h"
#include "fault_memory.h"
#include "random.h"

#define LOG_RANGES 16
#define LOG_BITS 64

/* How often, and how long apart, a device is opened that has just been closed. */
#define OPEN_TRIES 50
#define OPEN_PAUSE_US 20000

VMIG_FIXTURE(fail_nth);
VMIG_FIXTURE_STATES(fail_nth_from, VMIG_VARIANTS_ALL_STATES);
VMIG_FIXTURE(fail_nth_after);

/*
 * Once there was a control group, for good, lists of pages that are charged are allocated page by
 * page (mm/page_alloc.c, memcg_kmem_online()), so that the second page can fail, too.
 */
static void allocate_page_by_page(void)
{
	struct vmig_cgroup group;

	if (!vmig_cgroup_begin(&group))
		vmig_cgroup_end(&group);
}

#define NEED_FAULTS                                                                                \
	do {                                                                                       \
		const char *why_ = vmig_faults_not_here();                                         \
		NEED(!why_, "%s", why_);                                                           \
		allocate_page_by_page();                                                           \
	} while (0)

/* Calls on an open device do not know how it was opened: one way is enough, unless there is time.
 */
#define NEED_THIS_WAY                                                                              \
	NEED(variant->uapi == VMIG_UAPI_CDEV || !self->dev->id.cdev[0] || vmig_stress(0, 1),       \
	     "the same calls as through the cdev (--stress makes them)")

/* A session that was opened although something failed must be a whole one. */
static bool session_works(struct vmig_faults *f, int fd, const char *did)
{
	/* Where it began is another state than the control's, so only the calls are judged. */
	struct vmig_reference calls = { .stream = f->control.stream };
	struct vmig_fault fault = vmig_verify_session(f->dev, fd, &calls);

	return CHECK(ST_03, !fault.found,
		     vmig_fmt("%s, which returned 0; then the session is used", did),
		     "all of it works", "%s", fault.why);
}

static void prepare_set(struct vmig_faults *f)
{
	if (vmig_state_streams(f->from))
		f->fd = vmig_session_open(f->dev, f->from, &f->control.stream);
	else
		f->fd = vmig_goto_state(f->dev, f->from);
}

static int make_set(struct vmig_faults *f)
{
	int fd, ret = __vmig_set_state(f->dev, f->to, &fd);

	/* What a call that failed has left in the buffer means nothing (ST-05). */
	f->new_fd = ret ? -1 : fd;
	return ret;
}

/* The failed SET again, or the way back: either may fail, and neither may do harm. */
static bool goes_on(struct vmig_faults *f, uint32_t at, const char *did)
{
	struct vmig_transition t;
	int fd = -1, ret = __vmig_set_state(f->dev, at, &fd);
	uint32_t from = vmig_get_state(f->dev);

	vmig_transition(f->flags, from, at, &t);
	if (ret)
		fd = -1;
	vmig_close_data_fd(fd);
	if (ret)
		return CHECK(ST_09,
			     vmig_state_offered(f->flags, from) || from == VFIO_DEVICE_STATE_ERROR,
			     vmig_fmt("%s, then SET(%s), which failed too, and GET", did,
				      vmig_state_name(at)),
			     "a state that is offered, or ERROR", "state %s",
			     vmig_state_name(from));
	return CHECK(ST_03, from == at,
		     vmig_fmt("%s, then SET(%s), then GET", did, vmig_state_name(at)),
		     vmig_fmt("state %s", vmig_state_name(at)), "state %s", vmig_state_name(from));
}

static bool judge_set(struct vmig_faults *f, int ret, const char *did)
{
	static unsigned int turn;
	uint32_t got = vmig_get_state(f->dev);
	bool ok;
	int fd;

	if (!ret) {
		ok = CHECK(ST_03, got == f->to, vmig_fmt("%s, which returned 0; GET", did),
			   vmig_fmt("state %s", vmig_state_name(f->to)), "state %s",
			   vmig_state_name(got));
		ok &= CHECK(FD_17, (f->new_fd >= 0) == f->t.opens, did,
			    f->t.opens ? "a data_fd" : "no data_fd", "%d", f->new_fd);
		if (!ok || !f->t.opens)
			return ok;
		fd = f->new_fd;
		f->new_fd = -1;
		return session_works(f, fd, did);
	}
	/* An answer that cannot be written comes after the transition (ST-12). */
	ok = CHECK(ST_09, vmig_on_path(&f->t, f->from, got) || (ret == -EFAULT && got == f->to),
		   vmig_fmt("%s, which returned %s; GET", did, vmig_errno_name(ret)),
		   "the origin, a step of the path, or ERROR", "state %s", vmig_state_name(got));
	if (!ok)
		return false;
	switch (turn++ % 3) {
	case 0:
		return goes_on(f, f->to, did);
	case 1:
		return goes_on(f, VFIO_DEVICE_STATE_RUNNING, did);
	}
	return true;
}

/* How many SETs fail_sets() has to make from where the device is. */
static unsigned int count_sets(const struct vmig_faults *f)
{
	struct vmig_transition t;
	unsigned int n = 0;
	uint32_t to;

	for (to = VFIO_DEVICE_STATE_STOP; to < VFIO_DEVICE_STATE_NR; to++) {
		vmig_transition(f->flags, f->from, to, &t);
		n += vmig_state_offered(f->flags, to) && t.answer == VMIG_GO && t.len;
	}
	return n;
}

static void fail_sets(struct vmig_faults *f)
{
	char name[96], word[64];
	struct vmig_failing_call c = {
		.name = name,
		.word = word,
		.prepare = prepare_set,
		.make = make_set,
		.judge = judge_set,
	};

	f->left = count_sets(f);
	for (f->to = VFIO_DEVICE_STATE_STOP; f->to < VFIO_DEVICE_STATE_NR; f->to++) {
		vmig_transition(f->flags, f->from, f->to, &f->t);
		if (!vmig_state_offered(f->flags, f->to) || f->t.answer != VMIG_GO || !f->t.len)
			continue;
		snprintf(name, sizeof(name), "SET(%s) from %s", vmig_state_name(f->to),
			 vmig_state_name(f->from));
		snprintf(word, sizeof(word), "%s_to_%s", vmig_state_name(f->from),
			 vmig_state_name(f->to));
		vmig_fail_each(f, &c);
	}
}

/* Calls that only ask, in the state @from: asked again they must answer. */
static int make_probe(struct vmig_faults *f)
{
	return __vmig_probe(f->dev, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			    VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET);
}

static int make_get_migration(struct vmig_faults *f)
{
	uint64_t flags;

	return __vmig_get_migration(f->dev, &flags);
}

static int make_get_state(struct vmig_faults *f)
{
	uint32_t state;

	return __vmig_get_state(f->dev, &state);
}

static int make_data_size(struct vmig_faults *f)
{
	uint64_t size;

	return __vmig_get_data_size(f->dev, &size);
}

static int make_precopy_info(struct vmig_faults *f)
{
	struct vfio_precopy_info info;

	return __vmig_precopy_info(f->fd, &info);
}

static int make_poll(struct vmig_faults *f)
{
	return __vmig_poll(f->fd, POLLIN, 0);
}

static const struct vmig_failing_call questions[] = {
	{ "PROBE of MIG_DEVICE_STATE", "probe", prepare_set, make_probe, NULL },
	{ "GET of MIGRATION", "get_migration", prepare_set, make_get_migration, NULL },
	{ "GET of MIG_DEVICE_STATE", "get_state", prepare_set, make_get_state, NULL },
	{ "GET of MIG_DATA_SIZE", "data_size", prepare_set, make_data_size, NULL },
	{ "GET_PRECOPY_INFO", "precopy_info", prepare_set, make_precopy_info, NULL },
	{ "poll() of the data_fd", "poll", prepare_set, make_poll, NULL },
};

/* The question that is being asked, for judge_question(). */
static const struct vmig_failing_call *question;

static bool judge_question(struct vmig_faults *f, int ret, const char *did)
{
	uint32_t state = vmig_get_state(f->dev);
	int again = question->make(f);
	bool ok;

	ok = CHECK(ROB_04, again >= 0, vmig_fmt("%s, then the same call again", did), "success",
		   "%s", vmig_errno_name(again));
	return CHECK(ST_09, state == f->from,
		     vmig_fmt("%s, which returned %s; GET", did,
			      vmig_errno_name(ret < 0 ? ret : 0)),
		     vmig_fmt("state %s, as before", vmig_state_name(f->from)), "state %s",
		     vmig_state_name(state)) &&
	       ok;
}

static void fail_questions(struct vmig_faults *f)
{
	struct vmig_failing_call c;
	size_t i;
	int ret;

	f->left = ARRAY_SIZE(questions);
	for (i = 0; i < ARRAY_SIZE(questions); i++) {
		question = &questions[i];
		/* What this device does not answer at all cannot be asked again. */
		question->prepare(f);
		ret = question->make(f);
		vmig_recover_running(f->dev);
		vmig_faults_leave(f);
		if (ret < 0)
			continue;
		c = *question;
		c.judge = judge_question;
		vmig_fail_each(f, &c);
	}
}

/* Without a bound of its own: a timer would be a system call that can fail. */
static int make_read(struct vmig_faults *f)
{
	ssize_t n;

	for (;;) {
		n = read(f->fd, f->io.data + f->done, f->io.room - f->done);
		if (n <= 0 || f->done + n >= f->io.room)
			return n < 0 ? -errno : 0;
		f->done += n;
	}
}

/* What was read before the failure and what comes after it are the whole stream, or an error. */
static bool judge_read(struct vmig_faults *f, int ret, const char *did)
{
	struct vmig_stream s = {};
	struct vmig_fault fault = {};
	int rest, load;

	vmig_stream_append(&s, f->io.data, f->done);
	rest = __vmig_stream_read(f->fd, &s, &vmig_default_chunks);
	if (!rest) {
		vmig_recover_running(f->dev);
		load = __vmig_load(f->dev, s.data, s.len, &vmig_default_chunks);
		if (load)
			fault = vmig_fault("SET(STOP) after %zu bytes: %s", s.len,
					   vmig_errno_name(load));
		else
			fault = vmig_verify_content(f->dev, &f->control);
	}
	vmig_stream_free(&s);
	return CHECK(STRM_06, !fault.found,
		     vmig_fmt("%s, which returned %s, then the rest, which is loaded", did,
			      vmig_errno_name(ret < 0 ? ret : 0)),
		     "a good stream, as read() gave it to its end", "%s", fault.why);
}

static int make_write(struct vmig_faults *f)
{
	const struct vmig_stream *s = &f->control.stream;
	ssize_t n = 0;

	while (f->done < s->len) {
		n = write(f->fd, s->data + f->done, s->len - f->done);
		if (n <= 0)
			break;
		f->done += n;
	}
	return n < 0 ? -errno : f->done < s->len ? -EIO : 0;
}

/* The rest is written; what SET(STOP) then takes for a whole stream must be one. */
static bool judge_write(struct vmig_faults *f, int ret, const char *did)
{
	const struct vmig_stream *s = &f->control.stream;
	struct vmig_fault fault = {};
	int rest, stop;

	rest = __vmig_stream_write(f->fd, s->data + f->done, s->len - f->done, &vmig_default_chunks,
				   NULL);
	stop = __vmig_set_state(f->dev, VFIO_DEVICE_STATE_STOP, NULL);
	if (!stop && rest)
		fault = vmig_fault("SET(STOP) succeeds after the rest failed with %s",
				   vmig_errno_name(rest));
	else if (!stop)
		fault = vmig_verify_content(f->dev, &f->control);
	return CHECK(STRM_07, !fault.found,
		     vmig_fmt("%s, which returned %s, then the rest of the stream and SET(STOP)",
			      did, vmig_errno_name(ret < 0 ? ret : 0)),
		     "an error, or the state that was written", "%s", fault.why);
}

static void prepare_read(struct vmig_faults *f)
{
	vmig_load(f->dev, &f->control.stream);
	f->fd = vmig_goto_state(f->dev, VFIO_DEVICE_STATE_STOP_COPY);
}

static void prepare_write(struct vmig_faults *f)
{
	f->fd = vmig_goto_state(f->dev, VFIO_DEVICE_STATE_RESUMING);
}

static void fail_streams(struct vmig_faults *f)
{
	static const struct vmig_failing_call reads = { "read() of a whole stream", "read",
							prepare_read, make_read, judge_read };
	static const struct vmig_failing_call writes = { "write() of a whole stream", "write",
							 prepare_write, make_write, judge_write };

	f->io.room = 2 * f->control.stream.len + (1 << 20);
	f->io.data = vmig_alloc(f->io.room);
	/* All of it is there, so that no page comes in the call. */
	memset(f->io.data, 0xa5, f->io.room);
	f->left = 2;
	vmig_fail_each(f, &reads);
	vmig_fail_each(f, &writes);
	vmig_stream_free(&f->io);
}

static void prepare_log(struct vmig_faults *f)
{
	vmig_recover_running(f->dev);
	__vmig_log_stop(f->dev);
}

static int make_log_start(struct vmig_faults *f)
{
	struct vfio_device_feature_dma_logging_range ranges[LOG_RANGES];
	uint64_t page_size = VMIG_PAGE;
	unsigned int i;

	for (i = 0; i < LOG_RANGES; i++)
		ranges[i] = (struct vfio_device_feature_dma_logging_range){
			.iova = i * 1024ULL * VMIG_PAGE,
			.length = LOG_BITS * VMIG_PAGE,
		};
	return __vmig_log_start(f->dev, &page_size, ranges, LOG_RANGES);
}

static void prepare_logging(struct vmig_faults *f)
{
	prepare_log(f);
	if (make_log_start(f))
		vmig_test_error("DMA_LOGGING_START failed, in which nothing had to fail");
}

static int make_log_report(struct vmig_faults *f)
{
	static uint64_t bits[LOG_BITS / 64];

	return __vmig_log_report(f->dev, 0, LOG_BITS * VMIG_PAGE, VMIG_PAGE, bits);
}

static int make_log_stop(struct vmig_faults *f)
{
	return __vmig_log_stop(f->dev);
}

/* Does REPORT fail while logging is off, as it must (LOG-12)? Else it is no evidence here. */
static bool knows_off;

/* START that failed has started nothing, so that it can be asked for again; also LOG-09. */
static bool judge_log_start(struct vmig_faults *f, int ret, const char *did)
{
	int report = make_log_report(f), again = 0;
	bool ok = true;

	if (!ret)
		return CHECK(LOG_12, !report, vmig_fmt("%s, which returned 0, then REPORT", did),
			     "success", "%s", vmig_errno_name(report));
	if (knows_off)
		ok = CHECK(
			LOG_12, report,
			vmig_fmt("%s, which returned %s, then REPORT", did, vmig_errno_name(ret)),
			"an error, as logging is off", "success");
	again = make_log_start(f);
	return CHECK(ROB_04, !again,
		     vmig_fmt("%s, which returned %s, then START again", did, vmig_errno_name(ret)),
		     "success", "%s", vmig_errno_name(again)) &&
	       ok;
}

static bool judge_log_report(struct vmig_faults *f, int ret, const char *did)
{
	int again = make_log_report(f);

	return CHECK(
		ROB_04, !again,
		vmig_fmt("%s, which returned %s, then REPORT again", did, vmig_errno_name(ret)),
		"success", "%s", vmig_errno_name(again));
}

static bool judge_log_stop(struct vmig_faults *f, int ret, const char *did)
{
	int again = make_log_stop(f), start;

	/* STOP while nothing is logged may fail (LOG-10). */
	if (ret &&
	    !CHECK(ROB_04, !again || make_log_report(f),
		   vmig_fmt("%s, which returned %s, then STOP again", did, vmig_errno_name(ret)),
		   "success, or no logging", "%s, and REPORT works", vmig_errno_name(again)))
		return false;
	start = make_log_start(f);
	return CHECK(LOG_11, !start, vmig_fmt("%s, then START", did), "success", "%s",
		     vmig_errno_name(start));
}

static void fail_logging(struct vmig_faults *f)
{
	static const struct vmig_failing_call calls[] = {
		{ "DMA_LOGGING_START", "log_start", prepare_log, make_log_start, judge_log_start },
		{ "DMA_LOGGING_REPORT", "log_report", prepare_logging, make_log_report,
		  judge_log_report },
		{ "DMA_LOGGING_STOP", "log_stop", prepare_logging, make_log_stop, judge_log_stop },
	};
	size_t i;
	int ret;

	prepare_log(f);
	knows_off = make_log_report(f);
	ret = make_log_start(f);
	if (ret) {
		vmig_note(ROB_04, "START fails by itself: %s", vmig_errno_name(ret));
		return;
	}
	f->left = ARRAY_SIZE(calls);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		vmig_fail_each(f, &calls[i]);
	__vmig_log_stop(f->dev);
}

static int make_reset(struct vmig_faults *f)
{
	return ioctl(f->dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

static bool judge_reset(struct vmig_faults *f, int ret, const char *did)
{
	uint32_t state;

	/* A reset that failed has promised nothing; the next one must work. */
	if (ret)
		ret = __vmig_reset(f->dev);
	state = vmig_get_state(f->dev);
	return CHECK(RST_01, !ret && state == VFIO_DEVICE_STATE_RUNNING,
		     vmig_fmt("%s, if it failed another RESET, and GET", did), "state RUNNING",
		     "%s, state %s", vmig_errno_name(ret), vmig_state_name(state));
}

static void fail_resets(struct vmig_faults *f)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP_COPY,
					   VFIO_DEVICE_STATE_RESUMING, VFIO_DEVICE_STATE_PRE_COPY };
	char name[64], word[64];
	struct vmig_failing_call c = { name, word, prepare_set, make_reset, judge_reset };
	size_t i;

	f->left = ARRAY_SIZE(states);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		f->from = states[i];
		if (!vmig_state_offered(f->flags, f->from))
			continue;
		snprintf(name, sizeof(name), "RESET in %s", vmig_state_name(f->from));
		snprintf(word, sizeof(word), "reset_%s", vmig_state_name(f->from));
		vmig_fail_each(f, &c);
	}
}

static int open_patiently(struct vmig_faults *f)
{
	int i, ret = -EBUSY;

	for (i = 0; ret && i < OPEN_TRIES; i++) {
		if (i)
			usleep(OPEN_PAUSE_US);
		ret = __vmig_open(f->id, f->uapi, &f->dev);
	}
	if (ret)
		f->dev = NULL;
	return ret;
}

static void must_be_open(struct vmig_faults *f)
{
	int ret = open_patiently(f);

	if (ret)
		vmig_test_error("%s cannot be opened: %s", f->id->name, vmig_errno_name(ret));
}

static void must_be_closed(struct vmig_faults *f)
{
	vmig_faults_leave(f);
	vmig_close(f->dev);
	f->dev = NULL;
}

static int make_open(struct vmig_faults *f)
{
	int ret = __vmig_open(f->id, f->uapi, &f->dev);

	if (ret)
		f->dev = NULL;
	else
		f->new_fds = f->uapi == VMIG_UAPI_GROUP ? 3 : 2;
	return ret;
}

/* A device that was opened works, and one that is closed can be opened. */
static bool judge_open(struct vmig_faults *f, int ret, const char *did)
{
	int err = f->dev ? 0 : open_patiently(f);
	const char *why;

	if (!CHECK(OPEN_03, !err,
		   vmig_fmt("%s, which returned %s, then another open", did, vmig_errno_name(ret)),
		   "success", "%s", vmig_errno_name(err)))
		return false;
	/* In which state it is then is the lifecycle chapter's business (OPEN-01). */
	err = __vmig_recover_running(f->dev);
	why = err ? vmig_fmt("the way to RUNNING: %s", vmig_errno_name(err))
		  : vmig_round_trip(f->dev);
	return CHECK(
		OPEN_03, !why,
		vmig_fmt("%s, which returned %s, where need be another open, a save and a load",
			 did, vmig_errno_name(ret)),
		"both work", "%s", why);
}

static void prepare_close(struct vmig_faults *f)
{
	must_be_closed(f);
	must_be_open(f);
	vmig_recover_running(f->dev);
	prepare_set(f);
}

/* The IOMMU's side stays: what it does in want of memory is not the driver's. */
static int make_close(struct vmig_faults *f)
{
	vmig_close_fd(f->dev);
	f->new_fds = -1;
	return 0;
}

static bool judge_close(struct vmig_faults *f, int ret, const char *did)
{
	must_be_closed(f);
	return judge_open(f, ret, did);
}

/*
 * Unbinding a device from an iommufd gives it back its own domain, which must not fail and warns
 * where it does (iommu.c, __iommu_group_set_domain_nofail()). A mediated device has none.
 */
static bool close_is_the_drivers(const struct vmig_faults *f)
{
	return f->uapi == VMIG_UAPI_GROUP || !strcmp(f->id->bus, "mdev");
}

static void fail_open_and_close(struct vmig_faults *f)
{
	static const uint32_t states[] = { VFIO_DEVICE_STATE_RUNNING, VFIO_DEVICE_STATE_STOP_COPY };
	const struct vmig_failing_call opens = { "open",
						 vmig_fmt("open_%s", vmig_uapi_name(f->uapi)),
						 must_be_closed, make_open, judge_open };
	char name[64], word[64];
	struct vmig_failing_call closes = { name, word, prepare_close, make_close, judge_close };
	size_t i;

	f->left = close_is_the_drivers(f) ? 1 + ARRAY_SIZE(states) : 1;
	vmig_fail_each(f, &opens);
	for (i = 0; close_is_the_drivers(f) && i < ARRAY_SIZE(states); i++) {
		f->from = states[i];
		snprintf(name, sizeof(name), "close in %s", vmig_state_name(f->from));
		snprintf(word, sizeof(word), "close_%s_%s", vmig_uapi_name(f->uapi),
			 vmig_state_name(f->from));
		vmig_fail_each(f, &closes);
	}
	must_be_closed(f);
}

/* Every way out of a state that the device offers, through however many arcs. */
VMIG_TEST_TIMEOUT(fail_nth_from, sets, VMIG_FAULTS_TEST_S)
{
	CLAUSES(ST_03, ST_09, FD_17, ROB_01, ROB_04, ROB_05);
	NEED_FAULTS;
	NEED_STATE(variant->state);
	NEED_THIS_WAY;
	vmig_faults_run(&self->dev, fail_sets, false, variant->state);
}

VMIG_TEST_TIMEOUT(fail_nth, questions, VMIG_FAULTS_TEST_S)
{
	bool precopy = vmig_state_offered(self->flags, VFIO_DEVICE_STATE_PRE_COPY);

	CLAUSES(ST_09, FD_17, ROB_01, ROB_04, ROB_05);
	NEED_FAULTS;
	NEED_THIS_WAY;
	vmig_faults_run(&self->dev, fail_questions, false,
			precopy ? VFIO_DEVICE_STATE_PRE_COPY : VFIO_DEVICE_STATE_STOP_COPY);
}

VMIG_TEST_TIMEOUT(fail_nth, streams, VMIG_FAULTS_TEST_S)
{
	CLAUSES(STRM_06, STRM_07, FD_17, ROB_01, ROB_04, ROB_05);
	NEED_FAULTS;
	NEED_THIS_WAY;
	vmig_faults_run(&self->dev, fail_streams, false, VFIO_DEVICE_STATE_RUNNING);
}

VMIG_TEST_TIMEOUT(fail_nth, logging, VMIG_FAULTS_TEST_S)
{
	CLAUSES(LOG_11, LOG_12, FD_17, ROB_01, ROB_04, ROB_05);
	NEED_FAULTS;
	NEED_THIS_WAY;
	NEED(!__vmig_probe(self->dev, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			   VFIO_DEVICE_FEATURE_SET),
	     "the device offers no DMA logging");
	vmig_faults_run(&self->dev, fail_logging, false, VFIO_DEVICE_STATE_RUNNING);
}

VMIG_TEST_TIMEOUT(fail_nth, resets, VMIG_FAULTS_TEST_S)
{
	CLAUSES(RST_01, FD_17, ROB_01, ROB_04, ROB_05);
	NEED_FAULTS;
	NEED_THIS_WAY;
	NEED_RESET;
	vmig_faults_run(&self->dev, fail_resets, false, VFIO_DEVICE_STATE_RUNNING);
}

VMIG_TEST_TIMEOUT(fail_nth, open_and_close, VMIG_FAULTS_TEST_S)
{
	CLAUSES(OPEN_03, FD_17, ROB_01, ROB_04, ROB_05);
	NEED_FAULTS;
	vmig_faults_run(&self->dev, fail_open_and_close, true, VFIO_DEVICE_STATE_RUNNING);
}

/* Last, as it asks for all tests of the chapter at once. */
VMIG_TEST_TIMEOUT(fail_nth_after, no_memory_is_lost, VMIG_FAULTS_TEST_S)
{
	CLAUSES(ROB_05);
	NEED_FAULTS;
	vmig_faults_memory();
}

int main(int argc, char **argv)
{
	/* Not for who only wants to know which tests there are. */
	if (argc < 2 || !strcmp(argv[1], "--device") || !strcmp(argv[1], "-r"))
		vmig_faults_begin();
	return vmig_main("fail_nth", argc, argv);
}
