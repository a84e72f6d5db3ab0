// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device itself: its registers, its interrupt. All of it under edu_device.lock; where
 * BAR 0 is not decoded, what is to be written waits for edu_sync().
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>

#include "edu.h"

/* An interrupt that was sent is handled by then, in jiffies. */
#define EDU_IRQ_LATENCY (HZ / 10 + 1)

static u16 edu_pci_command(struct edu_device *edu)
{
	u16 command = 0;

	if (edu->open && edu->core.pdev->current_state == PCI_D0)
		pci_read_config_word(edu->core.pdev, PCI_COMMAND, &command);
	return command == U16_MAX ? 0 : command;
}

/**
 * edu_decodes() - can the registers of the device be reached?
 * @edu: device
 *
 * Return: whether user space has memory decoding on.
 */
bool edu_decodes(struct edu_device *edu)
{
	return edu_pci_command(edu) & PCI_COMMAND_MEMORY;
}

/**
 * edu_masters() - can the device do DMA?
 * @edu: device
 *
 * Return: whether user space has bus mastering on, and memory decoding to begin with.
 */
bool edu_masters(struct edu_device *edu)
{
	const u16 both = PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;

	return (edu_pci_command(edu) & both) == both;
}

/**
 * edu_sync() - make the device's registers what the driver says they are
 * @edu: device
 *
 * After a reset or a load, which may come while the device does not decode. QEMU's edu does
 * not reset its registers itself. The interrupt registers are not written: see edu_irq_go().
 */
void edu_sync(struct edu_device *edu)
{
	if (!edu->regs_stale || !edu_decodes(edu))
		return;
	edu->regs_stale = false;
	iowrite32(U32_MAX, edu_bar(edu) + EDU_IRQ_ACK);
	iowrite32(0, edu_bar(edu) + EDU_STATUS);
	iowrite32(~edu->live, edu_bar(edu) + EDU_LIVE);
	iowrite32(edu->operand, edu_bar(edu) + EDU_FACT);
	edu->computing = true;
}

/**
 * edu_raise() - raise an interrupt
 * @edu: device
 * @bits: what for
 *
 * A line that nobody listens to is left alone: others may share it.
 */
void edu_raise(struct edu_device *edu, u32 bits)
{
	edu->irq_status |= bits;
	if (bits && edu->core.irq_type < VFIO_PCI_NUM_IRQS && edu_decodes(edu))
		iowrite32(bits, edu_bar(edu) + EDU_IRQ_RAISE);
	edu->irq_sent = jiffies;
}

/**
 * edu_irq_stop() - no interrupt from now on, and none is under way
 * @edu: device
 *
 * The INTx line stays up until it is acknowledged, and would interrupt again when user space
 * unmasks it.
 */
void edu_irq_stop(struct edu_device *edu)
{
	struct pci_dev *pdev = edu->core.pdev;

	if (edu->irq_armed) {
		long left = edu->irq_due - jiffies;

		edu->irq_left_ms = max(jiffies_to_msecs(max(left, 0L)), 1U);
		edu->irq_armed = false;
	}
	if (!edu_decodes(edu))
		return;
	if (!pdev->msi_enabled)
		iowrite32(U32_MAX, edu_bar(edu) + EDU_IRQ_ACK);
	if (pdev->msi_enabled && time_before(jiffies, edu->irq_sent + EDU_IRQ_LATENCY)) {
		int irq = pci_irq_vector(pdev, 0);

		/* What the device has sent is with the processors after a read, and soon handled.
		 */
		ioread32(edu_bar(edu) + EDU_IRQ_STATUS);
		usleep_range(200, 400);
		if (irq > 0)
			synchronize_irq(irq);
	}
}

/**
 * edu_irq_go() - interrupts may come again
 * @edu: device
 *
 * A message was sent before the device was stopped; a line goes up again.
 */
void edu_irq_go(struct edu_device *edu)
{
	if (edu->irq_left_ms) {
		edu->irq_due = jiffies + msecs_to_jiffies(edu->irq_left_ms);
		edu->irq_armed = true;
		edu->irq_left_ms = 0;
	}
	if (edu->core.irq_type == VFIO_PCI_INTX_IRQ_INDEX)
		edu_raise(edu, edu->irq_status);
}

/**
 * edu_compute() - begin a factorial
 * @edu: device, not computing
 * @operand: of what
 */
void edu_compute(struct edu_device *edu, u32 operand)
{
	edu->operand = min(operand, EDU_MAX_OPERAND);
	edu->computing = true;
	iowrite32(edu->operand, edu_bar(edu) + EDU_FACT);
}

/**
 * edu_poll_factorial() - see whether the factorial is done, and tell it if so
 * @edu: device
 */
void edu_poll_factorial(struct edu_device *edu)
{
	if (!edu->computing)
		return;
	/* A device that does not decode reads as ones; what it has begun ends by itself. */
	if (edu_decodes(edu) && (ioread32(edu_bar(edu) + EDU_STATUS) & EDU_STATUS_COMPUTING))
		return;
	edu->computing = false;
	if (edu->status & EDU_STATUS_IRQ_FACT)
		edu_raise(edu, EDU_IRQ_FACT);
}

/**
 * edu_hw_begin() - begin a transfer
 * @edu: device, which has none under way
 * @src: address to read from
 * @dst: address to write to
 * @count: bytes
 * @out: from the buffer to memory
 */
void edu_hw_begin(struct edu_device *edu, u64 src, u64 dst, u64 count, bool out)
{
	void __iomem *bar = edu_bar(edu);

	iowrite32(src, bar + EDU_DMA_SRC);
	iowrite32(dst, bar + EDU_DMA_DST);
	iowrite32(count, bar + EDU_DMA_COUNT);
	iowrite32(EDU_COMMAND_RUN | (out ? EDU_COMMAND_OUT : 0), bar + EDU_DMA_COMMAND);
	edu->started = jiffies;
}

/**
 * edu_hw_done() - has it ended?
 * @edu: device
 *
 * Return: whether it has. A device whose BAR was taken from it cannot say, but goes by time.
 */
bool edu_hw_done(struct edu_device *edu)
{
	if (edu_decodes(edu))
		return !(ioread32(edu_bar(edu) + EDU_DMA_COMMAND) & EDU_COMMAND_RUN);
	return time_after(jiffies, edu->started + msecs_to_jiffies(3 * EDU_DMA_MS));
}
