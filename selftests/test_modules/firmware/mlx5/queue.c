// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues: the page tracker sends its messages through a queue pair of its own to one of the
 * driver, whose receive buffers and completion queue are memory of the host.
 */

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mlx5.h"

#define MAX_QUEUE XA_LIMIT(1, 0xffffff)
/* How long a sender waits for a receive buffer or room for a completion, in ms. */
#define ROOM_MS 5000

static u32 pages_of(u32 log_bytes)
{
	return log_bytes > PAGE_SHIFT ? 1 << (log_bytes - PAGE_SHIFT) : 1;
}

static void copy_pages(u64 *pages, const __be64 *pas, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		pages[i] = be64_to_cpu(pas[i]);
}

int mlx5_core_create_cq(struct mlx5_core_dev *dev, struct mlx5_core_cq *cq, u32 *in, int inlen,
			u32 *out, int outlen)
{
	const void *cqc = MLX5_ADDR_OF(create_cq_in, in, cq_context);
	const __be64 *pas = MLX5_ADDR_OF(create_cq_in, in, pas);
	u8 log_size = MLX5_GET(cqc, cqc, log_cq_size);
	u32 n = pages_of(log_size + ilog2(sizeof(struct mlx5_cqe64)));
	struct hca *hca = hca_of(dev);
	struct cq *q;
	int ret;

	if (n * sizeof(*pas) > inlen - MLX5_ST_SZ_BYTES(create_cq_in) || MLX5_GET(cqc, cqc, cqe_sz))
		return -EINVAL;
	q = kvzalloc(struct_size(q, pages, n), GFP_KERNEL);
	if (!q)
		return -ENOMEM;
	q->mcq = cq;
	q->uar = xa_load(&hca->uars, MLX5_GET(cqc, cqc, uar_page));
	q->dbr = MLX5_GET64(cqc, cqc, dbr_addr);
	q->log_size = log_size;
	copy_pages(q->pages, pas, n);
	ret = q->uar ? xa_alloc(&hca->cqs, &cq->cqn, q, MAX_QUEUE, GFP_KERNEL) : -EINVAL;
	if (ret) {
		kvfree(q);
		return ret;
	}
	cq->cons_index = 0;
	cq->arm_sn = 0;
	refcount_set(&cq->refcount, 1);
	init_completion(&cq->free);
	return 0;
}
EXPORT_SYMBOL(mlx5_core_create_cq);

int mlx5_core_destroy_cq(struct mlx5_core_dev *dev, struct mlx5_core_cq *cq)
{
	struct cq *q = xa_erase(&hca_of(dev)->cqs, cq->cqn);

	kvfree(q);
	return q ? 0 : -EINVAL;
}
EXPORT_SYMBOL(mlx5_core_destroy_cq);

/**
 * queue_create_qp - CREATE_QP
 * @hca: the card
 * @in: the command
 * @out: its answer
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 queue_create_qp(struct hca *hca, const void *in, void *out)
{
	const void *qpc = MLX5_ADDR_OF(create_qp_in, in, qpc);
	bool receives = MLX5_GET(qpc, qpc, rq_type) == MLX5_NON_ZERO_RQ;
	u8 log_size = MLX5_GET(qpc, qpc, log_rq_size);
	u32 n = receives ? pages_of(log_size + ilog2(MLX5_SEND_WQE_DS)) : 0, qpn;
	struct qp *qp;

	if (!xa_load(&hca->pds, MLX5_GET(qpc, qpc, pd)) ||
	    (receives && (MLX5_GET(qpc, qpc, log_rq_stride) ||
			  !xa_load(&hca->cqs, MLX5_GET(qpc, qpc, cqn_rcv)))))
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	/* A ring has four entries or more. */
	if (receives && log_size < 2)
		return MLX5_CMD_STAT_BAD_PARAM_ERR;
	qp = kvzalloc(struct_size(qp, pages, n), GFP_KERNEL);
	if (!qp)
		return MLX5_CMD_STAT_NO_RES_ERR;
	if (receives) {
		qp->cqn = MLX5_GET(qpc, qpc, cqn_rcv);
		qp->dbr = MLX5_GET64(qpc, qpc, dbr_addr);
		qp->log_size = log_size;
		copy_pages(qp->pages, MLX5_ADDR_OF(create_qp_in, in, pas), n);
	}
	if (xa_alloc(&hca->qps, &qpn, qp, MAX_QUEUE, GFP_KERNEL)) {
		kvfree(qp);
		return MLX5_CMD_STAT_NO_RES_ERR;
	}
	MLX5_SET(create_qp_out, out, qpn, qpn);
	return MLX5_CMD_STAT_OK;
}

/**
 * queue_destroy_qp - DESTROY_QP
 * @hca: the card
 * @in: the command
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 queue_destroy_qp(struct hca *hca, const void *in)
{
	struct qp *qp = xa_erase(&hca->qps, MLX5_GET(destroy_qp_in, in, qpn));

	kvfree(qp);
	return qp ? MLX5_CMD_STAT_OK : MLX5_CMD_STAT_BAD_RES_ERR;
}

/**
 * queue_modify_qp - a queue pair goes to the next of its states
 * @hca: the card
 * @opcode: of the command
 * @in: the command
 *
 * Return: MLX5_CMD_STAT_*
 */
