// SPDX-License-Identifier: GPL-2.0-only
/* What the data_fd of a save and that of a load have in common: how they are closed. */

#include <linux/fs.h>

#include "internal.h"

/**
 * ref_session_flush - a close of a data_fd, which a file without a descriptor never has
 * @filp: the file
 * @id: who closes
 *
 * Return: 0
 */
int ref_session_flush(struct file *filp, fl_owner_t id)
{
	struct ref_session *s = filp->private_data;

	s->flushed = true;
	return 0;
}

/**
 * ref_session_release - the last close of a data_fd
 * @inode: of the file
 * @filp: the file
 *
 * The session goes on without it (H:1037), but for a defect.
 *
 * Return: 0
 */
int ref_session_release(struct inode *inode, struct file *filp)
{
	struct ref_session *s = filp->private_data;
	struct ref_device *ref;

	ref_hang(REF_HANG_RELEASE);
	ref_freedom_open(s->freedom);
	if (ref_session_defect(s, REF_DEFECT_close_fd_stops)) {
		ref = ref_of(s->vdev);
		if (ref && ref->session == s)
			ref_force_state(ref, VFIO_DEVICE_STATE_STOP);
	}
	if (!s->flushed && s->saving && s->state != VFIO_DEVICE_STATE_STOP_COPY &&
	    ref_session_defect(s, REF_DEFECT_precopy_freed_in_flush)) {
		ref = ref_of(s->vdev);
		if (ref)
			ref->defect.blocked = true;
	}
	ref_session_put(s);
	return 0;
}
