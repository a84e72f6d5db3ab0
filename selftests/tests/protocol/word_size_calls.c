// SPDX-License-Identifier: GPL-2.0-only
/* One of each migration call. Built for both word sizes: see word_size_calls.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmig/feature.h>
#include <vmig/dma_logging.h>
#include <vmig/stream.h>
#include <vmig/fsm.h>
#include "word_size_calls.h"

static struct vmig_call_answer *list;
static int count;

static void note(const char *what, int ret, unsigned long long value)
{
	struct vmig_call_answer *c = &list[count];

	if (count == VMIG_CALL_ANSWERS_MAX)
		return;
	snprintf(c->what, sizeof(c->what), "%s", what);
	c->ret = ret;
	c->value = value;
	count++;
}

static int set(struct vmig_device *dev, uint32_t state)
{
	char what[40];
	int fd = -1, ret;

	ret = __vmig_set_state(dev, state, &fd);
	snprintf(what, sizeof(what), "SET(%s)", vmig_state_name(state));
	note(what, ret, fd >= 0);
	return fd;
}

static void save_and_load(struct vmig_device *dev, uint64_t flags)
{
	struct vfio_precopy_info info;
	struct vmig_stream s = {};
	int fd, ret;

	if (flags & VFIO_MIGRATION_PRE_COPY) {
		fd = set(dev, VFIO_DEVICE_STATE_PRE_COPY);
		note("VFIO_MIG_GET_PRECOPY_INFO", __vmig_precopy_info(fd, &info), 0);
		set(dev, VFIO_DEVICE_STATE_STOP_COPY);
	} else {
		fd = set(dev, VFIO_DEVICE_STATE_STOP_COPY);
	}
	ret = __vmig_stream_read(fd, &s, &vmig_default_chunks);
	note("read() to the end", ret, s.len > 0);
	set(dev, VFIO_DEVICE_STATE_STOP);
	close(fd);

	fd = set(dev, VFIO_DEVICE_STATE_RESUMING);
	note("write()", __vmig_stream_write(fd, s.data, s.len, &vmig_default_chunks, NULL), 0);
	set(dev, VFIO_DEVICE_STATE_RUNNING);
	close(fd);
	vmig_stream_free(&s);
}

/**
 * vmig_compat_calls - make the calls
 * @device_fd: an open device in RUNNING; left in RUNNING
 * @answers: VMIG_CALL_ANSWERS_MAX of them
 *
 * Return: how many calls were made.
 */
int vmig_compat_calls(int device_fd, struct vmig_call_answer *answers)
{
	struct vfio_device_feature_dma_logging_range range = { .length = 1 << 20 };
	struct vmig_device dev = { .fd = device_fd };
	uint64_t flags = 0, size, page_size = 4096, bitmap[8] = {};
	uint32_t state = 0;
	int ret;

	list = answers;
	count = 0;
	memset(answers, 0, VMIG_CALL_ANSWERS_MAX * sizeof(*answers));
	ret = __vmig_get_migration(&dev, &flags);
	note("GET MIGRATION", ret, flags);
	if (ret)
		return count;
	ret = __vmig_get_state(&dev, &state);
	note("GET MIG_DEVICE_STATE", ret, state);
	note("GET MIG_DATA_SIZE", __vmig_get_data_size(&dev, &size), 0);
	note("SET(4294967295)", __vmig_set_state(&dev, UINT32_MAX, NULL), 0);
	note("unknown feature", __vmig_probe(&dev, VMIG_FEATURE_UNKNOWN, 0), 0);
	ret = __vmig_log_start(&dev, &page_size, &range, 1);
	note("DMA_LOGGING_START", ret, ret ? 0 : page_size);
	ret = __vmig_log_report(&dev, 0, range.length, 4096, bitmap);
	note("DMA_LOGGING_REPORT", ret, 0);
	note("DMA_LOGGING_STOP", __vmig_log_stop(&dev), 0);
	save_and_load(&dev, flags);
	return count;
}
