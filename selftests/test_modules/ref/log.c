// SPDX-License-Identifier: GPL-2.0-only
/* DMA logging: which pages the device has written since START or the last REPORT. */

#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/version.h>

#include "internal.h"

#define LOG_PAGE 0x1000ULL
#define LOG_PFN(iova) ((iova) >> 12)
/* Granule of log_big_pages_lost. */
#define LOG_COARSE 0x10000ULL
/* What log_sets_too_much makes of a page. */
#define LOG_TOO_MUCH (16 * LOG_PAGE)
/* log_few_ranges takes so many. */
#define LOG_FEW 16

static bool in_ranges(const struct ref_log *log, u64 iova)
{
	u32 i;

	for (i = 0; i < log->nr_ranges; i++)
		if (iova >= log->ranges[i].first && iova <= log->ranges[i].last)
			return true;
	return false;
}

static void log_end(struct ref_log *log)
{
	log->on = false;
	log->all = false;
	xa_destroy(&log->pages);
	kfree(log->ranges);
	log->ranges = NULL;
	log->nr_ranges = 0;
}

/**
 * ref_log_end - stop logging and forget
 * @ref: the device
 */
void ref_log_end(struct ref_device *ref)
{
	mutex_lock(&ref->log.lock);
	log_end(&ref->log);
	mutex_unlock(&ref->log.lock);
}

/* Under which number is this page kept? */
static u64 page_of(const struct ref_log *log, u64 pfn)
{
	if (log->granule == LOG_PFN(SZ_2M))
		return rounddown(pfn, log->granule);
	return pfn & ~log->coarse;
}

/* The pages that a device tells of which it cannot tell from those that were written. */
static u64 widen(const struct ref_log *log, u64 first, u64 *last)
{
	u64 granule = log->granule ?: 1;

	*last = min(roundup(*last + 1 + log->beside, granule) - 1, LOG_PFN(U64_MAX));
	return rounddown(first - min(first, log->beside), granule);
}

/* Does a defect leave this DMA write out? */
static bool not_told(struct ref_device *ref, u64 first, u64 last)
{
	const struct ref_log *log = &ref->log;
	u32 i;

	if (ref_defect(ref, REF_DEFECT_log_high_lost))
		return first >> 41;
	if (!ref_defect(ref, REF_DEFECT_log_border_lost))
		return false;
	for (i = 0; i < log->nr_ranges; i++)
		if (first >= log->ranges[i].first && last <= log->ranges[i].last)
			return false;
	return true;
}

/**
 * ref_log_write - the device has written to memory
 * @ref: the device
 * @iova: where
 * @len: bytes
 *
 * To be called before SET returns that waited for the write. May sleep.
 */
void ref_log_write(struct ref_device *ref, u64 iova, u64 len)
{
	struct ref_log *log = &ref->log;
	u64 pfn, last;

	if (!len || ref_loaded_defect(ref, REF_DEFECT_load_ends_log))
		return;
	last = LOG_PFN(iova + len - 1);
	if (ref_defect(ref, REF_DEFECT_log_last_page_lost))
		last--;
	mutex_lock(&log->lock);
	pfn = widen(log, LOG_PFN(iova), &last);
	if (not_told(ref, iova, iova + len - 1))
		last = pfn - 1;
	for (; log->on && pfn != last + 1; pfn++) {
		if (!in_ranges(log, pfn * LOG_PAGE))
			continue;
		/* Without memory to keep one page all are dirty: none must be lost (H:1353). */
		if (xa_err(xa_store(&log->pages, page_of(log, pfn), xa_mk_value(1), GFP_KERNEL)))
			log->all = true;
	}
	mutex_unlock(&log->lock);
}
EXPORT_SYMBOL_GPL(ref_log_write);

static int copy_ranges(struct ref_device *ref, struct rb_root_cached *tree, u32 count)
{
	struct ref_log *log = &ref->log;
	struct interval_tree_node *node;

	log->ranges = kcalloc(count, sizeof(*log->ranges), GFP_KERNEL_ACCOUNT);
	if (!log->ranges)
		return -ENOMEM;
	for (node = interval_tree_iter_first(tree, 0, ULONG_MAX); node && log->nr_ranges < count;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		if (node->last >> ref->iova_bits)
			return -EOPNOTSUPP;
		log->ranges[log->nr_ranges].first = node->start;
		log->ranges[log->nr_ranges++].last = node->last;
		if (ref_defect(ref, REF_DEFECT_log_first_range_only))
			break;
	}
	if (log->nr_ranges && ref->ops->reaches &&
	    ref_defect(ref, REF_DEFECT_log_mapped_late_lost) &&
	    !ref->ops->reaches(ref, log->ranges[log->nr_ranges - 1].last))
		log->nr_ranges--;
	if (log->nr_ranges && ref_freedom(ref, REF_FREEDOM_log_ranges_combined)) {
		log->ranges[0].last = log->ranges[log->nr_ranges - 1].last;
		log->nr_ranges = 1;
	}
	return 0;
}

