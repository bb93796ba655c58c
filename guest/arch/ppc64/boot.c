/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What firmware would have left in memory: the device tree, and the code of RTAS. */
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/ppc64.h"
#include "guest/arch/ppc64/xive.h"
#include "guest/load/ppc64_fdt.h"

#define RTAS_LEN 65536u

/* RTAS is called in big-endian 32-bit real mode, whatever the guest is: mr r4,r3; lis r3,0;
 * ori r3,r3,0xf000 (H_RTAS); sc 1; blr. */
static const uint32_t rtas_code[] = { 0x7c641b78, 0x3c600000, 0x6063f000, 0x44000022, 0x4e800020 };

struct error *ppc64_boot_prepare(struct vm *vm)
{
	struct ppc64_vm *m = ppc64_vm(vm);
	const struct boot_state *boot = &vm->boot;
	struct kvm_ppc_rmmu_info mmu = { 0 };
	struct load_ram ram = memory_load_ram(&vm->mem);
	uint8_t *host = load_ram_ptr(&ram, boot->tables, boot->tables_len);
	struct ppc64_fdt fdt = {
		.mem_bytes = vm->mem.bytes, .vcpus = vm->nvcpus, .threads = m->smt,
		.pvr = ppc64_vcpu(vm->vcpus[0])->pvr, .timebase_hz = PPC64_TB_HZ,
		.cmdline = vm->config->append, .initrd = boot->initrd, .initrd_len = boot->initrd_len,
		.rtas = boot->tables, .rtas_entry = boot->tables, .rtas_len = RTAS_LEN,
		.rtas_name = ppc64_rtas_name, .vty = PPC64_VTY, .vty_lisn = PPC64_LISN_VTY,
	};
	size_t len;

	_Static_assert(ARRAY_SIZE(fdt.ap_encoding) == ARRAY_SIZE(mmu.ap_encodings), "page sizes");
	if (!host || boot->tables_len <= RTAS_LEN)
		return error_create(ERROR_FAILED, "%s left no room for the device tree", vm->image_ref.name);
	if (ioctl(vm->fd, KVM_PPC_GET_RMMU_INFO, &mmu) == 0)
		memcpy(fdt.ap_encoding, mmu.ap_encodings, sizeof(fdt.ap_encoding));
	if (m->xive)
		ppc64_xive_describe(m->xive, &fdt);
	for (unsigned i = 0; i < ARRAY_SIZE(rtas_code); i++)
		be32_write(host + 4 * i, rtas_code[i]);
	m->rtas = boot->tables;
	m->fdt = boot->tables + RTAS_LEN;
	return ppc64_fdt_write(&fdt, host + RTAS_LEN, boot->tables_len - RTAS_LEN, &len);
}
