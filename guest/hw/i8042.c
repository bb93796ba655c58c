/* SPDX-License-Identifier: GPL-3.0-or-later */
/* i8042 keyboard controller: enough of it that drivers find a keyboard without keys and no mouse quickly,
 * and its reset line. */
#include <string.h>

#include "guest/hw/hw.h"

#define I8042_DATA_PORT 0x60
#define I8042_COMMAND_PORT 0x64
#define I8042_KBD_IRQ 1
#define I8042_AUX_IRQ 12

#define STATUS_OUT_FULL 0x01
#define STATUS_SYSTEM 0x04
#define STATUS_COMMAND 0x08
#define STATUS_UNLOCKED 0x10
#define STATUS_AUX 0x20

#define MODE_KBD_IRQ 0x01
#define MODE_AUX_IRQ 0x02
#define MODE_SYSTEM 0x04
#define MODE_KBD_OFF 0x10
#define MODE_AUX_OFF 0x20

#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20 0x02

#define KBD_ACK 0xfa
#define QUEUE_LEN 16

struct i8042 {
	struct device dev;
	uint8_t mode;		/* command byte */
	uint8_t output;		/* output port */
	uint8_t command;	/* waits for its data byte, 0 none */
	uint8_t kbd_command;	/* keyboard command that waits for its argument, 0 none */
	bool command_last;	/* the last write was a command (status bit 3) */
	struct { uint8_t byte; bool aux; } queue[QUEUE_LEN];
	unsigned queue_len;
	bool irq[2];		/* keyboard, aux */
};

static void i8042_set_irq(struct i8042 *k, unsigned which, bool level)
{
	if (k->irq[which] == level)
		return;
	k->irq[which] = level;
	device_irq_set(&k->dev, which ? I8042_AUX_IRQ : I8042_KBD_IRQ, level);
}

static void i8042_update(struct i8042 *k)
{
	bool full = k->queue_len > 0, aux = full && k->queue[0].aux;
	i8042_set_irq(k, 0, full && !aux && (k->mode & MODE_KBD_IRQ));
	i8042_set_irq(k, 1, aux && (k->mode & MODE_AUX_IRQ));
}

static void i8042_push(struct i8042 *k, uint8_t byte, bool aux)
{
	if (k->queue_len == QUEUE_LEN)
		return;
	k->queue[k->queue_len].byte = byte;
	k->queue[k->queue_len++].aux = aux;
}

static uint8_t i8042_pop(struct i8042 *k)
{
	if (!k->queue_len)
		return 0;
	uint8_t byte = k->queue[0].byte;
	memmove(k->queue, k->queue + 1, --k->queue_len * sizeof(k->queue[0]));
	/* The line drops between two bytes: edge-triggered controllers need to see it. */
	i8042_set_irq(k, 0, false);
	i8042_set_irq(k, 1, false);
	return byte;
}

static uint8_t i8042_status(const struct i8042 *k)
{
	uint8_t s = STATUS_UNLOCKED | (k->mode & MODE_SYSTEM ? STATUS_SYSTEM : 0);
	if (k->command_last)
		s |= STATUS_COMMAND;
	if (k->queue_len)
		s |= STATUS_OUT_FULL | (k->queue[0].aux ? STATUS_AUX : 0);
	return s;
}

static void i8042_write_output(struct i8042 *k, uint8_t value)
{
	k->output = value;
	if (!(value & OUTPUT_NO_RESET))
		device_guest_exit(&k->dev, GUEST_EXIT_RESET, 0);
}

static void i8042_command(struct i8042 *k, uint8_t command)
{
	k->command_last = true;
	k->command = 0;
	switch (command) {
	case 0x20: /* read command byte */
		i8042_push(k, k->mode, false);
		break;
	case 0x60: /* write command byte */
	case 0xd1: /* write output port */
	case 0xd2: /* as if the keyboard had sent it */
	case 0xd3: /* as if the mouse had sent it */
	case 0xd4: /* to the mouse */
		k->command = command;
		break;
	case 0xa7:
		k->mode |= MODE_AUX_OFF;
		break;
	case 0xa8:
		k->mode &= ~MODE_AUX_OFF;
		break;
	case 0xa9: /* mouse port test: clock line stuck, so drivers see that there is none */
		i8042_push(k, 0x01, false);
		break;
	case 0xaa: /* self-test */
		k->mode |= MODE_SYSTEM;
		i8042_push(k, 0x55, false);
		break;
	case 0xab: /* keyboard port test: good */
		i8042_push(k, 0x00, false);
		break;
	case 0xad:
		k->mode |= MODE_KBD_OFF;
		break;
	case 0xae:
		k->mode &= ~MODE_KBD_OFF;
		break;
	case 0xc0: /* read input port */
		i8042_push(k, 0x80, false);
		break;
	case 0xd0:
		i8042_push(k, k->output, false);
		break;
	case 0xf0 ... 0xff: /* pulse the output lines whose bit is 0 */
		if (!(command & OUTPUT_NO_RESET))
			device_guest_exit(&k->dev, GUEST_EXIT_RESET, 0);
		break;
	default:
		device_event(&k->dev, HW_EVENT_BAD_VALUE, I8042_COMMAND_PORT, command);
	}
}

