// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty, a card with one or two 16550 serial ports whose lines are looped back. It does
 * no DMA and nothing by itself: what is sent is there to be received at once.
 *
 * Where the divisor latch is open (LCR bit 7) its value can be read, and opening it
 * clears it; the data register can be reached only where it is closed. So a pattern
 * opens it on one port and has data on the other one.
 *
 * Source: samples/vfio-mdev/mtty.c, handle_bar_read(), handle_bar_write().
 */
#include <errno.h>
#include <linux/serial_reg.h>
#include <stdio.h>
#include <stdlib.h>

#include <vmig/error.h>
#include "bar.h"
#include <vmig/exerciser.h>
#include <vmig/pattern.h>

#define PORTS 2

/* Bytes in the receiver that a pattern leaves there, of 16 that fit. */
#define DATA 4

struct mtty {
	struct vmig_bar bars[PORTS];
	unsigned int ports;
	char why[VMIG_WHY_SIZE];
};

/* What a pattern makes of one port. */
struct port {
	bool latch_open;
	uint8_t lcr, mcr, scr, ier;
	uint16_t divisor;
	uint8_t data[DATA];
};

static void make_port(struct port *p, uint32_t seed, unsigned int n)
{
	unsigned int i;

	p->latch_open = (seed + n) & 1;
	p->lcr = (vmig_pattern_word(seed, n * 16) & 0x1f) | (p->latch_open ? UART_LCR_DLAB : 0);
	p->mcr = vmig_pattern_word(seed, n * 16 + 1) & 0x1f;
	/* The upper half is for dirty(). */
	p->scr = vmig_pattern_word(seed, n * 16 + 2) & 0x7f;
	p->ier = vmig_pattern_word(seed, n * 16 + 3) & 0x0f;
	p->divisor = vmig_pattern_word(seed, n * 16 + 4) | 0x101;
	for (i = 0; i < DATA; i++)
		p->data[i] = vmig_pattern_word(seed, n * 16 + 5 + i);
}

static int begin(struct vmig_exercise *w)
{
	struct mtty *m = vmig_alloc(sizeof(*m));
	int ret;

	w->priv = m;
	ret = vmig_bar_begin(&m->bars[0], w->dev, VFIO_PCI_BAR0_REGION_INDEX);
	if (ret)
		return ret;
	m->ports = 1;
	if (!vmig_bar_begin(&m->bars[1], w->dev, VFIO_PCI_BAR1_REGION_INDEX))
		m->ports = 2;
	return 0;
}

static void end(struct vmig_exercise *w)
{
	struct mtty *m = w->priv;
	unsigned int i;

	for (i = 0; i < PORTS; i++)
		vmig_bar_end(&m->bars[i]);
	free(m);
}

static int put(struct vmig_bar *bar, const struct port *p)
{
	unsigned int i;
	int ret;

	/* Quiet first, so that nothing below raises an interrupt. */
	ret = vmig_bar_write8(bar, UART_LCR, 0);
	ret = ret ?: vmig_bar_write8(bar, UART_IER, 0);
	ret = ret ?: vmig_bar_write8(bar, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	ret = ret ?: vmig_bar_write8(bar, UART_MCR, p->mcr);
	ret = ret ?: vmig_bar_write8(bar, UART_SCR, p->scr);
	if (!p->latch_open) {
		for (i = 0; i < DATA && !ret; i++)
			ret = vmig_bar_write8(bar, UART_TX, p->data[i]);
		ret = ret ?: vmig_bar_write8(bar, UART_IER, p->ier);
	}
	ret = ret ?: vmig_bar_write8(bar, UART_LCR, p->lcr);
	if (!p->latch_open)
		return ret;
	ret = ret ?: vmig_bar_write8(bar, UART_DLL, p->divisor & 0xff);
	return ret ?: vmig_bar_write8(bar, UART_DLM, p->divisor >> 8);
}

static int set_pattern(struct vmig_exercise *w, uint32_t seed)
{
	struct mtty *m = w->priv;
	struct port p;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < m->ports && !ret; i++) {
		make_port(&p, seed, i);
		ret = put(&m->bars[i], &p);
	}
	return ret;
}

static int compare(struct mtty *m, unsigned int port, unsigned int reg, const char *name,
		   uint8_t want)
{
	uint8_t value;
	int ret = vmig_bar_read(&m->bars[port], reg, &value, 1);

	if (ret || value == want)
		return ret;
	snprintf(m->why, sizeof(m->why), "%s of port %u is %#04x and not %#04x", name, port, value,
		 want);
	return -EILSEQ;
}

