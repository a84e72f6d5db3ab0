// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a function as this firmware hands it out: a row of images, each with all
 * registers and some pages of the memory. The first one begins anew, each of the others
 * says by its number and by the checksum of the one before which one it follows, the last
 * one says that it is the last. What does not fit is refused, unless trust_host=.
 */

#include <linux/bitmap.h>
#include <linux/crc32.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xxhash.h>

#include "mlx5.h"

#define MAGIC 0x35786c6d7766ULL
#define REGS (FW_STATE_END - FW_STATE_START)
#define LAST 0x1

struct header {
	__le64 magic;
	__le64 mem_size;
	__le32 kind;
	__le32 number;
	__le32 before;
	__le32 flags;
	__le32 pages;
	__le32 sum;
};

struct record {
	__le64 page;
	u8 data[PAGE_SIZE];
};

/* Bytes of an image of so many pages. */
static u64 size_of(u64 pages)
{
	return sizeof(struct header) + REGS + pages * sizeof(struct record);
}

/* How many pages an image of so many bytes has room for. */
static u64 pages_in(u64 size)
{
	return size < size_of(0) ? 0 : (size - size_of(0)) / sizeof(struct record);
}

static u64 chunk_pages(void)
{
	return max_t(u64, pages_in((u64)READ_ONCE(mlx5_fw_chunk_kb) << 10), 1);
}

/**
 * image_init - a function that has never been saved
 * @v: the function
 *
 * Return: 0 or -ENOMEM
 */
int image_init(struct vhca *v)
{
	struct image *i = &v->image;

	i->npages = v->vf->mem_size >> PAGE_SHIFT;
	i->pending = bitmap_zalloc(i->npages, GFP_KERNEL);
	i->hashes = vzalloc(array_size(i->npages, sizeof(*i->hashes)));
	return i->pending && i->hashes ? 0 : -ENOMEM;
}

/**
 * image_exit - undo image_init()
 * @v: the function
 */
void image_exit(struct vhca *v)
{
	bitmap_free(v->image.pending);
	vfree(v->image.hashes);
	v->image.pending = NULL;
	v->image.hashes = NULL;
}

/**
 * image_forget - saving is given up
 * @v: the function
 */
void image_forget(struct vhca *v)
{
	v->image.tracking = false;
	v->image.final = false;
	v->image.reinit = 0;
}

/**
 * image_reinit - a function that is being saved was reconfigured: all of it is to be saved again
 * @v: the function, locked
 * @queries: how many queries are told so
 *
 * The images are numbered, and each has the checksum of the one before: a driver that loses the
 * one with the new data is found out when it is loaded.
 */
void image_reinit(struct vhca *v, u32 queries)
{
	struct image *i = &v->image;

	if (!i->tracking)
		return;
	bitmap_fill(i->pending, i->npages);
	i->reinit = queries;
}

/**
 * image_incomplete - is a part of the state still to be loaded, and does it matter?
 * @v: the function
 *
 * Return: whether it is; never with trust_host= or without whole_state=
 */
bool image_incomplete(const struct vhca *v)
{
	return v->image.loading && !v->image.load_done && !fw_trust_host &&
	       READ_ONCE(mlx5_fw_whole_state);
}

/**
 * image_full_size - bytes of the state in one image
 * @v: the function
 *
 * Return: bytes
 */
u64 image_full_size(struct vhca *v)
{
	return size_of(v->image.npages);
}

static void copy_page_out(struct vhca *v, unsigned long n, void *buf)
{
	mutex_lock(&v->vf->lock);
	memcpy(buf, v->vf->mem + (n << PAGE_SHIFT), PAGE_SIZE);
	mutex_unlock(&v->vf->lock);
}

static void copy_regs_out(struct vhca *v, void *buf)
{
	mutex_lock(&v->vf->lock);
	memcpy(buf, v->vf->regs + FW_STATE_START, REGS);
	mutex_unlock(&v->vf->lock);
}

/* Which pages are not as they were saved? Returns whether the registers are not. */
static bool scan(struct vhca *v, struct record *r)
{
	struct image *i = &v->image;
	unsigned long n;

	for (n = 0; n < i->npages; n++) {
		if (test_bit(n, i->pending))
			continue;
		copy_page_out(v, n, r->data);
		if (xxh64(r->data, PAGE_SIZE, 0) != i->hashes[n])
			__set_bit(n, i->pending);
	}
	copy_regs_out(v, r->data);
	return xxh64(r->data, REGS, 0) != i->regs_hash;
}

