/* SPDX-License-Identifier: GPL-2.0-only */
/* What a reference driver does differently, and may; the list is in freedoms.def. */
#ifndef VFIO_MIG_REF_FREEDOM_H
#define VFIO_MIG_REF_FREEDOM_H

enum ref_freedom {
	REF_NO_FREEDOM,
#define FREEDOM(name, where, chapters, what, words) REF_FREEDOM_##name,
#include "freedoms.def"
#undef FREEDOM
};

#endif /* VFIO_MIG_REF_FREEDOM_H */
