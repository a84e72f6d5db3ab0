// SPDX-License-Identifier: GPL-2.0-only
/* The module: a card, and the driver of its physical function. */

#include <linux/module.h>
#include <linux/slab.h>

#include "qat.h"

#define QAT_PF 0x4940
#define QAT_VF 0x4941

/* What of the model's memory is state: with its registers little more fits (BANK_BYTES). */
#define STATE_BYTES 256

static struct fw_card *the_cards[FW_MAX_CARDS];

/* The ring pairs of a function that has been reset are not drained, not even one whose
 * draining began when the model had been reset and this had not been called yet.
 */
static void reset(struct fw_vf *vf)
{
	struct qat_pf *pf = vf->card->priv;

	WRITE_ONCE(pf->vfs[vf->id].drained, 0);
	fw_vf_set_activity(vf, FW_RUNNING);
	memset(pf->csr + CSR_STEP * vf->id, 0, CSR_STEP);
}

static const struct fw_ops ops = {
	.reset = reset,
};

static const struct fw_card_desc desc = {
	.name = "qat",
	.vendor = PCI_VENDOR_ID_INTEL,
	.pf_device = QAT_PF,
	.vf_device = QAT_VF,
	.class = PCI_CLASS_PROCESSOR_CO << 8,
	.kind = QAT_VF,
	.mem_bar = 2,
	.state_bytes = STATE_BYTES,
	.lacks = FW_LACKS_HOLD | FW_LACKS_SCRATCH,
	.ops = &ops,
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fw_card *card = fw_card_of(pdev);
	int ret;

	if (!card || card->desc != &desc)
		return -ENODEV;
	ret = qat_pf_init(card->priv, pdev);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, card->priv);
	ret = fw_pf_enable(pdev);
	if (ret)
		pci_set_drvdata(pdev, NULL);
	return ret;
}

static void remove(struct pci_dev *pdev)
{
	fw_pf_disable(pdev);
	pci_set_drvdata(pdev, NULL);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE_SUB(PCI_VENDOR_ID_INTEL, QAT_PF, FW_SUBSYSTEM_VENDOR_ID, FW_SUBSYSTEM_ID) },
	{},
};

static struct pci_driver driver = {
	.name = "vfio_mig_fw_qat",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

static struct fw_card *create(void)
{
	struct qat_pf *pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	struct fw_card *card;

	if (!pf)
		return ERR_PTR(-ENOMEM);
	card = fw_card_create(&desc, pf);
	if (IS_ERR(card))
		kfree(pf);
	else
		pf->card = card;
	return card;
}

static void destroy(void)
{
	struct qat_pf *pf;
	unsigned int i;

	for (i = 0; i < FW_MAX_CARDS && the_cards[i]; i++) {
		pf = the_cards[i]->priv;
		fw_card_destroy(the_cards[i]);
		kfree(pf);
	}
}

static int __init qat_init(void)
{
	struct fw_card *card;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < fw_nr_cards() && !ret; i++) {
		card = create();
		ret = PTR_ERR_OR_ZERO(card);
		if (!ret)
			the_cards[i] = card;
	}
	ret = ret ?: pci_register_driver(&driver);
	if (ret)
		destroy();
	return ret;
}

static void __exit qat_exit(void)
{
	pci_unregister_driver(&driver);
	destroy();
}

module_init(qat_init);
module_exit(qat_exit);

MODULE_DESCRIPTION("An Intel QAT 4xxx card for qat_vfio_pci, in software");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