static int ref_log_start(struct vfio_device *vdev, struct rb_root_cached *ranges, u32 nnodes,
			 u64 *page_size)
{
	struct ref_device *ref = ref_of(vdev);
	struct ref_log *log = &ref->log;
	bool on = READ_ONCE(log->on);
	int ret = -EINVAL;

	if (!on && ref_defect(ref, REF_DEFECT_racing_starts))
		usleep_range(3000, 4000);
	if (ref_defect(ref, REF_DEFECT_log_page_size_warns))
		WARN_ON(!is_power_of_2(*page_size));
	mutex_lock(&log->lock);
	if (ref->defect.log_broken)
		goto out;
	if (!ref_defect(ref, REF_DEFECT_racing_starts))
		on = log->on;
	if (on && !ref_defect(ref, REF_DEFECT_log_start_twice)) {
		if (ref_freedom(ref, REF_FREEDOM_log_errnos))
			ret = -EBUSY;
		goto out;
	}
	if (ref->defect.log_interrupted && ref_defect(ref, REF_DEFECT_log_no_start_under_report))
		goto out;
	if (nnodes > LOG_FEW && ref_defect(ref, REF_DEFECT_log_few_ranges))
		goto out;
	log_end(log);
	if (ref_defect(ref, REF_DEFECT_log_pages_leaked))
		ref_lose(ref, PAGE_SIZE);
	ret = copy_ranges(ref, ranges, nnodes);
	if (ret && !(ret == -EOPNOTSUPP && ref_defect(ref, REF_DEFECT_log_failed_start_on)) &&
	    !(ret == -ENOMEM && ref_defect(ref, REF_DEFECT_no_memory_log_stays_on)))
		log_end(log);
	else
		log->on = true;
	if (!is_power_of_2(*page_size) && ref_defect(ref, REF_DEFECT_log_odd_size_lost))
		log->nr_ranges = 0;
	log->coarse = 0;
	if (*page_size >= LOG_COARSE && ref_defect(ref, REF_DEFECT_log_big_pages_lost))
		log->coarse = LOG_PFN(LOG_COARSE) - 1;
	/* The granule of the device; what was asked for is a hint (H:1355). */
	*page_size = log->coarse ? LOG_COARSE : LOG_PAGE;
	log->granule = 0;
	if (ref_freedom(ref, REF_FREEDOM_log_pages_64k))
		log->granule = LOG_PFN(SZ_64K);
	if (ref_freedom(ref, REF_FREEDOM_log_pages_2m))
		log->granule = LOG_PFN(SZ_2M);
	if (log->granule)
		*page_size = log->granule * LOG_PAGE;
	log->beside = ref_freedom(ref, REF_FREEDOM_log_neighbours);
	log->untold = ref_freedom(ref, REF_FREEDOM_log_first_full);
	if (ref_defect(ref, REF_DEFECT_log_page_size_zero))
		*page_size = 0;
out:
	mutex_unlock(&log->lock);
	return ret;
}

static int ref_log_stop(struct vfio_device *vdev)
{
	struct ref_device *ref = ref_of(vdev);
	struct ref_log *log = &ref->log;

	if (mutex_is_locked(&log->lock))
		ref->defect.log_interrupted = true;
	mutex_lock(&log->lock);
	if (!log->on && ref_defect(ref, REF_DEFECT_log_stop_without_start_breaks))
		ref->defect.log_broken = true;
	if (!ref_defect(ref, REF_DEFECT_log_stop_ignored))
		log_end(log);
	mutex_unlock(&log->lock);
	return 0;
}

static bool outside(const struct ref_log *log, u64 first, u64 last)
{
	u32 i;

	for (i = 0; i < log->nr_ranges; i++)
		if (first <= log->ranges[i].last && last >= log->ranges[i].first)
			return false;
	return true;
}

/* Does a defect refuse this part of a range? */
static bool refused(struct ref_device *ref, u64 first, u64 last)
{
	const struct ref_log *log = &ref->log;
	u32 i;

	if (!ref_defect(ref, REF_DEFECT_log_part_refused))
		return false;
	for (i = 0; i < log->nr_ranges; i++)
		if (last == log->ranges[i].last && LOG_PFN(first - log->ranges[i].first) % 64)
			return true;
	return false;
}

/* Does a defect pass over this page? */
static bool passed_over(struct ref_device *ref, u64 start, u64 pfn)
{
	return ref_defect(ref, REF_DEFECT_log_leading_pages_lost) &&
	       pfn < ALIGN(LOG_PFN(start), 64);
}

