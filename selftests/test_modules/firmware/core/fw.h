/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio_mig_fw: a card with virtual functions, without the card. A PCI host bridge in
 * software, on it one physical function and its virtual functions, whose BARs are memory
 * that the kernel was told not to use (memmap=), and a model that makes each virtual
 * function work: registers, DMA through the IOMMU, interrupts, a state. Its datasheet is
 * fw_regs.h.
 *
 * A stand-in for a vendor's firmware is a module on top. It makes a card (fw_card_create()),
 * exports what the vendor's VFIO driver imports, and answers it with what is offered here.
 * The driver is the unmodified one of the kernel.
 */
#ifndef VFIO_MIG_FW_H
#define VFIO_MIG_FW_H

#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/wait.h>

#include <vmig/regs/fw_regs.h>

#define FW_MAX_VFS 4
#define FW_MAX_CARDS 2
#define FW_CONFIG_SIZE 4096

struct fw_card;
struct fw_vf;

/**
 * enum fw_activity - what a virtual function may do
 * @FW_RUNNING: everything
 * @FW_NO_DMA: begins no DMA, what a P2P state asks for
 * @FW_STOPPED: nothing: no DMA, no interrupt, no change of its state
 */
enum fw_activity {
	FW_RUNNING,
	FW_NO_DMA,
	FW_STOPPED,
};

/**
 * struct fw_ops - what a stand-in wants to know of its virtual functions; all optional
 * @reset: a function-level reset has been carried out: the function is running and its
 *	registers and memory are those of a new one. May sleep. The stand-in forgets sessions.
 * @wrote: the function has written @len bytes at @iova by DMA: for dirty tracking. Atomic.
 * @event: fw_event() named this event ("pf_reset", ...). Returns false if it knows no such.
 */
struct fw_ops {
	void (*reset)(struct fw_vf *vf);
	void (*wrote)(struct fw_vf *vf, u64 iova, size_t len);
	bool (*event)(struct fw_card *card, const char *event);
};

/**
 * struct fw_card_desc - a kind of card
 * @name: of the stand-in
 * @vendor: PCI vendor id of the real card
 * @pf_device: PCI device id of its physical function
 * @vf_device: and of its virtual functions
 * @class: PCI class, 24 bits
 * @kind: FW_KIND, what images of one card are told from those of another by
 * @mem_bar: BAR of the model's memory in each virtual function: 2 or 4
 * @state_bytes: how much of that memory is state, or 0 for all of it
 * @lacks: FW_LACKS
 * @vf_bar2: size of a BAR 2 of the vendor's own, or 0; then @mem_bar is 4
 * @pf_bar0: size of BAR 0 of the physical function, or 0
 * @ops: callbacks
 */
struct fw_card_desc {
	const char *name;
	u16 vendor;
	u16 pf_device;
	u16 vf_device;
	u32 class;
	u32 kind;
	unsigned int mem_bar;
	size_t state_bytes;
	u32 lacks;
	size_t vf_bar2;
	size_t pf_bar0;
	const struct fw_ops *ops;
};

/**
 * struct fw_function - a PCI function on the bus of a card
 * @card: the card
 * @devfn: where it is
 * @lock: for @config, and for DMA: a function that has lost bus mastering does none
 * @config: config space
 * @mask: bits of it that can be written
 * @resetting: until a reset is over, reads of config space give ones
 * @vf: its model, NULL for the physical function
 */
struct fw_function {
	struct fw_card *card;
	unsigned int devfn;
	raw_spinlock_t lock;
	u8 config[FW_CONFIG_SIZE];
	u8 mask[FW_CONFIG_SIZE];
	bool resetting;
	struct fw_vf *vf;
};

/**
 * struct fw_dma - a command under way
 * @kind: FW_COMMAND_*; 0 for none
 * @iova: where it is in memory
 * @at: where it is in the function's memory
 * @left: bytes to go
 * @len: of all of it
 * @time: ms that all of it takes
 * @next: when the next part is due
 */
struct fw_dma {
	u32 kind;
	u64 iova;
	u64 at;
	u32 left;
	u32 len;
	u32 time;
	ktime_t next;
};

/**
 * struct fw_vf - a virtual function
 * @card: its card
 * @id: 0 for the first one
 * @function: how PCI sees it
 * @regs: BAR 0
 * @mem: the memory, in the BAR that the card says
 * @mem_size: bytes of it
 * @state_bytes: bytes of it that are state
 * @bar2: the vendor's own BAR 2, or NULL
 * @lock: for @activity and all that the model does
 * @activity: what it may do; changed by fw_vf_set_activity() only
 * @dma: command under way
 * @irq_due: when the interrupt that waits is sent; 0 for none
 * @dirty_due: when the function next dirties a page by itself
 * @dirty_next: which
 * @idle: wakes up who waits for the end of a command
 * @irq: sends the interrupt in the context that the kernel expects one in
 * @irq_number: which one
 * @resets: function-level resets so far
 * @priv: the stand-in's own
 */
