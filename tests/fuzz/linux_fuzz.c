/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Linux guest that lies: a small kernel in memory of which the input changes places, then everything that
 * reads one looks at it: the note, symbols (by the note and by looks), types, modules, messages, tasks,
 * interrupts, unwind tables.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/x86_64.h"
#include "core/base/bits.h"
#include "core/decode/linux_dmesg.h"
#include "core/decode/linux_views.h"
#include "core/symbols/unwind.h"
#include "tests/lib/linux_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES_MAX 64

struct input {
	const uint8_t *data;
	size_t left;
};

static uint64_t take(struct input *in, unsigned n)
{
	uint8_t raw[8] = { 0 };
	size_t have = in->left < n ? in->left : n;

	memcpy(raw, in->data, have);
	in->data += have;
	in->left -= have;
	return le64_read(raw);
}

/* An area, a place in it, and a word: raw, or made an address of the image. */
static void lie(struct input *in, struct target *t)
{
	static const uint32_t areas[] = {
		IMAGE_NOTE, IMAGE_KALLSYMS, IMAGE_KALLSYMS + 0x1000, IMAGE_BTF, IMAGE_INIT_TASK, IMAGE_TASKS,
		IMAGE_SIGNALS, IMAGE_MODULE, IMAGE_IRQS, IMAGE_IRQS + 0x1000, IMAGE_PERCPU, IMAGE_PERCPU + 0x2000,
		IMAGE_ORC, IMAGE_STACK, FAKE_PML4,
	};

	for (unsigned i = 0; i < 64 && in->left; i++) {
		uint64_t what = take(in, 1), at = areas[what % ARRAY_SIZE(areas)] + take(in, 2) % 0x1000;
		uint64_t v = take(in, 8);
		uint8_t raw[8];

		le64_write(raw, what & 0x80 ? IMAGE_VA(v % FAKE_MEM) : v);
		error_destroy(target_phys_write(t, at, raw, what & 0x40 ? 8 : 1 + v % 8));
	}
}

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct error *err = linux_guest_read(ctx, gva, buf, len);

	error_destroy(err);
	return !err;
}

static void look_at(struct linux_kernel *k, const struct regs *regs, struct out *out)
{
	struct mem_reader mem = { .ctx = &k->guest, .virt = read_virt };
	struct unwind_frame frame;
	uint64_t task;
	bool changed;

	error_destroy(linux_modules_refresh(k, &changed));
	error_destroy(linux_tasks_show(k, out));
	error_destroy(linux_modules_show(k, out));
	error_destroy(linux_irqs_show(k, out));
	error_destroy(linux_kernel_current(k, regs, &task));
	linux_kernel_settle(k);
	unwind_start(&frame, regs);
	for (unsigned i = 0; i < FRAMES_MAX && unwind_caller(k->syms, &mem, &frame); i++)
		;
}

static void look(struct target *t, bool early, struct out *out)
{
	struct symbols *syms = symbols_create();
	struct linux_guest *g = calloc(1, sizeof(*g));
	struct linux_kernel *k = NULL;
	struct regs regs;
	struct error *err;

	linux_image_regs(t, &regs);
	if (early) {
		error_destroy(linux_kernel_load_early(t, &regs, syms, &k));
	} else {
		err = linux_guest_at(t, IMAGE_NOTE, g);
		if (!err)
			err = linux_dmesg_show(g, 0, out);
		error_destroy(err);
		error_destroy(linux_kernel_load(t, syms, &k));
	}
	if (k)
		look_at(k, &regs, out);
	linux_kernel_destroy(k);
	symbols_destroy(syms);
	free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	char *text = NULL;
	struct target *t;
	size_t len;
	FILE *f;

	if (fake_target_create(&t))
		return 0;
	unsigned how = take(&in, 1);
	linux_image_build(t, how & 1);
	lie(&in, t);
	f = open_memstream(&text, &len);
	struct out *out = out_create_json(f);
	look(t, how & 2, out);
	out_destroy(out);
	fclose(f);
	free(text);
	target_destroy(t);
	return 0;
}
