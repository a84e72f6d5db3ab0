// SPDX-License-Identifier: GPL-2.0-only
/* The module, the host bridge of each card, and the life of a card. */

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "fw.h"

#define FIRST_BUS 1
#define MAX_STATE_KB (1 << 20)

static ulong window_base;

module_param(window_base, ulong, 0444);
MODULE_PARM_DESC(window_base,
		 "physical address of memory that is the cards' alone (memmap=SIZE$ADDRESS)");

static ulong window_size;

module_param(window_size, ulong, 0444);
MODULE_PARM_DESC(window_size, "bytes of it");

static unsigned int nr_vfs = 3;

module_param(nr_vfs, uint, 0444);
MODULE_PARM_DESC(nr_vfs, "virtual functions of a card, 3 by default");

static unsigned int nr_cards = 1;

module_param_named(cards, nr_cards, uint, 0444);
MODULE_PARM_DESC(cards, "cards of the stand-in, 1 by default; 2 at most");

static unsigned int state_kb = 64;

module_param(state_kb, uint, 0444);
MODULE_PARM_DESC(state_kb, "KiB of memory of a virtual function, a power of 2, 64 by default");

static LIST_HEAD(cards);
static DEFINE_MUTEX(cards_lock);
static struct platform_device *parent;

/* How far the cards have filled the window. */
static size_t window_used;

/* Is it the card of the function at this address? Without an address it is any. */
static bool is_at(const struct fw_card *card, const char *address)
{
	unsigned int domain, bus;

	if (!address)
		return true;
	return sscanf(address, "%x:%x:", &domain, &bus) == 2 && !domain && bus == card->bus->number;
}

/* An event=NAME[ ADDRESS]: something happens to the cards, or to that of a function. */
static int event_set(const char *value, const struct kernel_param *kp)
{
	char *copy = kstrdup(value, GFP_KERNEL), *address, *name;
	struct fw_card *card;
	int ret = -ENOENT;

	if (!copy)
		return -ENOMEM;
	address = strim(copy);
	name = strsep(&address, " ");
	mutex_lock(&cards_lock);
	list_for_each_entry(card, &cards, list)
		if (is_at(card, address) && card->desc->ops->event &&
		    card->desc->ops->event(card, name))
			ret = 0;
	mutex_unlock(&cards_lock);
	kfree(copy);
	return ret;
}

static const struct kernel_param_ops event_ops = {
	.set = event_set,
};

module_param_cb(event, &event_ops, NULL, 0200);
MODULE_PARM_DESC(event, "write: something happens to the cards, such as pf_reset; behind a blank, "
			"the address of a function: to its card alone");

/* A card that has had nothing to do for so many looks is looked at less often. */
#define IDLE_LOOKS 16
#define IDLE_POLL_US (4 * FW_POLL_US)

static int work(void *data)
{
	unsigned int i, idle = 0, us;
	struct fw_card *card = data;

	while (!kthread_should_stop()) {
		idle++;
		for (i = 0; i < card->nr_vfs; i++)
			if (fw_vf_look(&card->vfs[i]))
				idle = 0;
		us = idle < IDLE_LOOKS ? FW_POLL_US : IDLE_POLL_US;
		usleep_range(us, us + us / 2);
	}
	return 0;
}

/**
 * fw_nr_cards - how many cards a stand-in is to make
 *
 * Return: 1 to FW_MAX_CARDS
 */
unsigned int fw_nr_cards(void)
{
	return nr_cards;
}
EXPORT_SYMBOL_GPL(fw_nr_cards);

/**
 * fw_card_of - the card that a PCI function belongs to
 * @dev: a function on the bus of a card, physical or virtual
 *
 * Return: the card, or NULL where the function is no card's.
 */
struct fw_card *fw_card_of(struct pci_dev *dev)
{
	if (dev->bus->ops != &fw_pci_ops)
		return NULL;
	return container_of(to_pci_sysdata(dev->bus), struct fw_card, sysdata);
}
EXPORT_SYMBOL_GPL(fw_card_of);

/**
 * fw_vf_of - the model of a virtual function
 * @vf: how PCI sees it
 *
 * Return: the model, or NULL where the function is none of a card.
 */
struct fw_vf *fw_vf_of(struct pci_dev *vf)
{
	struct fw_card *card = fw_card_of(vf);
	int id = vf->is_virtfn ? pci_iov_vf_id(vf) : -1;

	return card && id >= 0 && id < card->nr_vfs ? &card->vfs[id] : NULL;
}
EXPORT_SYMBOL_GPL(fw_vf_of);

/**
 * fw_pf_enable - what the probe of a physical function has in common: DMA, and its VFs
 * @pf: the physical function
 *
 * Return: 0, or -errno
 */
int fw_pf_enable(struct pci_dev *pf)
{
	struct fw_card *card = fw_card_of(pf);
	int ret;

	if (!card)
		return -ENODEV;
	ret = pci_enable_device_mem(pf);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pf->dev, DMA_BIT_MASK(64));
	if (!ret) {
		pci_set_master(pf);
		ret = pci_enable_sriov(pf, card->nr_vfs);
	}
	if (ret)
		pci_disable_device(pf);
	return ret;
}
EXPORT_SYMBOL_GPL(fw_pf_enable);

