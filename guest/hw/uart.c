/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 16550A serial ports at the four PC addresses (National PC16550D data sheet). Bytes leave at once; bytes
 * typed wait in a bounded queue behind the 16-byte receive FIFO. */
#include <string.h>

#include "guest/hw/hw.h"

enum { UART_DATA, UART_IER, UART_IIR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCR, UART_LEN };
#define UART_FCR UART_IIR

#define IER_RDA 0x01
#define IER_THRE 0x02
#define IER_LINE 0x04
#define IER_MODEM 0x08
#define IIR_NONE 0x01
#define IIR_LINE 0x06
#define IIR_RDA 0x04
#define IIR_TIMEOUT 0x0c
#define IIR_THRE 0x02
#define IIR_MODEM 0x00
#define IIR_FIFO 0xc0
#define FCR_ENABLE 0x01
#define FCR_CLEAR_RX 0x02
#define LCR_DLAB 0x80
#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define LSR_DATA 0x01
#define LSR_OVERRUN 0x02
#define LSR_ERRORS 0x1e
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI 0x40
#define MSR_DCD 0x80

#define FIFO_LEN 16
#define QUEUE_LEN 4096
#define BAUD_BASE 115200u

struct uart {
	struct device dev;
	uint8_t ier, lcr, mcr, lsr, msr, scr, fcr, dll, dlm;
	bool thre_pending;	/* THRE interrupt not yet seen by a read of IIR */
	bool timeout_pending;	/* the oldest byte in the FIFO waited four character times */
	bool irq_level;
	uint8_t fifo[FIFO_LEN];
	unsigned fifo_len;
	uint8_t queue[QUEUE_LEN]; /* ring: typed, not yet on the wire */
	unsigned queue_at, queue_len;
	uint64_t rx_bytes, tx_bytes, dropped;
};

static const struct { uint16_t port; uint8_t irq; } uart_ports[] = {
	{ 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 },
};

static bool uart_fifo_on(const struct uart *u)
{
	return u->fcr & FCR_ENABLE;
}

static unsigned uart_trigger(const struct uart *u)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };
	return uart_fifo_on(u) ? levels[u->fcr >> 6] : 1;
}

/* Highest priority first (data sheet, table IV). */
static uint8_t uart_iir(const struct uart *u)
{
	if ((u->ier & IER_LINE) && (u->lsr & LSR_ERRORS))
		return IIR_LINE;
	if ((u->ier & IER_RDA) && u->fifo_len >= uart_trigger(u))
		return IIR_RDA;
	if ((u->ier & IER_RDA) && u->timeout_pending && u->fifo_len)
		return IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && (u->msr & 0x0f))
		return IIR_MODEM;
	return IIR_NONE;
}

/* On a PC, OUT2 gates the interrupt line; in loopback it is disconnected from the pin. */
static void uart_update_irq(struct uart *u)
{
	bool level = uart_iir(u) != IIR_NONE && (u->mcr & MCR_OUT2) && !(u->mcr & MCR_LOOP);
	if (level == u->irq_level)
		return;
	u->irq_level = level;
	device_irq_set(&u->dev, uart_ports[u->dev.unit].irq, level);
}

static void uart_timeout(struct device *dev, unsigned slot)
{
	struct uart *u = container_of(dev, struct uart, dev);
	u->timeout_pending = u->fifo_len > 0;
	uart_update_irq(u);
}

/* Ten bits a character. */
static uint64_t uart_char_ns(const struct uart *u)
{
	unsigned divisor = u->dll | u->dlm << 8;
	return 10ULL * 1000000000 * (divisor ? divisor : 1) / BAUD_BASE;
}

/* The timeout counts from the last byte received or read while fewer than the trigger level wait. */
static void uart_arm_timeout(struct uart *u)
{
	u->timeout_pending = false;
	bool wait = uart_fifo_on(u) && u->fifo_len && u->fifo_len < uart_trigger(u);
	device_timer_set(&u->dev, 0, wait ? device_clock_ns(&u->dev) + 4 * uart_char_ns(u) : 0,
			 uart_timeout);
}

