// SPDX-License-Identifier: GPL-2.0-only
/* DMA: memory as a function sees it, through the page tables of its IOMMU domain. */

#include <linux/highmem.h>
#include <linux/iommu.h>

#include "fw.h"

/* A function's own card, or another one's: P2P. */
static void *window_at(struct fw_card *card, phys_addr_t phys)
{
	if (phys < card->window.start || phys > card->window.end)
		return NULL;
	return card->base + (phys - card->window.start);
}

static int rw_page(struct fw_function *f, struct iommu_domain *domain, u64 iova, void *buf,
		   size_t len, bool write)
{
	phys_addr_t phys = domain ? iommu_iova_to_phys(domain, iova) : iova;
	void *at, *window;

	if (!phys)
		return -EFAULT;
	window = window_at(f->card, phys);
	if (!window && !pfn_valid(PHYS_PFN(phys)))
		return -EFAULT;
	at = window ?: kmap_local_page(pfn_to_page(PHYS_PFN(phys))) + offset_in_page(phys);
	if (write)
		memcpy(at, buf, len);
	else
		memcpy(buf, at, len);
	if (!window)
		kunmap_local(at);
	return 0;
}

/**
 * fw_dma_rw - a function reads or writes memory
 * @f: the function
 * @dev: the same, for the IOMMU
 * @iova: address
 * @buf: where it goes, or what is written
 * @len: bytes
 * @write: to memory
 *
 * Takes no part in it without bus mastering. A page at a time with the function's lock held:
 * who takes bus mastering away, as VFIO does when a device closes, waits for that.
 *
 * Return: 0, -EPERM without bus mastering, -EFAULT where nothing is mapped
 */
int fw_dma_rw(struct fw_function *f, struct device *dev, u64 iova, void *buf, size_t len,
	      bool write)
{
	unsigned long flags;
	size_t n;
	int ret = 0;

	for (; len && !ret; iova += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(iova));
		raw_spin_lock_irqsave(&f->lock, flags);
		ret = fw_bus_master(f)
			      ? rw_page(f, iommu_get_domain_for_dev(dev), iova, buf, n, write)
			      : -EPERM;
		raw_spin_unlock_irqrestore(&f->lock, flags);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(fw_dma_rw);