/**
 * fw_pf_disable - undo fw_pf_enable()
 * @pf: the physical function
 */
void fw_pf_disable(struct pci_dev *pf)
{
	pci_disable_sriov(pf);
	pci_disable_device(pf);
}
EXPORT_SYMBOL_GPL(fw_pf_disable);

/* Memory of the window behind a BAR of a function. */
static void *behind(const struct fw_card *card, const struct fw_bar *bar, unsigned int id)
{
	return bar->size ? card->base + (bar->at - card->window.start) + id * bar->size : NULL;
}

static void attach_memory(struct fw_card *card)
{
	unsigned int i, mem = card->desc->mem_bar;
	struct fw_vf *vf;

	card->pf_bar0 = behind(card, &card->pf_bar, 0);
	for (i = 0; i < card->nr_vfs; i++) {
		vf = &card->vfs[i];
		vf->regs = behind(card, &card->vf_bars[0], i);
		vf->mem = behind(card, &card->vf_bars[mem], i);
		vf->mem_size = card->vf_bars[mem].size;
		vf->state_bytes = min(card->desc->state_bytes ?: vf->mem_size, vf->mem_size);
		if (card->desc->vf_bar2)
			vf->bar2 = behind(card, &card->vf_bars[2], i);
		fw_vf_init(vf);
	}
}

/* The bridge of the machine whose range of buses ours is in: the IOMMU takes the card for
 * something below it, and its interrupts are remapped where those of the bridge are.
 */
static void take_msi_domain(struct fw_card *card, struct pci_dev *pf)
{
	struct pci_dev *dev = NULL;

	for_each_pci_dev(dev) {
		if (dev->subordinate && dev->subordinate->number <= card->bus->number &&
		    dev->subordinate->busn_res.end >= card->bus->number) {
			dev_set_msi_domain(&pf->dev, dev_get_msi_domain(&dev->dev));
			pci_dev_put(dev);
			return;
		}
	}
}

/* The addresses stand in the BARs from the start, as after a BIOS: the kernel gives none out
 * of memory that its map calls reserved.
 */
static int scan(struct fw_card *card)
{
	struct pci_dev *pf;
	bool found;

	pci_scan_child_bus(card->bus);
	pci_bus_claim_resources(card->bus);
	pf = pci_get_slot(card->bus, 0);
	found = pf && pf->is_physfn && pf->resource[PCI_IOV_RESOURCES].parent;
	if (found)
		take_msi_domain(card, pf);
	pci_dev_put(pf);
	return found ? 0 : -ENODEV;
}

static int make_bus(struct fw_card *card)
{
	LIST_HEAD(resources);
	unsigned int n;

	card->sysdata.node = NUMA_NO_NODE;
	for (n = FIRST_BUS; n < 0xff && pci_find_bus(0, n); n++)
		;
	card->buses = (struct resource){ .start = n, .end = n, .flags = IORESOURCE_BUS };
	pci_add_resource(&resources, &card->buses);
	pci_add_resource(&resources, &card->window);
	card->bus = pci_create_root_bus(&parent->dev, n, &fw_pci_ops, &card->sysdata, &resources);
	if (card->bus)
		return 0;
	pci_free_resource_list(&resources);
	return -ENODEV;
}

/* One behind the other, each at a multiple of its size, from @at; returns the end. */
static u64 place(struct fw_bar *bar, u64 at, size_t size, unsigned int count)
{
	if (!size)
		return at;
	bar->at = ALIGN(at, size);
	bar->size = size;
	return bar->at + count * size;
}

static u64 place_bars(struct fw_card *card, u64 at)
{
	const struct fw_card_desc *desc = card->desc;

	at = place(&card->vf_bars[desc->mem_bar], at, (size_t)state_kb << 10, card->nr_vfs);
	at = place(&card->vf_bars[0], at, FW_BAR0_SIZE, card->nr_vfs);
	if (desc->vf_bar2)
		at = place(&card->vf_bars[2], at, desc->vf_bar2, card->nr_vfs);
	return place(&card->pf_bar, at, desc->pf_bar0, 1);
}

static int make_window(struct fw_card *card)
{
	u64 start = window_base + window_used;
	size_t size = PAGE_ALIGN(place_bars(card, start) - start);
	int ret;

	if (size > window_size - window_used) {
		pr_err("vfio_mig_fw: %zu bytes are needed and window_size= leaves %lu\n", size,
		       window_size - window_used);
		return -ENOSPC;
	}
	card->window = (struct resource){
		.name = "vfio_mig_fw",
		.start = start,
		.end = start + size - 1,
		.flags = IORESOURCE_MEM,
	};
	ret = insert_resource(&iomem_resource, &card->window);
	if (ret)
		return ret;
	/* As the kernel maps it to a user: uncached. */
	card->base = (void __force *)ioremap(card->window.start, size);
	if (!card->base) {
		remove_resource(&card->window);
		return -ENOMEM;
	}
	window_used += size;
	attach_memory(card);
	return 0;
}