static void uart_receive(struct uart *u, uint8_t byte)
{
	unsigned room = uart_fifo_on(u) ? FIFO_LEN : 1;
	if (u->fifo_len >= room) {
		u->lsr |= LSR_OVERRUN;
		return;
	}
	u->fifo[u->fifo_len++] = byte;
	u->lsr |= LSR_DATA;
	u->rx_bytes++;
}

/* Moves typed bytes to the FIFO as far as there is room: the far end has flow control. */
static void uart_fill(struct uart *u)
{
	unsigned room = uart_fifo_on(u) ? FIFO_LEN : 1;
	while (u->queue_len && u->fifo_len < room && !(u->mcr & MCR_LOOP)) {
		uart_receive(u, u->queue[u->queue_at]);
		u->queue_at = (u->queue_at + 1) % QUEUE_LEN;
		u->queue_len--;
	}
}

static uint8_t uart_read_data(struct uart *u)
{
	if (!u->fifo_len)
		return 0;
	uint8_t byte = u->fifo[0];
	memmove(u->fifo, u->fifo + 1, --u->fifo_len);
	uart_fill(u);
	if (!u->fifo_len)
		u->lsr &= ~LSR_DATA;
	uart_arm_timeout(u);
	return byte;
}

static void uart_write_data(struct uart *u, uint8_t byte)
{
	/* The holding register is full for an instant: edge-triggered controllers need to see it. */
	u->thre_pending = false;
	uart_update_irq(u);
	u->tx_bytes++;
	if (u->mcr & MCR_LOOP) {
		uart_receive(u, byte);
		uart_arm_timeout(u);
	} else {
		device_console_output(&u->dev, u->dev.unit, &byte, 1);
	}
	u->thre_pending = true;
}

static void uart_write_fcr(struct uart *u, uint8_t value)
{
	bool toggled = (value ^ u->fcr) & FCR_ENABLE;
	u->fcr = value & (FCR_ENABLE | 0xc0);
	if (toggled || (value & FCR_CLEAR_RX)) {
		u->fifo_len = 0;
		u->lsr &= ~LSR_DATA;
		uart_fill(u);
	}
	uart_arm_timeout(u);
}

/* Modem lines: a connected terminal, or our own outputs in loopback. Changes set the delta bits; RI's
 * only on its falling edge. */
static void uart_update_msr(struct uart *u)
{
	uint8_t lines = MSR_DCD | MSR_DSR | MSR_CTS;
	if (u->mcr & MCR_LOOP)
		lines = (u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
			(u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
	uint8_t changed = (lines ^ u->msr) & 0xf0;
	if ((changed & MSR_RI) && (lines & MSR_RI))
		changed &= ~MSR_RI;
	u->msr = lines | (u->msr & 0x0f) | changed >> 4;
}

static void uart_write_ier(struct uart *u, uint8_t value)
{
	if (!(u->ier & IER_THRE) && (value & IER_THRE))
		u->thre_pending = true; /* enabling it while empty interrupts at once */
	u->ier = value & 0x0f;
}

static void uart_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct uart *u = container_of(dev, struct uart, dev);
	bool dlab = u->lcr & LCR_DLAB;
	switch (offset) {
	case UART_DATA:
		*value = dlab ? u->dll : uart_read_data(u);
		break;
	case UART_IER:
		*value = dlab ? u->dlm : u->ier;
		break;
	case UART_IIR:
		*value = uart_iir(u);
		if (*value == IIR_THRE)
			u->thre_pending = false;
		if (uart_fifo_on(u))
			*value |= IIR_FIFO;
		break;
	case UART_LCR:
		*value = u->lcr;
		break;
	case UART_MCR:
		*value = u->mcr;
		break;
	case UART_LSR:
		*value = u->lsr;
		u->lsr &= ~LSR_ERRORS;
		break;
	case UART_MSR:
		*value = u->msr;
		u->msr &= 0xf0;
		break;
	case UART_SCR:
		*value = u->scr;
		break;
	}
	uart_update_irq(u);
}

static void uart_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct uart *u = container_of(dev, struct uart, dev);
	bool dlab = u->lcr & LCR_DLAB;
	switch (offset) {
	case UART_DATA:
		if (dlab)
			u->dll = value;
		else
			uart_write_data(u, value);
		break;
	case UART_IER:
		if (dlab)
			u->dlm = value;
		else
			uart_write_ier(u, value);
		break;
	case UART_FCR:
		uart_write_fcr(u, value);
		break;
	case UART_LCR:
		u->lcr = value;
		break;
	case UART_MCR:
		u->mcr = value & 0x1f;
		uart_update_msr(u);
		uart_fill(u);
		break;
	case UART_SCR:
		u->scr = value;
		break;
	}
	uart_update_irq(u);
}