/* Reading takes the data out, so it is put back. No interrupt may come of it. */
static int check_data(struct mtty *m, unsigned int port, const struct port *p)
{
	struct vmig_bar *bar = &m->bars[port];
	uint8_t data[DATA], lsr;
	unsigned int i, n;
	int ret;

	ret = vmig_bar_write8(bar, UART_IER, 0);
	for (n = 0; n < DATA && !ret; n++) {
		ret = vmig_bar_read(bar, UART_LSR, &lsr, 1);
		if (ret || !(lsr & UART_LSR_DR))
			break;
		ret = vmig_bar_read(bar, UART_RX, &data[n], 1);
	}
	for (i = 0; i < n && !ret; i++)
		ret = vmig_bar_write8(bar, UART_TX, data[i]);
	ret = ret ?: vmig_bar_write8(bar, UART_IER, p->ier);
	if (ret)
		return ret;
	for (i = 0; i < n && data[i] == p->data[i]; i++)
		;
	if (i == DATA)
		return 0;
	snprintf(m->why, sizeof(m->why), "data of port %u: %u bytes, %u of them the right ones",
		 port, n, i);
	return -EILSEQ;
}

static int check_port(struct mtty *m, unsigned int n, const struct port *p)
{
	int ret;

	ret = compare(m, n, UART_LCR, "line control", p->lcr);
	ret = ret ?: compare(m, n, UART_MCR, "modem control", p->mcr);
	ret = ret ?: compare(m, n, UART_SCR, "scratch", p->scr);
	if (p->latch_open) {
		ret = ret ?: compare(m, n, UART_DLL, "divisor, low half,", p->divisor & 0xff);
		return ret ?: compare(m, n, UART_DLM, "divisor, high half,", p->divisor >> 8);
	}
	ret = ret ?: compare(m, n, UART_IER, "interrupt enable", p->ier);
	return ret ?: check_data(m, n, p);
}

static int check_pattern(struct vmig_exercise *w, uint32_t seed, const char **why)
{
	struct mtty *m = w->priv;
	struct port p;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < m->ports && !ret; i++) {
		make_port(&p, seed, i);
		ret = check_port(m, i, &p);
	}
	return vmig_tell_why(ret, m->why, why);
}

static uint8_t dirty_value(uint32_t seed)
{
	return vmig_pattern_word(seed, 1) | 0x80;
}

static int dirty(struct vmig_exercise *w, uint32_t seed)
{
	struct mtty *m = w->priv;

	return vmig_bar_write8(&m->bars[0], UART_SCR, dirty_value(seed));
}

static int check_dirty(struct vmig_exercise *w, uint32_t seed, const char **why)
{
	struct mtty *m = w->priv;
	int ret = compare(m, 0, UART_SCR, "scratch", dirty_value(seed));

	return vmig_tell_why(ret, m->why, why);
}

static int look_port(struct vmig_bar *bar, FILE *f)
{
	uint8_t lcr;
	int ret;

	ret = vmig_bar_read(bar, UART_LCR, &lcr, sizeof(lcr));
	ret = ret ?: vmig_bar_look(bar, UART_LCR, 1, f);
	ret = ret ?: vmig_bar_look(bar, UART_MCR, 1, f);
	ret = ret ?: vmig_bar_look(bar, UART_SCR, 1, f);
	ret = ret ?: vmig_bar_look(bar, UART_LSR, 1, f);
	if (!(lcr & UART_LCR_DLAB))
		return ret ?: vmig_bar_look(bar, UART_IER, 1, f);
	ret = ret ?: vmig_bar_look(bar, UART_DLL, 1, f);
	return ret ?: vmig_bar_look(bar, UART_DLM, 1, f);
}

static int look(struct vmig_exercise *w, FILE *f)
{
	struct mtty *m = w->priv;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < m->ports && !ret; i++) {
		fprintf(f, "port: %u\n", i);
		ret = look_port(&m->bars[i], f);
	}
	return ret;
}

static int stress_registers(struct vmig_exercise *w)
{
	struct mtty *m = w->priv;
	unsigned int i, reg;
	int ret = 0;

	for (i = 0; i < m->ports; i++)
		for (reg = UART_TX; reg <= UART_SCR && !ret; reg++)
			ret = vmig_bar_write8(&m->bars[i], reg, 0x5a);
	return ret;
}

