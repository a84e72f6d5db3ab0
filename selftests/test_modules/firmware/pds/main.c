// SPDX-License-Identifier: GPL-2.0-only
/* The card, the driver of its physical function, and who is told what happens to it. */

#include <linux/module.h>
#include <linux/notifier.h>

#include "pds.h"

#define PCI_VENDOR_ID_PENSANDO 0x1dd8
#define PF_DEVICE 0x1002
#define VF_DEVICE 0x1003

/* With what fw_image_save() and pds_save() add, what the interface has room for. */
#define STATE_BYTES 0xf000

static struct pdsc the_cards[FW_MAX_CARDS];

/* As pds_core has it: one list, whichever card something happens to. */
static BLOCKING_NOTIFIER_HEAD(listeners);

/**
 * pds_vf_of - what the firmware knows of a virtual function
 * @vf: its model
 *
 * Return: the function
 */
struct pds_vf *pds_vf_of(struct fw_vf *vf)
{
	return &((struct pdsc *)vf->card->priv)->vfs[vf->id];
}

static void reset(struct fw_vf *vf)
{
	pds_state_reset(pds_vf_of(vf));
}

static void wrote(struct fw_vf *vf, u64 iova, size_t len)
{
	pds_dirty_wrote(pds_vf_of(vf), iova, len);
}

static void tell(unsigned long ecode, u8 state)
{
	union pds_core_notifyq_comp event = {
		.reset.ecode = cpu_to_le16(ecode),
	};

	if (ecode == PDS_EVENT_RESET)
		event.reset.state = state;
	blocking_notifier_call_chain(&listeners, ecode, &event);
}

/* The firmware has died: pds_core says so while it can still not be reached. */
static void go_down(struct pdsc *pdsc)
{
	WRITE_ONCE(pdsc->down, true);
	tell(PDS_EVENT_RESET, 0);
}

/* It is there again, and what it tracked is forgotten. */
static void come_up(struct pdsc *pdsc)
{
	unsigned int i;

	for (i = 0; i < pdsc->card->nr_vfs; i++) {
		mutex_lock(&pdsc->vfs[i].lock);
		pds_dirty_disable(&pdsc->vfs[i]);
		mutex_unlock(&pdsc->vfs[i].lock);
	}
	WRITE_ONCE(pdsc->down, false);
	tell(PDS_EVENT_RESET, 1);
}

static bool event(struct fw_card *card, const char *name)
{
	struct pdsc *pdsc = card->priv;

	if (!strcmp(name, "pf_reset")) {
		go_down(pdsc);
		come_up(pdsc);
	} else if (!strcmp(name, "pf_down")) {
		go_down(pdsc);
	} else if (!strcmp(name, "pf_up")) {
		come_up(pdsc);
	} else if (!strcmp(name, "link_change")) {
		tell(PDS_EVENT_LINK_CHANGE, 0);
	} else {
		return false;
	}
	return true;
}

static const struct fw_ops ops = {
	.reset = reset,
	.wrote = wrote,
	.event = event,
};

static const struct fw_card_desc desc = {
	.name = "pds",
	.vendor = PCI_VENDOR_ID_PENSANDO,
	.pf_device = PF_DEVICE,
	.vf_device = VF_DEVICE,
	.class = PCI_CLASS_NETWORK_ETHERNET << 8,
	.kind = VF_DEVICE,
	.mem_bar = 2,
	.state_bytes = STATE_BYTES,
	.lacks = FW_LACKS_HOLD,
	.ops = &ops,
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fw_card *card = fw_card_of(pdev);
	struct pdsc *pdsc;

	if (!card || card->desc != &desc)
		return -ENODEV;
	pdsc = card->priv;
	pdsc->pf = pdev;
	pci_set_drvdata(pdev, pdsc);
	return fw_pf_enable(pdev);
}

