// SPDX-License-Identifier: GPL-2.0-only
/*
 * RES, ROB: streams of other versions. A machine is moved to a host with a newer driver or
 * firmware when those are rolled out, and back when that went wrong. What the older version
 * saved has to be understood or refused; to take it for something else is the one thing
 * that nobody notices in time.
 *
 * Streams of before come from VMIG_STREAMS_DIR, in which each version that is tested leaves
 * one (streamfile.h); a device whose exerciser can make it an older one makes its own.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <lzma.h>

#include <vmig/stream_identity.h>
#include "keep_awake.h"
#include "version_check.h"
#include "fixture_resume.h"
#include "fixture_exercise.h"

#define SEED 0xc0a1

/* What is kept for the next runs, and what is loaded; a longer stream takes too long. */
#define KEEP_MAX (4 * MIB)
#define LOAD_MAX (256 * MIB)

/* Files of a directory that are tried. */
#define FILES_MAX 256

FIXTURE(compat)
{
	VMIG_FIXTURE_DATA;
	VMIG_WORK_DATA;
	struct vmig_stream good;
};

FIXTURE_VARIANT(compat)
{
	VMIG_VARIANT_DATA;
};

VMIG_VARIANTS_UAPIS(compat);

FIXTURE_SETUP(compat)
{
	VMIG_WORK_SETUP(true);
	vmig_save(self->dev, &self->good);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
}

FIXTURE_TEARDOWN(compat)
{
	vmig_restore_state(self->dev, &self->good);
	vmig_stream_free(&self->good);
	vmig_exercise_memory_end(&self->w, &self->mem);
	VMIG_TEARDOWN();
}

static const char *outcome_name(enum vmig_compat_outcome outcome)
{
	static const char *const names[] = { "accepted", "refused cleanly", "broken" };

	return names[outcome];
}

static bool can_tell(const struct vmig_exercise *w)
{
	return w->ops->set_pattern && w->ops->check_pattern;
}

/* The stream of a file; false with a note if it is not one for this device. */
static bool read_stream(const char *path, const struct vmig_streamfile *here,
			struct vmig_streamfile *f, struct vmig_stream *s)
{
	char why[400];
	int fd, ret;

	fd = vmig_streamfile_open(path, f, why, sizeof(why));
	if (fd < 0 || !vmig_streamfile_fits(f, here, why, sizeof(why))) {
		vmig_note(RES_12, "%s was not loaded: %s", path, why);
	} else if (f->length > LOAD_MAX) {
		vmig_note(RES_12, "%s was not loaded: its %llu bytes take too long", path,
			  (unsigned long long)f->length);
	} else {
		ret = __vmig_stream_read(fd, s, &vmig_default_chunks);
		if (ret || s->len != f->length)
			vmig_test_error("%s cannot be read: %s", path,
					vmig_errno_name(ret ?: -EIO));
		close(fd);
		return true;
	}
	if (fd >= 0)
		close(fd);
	return false;
}

/* Load one file, and count the outcome. */
static void try_file(struct vmig_exercise *w, const char *dir, const char *name,
		     const struct vmig_streamfile *here, const struct vmig_stream *good,
		     unsigned int count[3])
{
	enum vmig_compat_outcome outcome;
	struct vmig_version_case c = { .name = name };
	struct vmig_streamfile f;
	const char *what;
	char origin[512], path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!read_stream(path, here, &f, &c.stream))
		return;
	c.same = vmig_streamfile_same_version(&f, here);
	c.seed = can_tell(w) ? f.seed : 0;
	outcome = vmig_compat_judge(w, &c, good, &what);
	count[outcome]++;
	vmig_streamfile_origin(&f, origin, sizeof(origin));
	vmig_note(RES_12, "%s (%.180s)%s: %s%s%s%s", c.name, origin, c.same ? ", this version" : "",
		  outcome_name(outcome), what ? ": " : "", what ?: "",
		  !outcome && !c.seed
			  ? "; nobody can tell whether the state is the one that was saved"
			  : "");
	vmig_stream_free(&c.stream);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The stream files of a directory, in the order of their names. Returns their number. */
static unsigned int list_files(const char *dir, char *names[FILES_MAX])
{
	unsigned int count = 0;
	struct dirent *e;
	DIR *d = opendir(dir);
	size_t len;

	while (d && count < FILES_MAX && (e = readdir(d))) {
		len = strlen(e->d_name);
		if (len > 4 && !strcmp(e->d_name + len - 4, ".vms"))
			names[count++] = strdup(e->d_name);
	}
	if (d)
		closedir(d);
	qsort(names, count, sizeof(names[0]), by_name);
	return count;
}

/* Is there one of this very version, for the next runs? */
static bool has_own(const char *dir, char *const names[], unsigned int count,
		    const struct vmig_streamfile *here)
{
	struct vmig_streamfile f;
	char why[400], path[PATH_MAX];
	unsigned int i;
	int fd;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		fd = vmig_streamfile_open(path, &f, why, sizeof(why));
		if (fd < 0)
			continue;
		close(fd);
		if (vmig_streamfile_fits(&f, here, why, sizeof(why)) &&
		    vmig_streamfile_same_version(&f, here))
			return true;
	}
	return false;
}