static void uart_reset(struct device *dev)
{
	struct uart *u = container_of(dev, struct uart, dev);
	u->ier = u->lcr = u->mcr = u->scr = u->fcr = u->dlm = 0;
	u->dll = 1;
	u->lsr = LSR_THRE | LSR_TEMT;
	u->msr = MSR_DCD | MSR_DSR | MSR_CTS;
	u->thre_pending = u->timeout_pending = false;
	u->fifo_len = 0;
	device_timer_set(dev, 0, 0, uart_timeout);
	uart_update_irq(u);
}

static void uart_input(struct device *dev, const void *data, size_t len)
{
	struct uart *u = container_of(dev, struct uart, dev);
	const uint8_t *bytes = data;
	size_t room = QUEUE_LEN - u->queue_len, take = len < room ? len : room;
	for (size_t i = 0; i < take; i++)
		u->queue[(u->queue_at + u->queue_len++) % QUEUE_LEN] = bytes[i];
	if (take < len) {
		u->dropped += len - take;
		device_event(dev, HW_EVENT_INPUT_DROPPED, len - take, u->dropped);
	}
	uart_fill(u);
	uart_arm_timeout(u);
	uart_update_irq(u);
}

static void uart_describe(struct device *dev, struct out *out)
{
	const struct uart *u = container_of(dev, struct uart, dev);
	static const char *const iir_names[] = {
		[IIR_MODEM] = "modem status", [IIR_NONE] = "no interrupt", [IIR_THRE] = "transmitter empty",
		[IIR_RDA] = "received data", [IIR_LINE] = "line status", [IIR_TIMEOUT] = "receive timeout",
	};
	hw_show_reg(out, "ier", 2, u->ier, NULL);
	hw_show_reg(out, "iir", 2, uart_iir(u) | (uart_fifo_on(u) ? IIR_FIFO : 0), iir_names[uart_iir(u)]);
	hw_show_reg(out, "fcr", 2, u->fcr, uart_fifo_on(u) ? "FIFOs on" : "FIFOs off");
	hw_show_reg(out, "lcr", 2, u->lcr, u->lcr & LCR_DLAB ? "divisor latch" : NULL);
	hw_show_reg(out, "mcr", 2, u->mcr, u->mcr & MCR_LOOP ? "loopback" : NULL);
	hw_show_reg(out, "lsr", 2, u->lsr, NULL);
	hw_show_reg(out, "msr", 2, u->msr, NULL);
	hw_show_reg(out, "scr", 2, u->scr, NULL);
	hw_show_reg(out, "divisor", 4, u->dll | u->dlm << 8, NULL);
	hw_show_reg(out, "irq", 1, u->irq_level, u->irq_level ? "asserted" : "not asserted");
	hw_show_count(out, "fifo", u->fifo_len, "bytes");
	hw_show_count(out, "queue", u->queue_len, "bytes");
	hw_show_count(out, "sent", u->tx_bytes, "bytes");
	hw_show_count(out, "received", u->rx_bytes, "bytes");
	hw_show_count(out, "dropped", u->dropped, "bytes");
}

static struct error *uart_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = uart_read, .write = uart_write, .split_bytes = true };
	*ret = NULL;
	if (unit >= ARRAY_SIZE(uart_ports))
		return NULL;
	const struct hw_claim claim = { MEM_PORT, uart_ports[unit].port, UART_LEN, &ops };
	return hw_create(vm, unit, &device_uart, sizeof(struct uart), &claim, 1, ret);
}

const struct device_model device_uart = {
	.arch = "x86_64",
	.name = "uart",
	.help = "16550A serial port (COM1-COM4)",
	.many = true,
	.create = uart_create,
	.reset = uart_reset,
	.destroy = hw_destroy,
	.input = uart_input,
	.describe = uart_describe,
};