static void remove(struct pci_dev *pdev)
{
	struct pdsc *pdsc = pci_get_drvdata(pdev);

	fw_pf_disable(pdev);
	pdsc->pf = NULL;
}

static const struct pci_device_id ids[] = { { PCI_DEVICE_SUB(PCI_VENDOR_ID_PENSANDO, PF_DEVICE,
							     FW_SUBSYSTEM_VENDOR_ID,
							     FW_SUBSYSTEM_ID) },
					    {} };

static struct pci_driver driver = {
	.name = "vfio_mig_fw_pds",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

/**
 * pdsc_get_pf_struct - the card of a virtual function
 * @vf_pdev: the function
 *
 * Return: the card, or ERR_PTR() where its physical function has another driver
 */
void *pdsc_get_pf_struct(struct pci_dev *vf_pdev)
{
	return pci_iov_get_pf_drvdata(vf_pdev, &driver);
}
EXPORT_SYMBOL_GPL(pdsc_get_pf_struct);

/**
 * pds_client_register - a driver of a virtual function reports to the firmware
 * @pf: the card
 * @devname: what it is for
 *
 * Return: its id, or -errno
 */
int pds_client_register(struct pdsc *pf, char *devname)
{
	int id, ret = fw_fault("register");

	if (ret)
		return ret;
	for (id = 1; id < PDS_MAX_CLIENTS; id++)
		if (!test_and_set_bit(id, pf->clients))
			return id;
	return -ENOSPC;
}
EXPORT_SYMBOL_GPL(pds_client_register);

/**
 * pds_client_unregister - and leaves
 * @pf: the card
 * @client_id: its id
 *
 * Return: 0, or -ENOENT
 */
int pds_client_unregister(struct pdsc *pf, u16 client_id)
{
	if (client_id >= PDS_MAX_CLIENTS || !test_and_clear_bit(client_id, pf->clients))
		return -ENOENT;
	return 0;
}
EXPORT_SYMBOL_GPL(pds_client_unregister);

/**
 * pdsc_register_notify - a driver wants to know what happens to the card
 * @nb: how to tell it
 *
 * Return: 0, or -errno
 */
int pdsc_register_notify(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&listeners, nb);
}
EXPORT_SYMBOL_GPL(pdsc_register_notify);

/**
 * pdsc_unregister_notify - and wants so no more
 * @nb: as in pdsc_register_notify()
 */
void pdsc_unregister_notify(struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&listeners, nb);
}
EXPORT_SYMBOL_GPL(pdsc_unregister_notify);

static void destroy(void)
{
	struct pdsc *pdsc;
	unsigned int i;

	for (pdsc = the_cards; pdsc < the_cards + FW_MAX_CARDS && pdsc->card; pdsc++) {
		fw_card_destroy(pdsc->card);
		for (i = 0; i < FW_MAX_VFS; i++) {
			cancel_work_sync(&pdsc->vfs[i].suspend);
			pds_dirty_disable(&pdsc->vfs[i]);
		}
	}
}

static int create(struct pdsc *pdsc)
{
	struct fw_card *card;
	unsigned int i;

	for (i = 0; i < FW_MAX_VFS; i++)
		pds_state_init(&pdsc->vfs[i]);
	card = fw_card_create(&desc, pdsc);
	if (IS_ERR(card))
		return PTR_ERR(card);
	pdsc->card = card;
	for (i = 0; i < card->nr_vfs; i++)
		pdsc->vfs[i].vf = &card->vfs[i];
	return 0;
}

static int __init pds_init(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < fw_nr_cards() && !ret; i++)
		ret = create(&the_cards[i]);
	ret = ret ?: pci_register_driver(&driver);
	if (ret)
		destroy();
	return ret;
}

static void __exit pds_exit(void)
{
	pci_unregister_driver(&driver);
	destroy();
}

module_init(pds_init);
module_exit(pds_exit);

MODULE_DESCRIPTION("A stand-in for the AMD/Pensando DSC and its driver pds_core");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