u8 queue_modify_qp(struct hca *hca, u16 opcode, const void *in)
{
	struct qp *qp = xa_load(&hca->qps, MLX5_GET(init2rtr_qp_in, in, qpn));
	u8 from, to;

	if (!qp)
		return MLX5_CMD_STAT_BAD_RES_ERR;
	switch (opcode) {
	case MLX5_CMD_OP_RST2INIT_QP:
		from = MLX5_QP_STATE_RST;
		to = MLX5_QP_STATE_INIT;
		break;
	case MLX5_CMD_OP_INIT2RTR_QP:
		from = MLX5_QP_STATE_INIT;
		to = MLX5_QP_STATE_RTR;
		break;
	default:
		from = MLX5_QP_STATE_RTR;
		to = MLX5_QP_STATE_RTS;
	}
	if (qp->state != from)
		return MLX5_CMD_STAT_BAD_QP_STATE_ERR;
	qp->state = to;
	if (to == MLX5_QP_STATE_RTR)
		qp->remote = MLX5_GET(qpc, MLX5_ADDR_OF(init2rtr_qp_in, in, qpc), remote_qpn);
	return MLX5_CMD_STAT_OK;
}

/**
 * queue_remote - whom does a queue pair send to?
 * @hca: the card
 * @qpn: the one that sends
 *
 * Return: the other one, 0 where it cannot send
 */
u32 queue_remote(struct hca *hca, u32 qpn)
{
	struct qp *qp = xa_load(&hca->qps, qpn), *remote;

	if (!qp || qp->state != MLX5_QP_STATE_RTS)
		return 0;
	remote = xa_load(&hca->qps, qp->remote);
	return remote && remote->state >= MLX5_QP_STATE_RTR ? qp->remote : 0;
}

static int read_record(struct hca *hca, u64 at, u32 *value)
{
	__be32 record;
	int ret = hca_dma(hca, at, &record, sizeof(record), false);

	*value = be32_to_cpu(record);
	return ret;
}

/* Room for one more completion, and a receive buffer. */
static int has_room(struct hca *hca, const struct qp *qp, const struct cq *cq)
{
	u32 posted, read;

	if (read_record(hca, qp->dbr + sizeof(__be32) * MLX5_RCV_DBR, &posted) ||
	    read_record(hca, cq->dbr, &read))
		return -EIO;
	return (u16)(posted - qp->used) > 0 &&
	       ((cq->produced - read) & 0xffffff) < 1U << cq->log_size;
}

static int wait_room(struct hca *hca, const struct qp *qp, const struct cq *cq)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ROOM_MS && !ret; i++) {
		ret = has_room(hca, qp, cq);
		if (!ret)
			usleep_range(1000, 1500);
	}
	return ret > 0 ? 0 : ret ?: -ETIMEDOUT;
}

/* The next receive buffer takes the message. */
static int receive(struct hca *hca, const struct qp *qp, void *data, u32 len)
{
	u32 at = (qp->used & ((1 << qp->log_size) - 1)) * MLX5_SEND_WQE_DS;
	struct mlx5_wqe_data_seg wqe;
	struct mkey *mkey;
	int ret;

	ret = hca_dma(hca, qp->pages[at >> PAGE_SHIFT] + offset_in_page(at), &wqe, sizeof(wqe),
		      false);
	if (ret || !len)
		return ret;
	mkey = mkey_get(hca, be32_to_cpu(wqe.lkey));
	if (!mkey)
		return -EIO;
	ret = len > be32_to_cpu(wqe.byte_count)
		      ? -EMSGSIZE
		      : mkey_rw(hca, mkey, be64_to_cpu(wqe.addr), data, len, true);
	mkey_put(mkey);
	return ret;
}

/* The owner bit comes last: who sees it sees the rest. */
static int complete_one(struct hca *hca, struct cq *cq, struct mlx5_cqe64 *cqe)
{
	u32 at = (cq->produced & ((1 << cq->log_size) - 1)) * sizeof(*cqe);
	u64 dma = cq->pages[at >> PAGE_SHIFT] + offset_in_page(at);
	int ret;

	cqe->op_own = MLX5_CQE_RESP_SEND_IMM << 4 | (cq->produced >> cq->log_size & 1);
	ret = hca_dma(hca, dma, cqe, offsetof(struct mlx5_cqe64, op_own), true);
	smp_wmb(); /* pairs with the driver's rmb() behind the owner bit */
	if (!ret)
		ret = hca_dma(hca, dma + offsetof(struct mlx5_cqe64, op_own), &cqe->op_own, 1,
			      true);
	cq->produced++;
	return ret;
}

/* An event, if the driver has asked for one since the last. */
static void notify(struct cq *cq)
{
	u64 *doorbell = (void __force *)cq->uar->map + MLX5_CQ_DOORBELL;

	/* Either the driver sees the completion when it has armed, or it is seen to have. */
	smp_mb();
	if (!xchg(doorbell, 0))
		return;
	cq->mcq->arm_sn++;
	cq->mcq->comp(cq->mcq, NULL);
}

/**
 * queue_send - a message goes to the driver
 * @hca: the card
 * @qpn: the queue pair of the driver
 * @data: the message
 * @len: bytes
 * @immediate: a word that goes with it
 *
 * Return: 0, or -errno
 */
int queue_send(struct hca *hca, u32 qpn, void *data, u32 len, u32 immediate)
{
	struct qp *qp = xa_load(&hca->qps, qpn);
	struct mlx5_cqe64 cqe = {};
	struct cq *cq;
	int ret;

	cq = qp ? xa_load(&hca->cqs, qp->cqn) : NULL;
	if (!cq)
		return -EINVAL;
	ret = wait_room(hca, qp, cq);
	if (!ret)
		ret = receive(hca, qp, data, len);
	if (ret)
		return ret;
	cqe.immediate = cpu_to_be32(immediate);
	cqe.byte_cnt = cpu_to_be32(len);
	cqe.wqe_counter = cpu_to_be16(qp->used++);
	cqe.sop_drop_qpn = cpu_to_be32(qpn);
	ret = complete_one(hca, cq, &cqe);
	notify(cq);
	return ret;
}