/* Bytes to the keyboard: it acknowledges everything and identifies as an MF2 keyboard. */
static void i8042_keyboard(struct i8042 *k, uint8_t byte)
{
	uint8_t waiting = k->kbd_command;
	k->kbd_command = 0;
	i8042_push(k, KBD_ACK, false);
	if (waiting) {
		if (waiting == 0xf0 && byte == 0)
			i8042_push(k, 2, false); /* scan code set */
		return;
	}
	switch (byte) {
	case 0xed: /* LEDs */
	case 0xf0: /* scan code set */
	case 0xf3: /* typematic rate */
		k->kbd_command = byte;
		break;
	case 0xf2:
		i8042_push(k, 0xab, false);
		i8042_push(k, 0x83, false);
		break;
	case 0xff: /* reset, self-test passed */
		i8042_push(k, 0xaa, false);
		break;
	}
}

static void i8042_data(struct i8042 *k, uint8_t byte)
{
	uint8_t command = k->command;
	k->command = 0;
	k->command_last = false;
	switch (command) {
	case 0x60:
		k->mode = byte;
		break;
	case 0xd1:
		i8042_write_output(k, byte);
		break;
	case 0xd2:
		i8042_push(k, byte, false);
		break;
	case 0xd3:
		/* A loopback answer that is not what was sent tells Linux at once that there is no mouse. */
		i8042_push(k, (uint8_t)~byte, true);
		break;
	case 0xd4:
		i8042_push(k, 0xfe, true); /* nobody there: resend */
		break;
	default:
		i8042_keyboard(k, byte);
	}
}

static void i8042_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct i8042 *k = container_of(dev, struct i8042, dev);
	*value = i8042_pop(k);
	i8042_update(k);
}

static void i8042_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct i8042 *k = container_of(dev, struct i8042, dev);
	i8042_data(k, value);
	i8042_update(k);
}

static void i8042_read_status(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = i8042_status(container_of(dev, struct i8042, dev));
}

static void i8042_write_command(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct i8042 *k = container_of(dev, struct i8042, dev);
	i8042_command(k, value);
	i8042_update(k);
}

static void i8042_reset(struct device *dev)
{
	struct i8042 *k = container_of(dev, struct i8042, dev);
	k->mode = MODE_SYSTEM | MODE_KBD_IRQ;
	k->output = OUTPUT_NO_RESET | OUTPUT_A20 | 0xcc;
	k->command = k->kbd_command = 0;
	k->command_last = false;
	k->queue_len = 0;
	i8042_update(k);
}

static void i8042_describe(struct device *dev, struct out *out)
{
	const struct i8042 *k = container_of(dev, struct i8042, dev);
	hw_show_reg(out, "status", 2, i8042_status(k), k->queue_len ? "output buffer full" : NULL);
	hw_show_reg(out, "mode", 2, k->mode, NULL);
	hw_show_reg(out, "output", 2, k->output, k->output & OUTPUT_A20 ? "A20 on" : "A20 off");
	hw_show_reg(out, "command", 2, k->command, k->command ? "waits for its data" : NULL);
	hw_show_count(out, "queue", k->queue_len, "bytes");
}

static struct error *i8042_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops data_ops = { .read = i8042_read, .write = i8042_write };
	static const struct bus_ops command_ops = { .read = i8042_read_status,
						    .write = i8042_write_command };
	static const struct hw_claim claims[] = {
		{ MEM_PORT, I8042_DATA_PORT, 1, &data_ops },
		{ MEM_PORT, I8042_COMMAND_PORT, 1, &command_ops },
	};
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_i8042, sizeof(struct i8042), claims, 2, ret);
}

const struct device_model device_i8042 = {
	.arch = "x86_64",
	.name = "i8042",
	.help = "keyboard controller: reset line, keyboard without keys",
	.create = i8042_create,
	.reset = i8042_reset,
	.destroy = hw_destroy,
	.describe = i8042_describe,
};
