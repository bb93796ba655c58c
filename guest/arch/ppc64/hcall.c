/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hypercalls KVM leaves to user space (LoPAR 14). */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/ppc64.h"

#define TERM_CHARS_MAX 16

static int64_t put_term_char(struct ppc64_hcall_ctx *c)
{
	uint64_t len = c->args[1];
	uint8_t data[TERM_CHARS_MAX];

	/* Unit 0 is whatever console there is. */
	if (c->args[0] && c->args[0] != PPC64_VTY)
		return H_PARAMETER;
	if (len > TERM_CHARS_MAX)
		return H_PARAMETER;
	be64_write(data, c->args[2]);
	be64_write(data + 8, c->args[3]);
	ppc64_vty_put(ppc64_vm(c->v->vm)->vty, data, len);
	return H_SUCCESS;
}

static int64_t get_term_char(struct ppc64_hcall_ctx *c)
{
	uint8_t data[TERM_CHARS_MAX] = { 0 };

	if (c->args[0] && c->args[0] != PPC64_VTY)
		return H_PARAMETER;
	c->args[0] = ppc64_vty_get(ppc64_vm(c->v->vm)->vty, data, sizeof(data));
	c->args[1] = be64_read(data);
	c->args[2] = be64_read(data + 8);
	return H_SUCCESS;
}

void ppc64_lpcr_change(struct vm *vm, uint64_t set, uint64_t clear)
{
	struct ppc64_vm *m = ppc64_vm(vm);

	/* The guest changes these one at a time, by one vCPU. */
	atomic_store(&m->lpcr_set, (atomic_load(&m->lpcr_set) & ~clear) | set);
	atomic_store(&m->lpcr_clear, (atomic_load(&m->lpcr_clear) & ~set) | clear);
	atomic_fetch_add(&m->lpcr_generation, 1);
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpus[i] != vcpu_self(vm))
			vcpu_kick(vm->vcpus[i], VCPU_REQ_LOOK);
}

/* (flags, resource, value1, value2): LoPAR 14.5.3.1.3; 1 and 2, break and watch address, are KVM's. */
static int64_t set_mode(struct ppc64_hcall_ctx *c)
{
	enum { RESOURCE_AIL = 3, RESOURCE_LE = 4 };
	const uint64_t ail = MASK(24, 23);
	uint64_t flags = c->args[0];

	if (c->args[1] != RESOURCE_AIL && c->args[1] != RESOURCE_LE)
		return H_P2;
	if (c->args[2])
		return H_P3;
	if (c->args[3])
		return H_P4;
	if (c->args[1] == RESOURCE_LE) {
		if (flags > 1)
			return H_UNSUPPORTED_FLAG;
		ppc64_lpcr_change(c->v->vm, flags ? PPC64_LPCR_ILE : 0, flags ? 0 : PPC64_LPCR_ILE);
		return H_SUCCESS;
	}
	if (flags != 0 && flags != 3) /* 2, vectors at 0x18000, is not for radix guests */
		return H_UNSUPPORTED_FLAG;
	ppc64_lpcr_change(c->v->vm, flags << 23, ail & ~(flags << 23));
	return H_SUCCESS;
}

/* (flags, base, page size, table size): linux pseries_lpar_register_process_table(). */
static int64_t register_proc_tbl(struct ppc64_hcall_ctx *c)
{
	enum { GTSE = 1, TYPE = 6, TYPE_RADIX = 4, OP = 0x18, OP_DEREGISTER = 0x10, OP_REGISTER = 0x18 };
	uint64_t flags = c->args[0], base = c->args[1];
	struct kvm_ppc_mmuv3_cfg mmu = { .flags = KVM_PPC_MMUV3_RADIX, .process_table = PPC64_PRTB_GR };
	struct vm *vm = c->v->vm;

	if (flags & ~(uint64_t)(GTSE | TYPE | OP))
		return H_PARAMETER;
	if ((flags & OP) == OP_REGISTER) {
		if ((flags & TYPE) != TYPE_RADIX)
			return H_PARAMETER;
		if ((base & MASK(11, 0)) || base >> 60)
			return H_P2;
		if (c->args[2])
			return H_P3;
		if (c->args[3] > 24)
			return H_P4;
		mmu.process_table |= base | c->args[3];
	} else if ((flags & OP) != OP_DEREGISTER) {
		return H_PARAMETER;
	}
	if (flags & GTSE)
		mmu.flags |= KVM_PPC_MMUV3_GTSE;
	if (ioctl(vm->fd, KVM_PPC_CONFIGURE_V3_MMU, &mmu))
		return H_HARDWARE;
	atomic_store(&ppc64_vm(vm)->prtb, mmu.process_table);
	ppc64_refresh(c->v);
	return H_SUCCESS;
}

/* (size, address): uncached accesses by real address, of early consoles and small kernels. */
static bool ci_access(struct ppc64_hcall_ctx *c, bool write, uint64_t *value)
{
	uint64_t gpa = c->args[1], bad;
	unsigned size = c->args[0];
	uint8_t data[8] = { 0 };

	if (memory_ptr(&c->v->vm->mem, gpa, NULL)) {
		if (write) {
			bytes_write(data, size, true, *value);
			return memory_write(&c->v->vm->mem, gpa, data, size, &bad);
		}
		if (!memory_read(&c->v->vm->mem, gpa, data, size, &bad))
			return false;
		*value = bytes_read(data, size, true);
		return true;
	}
	return write ? bus_write(c->v->vm->bus, MEM_MMIO, gpa, size, *value)
		     : bus_read(c->v->vm->bus, MEM_MMIO, gpa, size, value);
}

