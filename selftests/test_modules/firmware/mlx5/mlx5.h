/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_fw_mlx5: stands in for mlx5_core and the firmware of a ConnectX below
 * mlx5_vfio_pci. What the driver imports is exported by main.c, command.c and object.c;
 * its commands are carried out as include/linux/mlx5/mlx5_ifc.h describes them.
 */
#ifndef VFIO_MIG_FW_MLX5_H
#define VFIO_MIG_FW_MLX5_H

#include <linux/kref.h>
#include <linux/mlx5/cq.h>
#include <linux/mlx5/driver.h>
#include <linux/mlx5/eq.h>
#include <linux/mlx5/qp.h>
#include <linux/notifier.h>
#include <linux/version.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "fw.h"

struct hca;
struct tracker;

/* Firmware that says in which state a migration is, and a driver that looks (56f90177573e). */
#define MLX5_FW_HAS_MIGRATION_STATE (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0))

/* What all commands and all answers begin with, for MLX5_GET() and MLX5_SET(). */
struct mlx5_ifc_any_in_bits {
	u8 opcode[0x10];
	u8 uid[0x10];
	u8 reserved_at_20[0x10];
	u8 op_mod[0x10];
};

struct mlx5_ifc_any_out_bits {
	u8 status[0x8];
	u8 reserved_at_8[0x18];
	u8 syndrome[0x20];
};

/**
 * struct mkey - memory of the host that commands and messages reach
 * @refs: it stays while something is copied
 * @npages: pages of it
 * @pages: their DMA addresses
 */
struct mkey {
	struct kref refs;
	u64 npages;
	u64 pages[];
};

/**
 * struct cq - a completion queue
 * @mcq: the driver's side of it
 * @uar: page in which it is armed
 * @dbr: DMA address of the record that says how far the driver has read
 * @log_size: entries
 * @produced: entries that were written
 * @pages: DMA addresses of the ring
 */
struct cq {
	struct mlx5_core_cq *mcq;
	struct mlx5_uars_page *uar;
	u64 dbr;
	u8 log_size;
	u32 produced;
	u64 pages[];
};

/**
 * struct qp - a queue pair, of which only receiving is of use
 * @cqn: completion queue
 * @remote: whom it sends to
 * @dbr: DMA address of the record that says how many entries are posted
 * @log_size: entries of the ring
 * @used: entries that were used
 * @state: how far it is activated, MLX5_QP_STATE_*
 * @pages: DMA addresses of the ring
 */
struct qp {
	u32 cqn;
	u32 remote;
	u64 dbr;
	u8 log_size;
	u16 used;
	u8 state;
	u64 pages[];
};

/**
 * struct image - where saving and loading of a function are
 * @npages: pages of its memory
 * @pending: pages that are not saved since they changed
 * @hashes: of the pages as they were saved
 * @regs_hash: of the registers as they were saved
 * @tracking: changes are being looked for
 * @final: the images that stop the copy have begun
 * @reinit: how many more queries are told that the function was reconfigured
 * @saved: how many images since the first one
 * @saved_sum: checksum of the last one
 * @loading: a first image has been loaded and the function has not run since
 * @load_done: so has the last one
 * @loaded: how many
 * @loaded_sum: checksum of the last one
 */
struct image {
	unsigned long npages;
	unsigned long *pending;
	u64 *hashes;
	u64 regs_hash;
	bool tracking;
	bool final;
	u32 reinit;
	u32 saved;
	u32 saved_sum;
	bool loading;
	bool load_done;
	u32 loaded;
	u32 loaded_sum;
};

/**
 * struct vhca - a virtual function as the firmware sees it
 * @hca: its card
 * @vf: its model
 * @lock: one command at a time
 * @enabled: its commands are carried out
 * @initiator_off: it begins no DMA
 * @responder_off: it does nothing at all
 * @image: saving and loading
 * @notifier: who hears of its being enabled and disabled
 * @track_lock: for @tracker
 * @tracker: who logs its DMA, or NULL
 */
struct vhca {
	struct hca *hca;
	struct fw_vf *vf;
	struct mutex lock;
	bool enabled;
	bool initiator_off;
	bool responder_off;
	struct image image;
	struct blocking_notifier_head notifier;
	spinlock_t track_lock;
	struct tracker *tracker;
};

