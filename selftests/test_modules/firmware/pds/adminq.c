// SPDX-License-Identifier: GPL-2.0-only
/* The admin queue: each command of the driver, and what the firmware does about it. */

#include <linux/module.h>

#include "pds.h"

/* What fault= calls the commands. */
static const char *name_of(u8 opcode)
{
	switch (opcode) {
	case PDS_LM_CMD_HOST_VF_STATUS:
		return "host_status";
	case PDS_LM_CMD_STATE_SIZE:
		return "size";
	case PDS_LM_CMD_SUSPEND:
		return "suspend";
	case PDS_LM_CMD_SUSPEND_STATUS:
		return "suspend_status";
	case PDS_LM_CMD_RESUME:
		return "resume";
	case PDS_LM_CMD_SAVE:
		return "save";
	case PDS_LM_CMD_RESTORE:
		return "load";
	case PDS_LM_CMD_DIRTY_STATUS:
		return "track_status";
	case PDS_LM_CMD_DIRTY_ENABLE:
		return "track_start";
	case PDS_LM_CMD_DIRTY_DISABLE:
		return "track_stop";
	case PDS_LM_CMD_DIRTY_READ_SEQ:
		return "track_report";
	case PDS_LM_CMD_DIRTY_WRITE_ACK:
		return "track_ack";
	}
	return "unknown";
}

static int track(struct pdsc *pdsc, struct pds_vf *v, const union pds_core_adminq_cmd *cmd,
		 union pds_core_adminq_comp *comp)
{
	switch (cmd->opcode) {
	case PDS_LM_CMD_DIRTY_STATUS:
		return pds_dirty_status(pdsc, v, &cmd->lm_dirty_status, &comp->lm_dirty_status);
	case PDS_LM_CMD_DIRTY_ENABLE:
		return pds_dirty_enable(pdsc, v, &cmd->lm_dirty_enable, &comp->lm_dirty_status);
	case PDS_LM_CMD_DIRTY_DISABLE:
		pds_dirty_disable(v);
		return 0;
	case PDS_LM_CMD_DIRTY_READ_SEQ:
	case PDS_LM_CMD_DIRTY_WRITE_ACK:
		return pds_dirty_seq_ack(pdsc, v, &cmd->lm_dirty_seq_ack);
	}
	return -EOPNOTSUPP;
}

static int carry_out(struct pdsc *pdsc, struct pds_vf *v, const union pds_core_adminq_cmd *cmd,
		     union pds_core_adminq_comp *comp)
{
	switch (cmd->opcode) {
	case PDS_LM_CMD_HOST_VF_STATUS:
		v->status = cmd->lm_host_vf_status.status;
		return v->status < PDS_LM_STA_MAX ? 0 : -EINVAL;
	case PDS_LM_CMD_STATE_SIZE:
		comp->lm_state_size.size = cpu_to_le64(pds_state_size(v));
		return 0;
	case PDS_LM_CMD_SUSPEND:
		return pds_suspend(v, cmd->lm_suspend.type);
	case PDS_LM_CMD_SUSPEND_STATUS:
		return pds_suspend_status(v, cmd->lm_suspend_status.type);
	case PDS_LM_CMD_RESUME:
		return pds_resume(v, cmd->lm_resume.type);
	case PDS_LM_CMD_SAVE:
		return pds_save(pdsc, v, le64_to_cpu(cmd->lm_save.sgl_addr),
				le32_to_cpu(cmd->lm_save.num_sge));
	case PDS_LM_CMD_RESTORE:
		return pds_restore(pdsc, v, le64_to_cpu(cmd->lm_restore.sgl_addr),
				   le32_to_cpu(cmd->lm_restore.num_sge));
	}
	return track(pdsc, v, cmd, comp);
}

/**
 * pdsc_adminq_post - a command for the firmware, and its answer
 * @pdsc: the card
 * @request: PDS_AQ_CMD_CLIENT_CMD, in which a client wraps its own
 * @comp: the answer
 * @fast_poll: how often the real one looks for it
 *
 * Return: 0, or -errno
 */
int pdsc_adminq_post(struct pdsc *pdsc, union pds_core_adminq_cmd *request,
		     union pds_core_adminq_comp *comp, bool fast_poll)
{
	u16 client = le16_to_cpu(request->client_request.client_id), id;
	union pds_core_adminq_cmd cmd = {};
	struct pds_vf *v;
	int ret;

	memset(comp, 0, sizeof(*comp));
	if (READ_ONCE(pdsc->down))
		return -ENXIO;
	memcpy(&cmd, request->client_request.client_cmd,
	       sizeof(request->client_request.client_cmd));
	id = le16_to_cpu(cmd.lm_suspend.vf_id);
	if (request->opcode != PDS_AQ_CMD_CLIENT_CMD || client >= PDS_MAX_CLIENTS ||
	    !test_bit(client, pdsc->clients) || id >= pdsc->card->nr_vfs)
		return -EINVAL;
	v = &pdsc->vfs[id];
	mutex_lock(&v->lock);
	ret = fw_fault(name_of(cmd.opcode));
	if (ret && cmd.opcode == PDS_LM_CMD_SUSPEND_STATUS)
		pds_suspend_failed(v, ret);
	ret = ret ?: carry_out(pdsc, v, &cmd, comp);
	mutex_unlock(&v->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(pdsc_adminq_post);
