// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring pairs of the virtual functions, BANKS of each: the part of the card that migration
 * is about. A function whose ring pairs are all drained stands still.
 *
 * What the model calls the state of a function travels as the state of its ring pairs, cut
 * into BANKS pieces. As a piece says nothing the card looks at it when it has them all.
 */

#include <linux/delay.h>
#include <linux/module.h>

#include "qat.h"

/* A ring pair that is drained stops alone. All DMA of the model is that of the first one. */
static enum fw_activity activity_of(const struct qat_vf *vf)
{
	unsigned long drained = READ_ONCE(vf->drained);

	if (drained == GENMASK(BANKS - 1, 0))
		return FW_STOPPED;
	return drained & BIT(0) ? FW_NO_DMA : FW_RUNNING;
}

static int update(struct qat_pf *pf, unsigned int vf)
{
	return fw_vf_set_activity(&pf->card->vfs[vf], activity_of(&pf->vfs[vf]));
}

/**
 * adf_gen4_bank_drain_start - stop a ring pair
 * @accel_dev: the physical function
 * @bank_number: the ring pair
 * @timeout_us: how long that may take
 *
 * Faults: "suspend" at the first ring pair of a function, "drain" at each other: its jobs do not
 * end in time. The driver's own function writes DRAIN before it waits for them. So the ring pair
 * takes no more jobs; a guess is that this stays so until it is told to go on.
 *
 * Return: 0 when no job is under way any more, or -errno
 */
int adf_gen4_bank_drain_start(struct adf_accel_dev *accel_dev, u32 bank_number, int timeout_us)
{
	struct qat_pf *pf = to_pf(accel_dev);
	unsigned int vf = bank_number / BANKS, n = bank_number % BANKS;
	int ret, late;

	set_bit(n, &pf->vfs[vf].drained);
	late = fw_fault(n ? "drain" : "suspend");
	ret = update(pf, vf);
	return late ?: ret;
}

/**
 * adf_gen4_bank_drain_finish - let a ring pair go on
 * @accel_dev: the physical function
 * @bank_number: the ring pair
 */
void adf_gen4_bank_drain_finish(struct adf_accel_dev *accel_dev, u32 bank_number)
{
	struct qat_pf *pf = to_pf(accel_dev);

	clear_bit(bank_number % BANKS, &pf->vfs[bank_number / BANKS].drained);
	update(pf, bank_number / BANKS);
}

/* The card's timer is one of the user's registers, and runs for 4 s at most; the model has none. */
static uint coalesce_ms;

module_param(coalesce_ms, uint, 0644);
MODULE_PARM_DESC(
	coalesce_ms,
	"how long a ring pair that is being stopped holds its interrupt back, 0 by default");

/**
 * adf_gen4_bank_quiesce_coal_timer - wait for the interrupt that a ring pair holds back
 * @accel_dev: the physical function
 * @bank_idx: the ring pair
 * @timeout_ms: how long that may take
 *
 * Return: 0, or -ETIMEDOUT where the interrupt does not come in time
 */
int adf_gen4_bank_quiesce_coal_timer(struct adf_accel_dev *accel_dev, u32 bank_idx, int timeout_ms)
{
	uint ms = READ_ONCE(coalesce_ms), limit = max(timeout_ms, 0);

	if (ms)
		msleep(min(ms, limit));
	return ms > limit ? -ETIMEDOUT : 0;
}

/**
 * qat_bank_save - the state of a ring pair
 * @accel: the physical function
 * @bank: the ring pair
 * @state: where it goes
 *
 * Fault: "save", once a function. The driver's own function does not fail for a ring pair that
 * there is: what is found with this fault alone is no finding in the driver.
 *
 * Return: 0, or -errno of the fault
 */
int qat_bank_save(struct adf_accel_dev *accel, u32 bank, struct adf_bank_state *state)
{
	struct qat_pf *pf = to_pf(accel);
	struct qat_vf *vf = &pf->vfs[bank / BANKS];
	int ret = 0;

	if (bank % BANKS == 0) {
		ret = fw_fault("save");
		memset(vf->image, 0, sizeof(vf->image));
		fw_image_save(&pf->card->vfs[bank / BANKS], vf->image);
	}
	memcpy(state, vf->image[bank % BANKS], BANK_BYTES);
	return ret;
}

/**
 * qat_bank_restore - take the state of a ring pair
 * @accel: the physical function
 * @bank: the ring pair
 * @state: its state
 *
 * Fault: "load", once a function.
 *
 * Return: 0, or -EINVAL at the last ring pair of a function where the state is bad
 */
int qat_bank_restore(struct adf_accel_dev *accel, u32 bank, struct adf_bank_state *state)
{
	struct qat_pf *pf = to_pf(accel);
	struct fw_vf *model = &pf->card->vfs[bank / BANKS];
	struct qat_vf *vf = &pf->vfs[bank / BANKS];
	int ret;

	memcpy(vf->image[bank % BANKS], state, BANK_BYTES);
	if (bank % BANKS != BANKS - 1)
		return 0;
	ret = fw_fault("load");
	return ret ?: fw_image_load(model, vf->image, fw_image_size(model));
}
