// SPDX-License-Identifier: GPL-2.0-only
/* Peer to peer: a device that can write to another one. */
#include <errno.h>
#include <string.h>

#include <vmig/p2p.h>

#define PAGE 4096

/**
 * __vmig_p2p_map - map what peers may write of a device for another one
 * @w: who is to write
 * @peer: the target, in the same uapi; of any driver
 * @p: the mapping goes here
 *
 * Return: 0 or -errno: EOPNOTSUPP where no exerciser knows memory of @peer, or what
 * __vmig_dma_map_region() returns.
 */
int __vmig_p2p_map(struct vmig_exercise *w, struct vmig_exercise *peer, struct vmig_p2p *p)
{
	uint64_t offset = 0;
	uint32_t region = 0;
	int ret;

	memset(p, 0, sizeof(*p));
	if (!peer->ops->p2p_memory)
		return -EOPNOTSUPP;
	ret = peer->ops->p2p_memory(peer, &region, &offset);
	ret = ret
		      ?: __vmig_dma_map_region(w->dev, peer->dev, region, offset / PAGE * PAGE,
					       PAGE, w->ops->iova_bits, &p->map);
	p->iova = p->map.iova + offset % PAGE;
	return ret;
}

/**
 * __vmig_p2p_begin - the same, or what the driver of the device has for it
 * @w: who is to write
 * @peer: the target
 * @p: the way to it goes here
 *
 * Return: 0 or -errno.
 */
int __vmig_p2p_begin(struct vmig_exercise *w, struct vmig_exercise *peer, struct vmig_p2p *p)
{
	int ret = __vmig_p2p_map(w, peer, p);

	if (!ret || !w->ops->p2p_window || strcmp(w->dev->id.driver, peer->dev->id.driver))
		return ret;
	/* Not where a mapping should have worked. */
	if (w->dev->uapi != VMIG_UAPI_GROUP && ret != -ENOTTY && ret != -EOPNOTSUPP)
		return ret;
	return w->ops->p2p_window(w, peer, &p->iova);
}

/**
 * vmig_p2p_end - undo __vmig_p2p_begin() or __vmig_p2p_map()
 * @p: the way, or zeroes
 *
 * A window is closed when its exerciser ends.
 */
void vmig_p2p_end(struct vmig_p2p *p)
{
	__vmig_dma_unmap_region(&p->map);
	memset(p, 0, sizeof(*p));
}
