/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest that does anything to every device model: reads and writes of any size at the ports they claim,
 * typed input, time that goes on, resets. Input: 4-byte operations (what, port, value, value).
 */
#include <stdlib.h>
#include <string.h>

#include "guest/hw/hw.h"
#include "tests/lib/fake_board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct device_model *const models[] = {
#define DEVICE(name) &device_##name,
#include "guest/devices.def"
#undef DEVICE
};

/* The @n-th port that somebody claims, and the one after the last of each range. */
static uint16_t claimed_port(struct vm *vm, unsigned n)
{
	struct mem_region r;
	unsigned total = 0;
	for (unsigned i = 0; bus_region(vm->bus, i, &r); i++)
		total += r.kind == MEM_PORT ? r.len + 1 : 0;
	n %= total;
	for (unsigned i = 0; bus_region(vm->bus, i, &r); i++) {
		if (r.kind != MEM_PORT)
			continue;
		if (n <= r.len)
			return r.start + n;
		n -= r.len + 1;
	}
	return 0;
}

static void operate(struct vm *vm, const uint8_t op[4])
{
	unsigned size = 1u << (op[0] >> 6) % 3;
	uint16_t port = claimed_port(vm, op[1]);
	uint32_t value = op[2] | op[3] << 8 | (uint32_t)op[2] << 24;
	struct device *dev = vm->devices.data[op[1] % vm->devices.len];
	switch (op[0] & 7) {
	case 0 ... 2:
		fake_out(vm, port, size, value);
		break;
	case 3 ... 4:
		fake_in(vm, port, size);
		break;
	case 5: /* 1 us to 0.5 s */
		fake_board_advance(vm, (op[2] + 1ull) << (op[3] % 12) << 10);
		break;
	case 6:
		if (dev->model->input)
			dev->model->input(dev, op, op[2] % 4);
		else
			free(fake_board_describe(vm, op[1] % vm->devices.len));
		break;
	case 7:
		dev->model->reset(dev);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vm *vm = fake_board_create();
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		fake_board_add(vm, models[i]);
	for (; len >= 4; data += 4, len -= 4)
		operate(vm, data);
	for (size_t i = 0; i < vm->devices.len; i++)
		free(fake_board_describe(vm, i));
	fake_board_destroy(vm);
	return 0;
}
