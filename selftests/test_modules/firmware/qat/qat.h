/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_fw_qat: an Intel QAT 4xxx card for the drivers above it.
 *
 * What qat_vfio_pci calls is answered by the kernel's own driver of the physical function:
 * three of its files are compiled into this module as they are (upstream_*.c). What stands in
 * for the card is what those files call in turn: draining of ring pairs, saving and restoring
 * a ring pair, a few registers.
 */
#ifndef VFIO_MIG_FW_QAT_H
#define VFIO_MIG_FW_QAT_H

/* <> looks in the include directory of the kernel source, and the drivers are beside it. */
#include <../drivers/crypto/intel/qat/qat_common/adf_accel_devices.h>
#if __has_include("../drivers/crypto/intel/qat/qat_common/adf_bank_state.h")
#include <../drivers/crypto/intel/qat/qat_common/adf_bank_state.h>
#else
/* What older kernels call it. */
#define adf_bank_state bank_state
#endif
#include <../drivers/crypto/intel/qat/qat_common/adf_common_drv.h>
#include <../drivers/crypto/intel/qat/qat_common/adf_gen4_hw_data.h>
#include <../drivers/crypto/intel/qat/qat_common/adf_gen4_vf_mig.h>
#include <../drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.h>

#include "fw.h"

#define BANKS ADF_GEN4_NUM_BANKS_PER_VF

/*
 * What of struct adf_bank_state a ring pair has: its status and interrupts, and two rings. The
 * driver's own bank_state_save() and bank_state_restore() touch nothing behind it.
 */
#define BANK_BYTES offsetof(struct adf_bank_state, rings[ADF_GEN4_NUM_RINGS_PER_BANK])

/* The registers of a virtual function among those of the physical one. */
#define CSR_FIRST ADF_GEN4_VINTSOU_OFFSET(0)
#define CSR_STEP (ADF_GEN4_VINTSOU_OFFSET(1) - CSR_FIRST)

/**
 * struct qat_vf - a virtual function
 * @drained: bit for each ring pair that is stopped
 * @image: its state on the way in or out, a ring pair's share of it at a time
 */
struct qat_vf {
	unsigned long drained;
	u8 image[BANKS][BANK_BYTES];
};

/**
 * struct qat_pf - the physical function
 * @accel: as its driver knows it
 * @hw: the same
 * @migration: what the driver made of @hw.vfmig_ops, behind faults
 * @card: the card
 * @csr: registers from CSR_FIRST on
 * @vf_info: what the driver keeps of the virtual functions
 * @vfs: what the card keeps
 */
struct qat_pf {
	struct adf_accel_dev accel;
	struct adf_hw_device_data hw;
	struct qat_migdev_ops migration;
	struct fw_card *card;
	u8 csr[CSR_STEP * FW_MAX_VFS];
	struct adf_accel_vf_info vf_info[FW_MAX_VFS];
	struct qat_vf vfs[FW_MAX_VFS];
};

/* bank.c */
int qat_bank_save(struct adf_accel_dev *accel, u32 bank, struct adf_bank_state *state);
int qat_bank_restore(struct adf_accel_dev *accel, u32 bank, struct adf_bank_state *state);

/* pf.c */
int qat_pf_init(struct qat_pf *pf, struct pci_dev *pdev);

static inline struct qat_pf *to_pf(struct adf_accel_dev *accel)
{
	return container_of(accel, struct qat_pf, accel);
}

#endif /* VFIO_MIG_FW_QAT_H */
