// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page tracker: which pages has a function written? An object that is asked to report
 * a range sends messages with the addresses of the dirty pages there, which are then clean;
 * the last message says that it is the last.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include "mlx5.h"

#define STATE_SHIFT 28
#define FIELDS_OF_REPORT 0x3
#define ONE_KIND_OF_TRACKING 1

/* As mlx5_ifc_page_track_report_entry_bits. */
struct entry {
	__be32 high;
	__be32 low;
};

struct span {
	u64 start;
	u64 last;
};

/**
 * struct tracker - an object of type PAGE_TRACK
 * @v: the function that is tracked
 * @id: of the object
 * @qpn: the queue pair that messages are sent through
 * @page_shift: log2 of a page
 * @message: bytes of the largest message
 * @state: MLX5_PAGE_TRACK_STATE_*
 * @dirty: by number of the page
 * @report: sends what @range has
 * @range: what was asked for last
 * @nr_ranges: of @ranges
 * @ranges: what is tracked
 */
struct tracker {
	struct vhca *v;
	u32 id;
	u32 qpn;
	u8 page_shift;
	u32 message;
	u32 state;
	struct xarray dirty;
	struct work_struct report;
	struct span range;
	u32 nr_ranges;
	struct span ranges[];
};

/* The driver subscribes to all events, and looks at the object's number. */
static void tell_change(struct tracker *t)
{
	struct mlx5_eqe eqe = { .type = MLX5_EVENT_TYPE_OBJECT_CHANGE };

	eqe.data.obj_change.obj_type = cpu_to_be16(MLX5_OBJ_TYPE_PAGE_TRACK);
	eqe.data.obj_change.obj_id = cpu_to_be32(t->id);
	atomic_notifier_call_chain(&t->v->hca->events, eqe.type, &eqe);
}

static void fail(struct tracker *t)
{
	WRITE_ONCE(t->state, MLX5_PAGE_TRACK_STATE_ERROR);
	tell_change(t);
}

/* The next dirty pages of the range, as many as a message has room for; they are clean then. */
static u32 take(struct tracker *t, struct entry *entries)
{
	unsigned long page = t->range.start >> t->page_shift, last = t->range.last >> t->page_shift;
	u32 n = 0, max = t->message / sizeof(*entries);
	u64 start, end;
	void *is;

	xa_for_each_range(&t->dirty, page, is, page, last) {
		if (n == max)
			break;
		start = (u64)page << t->page_shift;
		end = start + (1ULL << t->page_shift) - 1;
		/* Of a page that lies in the range by half, the rest stays dirty. */
		if (start >= t->range.start && end <= t->range.last)
			xa_erase(&t->dirty, page);
		start = max(start, t->range.start);
		entries[n].high = cpu_to_be32(upper_32_bits(start));
		entries[n++].low = cpu_to_be32(lower_32_bits(start));
	}
	/* So that pages which stay dirty are not met again. */
	t->range.start = n == max ? min((u64)page << t->page_shift, t->range.last) : t->range.last;
	return n;
}

static bool is_more(struct tracker *t, u32 taken)
{
	unsigned long page = t->range.start >> t->page_shift;

	return taken == t->message / sizeof(struct entry) &&
	       xa_find(&t->dirty, &page, t->range.last >> t->page_shift, XA_PRESENT);
}

/* Nothing is wrong with saying the same twice. */
static u32 fill(struct tracker *t, struct entry *entries, u32 n)
{
	u32 max = t->message / sizeof(*entries);

	if (!mlx5_fw_track_full || !n)
		return n;
	for (; n < max; n++)
		entries[n] = entries[n - 1];
	return n;
}

