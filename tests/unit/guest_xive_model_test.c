/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The software model of XIVE beside the real thing: random triggers, EOIs and PQ sets on the ESB pages of
 * KVM's native device and on the model; after each the state bits, the queue's entries in memory and KVM's
 * own idea of the producer must agree. Needs a POWER9 host; elsewhere it says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/decode/xive/model.h"

#ifdef __powerpc64__
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/vec.h"

#define VM_TYPE_HV 1
#define MEM_SIZE (16u << 20)
#define EQ_GPA (1u << 20)
#define QSHIFT 16
#define FIRST 0x1200u
#define SOURCES 8u
#define PRIORITY 6
#define EISN(i) (0x500u + (i))
#define PROCESS_TABLE 0x8000000000000000ULL

struct bench {
	int vm, vcpu, xive;
	uint8_t *mem, *esb;
	size_t page;
	uint8_t pq[SOURCES];	/* the model's */
	uint8_t *queue;
	uint32_t index;
	uint8_t toggle;
	uint64_t forwards;
};

static int check(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
	return rc;
}

static int attr(struct bench *b, bool set, uint32_t group, uint64_t id, void *data)
{
	struct kvm_device_attr a = { .group = group, .attr = id, .addr = (uintptr_t)data };

	return ioctl(b->xive, set ? KVM_SET_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a);
}

static volatile uint64_t *esb(struct bench *b, unsigned i, bool management, unsigned offset)
{
	return (volatile uint64_t *)(b->esb + (2 * (size_t)(FIRST + i) + management) * b->page + offset);
}

static uint8_t esb_load(struct bench *b, unsigned i, unsigned offset)
{
	return (uint8_t)be64toh(*esb(b, i, true, offset));
}