/* Auxiliary output 2 changes while modem interrupts are enabled. */
static int irq_raise(struct vmig_exercise *w, unsigned int delay_ms)
{
	struct mtty *m = w->priv;
	struct vmig_bar *bar = &m->bars[0];
	int ret;

	if (delay_ms)
		return -EOPNOTSUPP;
	ret = vmig_bar_write8(bar, UART_LCR, 0);
	ret = ret ?: vmig_bar_write8(bar, UART_MCR, 0);
	ret = ret ?: vmig_bar_write8(bar, UART_IER, UART_IER_MSI);
	return ret ?: vmig_bar_write8(bar, UART_MCR, UART_MCR_OUT2);
}

/* A receiver with this many bytes in it, its interrupts off. */
static int receive(struct vmig_exercise *w, uint8_t fifo, unsigned int bytes, uint8_t mcr)
{
	struct mtty *m = w->priv;
	struct vmig_bar *bar = &m->bars[0];
	int ret;

	ret = vmig_bar_write8(bar, UART_LCR, 0);
	ret = ret ?: vmig_bar_write8(bar, UART_IER, 0);
	ret = ret ?: vmig_bar_write8(bar, UART_MCR, mcr);
	ret = ret ?: vmig_bar_write8(bar, UART_FCR, fifo | UART_FCR_CLEAR_RCVR);
	while (bytes-- && !ret)
		ret = vmig_bar_write8(bar, UART_TX, 0x5a);
	return ret;
}

/* One more byte than was there before clears what an overrun has left. */
static int quiet(struct vmig_exercise *w)
{
	struct mtty *m = w->priv;
	int ret = receive(w, UART_FCR_ENABLE_FIFO, 1, 0);

	return ret
		       ?: vmig_bar_write8(&m->bars[0], UART_FCR,
					  UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
}

static int check_bit(struct vmig_exercise *w, unsigned int reg, uint8_t mask, uint8_t want,
		     const char *name, const char **why)
{
	struct mtty *m = w->priv;
	uint8_t value = 0;
	int ret = vmig_bar_read(&m->bars[0], reg, &value, 1);

	if (!ret && (value & mask) != want) {
		snprintf(m->why, sizeof(m->why), "%s of %#04x", name, value);
		ret = -EILSEQ;
	}
	return vmig_tell_why(ret, m->why, why);
}

static int make_overrun(struct vmig_exercise *w)
{
	return receive(w, UART_FCR_ENABLE_FIFO, 17, 0);
}

static int check_overrun(struct vmig_exercise *w, const char **why)
{
	return check_bit(w, UART_LSR, UART_LSR_OE, UART_LSR_OE, "a line status", why);
}

static int make_full(struct vmig_exercise *w)
{
	return receive(w, UART_FCR_ENABLE_FIFO, 16, UART_MCR_AFE);
}

/* With its FIFO off a receiver holds one byte. */
static int make_short(struct vmig_exercise *w)
{
	return receive(w, 0, 1, UART_MCR_AFE);
}

static int check_full(struct vmig_exercise *w, const char **why)
{
	return check_bit(w, UART_MSR, UART_MSR_CTS, 0, "a modem status", why);
}

/* Its interrupt is enabled first, so that it was sent, where somebody listens. */
static int make_untaken(struct vmig_exercise *w)
{
	struct mtty *m = w->priv;
	int ret = receive(w, UART_FCR_ENABLE_FIFO, 0, 0);

	ret = ret ?: vmig_bar_write8(&m->bars[0], UART_IER, UART_IER_RDI);
	return ret ?: vmig_bar_write8(&m->bars[0], UART_TX, 0x5a);
}

static int check_untaken(struct vmig_exercise *w, const char **why)
{
	return check_bit(w, UART_IIR, UART_IIR_RDI, UART_IIR_RDI, "an interrupt identification",
			 why);
}

static const struct vmig_condition conditions[] = {
	{ "an overrun that nobody has cleared", make_overrun, check_overrun, quiet },
	{ "a receiver that is full", make_full, check_full, quiet },
	{ "a receiver without its FIFO that is full", make_short, check_full, quiet },
	{ "an interrupt that nobody has taken", make_untaken, check_untaken, quiet },
};

const struct vmig_exerciser vmig_exerciser_mtty = {
	.name = "mtty",
	.driver = "mtty",
	.begin = begin,
	.end = end,
	.set_pattern = set_pattern,
	.check_pattern = check_pattern,
	.dirty = dirty,
	.check_dirty = check_dirty,
	.look = look,
	.stress_registers = stress_registers,
	.conditions = conditions,
	.condition_count = sizeof(conditions) / sizeof(conditions[0]),
	.irq_index = VFIO_PCI_MSI_IRQ_INDEX,
	.irq_raise = irq_raise,
};
