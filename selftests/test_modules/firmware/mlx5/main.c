// SPDX-License-Identifier: GPL-2.0-only
/* The module, its physical function, and what the driver asks of mlx5_core besides commands. */

#include <linux/mlx5/vport.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mlx5.h"

#define PF_DEVICE 0x101d
#define VF_DEVICE 0x101e

static struct hca *the_hcas[FW_MAX_CARDS];

static void reset(struct fw_vf *vf)
{
	struct hca *hca = vf->card->priv;

	vhca_reset(&hca->vhcas[vf->id]);
}

static void all_vfs(struct hca *hca, bool enable)
{
	unsigned int i;

	for (i = 0; i < hca->card->nr_vfs; i++)
		vhca_enable(&hca->vhcas[i], enable);
}

static void all_reinit(struct hca *hca)
{
	unsigned int i;

	for (i = 0; i < hca->card->nr_vfs; i++)
		vhca_reinit(&hca->vhcas[i]);
}

static bool event(struct fw_card *card, const char *name)
{
	struct hca *hca = card->priv;

	if (!strcmp(name, "vf_disabled")) {
		all_vfs(hca, false);
	} else if (!strcmp(name, "vf_enabled")) {
		all_vfs(hca, true);
	} else if (!strcmp(name, "pf_reset")) {
		all_vfs(hca, false);
		all_vfs(hca, true);
	} else if (!strcmp(name, "tracker_error")) {
		track_fail_all(hca);
	} else if (!strcmp(name, "reinit")) {
		all_reinit(hca);
	} else {
		return false;
	}
	return true;
}

static const struct fw_ops ops = {
	.reset = reset,
	.wrote = track_wrote,
	.event = event,
};

static const struct fw_card_desc desc = {
	.name = "mlx5",
	.vendor = PCI_VENDOR_ID_MELLANOX,
	.pf_device = PF_DEVICE,
	.vf_device = VF_DEVICE,
	.class = PCI_CLASS_NETWORK_ETHERNET << 8,
	.kind = VF_DEVICE,
	.mem_bar = 2,
	.ops = &ops,
};

int mlx5_vport_get_other_func_cap(struct mlx5_core_dev *dev, u16 vport, void *out, u16 opmod)
{
	u32 in[MLX5_ST_SZ_DW(query_hca_cap_in)] = {};

	MLX5_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	MLX5_SET(query_hca_cap_in, in, op_mod, opmod << 1 | HCA_CAP_OPMOD_GET_CUR);
	MLX5_SET(query_hca_cap_in, in, function_id, vport);
	MLX5_SET(query_hca_cap_in, in, other_function, 1);
	return mlx5_cmd_exec_inout(dev, query_hca_cap, in, out);
}
EXPORT_SYMBOL_GPL(mlx5_vport_get_other_func_cap);

struct mlx5_core_dev *mlx5_vf_get_core_dev(struct pci_dev *pdev)
{
	struct fw_vf *vf = fw_vf_of(pdev);

	return vf && vf->card->desc == &desc ? &((struct hca *)vf->card->priv)->mdev : NULL;
}
EXPORT_SYMBOL(mlx5_vf_get_core_dev);

void mlx5_vf_put_core_dev(struct mlx5_core_dev *mdev)
{
}
EXPORT_SYMBOL(mlx5_vf_put_core_dev);

int mlx5_sriov_blocking_notifier_register(struct mlx5_core_dev *mdev, int vf_id,
					  struct notifier_block *nb)
{
	struct hca *hca = hca_of(mdev);

	if (vf_id < 0 || vf_id >= hca->card->nr_vfs)
		return -EINVAL;
	return blocking_notifier_chain_register(&hca->vhcas[vf_id].notifier, nb);
}
EXPORT_SYMBOL(mlx5_sriov_blocking_notifier_register);

void mlx5_sriov_blocking_notifier_unregister(struct mlx5_core_dev *mdev, int vf_id,
					     struct notifier_block *nb)
{
	blocking_notifier_chain_unregister(&hca_of(mdev)->vhcas[vf_id].notifier, nb);
}
EXPORT_SYMBOL(mlx5_sriov_blocking_notifier_unregister);

int mlx5_eq_notifier_register(struct mlx5_core_dev *dev, struct mlx5_nb *nb)
{
	return atomic_notifier_chain_register(&hca_of(dev)->events, &nb->nb);
}
EXPORT_SYMBOL(mlx5_eq_notifier_register);

