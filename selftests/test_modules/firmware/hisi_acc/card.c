// SPDX-License-Identifier: GPL-2.0-only
/* The card, of which there is one: what the registers, the mailbox and the module share. */

#include "hisi_acc.h"

struct hisi_card hisi;
