/* SPDX-License-Identifier: GPL-2.0-only */
/* Peer to peer: a device that can write to another one. */
#ifndef VMIG_EXERCISERS_P2P_H
#define VMIG_EXERCISERS_P2P_H

#include <vmig/dma_region.h>
#include <vmig/exerciser.h>

/**
 * struct vmig_p2p - the way from one device to another
 * @map: the page of the target, where user space has mapped it
 * @iova: the 4 bytes in it that may be written
 */
struct vmig_p2p {
	struct vmig_dma_region map;
	uint64_t iova;
};

int __vmig_p2p_map(struct vmig_exercise *w, struct vmig_exercise *peer, struct vmig_p2p *p);
int __vmig_p2p_begin(struct vmig_exercise *w, struct vmig_exercise *peer, struct vmig_p2p *p);
void vmig_p2p_end(struct vmig_p2p *p);

#endif /* VMIG_EXERCISERS_P2P_H */