static void free_window(struct fw_card *card)
{
	iounmap((void __iomem __force *)card->base);
	remove_resource(&card->window);
	window_used -= resource_size(&card->window);
}

static void free_card(struct fw_card *card)
{
	kfree(card->vfs);
	kvfree(card->functions);
	kfree(card);
}

static struct fw_card *alloc_card(const struct fw_card_desc *desc, void *priv)
{
	struct fw_card *card = kzalloc(sizeof(*card), GFP_KERNEL);
	unsigned int i;

	if (!card)
		return NULL;
	card->desc = desc;
	card->priv = priv;
	card->nr_vfs = nr_vfs;
	card->vfs = kcalloc(nr_vfs, sizeof(*card->vfs), GFP_KERNEL);
	card->functions = kvcalloc(nr_vfs + 1, sizeof(*card->functions), GFP_KERNEL);
	if (!card->vfs || !card->functions) {
		free_card(card);
		return NULL;
	}
	for (i = 0; i <= nr_vfs; i++) {
		card->functions[i].card = card;
		card->functions[i].devfn = PCI_DEVFN(i, 0);
		if (!i)
			continue;
		card->functions[i].vf = &card->vfs[i - 1];
		card->vfs[i - 1].card = card;
		card->vfs[i - 1].id = i - 1;
		card->vfs[i - 1].function = &card->functions[i];
	}
	return card;
}

static void remove_bus(struct fw_card *card)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(card->bus);
	pci_remove_root_bus(card->bus);
	pci_unlock_rescan_remove();
}

/**
 * fw_card_create - put a card on a bus of its own
 * @desc: what it is; stays as long as the card
 * @priv: the stand-in's own
 *
 * Its physical function is there at once; the virtual ones when a driver has bound to it and
 * called fw_pf_enable().
 *
 * Return: the card, or ERR_PTR(): -ENOSPC where the window is too small.
 */
struct fw_card *fw_card_create(const struct fw_card_desc *desc, void *priv)
{
	struct fw_card *card = alloc_card(desc, priv);
	unsigned int i;
	int ret;

	if (!card)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&cards_lock);
	ret = make_window(card);
	if (ret)
		goto err_card;
	for (i = 0; i <= nr_vfs; i++)
		fw_config_init(card, &card->functions[i]);
	pci_lock_rescan_remove();
	ret = make_bus(card);
	if (!ret)
		ret = scan(card);
	pci_unlock_rescan_remove();
	if (ret)
		goto err_bus;
	card->task = kthread_run(work, card, "vfio_mig_fw/%s", desc->name);
	ret = PTR_ERR_OR_ZERO(card->task);
	if (ret)
		goto err_bus;
	list_add_tail(&card->list, &cards);
	mutex_unlock(&cards_lock);
	pci_lock_rescan_remove();
	pci_bus_add_devices(card->bus);
	pci_unlock_rescan_remove();
	return card;
err_bus:
	if (card->bus)
		remove_bus(card);
	free_window(card);
err_card:
	mutex_unlock(&cards_lock);
	pr_err("vfio_mig_fw: no card %s: %pe\n", desc->name, ERR_PTR(ret));
	free_card(card);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(fw_card_create);

/**
 * fw_card_destroy - take a card away
 * @card: the card, whose physical function has no driver any more
 */
void fw_card_destroy(struct fw_card *card)
{
	unsigned int i;

	mutex_lock(&cards_lock);
	list_del(&card->list);
	mutex_unlock(&cards_lock);
	remove_bus(card);
	kthread_stop(card->task);
	for (i = 0; i < card->nr_vfs; i++)
		fw_vf_exit(&card->vfs[i]);
	free_window(card);
	free_card(card);
}
EXPORT_SYMBOL_GPL(fw_card_destroy);

static int __init fw_init(void)
{
	if (!window_base || !window_size || !nr_vfs || nr_vfs > FW_MAX_VFS) {
		pr_err("vfio_mig_fw: needs window_base= and window_size=, and 1 to %d nr_vfs=\n",
		       FW_MAX_VFS);
		return -EINVAL;
	}
	if (!nr_cards || nr_cards > FW_MAX_CARDS) {
		pr_err("vfio_mig_fw: cards= must be 1 or %d\n", FW_MAX_CARDS);
		return -EINVAL;
	}
	if (state_kb < 64 || state_kb > MAX_STATE_KB || !is_power_of_2(state_kb)) {
		pr_err("vfio_mig_fw: state_kb= must be a power of 2 from 64 to %d\n", MAX_STATE_KB);
		return -EINVAL;
	}
	parent = platform_device_register_simple("vfio_mig_fw", PLATFORM_DEVID_NONE, NULL, 0);
	return PTR_ERR_OR_ZERO(parent);
}

static void __exit fw_exit(void)
{
	platform_device_unregister(parent);
}

module_init(fw_init);
module_exit(fw_exit);

MODULE_DESCRIPTION("A card with virtual functions for VFIO migration drivers, in software");
MODULE_AUTHOR("vmig");
MODULE_LICENSE("GPL");
