// SPDX-License-Identifier: GPL-2.0-only
/* The physical function, as much of it as its driver looks at to migrate virtual ones. */

#include <linux/module.h>

#include <../drivers/crypto/intel/qat/qat_common/adf_pfvf_msg.h>

#include "qat.h"

/* Symmetric, asymmetric, authentication; what exactly does not matter to the model. */
static uint capabilities = 0x7;

module_param(capabilities, uint, 0644);
MODULE_PARM_DESC(capabilities,
		 "bits: what the card can do; the state of one that can do more is refused");

static u32 misc_bar(struct adf_hw_device_data *hw)
{
	return ADF_GEN4_PMISC_BAR;
}

/**
 * adf_devmgr_pci_to_accel_dev - what the driver keeps of a physical function
 * @pci_dev: the function
 *
 * Return: that, or NULL for a function that is not set up
 */
struct adf_accel_dev *adf_devmgr_pci_to_accel_dev(struct pci_dev *pci_dev)
{
	struct qat_pf *pf = pci_get_drvdata(pci_dev);

	return pf ? &pf->accel : NULL;
}

static struct qat_pf *pf_of(struct qat_mig_dev *mdev)
{
	return to_pf(mdev->parent_accel_dev);
}

/* @capabilities are what they are at this moment. */
static int save_setup(struct qat_mig_dev *mdev)
{
	WRITE_ONCE(pf_of(mdev)->hw.accel_capabilities_mask, capabilities);
	return fw_fault("save_setup") ?: pf_of(mdev)->migration.save_setup(mdev);
}

static int save_state(struct qat_mig_dev *mdev)
{
	WRITE_ONCE(pf_of(mdev)->hw.accel_capabilities_mask, capabilities);
	return pf_of(mdev)->migration.save_state(mdev);
}

static int load_setup(struct qat_mig_dev *mdev, int size)
{
	WRITE_ONCE(pf_of(mdev)->hw.accel_capabilities_mask, capabilities);
	return fw_fault("load_setup") ?: pf_of(mdev)->migration.load_setup(mdev, size);
}

static int load_state(struct qat_mig_dev *mdev)
{
	WRITE_ONCE(pf_of(mdev)->hw.accel_capabilities_mask, capabilities);
	return pf_of(mdev)->migration.load_state(mdev);
}

static void init_hw(struct qat_pf *pf)
{
	struct adf_hw_device_data *hw = &pf->hw;

	hw->num_banks = ADF_GEN4_ETR_MAX_BANKS;
	hw->num_banks_per_vf = BANKS;
	hw->num_rings_per_bank = ADF_GEN4_NUM_RINGS_PER_BANK;
	hw->ring_to_svc_map = ADF_GEN4_DEFAULT_RING_TO_SRV_MAP;
	hw->get_misc_bar_id = misc_bar;
	hw->bank_state_save = qat_bank_save;
	hw->bank_state_restore = qat_bank_restore;
	adf_gen4_init_vf_mig_ops(&pf->migration);
	hw->vfmig_ops = pf->migration;
	hw->vfmig_ops.save_setup = save_setup;
	hw->vfmig_ops.save_state = save_state;
	hw->vfmig_ops.load_setup = load_setup;
	hw->vfmig_ops.load_state = load_state;
}

/**
 * qat_pf_init - a physical function as its driver would have set it up
 * @pf: the function, zeroed but for its card
 * @pdev: how PCI sees it
 *
 * Return: 0, or -ENOSPC where the state of a virtual function does not fit
 */
int qat_pf_init(struct qat_pf *pf, struct pci_dev *pdev)
{
	unsigned int i;

	if (fw_image_size(&pf->card->vfs[0]) > sizeof(pf->vfs[0].image))
		return -ENOSPC;
	init_hw(pf);
	pf->accel.hw_device = &pf->hw;
	pf->accel.accel_pci_dev.pci_dev = pdev;
	/* There are no registers before these; nobody asks for one. */
	pf->accel.accel_pci_dev.pci_bars[ADF_GEN4_PMISC_BAR].virt_addr =
		(void __iomem __force *)((unsigned long)pf->csr - CSR_FIRST);
	pf->accel.pf.vf_info = pf->vf_info;
	for (i = 0; i < pf->card->nr_vfs; i++) {
		pf->vf_info[i].accel_dev = &pf->accel;
		pf->vf_info[i].vf_nr = i;
		pf->vf_info[i].init = true;
		pf->vf_info[i].vf_compat_ver = ADF_PFVF_COMPAT_THIS_VERSION;
		mutex_init(&pf->vf_info[i].pfvf_mig_lock);
	}
	return 0;
}
