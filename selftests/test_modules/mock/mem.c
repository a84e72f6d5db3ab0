// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of the device. What BAR 2 shows is real pages, which can be mapped. The rest,
 * which can be many GiB, has a content that is made when it is read, and a page of its own
 * only where something else was written.
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mock.h"

/* What a page that was never written holds, but for its first word. */
static u64 template[PAGE_SIZE / sizeof(u64)];

/* The checksum of such a page, but for that word. */
static u64 template_sum;

static void make_template(void)
{
	u64 x = 0x76666d6967ULL;
	size_t i;

	BUILD_BUG_ON(REF_PIECE != PAGE_SIZE);

	if (template[1])
		return;
	for (i = 0; i < ARRAY_SIZE(template); i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		template[i] = x ^ x >> 29;
	}
	template_sum = ref_piece_begin((u8 *)template, PAGE_SIZE);
}

static u64 first_word(u64 index)
{
	return (index + 1) * 0x9e3779b97f4a7c15ULL;
}

/**
 * mock_mem_init - memory with its content after power-on
 * @m: the device
 *
 * Return: 0, or -ENOMEM
 */
int mock_mem_init(struct mock *m)
{
	size_t i;

	mutex_init(&m->mem_lock);
	xa_init(&m->far);
	make_template();
	for (i = 0; i < MOCK_BASE_PAGES; i++) {
		m->base[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!m->base[i])
			return -ENOMEM;
	}
	return 0;
}

static void free_far(struct mock *m)
{
	unsigned long index;
	void *page;

	xa_for_each(&m->far, index, page) {
		xa_erase(&m->far, index);
		free_page((unsigned long)page);
	}
}

/**
 * mock_mem_destroy - undo mock_mem_init(), also where it failed half way
 * @m: the device
 */
void mock_mem_destroy(struct mock *m)
{
	size_t i;

	free_far(m);
	for (i = 0; i < MOCK_BASE_PAGES; i++)
		if (m->base[i])
			__free_page(m->base[i]);
}

/**
 * mock_mem_reset - the content after power-on
 * @m: the device
 */
void mock_mem_reset(struct mock *m)
{
	size_t i;

	mutex_lock(&m->mem_lock);
	free_far(m);
	for (i = 0; i < MOCK_BASE_PAGES; i++)
		clear_page(page_address(m->base[i]));
	mutex_unlock(&m->mem_lock);
}

/* The page at an index, or NULL if it was never written. */
static void *page_at(struct mock *m, u64 index)
{
	if (index < MOCK_BASE_PAGES)
		return page_address(m->base[index]);
	return xa_load(&m->far, index);
}

static bool page_there(struct mock *m, u64 at)
{
	bool there;

	mutex_lock(&m->mem_lock);
	there = page_at(m, at >> PAGE_SHIFT);
	mutex_unlock(&m->mem_lock);
	return there;
}

static void read_part(struct mock *m, u64 index, size_t from, void *buf, size_t len)
{
	u64 first = first_word(index);
	void *page = page_at(m, index);
	size_t n;

	if (page) {
		memcpy(buf, page + from, len);
		return;
	}
	memcpy(buf, (u8 *)template + from, len);
	if (from >= sizeof(first))
		return;
	n = min(len, sizeof(first) - from);
	memcpy(buf, (u8 *)&first + from, n);
}

/* Eight words a step: with a branch for each, as memcmp() has it, a load would take twice as long.
 */
static bool is_unwritten(u64 index, const void *page)
{
	const u64 *a = page, *b = template;
	u64 differ;
	size_t i;

	if (a[0] != first_word(index))
		return false;
	differ = (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) | (a[5] ^ b[5]) |
		 (a[6] ^ b[6]) | (a[7] ^ b[7]);
	for (i = 8; i < ARRAY_SIZE(template) && !differ; i += 8)
		differ = (a[i] ^ b[i]) | (a[i + 1] ^ b[i + 1]) | (a[i + 2] ^ b[i + 2]) |
			 (a[i + 3] ^ b[i + 3]) | (a[i + 4] ^ b[i + 4]) | (a[i + 5] ^ b[i + 5]) |
			 (a[i + 6] ^ b[i + 6]) | (a[i + 7] ^ b[i + 7]);
	return !differ;
}

static int write_part(struct mock *m, u64 index, size_t from, const void *buf, size_t len)
{
	void *page = page_at(m, index);
	int ret;

	if (!page) {
		if (len == PAGE_SIZE && is_unwritten(index, buf))
			return 0;
		page = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
		if (!page)
			return -ENOMEM;
		read_part(m, index, 0, page, PAGE_SIZE);
		ret = xa_err(xa_store(&m->far, index, page, GFP_KERNEL_ACCOUNT));
		if (ret) {
			free_page((unsigned long)page);
			return ret;
		}
	}
	memcpy(page + from, buf, len);
	return 0;
}

