// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that the driver makes for its commands: protection domains, memory keys, pages
 * to ring doorbells in, and memory that both sides reach.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include "mlx5.h"

#define MAX_OBJECT XA_LIMIT(1, 0xffffff)

static uint mkey_kb = 4 << 20;

module_param(mkey_kb, uint, 0644);
MODULE_PARM_DESC(mkey_kb, "KiB that a memory key reaches at most, 4 GiB by default");

/**
 * hca_dma - the physical function reads or writes memory of the host
 * @hca: the card
 * @at: DMA address
 * @buf: where it goes, or what is written
 * @len: bytes
 * @write: to memory
 *
 * Return: 0, or -errno of fw_dma_rw()
 */
int hca_dma(struct hca *hca, u64 at, void *buf, size_t len, bool write)
{
	return fw_dma_rw(&hca->card->functions[0], hca->mdev.device, at, buf, len, write);
}

int mlx5_core_alloc_pd(struct mlx5_core_dev *dev, u32 *pdn)
{
	return xa_alloc(&hca_of(dev)->pds, pdn, xa_mk_value(1), MAX_OBJECT, GFP_KERNEL);
}
EXPORT_SYMBOL(mlx5_core_alloc_pd);

int mlx5_core_dealloc_pd(struct mlx5_core_dev *dev, u32 pdn)
{
	return xa_erase(&hca_of(dev)->pds, pdn) ? 0 : -EINVAL;
}
EXPORT_SYMBOL(mlx5_core_dealloc_pd);

static void mkey_release(struct kref *refs)
{
	kvfree(container_of(refs, struct mkey, refs));
}

/**
 * mkey_put - a memory key is used no more
 * @mkey: the key
 */
void mkey_put(struct mkey *mkey)
{
	kref_put(&mkey->refs, mkey_release);
}

/**
 * mkey_get - use a memory key
 * @hca: the card
 * @key: its number
 *
 * Return: the key, or NULL
 */
struct mkey *mkey_get(struct hca *hca, u32 key)
{
	struct mkey *mkey;

	xa_lock(&hca->mkeys);
	mkey = xa_load(&hca->mkeys, key >> 8);
	if (mkey)
		kref_get(&mkey->refs);
	xa_unlock(&hca->mkeys);
	return mkey;
}

/**
 * mkey_rw - read or write memory through a key
 * @hca: the card
 * @mkey: the key
 * @at: offset in it
 * @buf: where it goes, or what is written
 * @len: bytes
 * @write: to memory
 *
 * Return: 0, or -errno: -EFAULT behind the end
 */
int mkey_rw(struct hca *hca, const struct mkey *mkey, u64 at, void *buf, size_t len, bool write)
{
	u64 end = mkey->npages << PAGE_SHIFT;
	size_t n;
	int ret = 0;

	if (at > end || len > end - at)
		return -EFAULT;
	for (; len && !ret; at += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(at));
		ret = hca_dma(hca, mkey->pages[at >> PAGE_SHIFT] + offset_in_page(at), buf, n,
			      write);
	}
	return ret;
}

int mlx5_core_create_mkey(struct mlx5_core_dev *dev, u32 *mkey, u32 *in, int inlen)
{
	const void *mkc = MLX5_ADDR_OF(create_mkey_in, in, memory_key_mkey_entry);
	const __be64 *mtt = MLX5_ADDR_OF(create_mkey_in, in, klm_pas_mtt);
	u64 n = MLX5_GET64(mkc, mkc, len) >> PAGE_SHIFT, i;
	struct hca *hca = hca_of(dev);
	struct mkey *key;
	u32 index;
	int ret;

	if (MLX5_GET(mkc, mkc, log_page_size) != PAGE_SHIFT ||
	    !xa_load(&hca->pds, MLX5_GET(mkc, mkc, pd)) ||
	    n * sizeof(*mtt) > inlen - MLX5_ST_SZ_BYTES(create_mkey_in))
		return -EINVAL;
	if (n > (u64)READ_ONCE(mkey_kb) << 10 >> PAGE_SHIFT)
		return -ENOMEM;
	key = kvmalloc(struct_size(key, pages, n), GFP_KERNEL);
	if (!key)
		return -ENOMEM;
	kref_init(&key->refs);
	key->npages = n;
	for (i = 0; i < n; i++)
		key->pages[i] = be64_to_cpu(mtt[i]);
	ret = xa_alloc(&hca->mkeys, &index, key, MAX_OBJECT, GFP_KERNEL);
	if (ret) {
		kvfree(key);
		return ret;
	}
	*mkey = index << 8;
	return 0;
}
EXPORT_SYMBOL(mlx5_core_create_mkey);

