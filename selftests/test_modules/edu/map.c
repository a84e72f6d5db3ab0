// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's own places in the user's address space: a page through which the buffer is
 * moved, and a window to a peer's registers, which user space cannot map. Both are put there
 * behind the back of the container or IOAS; user space leaves their addresses free.
 */
#include <linux/iommu.h>

#include "edu.h"

/**
 * edu_page_iova() - where the driver's page is
 * @edu: device
 *
 * Each device has places of its own, as several may share an address space.
 *
 * Return: IOVA.
 */
u64 edu_page_iova(struct edu_device *edu)
{
	return EDU_RESERVED_IOVA + edu->slot * 2 * PAGE_SIZE;
}

/**
 * edu_window_iova() - where the window is
 * @edu: device
 *
 * Return: IOVA.
 */
u64 edu_window_iova(struct edu_device *edu)
{
	return edu_page_iova(edu) + PAGE_SIZE;
}

static int edu_map(struct edu_device *edu, u64 iova, phys_addr_t phys, int prot,
		   struct iommu_domain **where)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&edu->core.pdev->dev);
	int ret;

	/* Opened and not attached to anything: no DMA is possible. */
	if (edu->detached || !domain || !(domain->type & __IOMMU_DOMAIN_PAGING))
		return -ENODEV;
	if (iommu_iova_to_phys(domain, iova))
		return -EADDRINUSE;
	ret = iommu_map(domain, iova, phys, PAGE_SIZE, prot, GFP_KERNEL);
	if (!ret)
		*where = domain;
	return ret;
}

static void edu_unmap(struct iommu_domain **where, u64 iova)
{
	if (*where)
		iommu_unmap(*where, iova, PAGE_SIZE);
	*where = NULL;
}

/**
 * edu_map_page() - let the device reach the driver's page
 * @edu: device
 *
 * Return: 0; -ENODEV if it has no address space, -EADDRINUSE if user space took the address.
 */
int edu_map_page(struct edu_device *edu)
{
	return edu_map(edu, edu_page_iova(edu), page_to_phys(edu->page), IOMMU_READ | IOMMU_WRITE,
		       &edu->page_domain);
}

/**
 * edu_unmap_page() - and no longer
 * @edu: device
 */
void edu_unmap_page(struct edu_device *edu)
{
	edu_unmap(&edu->page_domain, edu_page_iova(edu));
}

/**
 * edu_window_allows() - may a command touch this?
 * @edu: device
 * @iova: where
 * @len: bytes
 *
 * Return: whether it is EDU_LIVE of the peer.
 */
bool edu_window_allows(struct edu_device *edu, u64 iova, u64 len)
{
	return edu->peer && iova == edu_window_iova(edu) + EDU_LIVE && len == sizeof(u32);
}

/**
 * edu_open_window() - let the device reach the registers of a peer
 * @edu: device, locked, with no window and no transfer under way: see edu_wait_idle()
 * @peer: the other one; it stays until edu_close_window()
 * @handle: as it was written to EDU_WINDOW_PEER
 *
 * Return: 0; -ENODEV if it has no address space, -EADDRINUSE if user space took the address.
 */
int edu_open_window(struct edu_device *edu, struct edu_device *peer, u32 handle)
{
	int ret;

	lockdep_assert_held(&edu->lock);
	lockdep_assert(edu->phase == EDU_IDLE);
	ret = edu_map(edu, edu_window_iova(edu), pci_resource_start(peer->core.pdev, 0),
		      IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO, &edu->window_domain);
	if (ret)
		return ret;
	edu->peer = peer;
	edu->peer_handle = handle;
	return 0;
}

/**
 * edu_close_window() - forget the peer
 * @edu: device, locked, with no transfer under way, or one that edu_wait_idle() gave up
 */
void edu_close_window(struct edu_device *edu)
{
	lockdep_assert_held(&edu->lock);
	edu_unmap(&edu->window_domain, edu_window_iova(edu));
	edu->peer = NULL;
	edu->peer_handle = EDU_NO_PEER;
}