static void create_vm(struct bench *b, int kvm)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEM_SIZE };
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_ppc_mmuv3_cfg mmu = { .flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE,
					 .process_table = PROCESS_TABLE };

	b->vm = check(ioctl(kvm, KVM_CREATE_VM, VM_TYPE_HV), "KVM_CREATE_VM (HV)");
	b->mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	region.userspace_addr = (uintptr_t)b->mem;
	check(ioctl(b->vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	check(ioctl(b->vm, KVM_PPC_CONFIGURE_V3_MMU, &mmu), "KVM_PPC_CONFIGURE_V3_MMU");
	b->vcpu = check(ioctl(b->vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	check(ioctl(b->vcpu, KVM_ENABLE_CAP, &papr), "KVM_CAP_PPC_PAPR");
}

static void create_xive(struct bench *b)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XIVE };
	struct kvm_enable_cap connect = { .cap = KVM_CAP_PPC_IRQ_XIVE };
	struct kvm_ppc_xive_eq eq = { .flags = KVM_XIVE_EQ_ALWAYS_NOTIFY, .qshift = QSHIFT, .qaddr = EQ_GPA, .qtoggle = 1 };
	uint64_t zero = 0;

	check(ioctl(b->vm, KVM_CREATE_DEVICE, &dev), "KVM_CREATE_DEVICE (XIVE)");
	b->xive = (int)dev.fd;
	connect.args[0] = dev.fd;
	check(ioctl(b->vcpu, KVM_ENABLE_CAP, &connect), "KVM_CAP_PPC_IRQ_XIVE");
	check(attr(b, true, KVM_DEV_XIVE_GRP_EQ_CONFIG, PRIORITY, &eq), "EQ_CONFIG");
	for (unsigned i = 0; i < SOURCES; i++) {
		uint64_t config = (uint64_t)EISN(i) << KVM_XIVE_SOURCE_EISN_SHIFT | PRIORITY;

		check(attr(b, true, KVM_DEV_XIVE_GRP_SOURCE, FIRST + i, &zero), "SOURCE");
		check(attr(b, true, KVM_DEV_XIVE_GRP_SOURCE_CONFIG, FIRST + i, &config), "SOURCE_CONFIG");
	}
	b->page = (size_t)sysconf(_SC_PAGESIZE);
	b->esb = mmap(NULL, 2 * (FIRST + SOURCES) * b->page, PROT_READ | PROT_WRITE, MAP_SHARED, b->xive,
		      (off_t)(KVM_XIVE_ESB_PAGE_OFFSET * b->page));
	if (b->esb == MAP_FAILED) {
		perror("mmap of the ESB pages");
		exit(1);
	}
	b->queue = xcalloc(1, 1u << QSHIFT);
	b->toggle = 1;
	for (unsigned i = 0; i < SOURCES; i++) {
		b->pq[i] = esb_load(b, i, 0x800);
		printf("source 0x%x starts as %s\n", FIRST + i, xive_pq_name(b->pq[i]));
	}
}

static void differ(const struct bench *b, unsigned step, unsigned i, const char *what, uint64_t real, uint64_t model)
{
	printf("step %u, source 0x%x: %s is 0x%llx, the model says 0x%llx\n", step, FIRST + i, what,
	       (unsigned long long)real, (unsigned long long)model);
	exit(1);
}

/* The access, to the pages and to the model; what a load gives must be the same. */
static void access_both(struct bench *b, unsigned step, unsigned i, const struct xive_esb_access *a)
{
	enum xive_esb_op op = xive_esb_decode(a);
	uint8_t value = 0, got;

	if (a->store) {
		*esb(b, i, a->management, a->offset) = 0;
	} else {
		got = esb_load(b, i, a->offset);
		/* An EOI by load does not tell the old state on every machine. */
		xive_esb_apply(op, &(uint8_t){ b->pq[i] }, &value);
		if (op != XIVE_ESB_LOAD_EOI && got != value)
			differ(b, step, i, xive_esb_op_name(op), got, value);
	}
	if (xive_esb_apply(op, &b->pq[i], &value)) {
		b->forwards++;
		xive_eq_push(b->queue, QSHIFT, &b->index, &b->toggle, EISN(i));
	}
}

static void compare(struct bench *b, unsigned step, unsigned i)
{
	struct kvm_ppc_xive_eq eq = { 0 };
	uint32_t last = (b->index - 1) & ((1u << (QSHIFT - 2)) - 1);
	uint8_t pq = esb_load(b, i, 0x800);

	if (pq != b->pq[i])
		differ(b, step, i, "PQ", pq, b->pq[i]);
	if (memcmp(b->mem + EQ_GPA + 4 * (size_t)last, b->queue + 4 * (size_t)last, 4))
		differ(b, step, i, "the newest entry", be32_read(b->mem + EQ_GPA + 4 * (size_t)last),
		       be32_read(b->queue + 4 * (size_t)last));
	if (step % 64)
		return;
	check(attr(b, false, KVM_DEV_XIVE_GRP_EQ_CONFIG, PRIORITY, &eq), "EQ_CONFIG");
	if (eq.qindex != b->index || eq.qtoggle != b->toggle)
		differ(b, step, i, "the producer", (uint64_t)eq.qtoggle << 32 | eq.qindex, (uint64_t)b->toggle << 32 | b->index);
	if (memcmp(b->mem + EQ_GPA, b->queue, 1u << QSHIFT))
		differ(b, step, i, "the queue's page", 0, 0);
}

/* VP_STATE must say that priority 6 is pending: nobody runs the vCPU. */
static void check_context(struct bench *b)
{
	uint8_t ring[16] = { 0 };
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_VP_STATE, .addr = (uintptr_t)ring };

	check(ioctl(b->vcpu, KVM_GET_ONE_REG, &reg), "VP_STATE");
	printf("thread context: NSR %02x CPPR %02x IPB %02x\n", ring[0], ring[1], ring[2]);
	if (!(ring[2] & (0x80 >> PRIORITY))) {
		printf("IPB does not have priority %u\n", PRIORITY);
		exit(1);
	}
}

int main(void)
{
	static const uint16_t loads[] = { 0x000, 0x800, 0xc00, 0xd00, 0xe00, 0xf00 };
	struct bench b = { .vm = -1 };
	uint64_t x = 0x2545f4914f6cdd1d;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	unsigned steps = 20000;

	if (kvm < 0) {
		printf("no /dev/kvm\n");
		return 77;
	}
	create_vm(&b, kvm);
	if (ioctl(b.vm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_IRQ_XIVE) <= 0) {
		printf("this KVM has no native XIVE device\n");
		return 77;
	}
	create_xive(&b);
	for (unsigned step = 1; step <= steps; step++) {
		struct xive_esb_access a = { .management = true };
		unsigned i;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		i = x % SOURCES;
		if (x >> 32 & 1)
			a = (struct xive_esb_access){ .store = true };	/* a trigger, half of all */
		else
			a.offset = loads[(x >> 33) % ARRAY_SIZE(loads)];
		access_both(&b, step, i, &a);
		compare(&b, step, i);
	}
	check_context(&b);
	printf("%u operations on %u sources, %llu entries, the same states\n", steps, SOURCES,
	       (unsigned long long)b.forwards);
	return b.forwards > steps / 20 ? 0 : 1;
}
#else
int main(void)
{
	printf("XIVE is a POWER9 host's\n");
	return 77;
}
#endif