static bool ci_size(uint64_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static int64_t ci_load(struct ppc64_hcall_ctx *c)
{
	uint64_t value = 0;

	if (!ci_size(c->args[0]) || !ci_access(c, false, &value))
		return H_PARAMETER;
	c->args[0] = value;
	return H_SUCCESS;
}

static int64_t ci_store(struct ppc64_hcall_ctx *c)
{
	return ci_size(c->args[0]) && ci_access(c, true, &c->args[2]) ? H_SUCCESS : H_PARAMETER;
}

/* vmscope's own, for guests that test: the guest ends with the process status in r4 (0 to 255), as
 * isa-debug-exit does on a PC. In the range KVM keeps for the VMM (0xf000 up). */
static int64_t guest_exit(struct ppc64_hcall_ctx *c)
{
	device_guest_exit(ppc64_vm(c->v->vm)->vty, GUEST_EXIT_DEBUG_EXIT, c->args[0] & 0xff);
	return H_SUCCESS;
}

static const struct ppc64_hcall hcalls[] = {
	{ 0x3c, ci_load }, { 0x40, ci_store }, { 0x54, get_term_char }, { 0x58, put_term_char },
	{ 0x31c, set_mode }, { 0x37c, register_proc_tbl }, { 0xf000, ppc64_rtas }, { 0xf0f0, guest_exit },
	{ 0, NULL },
};

static const struct ppc64_hcall *find(const struct ppc64_hcall *list, uint64_t nr)
{
	for (; list->fn; list++)
		if (list->nr == nr)
			return list;
	return NULL;
}

static bool xive_event(struct vcpu *v, const struct ppc64_hcall_ctx *c, const uint64_t *in, uint64_t pc,
		       int64_t ret)
{
	enum { GET_SOURCE_INFO = 0x3a8, SET_SOURCE_CONFIG = 0x3ac, GET_SOURCE_CONFIG = 0x3b0,
	       GET_QUEUE_INFO = 0x3b4, SET_QUEUE_CONFIG = 0x3b8, GET_QUEUE_CONFIG = 0x3bc, ESB = 0x3c8, SYNC = 0x3cc };
	struct vmm_exit_xive_hcall ev = {
		.pc = pc, .nr = v->run->papr_hcall.nr, .ret = ret, .flags = in[0], .lisn = ~0u, .server = ~0u,
		.priority = ~0u, .eisn = ~0u, .qaddr = ~0ull, .qsize = ~0u, .offset = ~0u, .data = ~0ull,
	};

	switch (ev.nr) {
	case SET_SOURCE_CONFIG:
		ev.server = in[2];
		ev.priority = in[3];
		ev.eisn = in[4];
		/* fall through */
	case GET_SOURCE_INFO:
	case GET_SOURCE_CONFIG:
	case SYNC:
		ev.lisn = in[1];
		break;
	case SET_QUEUE_CONFIG:
		ev.qaddr = in[3];
		ev.qsize = in[4];
		/* fall through */
	case GET_QUEUE_INFO:
	case GET_QUEUE_CONFIG:
		ev.server = in[1];
		ev.priority = in[2];
		break;
	case ESB:
		ev.lisn = in[1];
		ev.offset = in[2];
		ev.data = in[0] & 1 ? in[3] : c->args[0];
		break;
	}
	return vcpu_exit_event(v, VMM_EXIT_XIVE_HCALL, &ev, sizeof(ev), c->report);
}

bool ppc64_hcall_exit(struct vcpu *v, struct stop_report *report)
{
	struct kvm_run *run = v->run;
	struct ppc64_hcall_ctx c = { .v = v, .report = report };
	/* pc is behind the sc already; the event names the call itself. */
	struct vmm_exit_hcall ev = { .pc = ppc64_pc(v) - 4, .nr = run->papr_hcall.nr };
	const struct ppc64_hcall *h = find(hcalls, ev.nr);
	bool xive = !h && ppc64_vm(v->vm)->xive && (h = find(ppc64_xive_hcalls, ev.nr)), stop;
	uint64_t in[ARRAY_SIZE(c.args)];

	_Static_assert(sizeof(c.args) == sizeof(run->papr_hcall.args), "nine arguments");
	v->io_pending = true;
	memcpy(c.args, run->papr_hcall.args, sizeof(c.args));
	memcpy(in, c.args, sizeof(in));
	run->papr_hcall.ret = ev.ret = h ? h->fn(&c) : H_FUNCTION;
	memcpy(run->papr_hcall.args, c.args, sizeof(c.args));
	memcpy(ev.args, in, sizeof(ev.args));
	memcpy(ev.out, c.args, sizeof(ev.out));
	if (c.stop) {
		struct stop_report unused;

		vcpu_exit_event(v, VMM_EXIT_HCALL, &ev, sizeof(ev), &unused);
		return true;
	}
	stop = xive ? xive_event(v, &c, in, ev.pc, ev.ret)
		    : vcpu_exit_event(v, VMM_EXIT_HCALL, &ev, sizeof(ev), report);
	return stop;
}