static void report(struct work_struct *work)
{
	struct tracker *t = container_of(work, struct tracker, report);
	struct hca *hca = t->v->hca;
	struct entry *entries = kvmalloc(t->message, GFP_KERNEL);
	u32 remote = queue_remote(hca, t->qpn), n, state;
	int ret = entries && remote ? 0 : -EIO;
	bool more = true;

	while (!ret && more) {
		n = take(t, entries);
		more = is_more(t, n);
		n = fill(t, entries, n);
		state = more ? MLX5_PAGE_TRACK_STATE_REPORTING : MLX5_PAGE_TRACK_STATE_TRACKING;
		ret = fw_fault("track_report");
		if (!ret && !more)
			cmpxchg(&t->state, MLX5_PAGE_TRACK_STATE_REPORTING, state);
		if (!ret)
			ret = queue_send(hca, remote, entries, n * sizeof(*entries),
					 state << STATE_SHIFT);
	}
	if (ret)
		fail(t);
	kvfree(entries);
}

static bool is_tracked(const struct tracker *t, u64 at)
{
	u32 i;

	for (i = 0; i < t->nr_ranges; i++)
		if (at >= t->ranges[i].start && at <= t->ranges[i].last)
			return true;
	return false;
}

/**
 * track_wrote - a function has written by DMA
 * @vf: the function
 * @iova: where
 * @len: bytes
 */
void track_wrote(struct fw_vf *vf, u64 iova, size_t len)
{
	struct hca *hca = vf->card->priv;
	struct vhca *v = &hca->vhcas[vf->id];
	struct tracker *t;
	u64 page, at;

	spin_lock(&v->track_lock);
	t = v->tracker;
	for (page = t ? iova >> t->page_shift : 1; t && page <= (iova + len - 1) >> t->page_shift;
	     page++) {
		at = max(iova, page << t->page_shift);
		if (is_tracked(t, at) &&
		    xa_err(xa_store(&t->dirty, page, xa_mk_value(1), GFP_ATOMIC)))
			fail(t);
	}
	spin_unlock(&v->track_lock);
}

static struct tracker *parse(struct hca *hca, const void *in, int inlen)
{
	const void *c = MLX5_ADDR_OF(create_page_track_obj_in, in, obj_context), *r;
	u32 n = MLX5_GET(page_track, c, num_ranges), i;
	struct tracker *t;

	if (inlen < MLX5_ST_SZ_BYTES(create_page_track_obj_in) +
			    n * MLX5_ST_SZ_BYTES(page_track_range) ||
	    MLX5_GET(page_track, c, track_type) != ONE_KIND_OF_TRACKING ||
	    !queue_remote(hca, MLX5_GET(page_track, c, reporting_qpn)))
		return NULL;
	t = kvzalloc(struct_size(t, ranges, n), GFP_KERNEL);
	if (!t)
		return NULL;
	t->v = hca_vhca(hca, MLX5_GET(page_track, c, vhca_id));
	t->qpn = MLX5_GET(page_track, c, reporting_qpn);
	t->page_shift = MLX5_GET(page_track, c, log_page_size);
	t->message = 1U << MLX5_GET(page_track, c, log_msg_size);
	t->nr_ranges = n;
	r = MLX5_ADDR_OF(page_track, c, track_range);
	for (i = 0; i < n; i++, r += MLX5_ST_SZ_BYTES(page_track_range)) {
		t->ranges[i].start = MLX5_GET64(page_track_range, r, start_address);
		t->ranges[i].last =
			t->ranges[i].start + MLX5_GET64(page_track_range, r, length) - 1;
	}
	return t;
}

/* What the capabilities promise. */
static bool within_caps(struct hca *hca, const struct tracker *t)
{
	const void *cap = hca->caps[2].cur;

	return t->nr_ranges &&
	       t->nr_ranges <= MLX5_GET(adv_virtualization_cap, cap, pg_track_max_num_range) &&
	       t->page_shift >= MLX5_GET(adv_virtualization_cap, cap, pg_track_log_min_page_size) &&
	       t->page_shift <= MLX5_GET(adv_virtualization_cap, cap, pg_track_log_max_page_size) &&
	       t->message >> MLX5_GET(adv_virtualization_cap, cap, pg_track_log_min_msg_size) &&
	       t->message <= 1U << MLX5_GET(adv_virtualization_cap, cap, pg_track_log_max_msg_size);
}

