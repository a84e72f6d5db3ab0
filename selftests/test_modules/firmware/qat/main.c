// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/qat/qat_mig_dev.h>

#include "fw.h"

static const struct fw_ops ops = { };
static const struct fw_card_desc desc = {
	.name = "qat", .vendor = 0x8086, .pf_device = 0x4940, .vf_device = 0x4941,
	.class = 0x0b4000, .kind = 0x4941, .mem_bar = 2, .ops = &ops,
};
static struct fw_card *card;

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return fw_pf_enable(pdev);
}
static void rem(struct pci_dev *pdev) { fw_pf_disable(pdev); }
static const struct pci_device_id ids[] = { { PCI_DEVICE_SUB(0x8086, 0x4940, FW_SUBSYSTEM_VENDOR_ID, FW_SUBSYSTEM_ID) }, {} };
static struct pci_driver drv = { .name = "vfio_mig_fw_qat", .id_table = ids, .probe = probe, .remove = rem };

struct qat_mig_dev *qat_vfmig_create(struct pci_dev *pdev, int vf_id)
{
	struct qat_mig_dev *m = kzalloc(sizeof(*m), GFP_KERNEL);
	m->parent_accel_dev = &card->vfs[vf_id];
	m->vf_id = vf_id;
	m->state_size = fw_image_size(&card->vfs[vf_id]);
	m->setup_size = 64;
	m->state = kvzalloc(m->state_size, GFP_KERNEL);
	return m;
}
EXPORT_SYMBOL_NS_GPL(qat_vfmig_create, CRYPTO_QAT);
int qat_vfmig_init(struct qat_mig_dev *m) { return 0; }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_init, CRYPTO_QAT);
void qat_vfmig_cleanup(struct qat_mig_dev *m) {}
EXPORT_SYMBOL_NS_GPL(qat_vfmig_cleanup, CRYPTO_QAT);
void qat_vfmig_reset(struct qat_mig_dev *m) {}
EXPORT_SYMBOL_NS_GPL(qat_vfmig_reset, CRYPTO_QAT);
int qat_vfmig_open(struct qat_mig_dev *m) { return 0; }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_open, CRYPTO_QAT);
void qat_vfmig_close(struct qat_mig_dev *m) {  }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_close, CRYPTO_QAT);
int qat_vfmig_suspend(struct qat_mig_dev *m) { return fw_vf_set_activity(m->parent_accel_dev, FW_STOPPED); }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_suspend, CRYPTO_QAT);
int qat_vfmig_resume(struct qat_mig_dev *m) { return fw_vf_set_activity(m->parent_accel_dev, FW_RUNNING); }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_resume, CRYPTO_QAT);
int qat_vfmig_save_state(struct qat_mig_dev *m) { fw_image_save(m->parent_accel_dev, m->state); return 0; }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_save_state, CRYPTO_QAT);
int qat_vfmig_save_setup(struct qat_mig_dev *m) { return 0; }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_save_setup, CRYPTO_QAT);
int qat_vfmig_load_state(struct qat_mig_dev *m) { return fw_image_load(m->parent_accel_dev, m->state, m->state_size); }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_load_state, CRYPTO_QAT);
int qat_vfmig_load_setup(struct qat_mig_dev *m, int size) { return 0; }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_load_setup, CRYPTO_QAT);
void qat_vfmig_destroy(struct qat_mig_dev *m) { kvfree(m->state); kfree(m); }
EXPORT_SYMBOL_NS_GPL(qat_vfmig_destroy, CRYPTO_QAT);

static int __init i(void)
{
	int ret;
	card = fw_card_create(&desc, NULL);
	if (IS_ERR(card))
		return PTR_ERR(card);
	ret = pci_register_driver(&drv);
	if (ret)
		fw_card_destroy(card);
	return ret;
}
static void __exit e(void)
{
	pci_unregister_driver(&drv);
	fw_card_destroy(card);
}
module_init(i);
module_exit(e);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("proto");