/* What makes a version, as a part of a file's name. */
static const char *version_name(const struct vmig_streamfile *here)
{
	static char name[200];
	char *p;

	snprintf(name, sizeof(name), "%.24s-%.24s-%.40s", here->kind,
		 here->srcversion[0] ? here->srcversion : here->kernel,
		 here->firmware[0] ? here->firmware : "0");
	for (p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
			    *p))
			*p = '-';
	return name;
}

/* Leave a stream of this version, with a pattern in it where there can be one. */
static void keep_own(struct vmig_exercise *w, const char *dir, struct vmig_streamfile here)
{
	struct vmig_stream s = {};
	char why[200], path[PATH_MAX];
	int fd;

	here.seed = can_tell(w) ? SEED : 0;
	if (here.seed)
		vmig_set_pattern(w, here.seed);
	vmig_save(w->dev, &s);
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	snprintf(path, sizeof(path), "%s/%s.vms", dir, version_name(&here));
	fd = s.len <= KEEP_MAX ? vmig_streamfile_create(path, why, sizeof(why)) : -1;
	if (fd >= 0) {
		here.flags = vmig_get_migration(w->dev);
		here.length = s.len;
		here.checksum = lzma_crc64(s.data, s.len, 0);
		if (__vmig_stream_write(fd, s.data, s.len, &vmig_default_chunks, NULL))
			vmig_streamfile_abandon(fd, path);
		else
			vmig_streamfile_finish(fd, path, &here, why, sizeof(why));
	}
	vmig_stream_free(&s);
}

/* What this driver and those before it have left. */
VMIG_TEST_TIMEOUT(compat, kept_streams, 2 * MINUTES)
{
	const char *dir = getenv("VMIG_STREAMS_DIR");
	unsigned int count[3] = {}, n, i;
	struct vmig_streamfile here;
	char *names[FILES_MAX];
	struct vmig_awake awake;

	CLAUSES(VMIG_COMPAT_CLAUSES);
	NEED(dir && *dir, "VMIG_STREAMS_DIR names no directory of streams");
	NEED_RESET;
	NEED_BYTES(1);
	vmig_streamfile_describe(&self->dev->id, &here);
	vmig_awake_begin(&awake);
	n = list_files(dir, names);
	if (!has_own(dir, names, n, &here)) {
		keep_own(&self->w, dir, here);
		n = list_files(dir, names);
	}
	for (i = 0; i < n; i++)
		try_file(&self->w, dir, names[i], &here, &self->good, count);
	vmig_awake_end(&awake);
	NEED(count[0] + count[1] + count[2],
	     "no stream of such a device is there, nor can be kept");
	vmig_metric("compat_accepted", count[VMIG_COMPAT_ACCEPTED], "streams");
	vmig_metric("compat_refused", count[VMIG_COMPAT_REFUSED], "streams");
	vmig_metric("compat_broken", count[VMIG_COMPAT_BROKEN], "streams");
}

/* One device, first of one version and then of another. */
static void check_pair(struct vmig_exercise *w, bool from_older, const struct vmig_stream *good)
{
	struct vmig_version_case c = {
		.name = from_older ? "a stream of the version before"
				   : "a stream of the next version",
		.seed = can_tell(w) ? SEED : 0,
	};
	enum vmig_compat_outcome outcome;
	const char *what;

	if (c.seed)
		vmig_set_pattern(w, c.seed);
	w->ops->older(w, from_older);
	vmig_save(w->dev, &c.stream);
	vmig_goto_state(w->dev, VFIO_DEVICE_STATE_RUNNING);
	w->ops->older(w, !from_older);
	outcome = vmig_compat_judge(w, &c, good, &what);
	vmig_note(RES_12, "%s: %s%s%s", c.name, outcome_name(outcome), what ? ": " : "",
		  what ?: "");
	w->ops->older(w, false);
	vmig_stream_free(&c.stream);
}

#define NEED_OLDER                                                                                 \
	NEED(self->w.ops->older && !self->w.ops->older(&self->w, false),                           \
	     "no exerciser can make this device one of an older version")

VMIG_TEST_TIMEOUT(compat, older_to_newer, MINUTES)
{
	CLAUSES(VMIG_COMPAT_CLAUSES);
	NEED_OLDER;
	NEED_RESET;
	check_pair(&self->w, true, &self->good);
}

/* The way back. What the older one is given after it is a stream of its own. */
VMIG_TEST_TIMEOUT(compat, newer_to_older, MINUTES)
{
	struct vmig_stream own = {};

	CLAUSES(VMIG_COMPAT_CLAUSES);
	NEED_OLDER;
	NEED_RESET;
	self->w.ops->older(&self->w, true);
	vmig_save(self->dev, &own);
	vmig_goto_state(self->dev, VFIO_DEVICE_STATE_RUNNING);
	check_pair(&self->w, false, &own);
	vmig_stream_free(&own);
}

VMIG_MAIN("compat")