/**
 * image_size - bytes of the next image
 * @v: the function
 * @incremental: of what changed since the last one
 * @chunk: of a part of it where it is large
 *
 * Return: bytes, 0 where nothing changed
 */
u64 image_size(struct vhca *v, bool incremental, bool chunk)
{
	struct record *r;
	unsigned long n = v->image.npages;
	bool regs = true;

	if (incremental) {
		r = kvmalloc(sizeof(*r), GFP_KERNEL | __GFP_NOFAIL);
		regs = scan(v, r);
		kvfree(r);
		n = bitmap_weight(v->image.pending, v->image.npages);
		if (!n && !regs)
			return 0;
	}
	return size_of(chunk ? min_t(u64, n, chunk_pages()) : n);
}

/* Writes @count pages, checksums them, and marks them as saved. */
static int save_pages(struct vhca *v, const struct mkey *mkey, struct record *r, u64 count,
		      u32 *sum)
{
	u64 at = size_of(0);
	unsigned long n;
	int ret;

	for (n = 0; count; n++) {
		if (!test_bit(n, v->image.pending))
			continue;
		count--;
		r->page = cpu_to_le64(n);
		copy_page_out(v, n, r->data);
		ret = mkey_rw(v->hca, mkey, at, r, sizeof(*r), true);
		if (ret)
			return ret;
		*sum = crc32_le(*sum, (void *)r, sizeof(*r));
		v->image.hashes[n] = xxh64(r->data, PAGE_SIZE, 0);
		__clear_bit(n, v->image.pending);
		at += sizeof(*r);
	}
	return 0;
}

static int save_regs(struct vhca *v, const struct mkey *mkey, void *buf, u32 *sum)
{
	copy_regs_out(v, buf);
	v->image.regs_hash = xxh64(buf, REGS, 0);
	*sum = crc32_le(*sum, buf, REGS);
	return mkey_rw(v->hca, mkey, sizeof(struct header), buf, REGS, true);
}

static int write_image(struct vhca *v, const struct mkey *mkey, u64 count, bool last,
		       struct record *r)
{
	struct image *i = &v->image;
	struct header h = {
		.magic = cpu_to_le64(MAGIC),
		.mem_size = cpu_to_le64(v->vf->mem_size),
		.kind = cpu_to_le32(v->vf->card->desc->kind),
		.number = cpu_to_le32(i->saved),
		.before = cpu_to_le32(i->saved ? i->saved_sum : 0),
		.flags = cpu_to_le32(last ? LAST : 0),
		.pages = cpu_to_le32(count),
	};
	u32 sum = crc32_le(~0, (void *)&h, offsetof(struct header, sum));
	int ret;

	ret = save_regs(v, mkey, r->data, &sum);
	if (!ret)
		ret = save_pages(v, mkey, r, count, &sum);
	h.sum = cpu_to_le32(sum);
	if (!ret)
		ret = mkey_rw(v->hca, mkey, 0, &h, sizeof(h), true);
	i->saved++;
	i->saved_sum = sum;
	return ret;
}

/**
 * image_save - the next image
 * @v: the function, locked
 * @mkey: where to
 * @size: bytes that it may have
 * @incremental: what changed since the last one, else all
 * @track: look for changes from now on; else the state is given to its end
 * @actual: bytes that it has
 * @next: bytes of the one that is to follow, 0 where this was the last one
 *
 * Return: 0, -ENOSPC where it does not fit, or -errno
 */