static bool in_memory(const struct mock *m, u64 at, size_t len)
{
	return at <= m->ref.mem_size && len <= m->ref.mem_size - at;
}

/**
 * mock_mem_read - read the memory
 * @m: the device
 * @at: address in the device
 * @buf: where to
 * @len: bytes
 *
 * Return: 0, or -EINVAL outside the memory
 */
int mock_mem_read(struct mock *m, u64 at, void *buf, size_t len)
{
	size_t n;

	if (!in_memory(m, at, len))
		return -EINVAL;
	mutex_lock(&m->mem_lock);
	for (; len; at += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(at));
		read_part(m, at >> PAGE_SHIFT, offset_in_page(at), buf, n);
	}
	mutex_unlock(&m->mem_lock);
	return 0;
}

/**
 * mock_mem_write - write the memory
 * @m: the device
 * @at: address in the device
 * @buf: the bytes
 * @len: their number
 *
 * Return: 0, -EINVAL outside the memory, -ENOMEM
 */
int mock_mem_write(struct mock *m, u64 at, const void *buf, size_t len)
{
	u64 first = at;
	size_t n, all = len;
	int ret = 0;

	if (!in_memory(m, at, len))
		return -EINVAL;
	mutex_lock(&m->mem_lock);
	for (; len && !ret; at += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(at));
		ret = write_part(m, at >> PAGE_SHIFT, offset_in_page(at), buf, n);
	}
	mutex_unlock(&m->mem_lock);
	ref_dirty(&m->ref, first, all);
	return ret;
}

static u64 unwritten_sum(u64 index)
{
	u64 first = first_word(index);

	return ref_sum_add(template_sum, (u8 *)&first, sizeof(first));
}

static void save_page(struct mock *m, u64 index, struct ref_pieces *p, size_t i)
{
	u64 first = first_word(index);
	u8 *to = p->data + i * PAGE_SIZE;

	if (page_at(m, index)) {
		read_part(m, index, 0, to, PAGE_SIZE);
		p->sum[i] = ref_piece_sum(to, PAGE_SIZE);
		p->known &= ~BIT(i);
		return;
	}
	/* Of a page that was never written either, all but the first word is there already. */
	if (!(p->known & BIT(i)))
		memcpy(to, template, PAGE_SIZE);
	memcpy(to, &first, sizeof(first));
	p->sum[i] = unwritten_sum(index);
	p->known |= BIT(i);
}

/**
 * mock_mem_save - read whole pages of the memory, and sum them up
 * @m: the device
 * @at: address in the device, of a page
 * @p: where to; known: which pages of it hold what a page has that was never written
 * @len: bytes, whole pages
 *
 * What was never written is neither copied nor summed up more than once: a device with many
 * GiB would else be slower than its reader.
 *
 * Return: 0, or -EINVAL outside the memory
 */
int mock_mem_save(struct mock *m, u64 at, struct ref_pieces *p, size_t len)
{
	size_t i;

	if (!in_memory(m, at, len) || !PAGE_ALIGNED(at | len) || len > REF_RECORD_MAX)
		return -EINVAL;
	mutex_lock(&m->mem_lock);
	for (i = 0; i < len >> PAGE_SHIFT; i++)
		save_page(m, (at >> PAGE_SHIFT) + i, p, i);
	mutex_unlock(&m->mem_lock);
	return 0;
}

/**
 * mock_mem_look - sum up data that came for the memory
 * @p: the data; known: which pages of it hold what is there if nobody writes
 * @at: address in the device
 * @len: bytes
 */
void mock_mem_look(struct ref_pieces *p, u64 at, size_t len)
{
	size_t i, n;

	p->known = 0;
	for (i = 0; i * PAGE_SIZE < len; i++) {
		const u8 *data = p->data + i * PAGE_SIZE;
		u64 index = (at >> PAGE_SHIFT) + i;

		n = min_t(size_t, len - i * PAGE_SIZE, PAGE_SIZE);
		if (n == PAGE_SIZE && PAGE_ALIGNED(at) && is_unwritten(index, data)) {
			p->sum[i] = unwritten_sum(index);
			p->known |= BIT(i);
		} else {
			p->sum[i] = ref_piece_sum(data, n);
		}
	}
}

/**
 * mock_mem_load - write data that was looked at to the memory
 * @m: the device
 * @at: address in the device
 * @p: the data, after mock_mem_look() of it
 * @len: bytes
 *
 * Return: as mock_mem_write()
 */
int mock_mem_load(struct mock *m, u64 at, const struct ref_pieces *p, size_t len)
{
	size_t i, n;
	int ret = 0;

	for (i = 0; i * PAGE_SIZE < len && !ret; i++) {
		n = min_t(size_t, len - i * PAGE_SIZE, PAGE_SIZE);
		if (p->known & BIT(i) && !page_there(m, at + i * PAGE_SIZE))
			continue;
		ret = mock_mem_write(m, at + i * PAGE_SIZE, p->data + i * PAGE_SIZE, n);
	}
	return ret;
}
