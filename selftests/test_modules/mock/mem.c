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

static void make_template(void)
{
	u64 x = 0x76666d6967ULL;
	size_t i;

	if (template[1])
		return;
	for (i = 0; i < ARRAY_SIZE(template); i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		template[i] = x ^ x >> 29;
	}
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

static bool is_unwritten(u64 index, const void *page)
{
	return *(u64 *)page == first_word(index) &&
	       !memcmp(page + sizeof(u64), template + 1, PAGE_SIZE - sizeof(u64));
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