int mlx5_eq_notifier_unregister(struct mlx5_core_dev *dev, struct mlx5_nb *nb)
{
	return atomic_notifier_chain_unregister(&hca_of(dev)->events, &nb->nb);
}
EXPORT_SYMBOL(mlx5_eq_notifier_unregister);

unsigned int mlx5_comp_vectors_max(struct mlx5_core_dev *dev)
{
	return 1;
}
EXPORT_SYMBOL(mlx5_comp_vectors_max);

int mlx5_comp_eqn_get(struct mlx5_core_dev *dev, u16 vecidx, int *eqn)
{
	*eqn = 1;
	return 0;
}
EXPORT_SYMBOL(mlx5_comp_eqn_get);

bool mlx5_is_roce_on(struct mlx5_core_dev *dev)
{
	return false;
}
EXPORT_SYMBOL(mlx5_is_roce_on);

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fw_card *card = fw_card_of(pdev);
	struct hca *hca;

	if (!card || card->desc != &desc)
		return -ENODEV;
	hca = card->priv;
	hca->mdev.pdev = pdev;
	hca->mdev.device = &pdev->dev;
	hca->mdev.priv.numa_node = NUMA_NO_NODE;
	pci_set_drvdata(pdev, hca);
	return fw_pf_enable(pdev);
}

static void unbind(struct pci_dev *pdev)
{
	fw_pf_disable(pdev);
	objects_free(pci_get_drvdata(pdev));
}

static const struct pci_device_id ids[] = { { PCI_DEVICE_SUB(PCI_VENDOR_ID_MELLANOX, PF_DEVICE,
							     FW_SUBSYSTEM_VENDOR_ID,
							     FW_SUBSYSTEM_ID) },
					    {} };

static struct pci_driver driver = {
	.name = "vfio_mig_fw_mlx5",
	.id_table = ids,
	.probe = probe,
	.remove = unbind,
};

static void free_hca(struct hca *hca)
{
	unsigned int i;

	for (i = 0; i < FW_MAX_VFS; i++)
		vhca_exit(&hca->vhcas[i]);
	if (hca->wq)
		destroy_workqueue(hca->wq);
	kvfree(hca);
}

/* The card resets its functions as soon as it is there, and asks for its @priv. */
static int create(struct hca *hca)
{
	unsigned int i;
	int ret = 0;

	hca->wq = alloc_workqueue("vfio_mig_fw_mlx5", WQ_UNBOUND, 0);
	if (!hca->wq)
		return -ENOMEM;
	for (i = 0; i < FW_MAX_VFS; i++) {
		mutex_init(&hca->vhcas[i].lock);
		spin_lock_init(&hca->vhcas[i].track_lock);
		BLOCKING_INIT_NOTIFIER_HEAD(&hca->vhcas[i].notifier);
		hca->vhcas[i].hca = hca;
	}
	hca->card = fw_card_create(&desc, hca);
	if (IS_ERR(hca->card))
		return PTR_ERR(hca->card);
	for (i = 0; i < hca->card->nr_vfs && !ret; i++) {
		hca->vhcas[i].vf = &hca->card->vfs[i];
		ret = vhca_init(&hca->vhcas[i]);
	}
	if (ret)
		fw_card_destroy(hca->card);
	return ret;
}

static void destroy(void)
{
	unsigned int i;

	for (i = 0; i < FW_MAX_CARDS && the_hcas[i]; i++) {
		fw_card_destroy(the_hcas[i]->card);
		free_hca(the_hcas[i]);
	}
}

static int add(unsigned int i)
{
	struct hca *hca = kvzalloc(sizeof(*hca), GFP_KERNEL);
	int ret;

	if (!hca)
		return -ENOMEM;
	ret = hca_init(hca);
	ret = ret ?: create(hca);
	if (ret)
		free_hca(hca);
	else
		the_hcas[i] = hca;
	return ret;
}

static int __init init(void)
{
	unsigned int i;
	int ret = 0;

	if (mlx5_fw_chunk_kb < 8)
		return -EINVAL;
	for (i = 0; i < fw_nr_cards() && !ret; i++)
		ret = add(i);
	ret = ret ?: pci_register_driver(&driver);
	if (ret)
		destroy();
	return ret;
}

static void __exit fini(void)
{
	pci_unregister_driver(&driver);
	destroy();
}

module_init(init);
module_exit(fini);

MODULE_DESCRIPTION("Stands in for mlx5_core and the firmware below mlx5_vfio_pci");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