/*
 * The same where the log has large pages only: a bit for each small page of them. One that was
 * reported in part stays, as the rest of it must not be lost.
 */
static void report_large(struct ref_log *log, u64 first, u64 last, u64 iova,
			 struct iova_bitmap *dirty)
{
	unsigned long pfn;
	void *entry;
	bool rest;
	u64 p;

	xa_for_each_range(&log->pages, pfn, entry, rounddown(first, log->granule), last) {
		rest = false;
		for (p = pfn; p < pfn + log->granule; p++) {
			if (!in_ranges(log, p * LOG_PAGE))
				continue;
			if (p >= first && p <= last)
				iova_bitmap_set(dirty, max(p * LOG_PAGE, iova), 1);
			else
				rest = true;
		}
		if (!rest)
			xa_erase(&log->pages, pfn);
	}
}

/* A defect: by now the device may have written to some of them again. */
static void clear_late(struct ref_log *log, u64 first, u64 last)
{
	unsigned long pfn;
	void *entry;

	mutex_unlock(&log->lock);
	usleep_range(500, 1000);
	mutex_lock(&log->lock);
	xa_for_each_range(&log->pages, pfn, entry, first, last)
		xa_erase(&log->pages, pfn);
}

static int ref_log_report(struct vfio_device *vdev, unsigned long iova, unsigned long length,
			  struct iova_bitmap *dirty)
{
	struct ref_device *ref = ref_of(vdev);
	struct ref_log *log = &ref->log;
	u64 last = iova + length - 1;
	unsigned long pfn, set = 1;
	bool late, part;
	int ret = 0;
	void *entry;

	ret = ref_hang(REF_HANG_REPORT);
	if (ret)
		return ret;
	if (ref_freedom(ref, REF_FREEDOM_log_slow))
		fsleep(20000);
	mutex_lock(&log->lock);
	/* Time for a STOP. */
	if (ref_defect(ref, REF_DEFECT_log_no_start_under_report))
		usleep_range(500, 1000);
	/* The order of a close and of a SET is the other one. */
	if (ref_defect(ref, REF_DEFECT_log_lock_order)) {
		mutex_lock(&ref->state_mutex);
		mutex_unlock(&ref->state_mutex);
	}
	if (!log->on) {
		ret = ref_defect(ref, REF_DEFECT_log_report_without_start) ? 0 : -EINVAL;
		if (ret && ref_freedom(ref, REF_FREEDOM_log_errnos))
			ret = -ENODATA;
		goto out;
	}
	if (refused(ref, iova, last)) {
		ret = -EINVAL;
		goto out;
	}
	if (outside(log, iova, last)) {
		if (ref_defect(ref, REF_DEFECT_log_outside_all_dirty))
			iova_bitmap_set(dirty, iova, length);
		if (ref_freedom(ref, REF_FREEDOM_log_outside_refused))
			ret = -ERANGE;
		goto out;
	}
	if (length && (log->all || log->untold))
		iova_bitmap_set(dirty, iova, length);
	log->untold = false;
	if (ref_freedom(ref, REF_FREEDOM_log_pages_2m)) {
		report_large(log, LOG_PFN(iova), LOG_PFN(last), iova, dirty);
		goto out;
	}
	if (ref_defect(ref, REF_DEFECT_log_sets_too_much))
		set = LOG_TOO_MUCH;
	late = ref_defect(ref, REF_DEFECT_log_report_clears_late);
	part = iova % LOG_PAGE && ref_defect(ref, REF_DEFECT_log_part_of_page_lost);
	xa_for_each_range(&log->pages, pfn, entry, LOG_PFN(iova), LOG_PFN(last)) {
		if (!part && !passed_over(ref, iova, pfn))
			iova_bitmap_set(dirty, max_t(u64, pfn * LOG_PAGE, iova), set);
		if (!late && !ref_defect(ref, REF_DEFECT_log_not_cleared))
			xa_erase(&log->pages, pfn);
	}
	if (xa_load(&log->pages, LOG_PFN(last) + 1) &&
	    ref_defect(ref, REF_DEFECT_log_tells_next_page))
		iova_bitmap_set(dirty, LOG_PFN(last) * LOG_PAGE, 2 * LOG_PAGE);
	if (late)
		clear_late(log, LOG_PFN(iova), LOG_PFN(last));
	if (ref_defect(ref, REF_DEFECT_log_clears_all))
		xa_destroy(&log->pages);
out:
	mutex_unlock(&log->lock);
	return ret;
}

const struct vfio_log_ops ref_log_ops = {
	.log_start = ref_log_start,
	.log_stop = ref_log_stop,
	.log_read_and_clear = ref_log_report,
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS(IOMMUFD);
#else
MODULE_IMPORT_NS("IOMMUFD");
#endif
