// SPDX-License-Identifier: GPL-2.0-only
/* The cards: what the registers, the mailbox and the module share. */

#include "hisi_acc.h"

struct hisi_card hisi_cards[FW_MAX_CARDS];