/**
 * track_create - CREATE_GENERAL_OBJECT of a page tracker
 * @hca: the card
 * @in: the command
 * @inlen: bytes of it
 * @out: its answer
 * @error: set where it has none
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 track_create(struct hca *hca, const void *in, int inlen, void *out, int *error)
{
	u8 status = command_fault("track_start", error);
	struct tracker *t;
	bool taken;

	if (status)
		return status;
	t = parse(hca, in, inlen);
	if (!t || !t->v || !within_caps(hca, t)) {
		kvfree(t);
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	}
	xa_init(&t->dirty);
	INIT_WORK(&t->report, report);
	t->state = MLX5_PAGE_TRACK_STATE_TRACKING;
	if (xa_alloc(&hca->trackers, &t->id, t, XA_LIMIT(1, 0xffff), GFP_KERNEL)) {
		kvfree(t);
		return MLX5_CMD_STAT_NO_RES_ERR;
	}
	spin_lock(&t->v->track_lock);
	taken = t->v->tracker;
	if (!taken)
		t->v->tracker = t;
	spin_unlock(&t->v->track_lock);
	if (taken) {
		xa_erase(&hca->trackers, t->id);
		kvfree(t);
		return MLX5_CMD_STAT_LIM_ERR;
	}
	MLX5_SET(general_obj_out_cmd_hdr, out, obj_id, t->id);
	return MLX5_CMD_STAT_OK;
}

/**
 * track_modify - MODIFY_GENERAL_OBJECT: report a range
 * @hca: the card
 * @in: the command
 * @error: set where it has no answer
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 track_modify(struct hca *hca, const void *in, int *error)
{
	const void *c = MLX5_ADDR_OF(modify_page_track_obj_in, in, obj_context);
	struct tracker *t = xa_load(&hca->trackers, MLX5_GET(general_obj_in_cmd_hdr, in, obj_id));
	u8 status = command_fault("track_modify", error);
	u64 length = MLX5_GET64(page_track, c, length);

	if (status)
		return status;
	if (!t)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	if (MLX5_GET64(page_track, c, modify_field_select) != FIELDS_OF_REPORT ||
	    MLX5_GET(page_track, c, state) != MLX5_PAGE_TRACK_STATE_REPORTING || !length)
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	if (cmpxchg(&t->state, MLX5_PAGE_TRACK_STATE_TRACKING, MLX5_PAGE_TRACK_STATE_REPORTING) !=
	    MLX5_PAGE_TRACK_STATE_TRACKING)
		return MLX5_CMD_STAT_BAD_RES_STATE_ERR;
	t->range.start = MLX5_GET64(page_track, c, range_start_address);
	t->range.last = t->range.start + length - 1;
	queue_work(hca->wq, &t->report);
	return MLX5_CMD_STAT_OK;
}

/**
 * track_query - QUERY_GENERAL_OBJECT of a page tracker
 * @hca: the card
 * @in: the command
 * @out: its answer
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 track_query(struct hca *hca, const void *in, void *out)
{
	struct tracker *t = xa_load(&hca->trackers, MLX5_GET(general_obj_in_cmd_hdr, in, obj_id));

	if (!t)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	MLX5_SET(page_track, MLX5_ADDR_OF(query_page_track_obj_out, out, obj_context), state,
		 READ_ONCE(t->state));
	return MLX5_CMD_STAT_OK;
}

/**
 * track_destroy - DESTROY_GENERAL_OBJECT of a page tracker
 * @hca: the card
 * @id: of the object
 * @error: set where the command has no answer
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 track_destroy(struct hca *hca, u32 id, int *error)
{
	u8 status = command_fault("track_stop", error);
	struct tracker *t = xa_erase(&hca->trackers, id);

	if (!t)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	spin_lock(&t->v->track_lock);
	t->v->tracker = NULL;
	spin_unlock(&t->v->track_lock);
	cancel_work_sync(&t->report);
	xa_destroy(&t->dirty);
	kvfree(t);
	return status;
}

/**
 * track_fail_all - something is wrong with the trackers
 * @hca: the card
 */
void track_fail_all(struct hca *hca)
{
	struct tracker *t;
	unsigned long i;

	xa_for_each(&hca->trackers, i, t)
		fail(t);
}
