// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: which devices user space has, and who of them has a window to whom. A window is
 * closed and moved when no transfer is under way that may want it.
 */
#include "edu.h"

/* Devices that user space has; taken before edu_device.lock. */
static DEFINE_MUTEX(edu_open_lock);
static LIST_HEAD(edu_open_list);

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
	if (peer)
		edu_open_window(edu, peer, handle);
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

/* A device is reset, by nobody who has asked for it: the driver is told, as by the PCI core. */
static void edu_power_cycle(struct edu_device *edu)
{
	struct pci_dev *pdev = edu->core.pdev;
	const struct pci_error_handlers *tell = pdev->driver->err_handler;

	tell->reset_prepare(pdev);
	tell->reset_done(pdev);
}

/**
 * edu_card_reset() - the card of a device resets itself, and the device with it
 * @edu: device that user space has
 */
void edu_card_reset(struct edu_device *edu)
{
	struct edu_device *other;

	if (!edu_defect(edu, REF_DEFECT_card_reset_reaches_all)) {
		edu_power_cycle(edu);
		return;
	}
	mutex_lock(&edu_open_lock);
	list_for_each_entry(other, &edu_open_list, entry)
		edu_power_cycle(other);
	mutex_unlock(&edu_open_lock);
}
