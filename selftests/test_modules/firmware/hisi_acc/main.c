// SPDX-License-Identifier: GPL-2.0-only
/* The module, the card, and what hisi_acc_vfio_pci asks of the drivers of physical functions. */

#include <linux/module.h>
#include <linux/vmalloc.h>

#include "hisi_acc.h"

#define SEC_PF 0xa255
#define CLASS_ENCRYPTION 0x108000

static unsigned int qm_version = QM_HW_V3;

module_param(qm_version, uint, 0444);
MODULE_PARM_DESC(qm_version, "version of the queue manager; the driver has migration from 0x30 on");

static bool mig_region;

module_param(mig_region, bool, 0444);
MODULE_PARM_DESC(mig_region,
		 "newer hardware, with qm_version=0x50: the registers that migrate a function are "
		 "those of the physical one, as drivers since 6.19 expect");

static void reset(struct fw_vf *vf)
{
	struct hisi_vf *h = vf->priv;
	unsigned long flags;

	cancel_work_sync(&h->start);
	raw_spin_lock_irqsave(&h->card->lock, flags);
	h->paused = false;
	h->loaded = false;
	h->held_irq = 0;
	h->eq_rung = false;
	h->no_wb = false;
	hisi_state_reset(h);
	raw_spin_unlock_irqrestore(&h->card->lock, flags);
}

/* The driver asks for faults (RAS) when it stops a function. */
static bool event(struct fw_card *card, const char *name)
{
	struct hisi_card *c = card->priv;

	if (!strcmp(name, "ras_error"))
		pf_write(c, QM_ABNORMAL_INT_STATUS, 1);
	else if (!strcmp(name, "ras_recovered"))
		pf_write(c, QM_ABNORMAL_INT_STATUS, 0);
	else
		return false;
	return true;
}

static const struct fw_ops ops = {
	.reset = reset,
	.event = event,
};

static struct fw_card_desc desc = {
	.name = "hisi_acc",
	.vendor = PCI_VENDOR_ID_HUAWEI,
	.pf_device = SEC_PF,
	.vf_device = PCI_DEVICE_ID_HUAWEI_SEC_VF,
	.class = CLASS_ENCRYPTION,
	.kind = PCI_DEVICE_ID_HUAWEI_SEC_VF,
	.mem_bar = 4,
	.state_bytes = 4 * STATE_WORDS,
	.lacks = FW_LACKS_HOLD | FW_LACKS_REGS,
	.vf_bar2 = VF_BAR2_SIZE,
	.ops = &ops,
};

/*
 * An interrupt that a pause came before is lost, as its event stands in the queue already; but
 * the doorbell of that queue has the function look once more and send it. Where newer hardware
 * has that doorbell is not documented, so that there it needs none.
 */
static void start(struct work_struct *work)
{
	struct hisi_vf *h = container_of(work, struct hisi_vf, start);

	mutex_lock(&h->vf->lock);
	if ((READ_ONCE(h->eq_rung) || hisi_mig_region(h->card)) && !fw_read32(h->vf, FW_IRQ_RAISE))
		fw_write32(h->vf, FW_IRQ_RAISE, h->held_irq);
	h->held_irq = 0;
	hisi_tell_pause(h, false);
	mutex_unlock(&h->vf->lock);
	fw_vf_set_activity(h->vf, FW_RUNNING);
}

static void attach(struct hisi_card *c, struct fw_card *card)
{
	struct hisi_vf *h;
	unsigned int i;

	for (i = 0; i < card->nr_vfs; i++) {
		h = &c->vfs[i];
		h->card = c;
		h->vf = &card->vfs[i];
		h->vf->priv = h;
		h->regs = hisi_vf_regs(h);
		INIT_WORK(&h->start, start);
		hisi_state_reset(h);
	}
	c->card = card;
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fw_card *card = fw_card_of(pdev);
	struct hisi_card *c;
	int ret;

	if (!card || card->desc != &desc)
		return -ENODEV;
	c = card->priv;
	c->qm.pdev = pdev;
	pci_set_drvdata(pdev, &c->qm);
	hisi_regs_begin(c);
	ret = fw_pf_enable(pdev);
	if (ret)
		hisi_regs_end(c);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
	struct hisi_card *c = container_of(pci_get_drvdata(pdev), struct hisi_card, qm);
	unsigned int i;

	fw_pf_disable(pdev);
	hisi_regs_end(c);
	for (i = 0; i < c->card->nr_vfs; i++)
		cancel_work_sync(&c->vfs[i].start);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_HUAWEI, SEC_PF, FW_SUBSYSTEM_VENDOR_ID, FW_SUBSYSTEM_ID) },
	{}
};

static struct pci_driver driver = {
	.name = "vfio_mig_fw_hisi_acc",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

/**
 * hisi_sec_get_pf_driver - driver of the physical functions of SEC
 *
 * Return: ours
 */
struct pci_driver *hisi_sec_get_pf_driver(void)
{
	return &driver;
}
EXPORT_SYMBOL_GPL(hisi_sec_get_pf_driver);

/**
 * hisi_hpre_get_pf_driver - the same for HPRE, of which there is none here
 *
 * Return: NULL
 */
struct pci_driver *hisi_hpre_get_pf_driver(void)
{
	return NULL;
}
EXPORT_SYMBOL_GPL(hisi_hpre_get_pf_driver);

/**
 * hisi_zip_get_pf_driver - the same for ZIP, of which there is none here
 *
 * Return: NULL
 */
struct pci_driver *hisi_zip_get_pf_driver(void)
{
	return NULL;
}
EXPORT_SYMBOL_GPL(hisi_zip_get_pf_driver);

static void destroy(void)
{
	struct hisi_card *c;

	for (c = hisi_cards; hisi_is_card(c); c++) {
		fw_card_destroy(c->card);
		vfree((void __force *)c->qm.io_base);
	}
}

static int create(struct hisi_card *c)
{
	struct fw_card *card;
	void *regs = vzalloc(PF_REGS_SIZE);

	if (!regs)
		return -ENOMEM;
	raw_spin_lock_init(&c->lock);
	mutex_init(&c->qm.mailbox_lock);
	c->qm.ver = qm_version;
	c->qm.fun_type = QM_HW_PF;
	c->qm.io_base = (void __iomem __force *)regs;
	pf_write(c, QM_VFT_CFG_RDY, 1);
	pf_write(c, QM_MIG_REGION_SEL_ADDR, mig_region);
	card = fw_card_create(&desc, c);
	if (IS_ERR(card)) {
		vfree(regs);
		return PTR_ERR(card);
	}
	attach(c, card);
	return 0;
}

static int __init hisi_init(void)
{
	unsigned int i;
	int ret = 0;

	if (!hisi_vf_ready)
		desc.lacks |= FW_LACKS_WORK;
	for (i = 0; i < fw_nr_cards() && !ret; i++)
		ret = create(&hisi_cards[i]);
	ret = ret ?: pci_register_driver(&driver);
	if (ret)
		destroy();
	return ret;
}

static void __exit hisi_exit(void)
{
	pci_unregister_driver(&driver);
	destroy();
}

module_init(hisi_init);
module_exit(hisi_exit);

MODULE_DESCRIPTION("HiSilicon SEC accelerator for hisi_acc_vfio_pci, in software");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