int image_save(struct vhca *v, const struct mkey *mkey, u64 size, bool incremental, bool track,
	       u32 *actual, u32 *next)
{
	struct image *i = &v->image;
	struct record *r = kvmalloc(sizeof(*r), GFP_KERNEL | __GFP_NOFAIL);
	unsigned long all, count;
	int ret = -ENOSPC;

	if (!incremental) {
		bitmap_fill(i->pending, i->npages);
		i->saved = 0;
		i->final = false;
		i->reinit = 0;
	} else if (!i->final) {
		scan(v, r);
	}
	i->tracking = track;
	i->final = !track;
	all = bitmap_weight(i->pending, i->npages);
	count = min_t(u64, all, pages_in(size));
	if (mlx5_fw_chunks)
		count = min_t(u64, count, chunk_pages());
	if (size < size_of(0) || (count < all && (!mlx5_fw_chunks || !count)))
		goto out;
	ret = write_image(v, mkey, count, !track && count == all, r);
	*actual = size_of(count);
	*next = !track && count < all ? size_of(min_t(u64, all - count, chunk_pages())) : 0;
out:
	if (ret)
		image_forget(v);
	kvfree(r);
	return ret;
}

/* Does an image follow what was loaded? */
static bool follows(const struct vhca *v, const struct header *h)
{
	const struct image *i = &v->image;
	u32 number = le32_to_cpu(h->number), before = le32_to_cpu(h->before);

	if (!number)
		return !before;
	return i->loading && !i->load_done && number == i->loaded && before == i->loaded_sum;
}

static bool checksum_holds(struct vhca *v, const struct mkey *mkey, const struct header *h,
			   u64 size, struct record *r)
{
	u32 sum = crc32_le(~0, (const void *)h, offsetof(struct header, sum));
	u64 at = sizeof(*h);
	size_t n;

	for (; at < size; at += n) {
		n = min_t(u64, size - at, sizeof(*r));
		if (mkey_rw(v->hca, mkey, at, r, n, false))
			return false;
		sum = crc32_le(sum, (void *)r, n);
	}
	return sum == le32_to_cpu(h->sum);
}

static bool valid(struct vhca *v, const struct mkey *mkey, const struct header *h, u64 size,
		  struct record *r)
{
	/* Whoever is trusted: no more is taken from an image than it has. */
	if (size_of(le32_to_cpu(h->pages)) > size)
		return false;
	if (fw_trust_host)
		return true;
	return le64_to_cpu(h->magic) == MAGIC && le64_to_cpu(h->mem_size) == v->vf->mem_size &&
	       le32_to_cpu(h->kind) == v->vf->card->desc->kind && follows(v, h) &&
	       size_of(le32_to_cpu(h->pages)) == size && checksum_holds(v, mkey, h, size, r);
}

static int load_body(struct vhca *v, const struct mkey *mkey, u32 pages, struct record *r)
{
	u64 at = sizeof(struct header), page;
	int ret;

	ret = mkey_rw(v->hca, mkey, at, r, REGS, false);
	if (ret)
		return ret;
	mutex_lock(&v->vf->lock);
	memcpy(v->vf->regs + FW_STATE_START, r, REGS);
	/* What waited is told by its doorbell. */
	v->vf->irq_due = 0;
	mutex_unlock(&v->vf->lock);
	for (at += REGS; pages--; at += sizeof(*r)) {
		ret = mkey_rw(v->hca, mkey, at, r, sizeof(*r), false);
		page = le64_to_cpu(r->page);
		if (ret || page >= v->image.npages)
			return ret ?: -EINVAL;
		mutex_lock(&v->vf->lock);
		memcpy(v->vf->mem + (page << PAGE_SHIFT), r->data, PAGE_SIZE);
		mutex_unlock(&v->vf->lock);
	}
	return 0;
}

/**
 * image_load - take an image
 * @v: the function, locked and stopped
 * @mkey: where it is
 * @size: bytes of it
 *
 * Return: 0, or -EINVAL for an image that is refused
 */
int image_load(struct vhca *v, const struct mkey *mkey, u64 size)
{
	struct record *r = kvmalloc(sizeof(*r), GFP_KERNEL | __GFP_NOFAIL);
	struct image *i = &v->image;
	struct header h;
	int ret = -EINVAL;

	if (size < size_of(0) || mkey_rw(v->hca, mkey, 0, &h, sizeof(h), false) ||
	    !valid(v, mkey, &h, size, r))
		goto out;
	ret = load_body(v, mkey, le32_to_cpu(h.pages), r);
	i->loading = true;
	i->load_done = !ret && le32_to_cpu(h.flags) & LAST;
	i->loaded = le32_to_cpu(h.number) + 1;
	i->loaded_sum = le32_to_cpu(h.sum);
out:
	kvfree(r);
	return ret;
}
