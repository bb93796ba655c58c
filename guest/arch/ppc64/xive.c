/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVM's native XIVE device (linux Documentation/virt/kvm/devices/xive.rst). The guest reaches sources and
 * its thread context by pages of the device that are mapped into it: triggers and EOIs never come here.
 */
#include "guest/arch/ppc64/xive.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "guest/load/ppc64_fdt.h"

#define TIMA_PAGES 4
#define SOURCE_LSI 1ull
/* Slots of RAM are counted from 0. */
enum { SLOT_TIMA = 24, SLOT_IPI, SLOT_DEVICES };

bool xive_attr(const struct ppc64_xive *x, bool set, uint32_t group, uint64_t attr, void *data)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)data };

	return ioctl(x->fd, set ? KVM_SET_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a) == 0;
}

bool xive_lisn_exists(const struct ppc64_xive *x, uint64_t lisn)
{
	return lisn < XIVE_LISNS && x->source[lisn].exists;
}

/* ---- ESB pages ----------------------------------------------------------------------------------- */

static volatile uint64_t *esb(const struct ppc64_xive *x, uint32_t lisn, bool management, unsigned offset)
{
	return (volatile uint64_t *)(x->esb + (((uint64_t)2 * lisn + management) << x->page_shift) + offset);
}

uint64_t xive_esb_load(const struct ppc64_xive *x, uint32_t lisn, unsigned offset)
{
	return be64toh(*esb(x, lisn, true, offset));
}

void xive_esb_store(const struct ppc64_xive *x, uint32_t lisn, unsigned offset, uint64_t value)
{
	*esb(x, lisn, true, offset) = htobe64(value);
}

void xive_esb_trigger(const struct ppc64_xive *x, uint32_t lisn)
{
	*esb(x, lisn, false, 0) = 0;
}

void xive_esb_forward(const struct ppc64_xive *x, uint64_t page, unsigned offset, void *data, bool write)
{
	volatile uint64_t *at = esb(x, page / 2, page % 2, offset);
	uint64_t raw;

	if (write) {
		memcpy(&raw, data, sizeof(raw));
		*at = raw;
	} else {
		raw = *at;
		memcpy(data, &raw, sizeof(raw));
	}
}

/* ---- creation ------------------------------------------------------------------------------------ */

static struct error *add_sources(struct ppc64_xive *x, uint32_t first, unsigned n, bool lsi)
{
	uint64_t state = lsi ? SOURCE_LSI : 0;

	for (unsigned i = 0; i < n; i++) {
		if (!xive_attr(x, true, KVM_DEV_XIVE_GRP_SOURCE, first + i, &state))
			return error_errno(errno, "XIVE refuses source 0x%x", first + i);
		x->source[first + i] = (struct xive_source){ .exists = true, .lsi = lsi, .masked = true,
							      .priority = XIVE_PRIO_MASKED };
	}
	return NULL;
}

static struct error *map_slot(struct vm *vm, unsigned slot, uint64_t gpa, uint64_t len, uint8_t *host)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot, .guest_phys_addr = gpa, .memory_size = len, .userspace_addr = (uintptr_t)host,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r)
	       ? error_errno(errno, "KVM refuses to map XIVE's pages at 0x%llx", (unsigned long long)gpa) : NULL;
}

/* Only sources that exist: a guest's access to others would end KVM_RUN with EFAULT. */
struct error *xive_map_esb(struct vm *vm, const struct ppc64_xive *x, bool on)
{
	uint64_t ipis = on ? (uint64_t)2 * x->nservers << x->page_shift : 0;
	uint64_t devices = on ? (uint64_t)2 * PPC64_LISN_DEVICES << x->page_shift : 0;
	uint64_t at = (uint64_t)2 * PPC64_LISN_VTY << x->page_shift;
	struct error *err = map_slot(vm, SLOT_IPI, XIVE_ESB_GPA, ipis, x->esb);

	return err ? err : map_slot(vm, SLOT_DEVICES, XIVE_ESB_GPA + at, devices, x->esb + at);
}

static struct error *map_pages(struct vm *vm, struct ppc64_xive *x)
{
	size_t page = (size_t)1 << x->page_shift;
	struct error *err;
	void *p;

