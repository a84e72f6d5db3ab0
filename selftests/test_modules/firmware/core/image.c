// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a virtual function as firmware hands it out and takes it: registers and
 * memory behind a header that says whose they are. Firmware that trusts its host
 * (trust_host=) does not look at the header.
 */

#include <linux/crc32.h>
#include <linux/module.h>

#include "fw.h"

#define MAGIC 0x67696d66776676ULL

struct header {
	__le64 magic;
	__le64 size;
	__le32 kind;
	__le32 sum;
};

bool fw_trust_host;
EXPORT_SYMBOL_GPL(fw_trust_host);

module_param_named(trust_host, fw_trust_host, bool, 0644);
MODULE_PARM_DESC(trust_host, "the firmware takes any image for good, as long as it is whole");

static size_t regs_size(const struct fw_vf *vf)
{
	bool few = vf->card->desc->lacks & FW_LACKS_SCRATCH;

	return FW_SCRATCH - FW_STATE_START + 4 * (few ? FW_SCRATCH_FEW : FW_SCRATCH_COUNT);
}

/**
 * fw_image_size - bytes of an image
 * @vf: the virtual function
 *
 * Return: bytes
 */
size_t fw_image_size(const struct fw_vf *vf)
{
	return sizeof(struct header) + regs_size(vf) + vf->state_bytes;
}
EXPORT_SYMBOL_GPL(fw_image_size);

/**
 * fw_image_save - the state as an image
 * @vf: the virtual function, stopped
 * @buf: fw_image_size() bytes
 */
void fw_image_save(struct fw_vf *vf, void *buf)
{
	struct header *h = buf;
	size_t regs = regs_size(vf);
	void *body = h + 1;

	mutex_lock(&vf->lock);
	memcpy(body, vf->regs + FW_STATE_START, regs);
	memcpy(body + regs, vf->mem, vf->state_bytes);
	mutex_unlock(&vf->lock);
	h->magic = cpu_to_le64(MAGIC);
	h->size = cpu_to_le64(vf->state_bytes);
	h->kind = cpu_to_le32(vf->card->desc->kind);
	h->sum = cpu_to_le32(crc32_le(~0, body, regs + vf->state_bytes));
}
EXPORT_SYMBOL_GPL(fw_image_save);

/**
 * fw_image_check - would firmware load this?
 * @vf: the virtual function
 * @buf: the image
 * @len: bytes of it
 *
 * Return: 0, or -EINVAL; trust_host= takes what is long enough
 */
int fw_image_check(const struct fw_vf *vf, const void *buf, size_t len)
{
	const struct header *h = buf;
	u32 sum;

	if (fw_trust_host)
		return len >= fw_image_size(vf) ? 0 : -EINVAL;
	if (len != fw_image_size(vf) || le64_to_cpu(h->magic) != MAGIC ||
	    le64_to_cpu(h->size) != vf->state_bytes || le32_to_cpu(h->kind) != vf->card->desc->kind)
		return -EINVAL;
	sum = crc32_le(~0, (const void *)(h + 1), len - sizeof(*h));
	return le32_to_cpu(h->sum) == sum ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(fw_image_check);

/**
 * fw_image_load - take the state of an image
 * @vf: the virtual function, stopped
 * @buf: the image
 * @len: bytes of it
 *
 * Return: 0, or -EINVAL, and nothing has changed
 */
int fw_image_load(struct fw_vf *vf, const void *buf, size_t len)
{
	const void *body = buf + sizeof(struct header);
	size_t regs = regs_size(vf);
	int ret = fw_image_check(vf, buf, len);

	if (ret)
		return ret;
	mutex_lock(&vf->lock);
	memcpy(vf->regs + FW_STATE_START, body, regs);
	memcpy(vf->mem, body + regs, vf->state_bytes);
	/* What waited is told by its doorbell. */
	vf->irq_due = 0;
	mutex_unlock(&vf->lock);
	return 0;
}
EXPORT_SYMBOL_GPL(fw_image_load);