/**
 * struct hca - the card
 * @mdev: as the driver sees it
 * @caps: capabilities that it reads
 * @card: its PCI functions
 * @wq: carries out what is asynchronous
 * @objects_lock: for making and destroying what follows
 * @pds: protection domains
 * @mkeys: struct mkey
 * @uars: struct mlx5_uars_page
 * @cqs: struct cq
 * @qps: struct qp
 * @trackers: struct tracker
 * @events: who hears of asynchronous events
 * @vhcas: its virtual functions
 */
struct hca {
	struct mlx5_core_dev mdev;
	struct mlx5_hca_cap caps[4];
	struct fw_card *card;
	struct workqueue_struct *wq;
	struct mutex objects_lock;
	struct xarray pds;
	struct xarray mkeys;
	struct xarray uars;
	struct xarray cqs;
	struct xarray qps;
	struct xarray trackers;
	struct atomic_notifier_head events;
	struct vhca vhcas[FW_MAX_VFS];
};

static inline struct hca *hca_of(struct mlx5_core_dev *mdev)
{
	return container_of(mdev, struct hca, mdev);
}

/* params.c */
extern bool mlx5_fw_chunks;
extern uint mlx5_fw_chunk_kb;
extern bool mlx5_fw_track_full;
extern bool mlx5_fw_tracked_once;
extern bool mlx5_fw_whole_state;
extern bool mlx5_fw_migration_state;

/* hca.c */
int hca_init(struct hca *hca);
struct vhca *hca_vhca(struct hca *hca, u16 vhca_id);
u8 hca_query_cap(struct hca *hca, const void *in, void *out);

/* fault.c */
u8 command_fault(const char *name, int *error);

/* object.c */
int hca_dma(struct hca *hca, u64 at, void *buf, size_t len, bool write);
struct mkey *mkey_get(struct hca *hca, u32 key);
void mkey_put(struct mkey *mkey);
int mkey_rw(struct hca *hca, const struct mkey *mkey, u64 at, void *buf, size_t len, bool write);
void objects_free(struct hca *hca);

/* queue.c */
u8 queue_create_qp(struct hca *hca, const void *in, void *out);
u8 queue_destroy_qp(struct hca *hca, const void *in);
u8 queue_modify_qp(struct hca *hca, u16 opcode, const void *in);
int queue_send(struct hca *hca, u32 qpn, void *data, u32 len, u32 immediate);
u32 queue_remote(struct hca *hca, u32 qpn);

/* vhca.c */
int vhca_init(struct vhca *v);
void vhca_exit(struct vhca *v);
void vhca_reset(struct vhca *v);
void vhca_enable(struct vhca *v, bool on);
void vhca_reinit(struct vhca *v);
u8 vhca_suspend(struct hca *hca, const void *in, int *error);
u8 vhca_resume(struct hca *hca, const void *in, int *error);
u8 vhca_query(struct hca *hca, const void *in, void *out, int *error);
u8 vhca_save(struct hca *hca, const void *in, void *out, int *error);
u8 vhca_load(struct hca *hca, const void *in, int *error);

/* image.c */
int image_init(struct vhca *v);
void image_exit(struct vhca *v);
u64 image_full_size(struct vhca *v);
u64 image_size(struct vhca *v, bool incremental, bool chunk);
int image_save(struct vhca *v, const struct mkey *mkey, u64 size, bool incremental, bool track,
	       u32 *actual, u32 *next);
void image_forget(struct vhca *v);
int image_load(struct vhca *v, const struct mkey *mkey, u64 size);
void image_reinit(struct vhca *v, u32 queries);
bool image_incomplete(const struct vhca *v);

/* track.c */
u8 track_create(struct hca *hca, const void *in, int inlen, void *out, int *error);
u8 track_modify(struct hca *hca, const void *in, int *error);
u8 track_query(struct hca *hca, const void *in, void *out);
u8 track_destroy(struct hca *hca, u32 id, int *error);
void track_wrote(struct fw_vf *vf, u64 iova, size_t len);
void track_fail_all(struct hca *hca);

#endif /* VFIO_MIG_FW_MLX5_H */
