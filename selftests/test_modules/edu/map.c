// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's own places in the user's address space: a page through which the buffer is
 * moved, and a window to a peer's registers, which user space cannot map. Both are put there
 * behind the back of the container or IOAS; user space leaves their addresses free.
 */
#include <linux/iommu.h>

#include "edu.h"

/* Devices that user space has; taken before edu_device.lock. */
static DEFINE_MUTEX(edu_open_lock);
static LIST_HEAD(edu_open_list);

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
 * edu_close_window() - forget the peer
 * @edu: device, with no transfer under way
 */
void edu_close_window(struct edu_device *edu)
{
	edu_unmap(&edu->window_domain, edu_window_iova(edu));
	edu->peer = NULL;
	edu->peer_handle = EDU_NO_PEER;
}

static u32 edu_handle(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

/* Another open device; NULL if there is none of this handle. */
static struct edu_device *edu_find_peer(struct edu_device *edu, u32 handle)
{
	struct edu_device *peer;

	list_for_each_entry(peer, &edu_open_list, entry)
		if (peer != edu && edu_handle(peer->core.pdev) == handle)
			return peer;
	return NULL;
}

/**
 * edu_set_peer() - open or close the window
 * @edu: device, unlocked
 * @handle: as written to EDU_WINDOW_PEER
 */
void edu_set_peer(struct edu_device *edu, u32 handle)
{
	struct edu_device *peer;

	mutex_lock(&edu_open_lock);
	mutex_lock(&edu->lock);
	/* Commands that wait may want the window that is open. */
	if (edu_wait_idle(edu, true))
		goto out;
	edu_close_window(edu);
	peer = edu_find_peer(edu, handle);
	if (!peer || edu_map(edu, edu_window_iova(edu), pci_resource_start(peer->core.pdev, 0),
			     IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO, &edu->window_domain))
		goto out;
	edu->peer = peer;
	edu->peer_handle = handle;
out:
	edu_unlock(edu);
	mutex_unlock(&edu_open_lock);
}

/**
 * edu_peers_add() - @edu can be a peer from now on
 * @edu: device
 */
void edu_peers_add(struct edu_device *edu)
{
	mutex_lock(&edu_open_lock);
	list_add(&edu->entry, &edu_open_list);
	mutex_unlock(&edu_open_lock);
}

/**
 * edu_peers_del() - and no longer: windows to it are closed, transfers through them end before
 * @edu: device
 */
void edu_peers_del(struct edu_device *edu)
{
	struct edu_device *other;

	mutex_lock(&edu_open_lock);
	list_del_init(&edu->entry);
	list_for_each_entry(other, &edu_open_list, entry) {
		mutex_lock(&other->lock);
		if (other->peer == edu) {
			edu_wait_idle(other, true);
			if (other->peer == edu)
				edu_close_window(other);
		}
		edu_unlock(other);
	}
	mutex_unlock(&edu_open_lock);
}