struct fw_vf {
	struct fw_card *card;
	unsigned int id;
	struct fw_function *function;
	void *regs;
	void *mem;
	size_t mem_size;
	size_t state_bytes;
	void *bar2;
	struct mutex lock;
	enum fw_activity activity;
	struct fw_dma dma;
	ktime_t irq_due;
	ktime_t dirty_due;
	u64 dirty_next;
	wait_queue_head_t idle;
	struct irq_work irq;
	unsigned int irq_number;
	atomic_t resets;
	void *priv;
};

/**
 * struct fw_bar - where a BAR is; for virtual functions, that of the first one
 * @at: physical address
 * @size: bytes, of one function; 0 for none
 */
struct fw_bar {
	u64 at;
	size_t size;
};

/**
 * struct fw_card - a card
 * @desc: what it is
 * @nr_vfs: its virtual functions
 * @vfs: their models
 * @functions: the physical function, then the virtual ones
 * @list: for the cards there are
 * @bus: the PCI bus
 * @sysdata: for the bus
 * @buses: the number of @bus
 * @window: of memory, for the BARs
 * @base: the same, for us
 * @pf_bar: BAR 0 of the physical function
 * @vf_bars: BARs of the virtual functions
 * @task: makes the functions work
 * @pf_bar0: BAR 0 of the physical function, or NULL
 * @priv: the stand-in's own
 */
struct fw_card {
	const struct fw_card_desc *desc;
	unsigned int nr_vfs;
	struct fw_vf *vfs;
	struct fw_function *functions;
	struct list_head list;
	struct pci_bus *bus;
	struct pci_sysdata sysdata;
	struct resource buses;
	struct resource window;
	void *base;
	struct fw_bar pf_bar;
	struct fw_bar vf_bars[6];
	struct task_struct *task;
	void *pf_bar0;
	void *priv;
};

/* card.c */
unsigned int fw_nr_cards(void);
struct fw_card *fw_card_create(const struct fw_card_desc *desc, void *priv);
void fw_card_destroy(struct fw_card *card);
struct fw_vf *fw_vf_of(struct pci_dev *vf);
struct fw_card *fw_card_of(struct pci_dev *dev);
int fw_pf_enable(struct pci_dev *pf);
void fw_pf_disable(struct pci_dev *pf);

/* config.c */
extern struct pci_ops fw_pci_ops;
void fw_config_init(struct fw_card *card, struct fw_function *f);
bool fw_bus_master(const struct fw_function *f);
bool fw_msix_enabled(const struct fw_function *f, unsigned int vector);

/* model.c */
void fw_vf_init(struct fw_vf *vf);
void fw_vf_exit(struct fw_vf *vf);
bool fw_vf_look(struct fw_vf *vf);
void fw_vf_reset(struct fw_vf *vf);
int fw_vf_set_activity(struct fw_vf *vf, enum fw_activity activity);

/* dma.c */
int fw_dma_rw(struct fw_function *f, struct device *dev, u64 iova, void *buf, size_t len,
	      bool write);

/* image.c */
size_t fw_image_size(const struct fw_vf *vf);
void fw_image_save(struct fw_vf *vf, void *buf);
int fw_image_check(const struct fw_vf *vf, const void *buf, size_t len);
int fw_image_load(struct fw_vf *vf, const void *buf, size_t len);
extern bool fw_trust_host;

/* fault.c */
int fw_fault(const char *command);

/* Registers are memory that somebody else writes at the same time. */
static inline u32 fw_read32(const struct fw_vf *vf, unsigned int at)
{
	return READ_ONCE(*(u32 *)(vf->regs + at));
}

static inline u64 fw_read64(const struct fw_vf *vf, unsigned int at)
{
	return READ_ONCE(*(u64 *)(vf->regs + at));
}

static inline void fw_write32(struct fw_vf *vf, unsigned int at, u32 value)
{
	WRITE_ONCE(*(u32 *)(vf->regs + at), value);
}

static inline void fw_write64(struct fw_vf *vf, unsigned int at, u64 value)
{
	WRITE_ONCE(*(u64 *)(vf->regs + at), value);
}

#endif /* VFIO_MIG_FW_H */