	x->tima_len = TIMA_PAGES * page;
	p = mmap(NULL, x->tima_len, PROT_READ | PROT_WRITE, MAP_SHARED, x->fd,
		 (off_t)KVM_XIVE_TIMA_PAGE_OFFSET << x->page_shift);
	if (p == MAP_FAILED)
		return error_errno(errno, "cannot map the thread management pages of XIVE");
	x->tima = p;
	x->esb_len = (size_t)2 * XIVE_LISNS << x->page_shift;
	p = mmap(NULL, x->esb_len, PROT_READ | PROT_WRITE, MAP_SHARED, x->fd,
		 (off_t)KVM_XIVE_ESB_PAGE_OFFSET << x->page_shift);
	if (p == MAP_FAILED)
		return error_errno(errno, "cannot map the ESB pages of XIVE");
	x->esb = p;
	err = map_slot(vm, SLOT_TIMA, XIVE_TIMA_GPA, x->tima_len, x->tima);
	return err ? err : xive_map_esb(vm, x, true);
}

static struct error *setup(struct vm *vm, struct ppc64_xive *x)
{
	uint32_t servers = vm->target_vcpus;
	struct error *err;

	/* Before 5.5 the number of servers is fixed, and large. */
	xive_attr(x, true, KVM_DEV_XIVE_GRP_CTRL, KVM_DEV_XIVE_NR_SERVERS, &servers);
	x->nservers = servers;
	err = add_sources(x, PPC64_LISN_IPI, servers, false);
	if (!err)
		err = add_sources(x, PPC64_LISN_VTY, PPC64_LISN_GSI - PPC64_LISN_VTY, false);
	if (!err)
		err = add_sources(x, PPC64_LISN_GSI, XIVE_LISNS - PPC64_LISN_GSI, true);
	return err ? err : map_pages(vm, x);
}

struct error *ppc64_xive_create(struct vm *vm, struct ppc64_xive **ret)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XIVE };
	struct ppc64_xive *x;
	struct error *err;

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_IRQ_XIVE) <= 0)
		return error_hint(error_create(ERROR_UNSUPPORTED, "this host's KVM has no native XIVE device"),
				  "--irqchip off runs guests that need no interrupts but their decrementer");
	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &dev))
		return error_errno(errno, "KVM cannot create the native XIVE device");
	x = xcalloc(1, sizeof(*x));
	x->fd = dev.fd;
	x->page_shift = __builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
	pthread_mutex_init(&x->lock, NULL);
	err = setup(vm, x);
	if (err) {
		ppc64_xive_destroy(vm, x);
		return err;
	}
	*ret = x;
	return NULL;
}

void ppc64_xive_destroy(struct vm *vm, struct ppc64_xive *x)
{
	if (!x)
		return;
	if (x->esb)
		munmap(x->esb, x->esb_len);
	if (x->tima)
		munmap(x->tima, x->tima_len);
	close(x->fd);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

struct error *ppc64_xive_connect(struct vcpu *v)
{
	struct ppc64_xive *x = ppc64_vm(v->vm)->xive;
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_PPC_IRQ_XIVE, .args = { x->fd, ppc64_vcpu_id(v->vm, v->index) },
	};

	if (ioctl(v->fd, KVM_ENABLE_CAP, &cap)) {
		x->connect_errno[v->index] = errno;
		return error_errno(errno, "vCPU %u: XIVE does not take it as server %u", v->index,
				   ppc64_vcpu_id(v->vm, v->index));
	}
	x->connected[v->index] = true;
	return NULL;
}

void xive_forget(struct ppc64_xive *x)
{
	pthread_mutex_lock(&x->lock);
	for (unsigned i = 0; i < XIVE_LISNS; i++) {
		struct xive_source *s = &x->source[i];

		s->configured = s->asserted = false;
		s->masked = true;
		s->priority = XIVE_PRIO_MASKED;
		s->server = s->eisn = 0;
	}
	memset(x->queue, 0, sizeof(x->queue));
	pthread_mutex_unlock(&x->lock);
}

struct error *ppc64_xive_reset(struct vm *vm)
{
	struct ppc64_xive *x = ppc64_vm(vm)->xive;

	if (!xive_attr(x, true, KVM_DEV_XIVE_GRP_CTRL, KVM_DEV_XIVE_RESET, NULL))
		return error_errno(errno, "XIVE refuses its reset");
	xive_forget(x);
	return NULL;
}

void ppc64_xive_describe(const struct ppc64_xive *x, struct ppc64_fdt *fdt)
{
	fdt->xive = true;
	fdt->tima = XIVE_TIMA_GPA;
	fdt->page_shift = x->page_shift;
	fdt->ipi_lisn = PPC64_LISN_IPI;
	fdt->nipis = x->nservers;
}
