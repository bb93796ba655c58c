/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot: what the info structure says. */
#include "tests/guest/lib/guest.h"

struct info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4],
		mmap_length, mmap_addr, drives[2], config, loader_name;
};

struct mmap {
	uint32_t size;
	uint64_t start, len;
	uint32_t type;
} __attribute__((packed));

struct module {
	uint32_t start, end, string, pad;
};

int main(uint32_t magic, uint32_t at)
{
	const struct info *info = (const struct info *)at;

	show("magic", magic);
	show("flags", info->flags);
	show("mem_lower", info->mem_lower);
	show("mem_upper", info->mem_upper);
	print("command line: ");
	print((const char *)info->cmdline);
	print("\nloader: ");
	print((const char *)info->loader_name);
	print("\n");
	const struct module *mod = (const struct module *)info->mods_addr;
	for (uint32_t i = 0; i < info->mods_count; i++) {
		print("module ");
		print((const char *)mod[i].string);
		print(", bytes: ");
		print_dec(mod[i].end - mod[i].start);
		print(mod[i].start & 4095 ? ", not page aligned\n" : "\n");
	}
	for (uint32_t m = info->mmap_addr; m < info->mmap_addr + info->mmap_length;) {
		const struct mmap *e = (const struct mmap *)m;
		print_hex(e->start);
		print(" + ");
		print_hex(e->len);
		print(e->type == 1 ? " ram\n" : " reserved\n");
		m += e->size + 4;
	}
	return 5;
}