int mlx5_core_destroy_mkey(struct mlx5_core_dev *dev, u32 mkey)
{
	struct mkey *key = xa_erase(&hca_of(dev)->mkeys, mkey >> 8);

	if (!key)
		return -EINVAL;
	mkey_put(key);
	return 0;
}
EXPORT_SYMBOL(mlx5_core_destroy_mkey);

static void free_uar(struct mlx5_uars_page *up)
{
	free_page((unsigned long)(void __force *)up->map);
	kfree(up);
}

struct mlx5_uars_page *mlx5_get_uars_page(struct mlx5_core_dev *mdev)
{
	struct mlx5_uars_page *up = kzalloc(sizeof(*up), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!up)
		return ERR_PTR(-ENOMEM);
	up->map = (void __iomem __force *)get_zeroed_page(GFP_KERNEL);
	if (up->map)
		ret = xa_alloc(&hca_of(mdev)->uars, &up->index, up, MAX_OBJECT, GFP_KERNEL);
	if (!ret)
		return up;
	free_uar(up);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL(mlx5_get_uars_page);

void mlx5_put_uars_page(struct mlx5_core_dev *mdev, struct mlx5_uars_page *up)
{
	xa_erase(&hca_of(mdev)->uars, up->index);
	free_uar(up);
}
EXPORT_SYMBOL(mlx5_put_uars_page);

int mlx5_db_alloc_node(struct mlx5_core_dev *dev, struct mlx5_db *db, int node)
{
	db->db = dma_alloc_coherent(dev->device, PAGE_SIZE, &db->dma, GFP_KERNEL);
	return db->db ? 0 : -ENOMEM;
}
EXPORT_SYMBOL(mlx5_db_alloc_node);

void mlx5_db_free(struct mlx5_core_dev *dev, struct mlx5_db *db)
{
	dma_free_coherent(dev->device, PAGE_SIZE, db->db, db->dma);
}
EXPORT_SYMBOL(mlx5_db_free);

void mlx5_frag_buf_free(struct mlx5_core_dev *dev, struct mlx5_frag_buf *buf)
{
	int i;

	for (i = 0; i < buf->npages; i++)
		dma_free_coherent(dev->device, PAGE_SIZE, buf->frags[i].buf, buf->frags[i].map);
	kvfree(buf->frags);
}
EXPORT_SYMBOL_GPL(mlx5_frag_buf_free);

int mlx5_frag_buf_alloc_node(struct mlx5_core_dev *dev, int size, struct mlx5_frag_buf *buf,
			     int node)
{
	int n = DIV_ROUND_UP(size, PAGE_SIZE);
	struct mlx5_buf_list *frag;

	buf->size = size;
	buf->page_shift = PAGE_SHIFT;
	buf->npages = 0;
	buf->frags = kvcalloc(n, sizeof(*buf->frags), GFP_KERNEL);
	if (!buf->frags)
		return -ENOMEM;
	for (; buf->npages < n; buf->npages++) {
		frag = &buf->frags[buf->npages];
		frag->buf = dma_alloc_coherent(dev->device, PAGE_SIZE, &frag->map, GFP_KERNEL);
		if (!frag->buf) {
			mlx5_frag_buf_free(dev, buf);
			return -ENOMEM;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(mlx5_frag_buf_alloc_node);

void mlx5_fill_page_frag_array(struct mlx5_frag_buf *buf, __be64 *pas)
{
	int i;

	for (i = 0; i < buf->npages; i++)
		pas[i] = cpu_to_be64(buf->frags[i].map);
}
EXPORT_SYMBOL_GPL(mlx5_fill_page_frag_array);

/**
 * objects_free - what the driver has left behind
 * @hca: the card, whose virtual functions are gone
 */
void objects_free(struct hca *hca)
{
	struct mkey *key;
	unsigned long i, keys = 0, pds = 0;
	void *pd;

	xa_for_each(&hca->mkeys, i, key) {
		mkey_put(xa_erase(&hca->mkeys, i));
		keys++;
	}
	xa_for_each(&hca->pds, i, pd) {
		xa_erase(&hca->pds, i);
		pds++;
	}
	if (keys || pds)
		pr_warn("vfio_mig_fw_mlx5: the driver left %lu mkeys and %lu PDs behind\n", keys,
			pds);
}
