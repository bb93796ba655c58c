/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Named state blobs: what is neither register nor memory, in our own little-endian layouts, read
 * through target_ops.state_get and stored as they are in recordings. Each starts with u32 version.
 * core never sees asm/kvm.h: guest/arch fills these and asserts the match.
 */
#pragma once

#include <stdint.h>

#include "core/target/state_virtio.h"

enum state_kind {
	STATE_X86_LAPIC,	/* index: vCPU */
	STATE_X86_IOAPIC,	/* index 0 */
	STATE_X86_PIC,		/* index 0 master, 1 slave */
	STATE_X86_PIT,		/* index 0 */
	STATE_IRQ_ROUTES,	/* index 0: GSI routing table */
	STATE_VCPU_EVENTS,	/* index: vCPU: pending exceptions, NMI, interrupt shadow */
	STATE_VM_INFO,		/* index 0: irqchip mode, memory, capabilities in use */
	STATE_VIRTIO_DEVICE,	/* index: device number (state_virtio.h) */
	STATE_VIRTIO_QUEUE,	/* index: state_virtio_index(device, queue) */
	STATE_VIRTIO_INFLIGHT,	/* the same */
	STATE_VIRTIO_IOVA,	/* index: device number */
	STATE_XIVE_DEVICE,	/* POWER: state_xive.h; index 0 */
	STATE_XIVE_SOURCES,	/* index: page of the list */
	STATE_XIVE_QUEUES,	/* index: page of the list */
	STATE_XIVE_VP,		/* index: vCPU */
	STATE_PPC_SLB,		/* index: vCPU */
	STATE_PPC_HPT,		/* index: PTE group of the hashed page table */
	STATE_KIND_COUNT
};

#define STATE_VERSION 1

#include "core/target/state_xive.h"

struct state_x86_lapic {
	uint32_t version, flags;	/* flags bit 0: x2APIC id format */
	uint64_t apic_base;		/* IA32_APIC_BASE */
	uint8_t regs[1024];		/* KVM_GET_LAPIC: 32-bit registers at 16-byte strides (SDM 3A 10.4.1) */
};

struct state_x86_ioapic {
	uint32_t version, id;
	uint64_t base;
	uint32_t ioregsel, irr;
	uint64_t redir[24];		/* redirection entries, 82093AA layout */
};

struct state_x86_pic {
	uint32_t version;
	uint8_t irr, imr, isr, last_irr, irq_base, init_state, auto_eoi, rotate, special_mask,
		read_reg_select, poll, elcr;
};

struct state_x86_pit_channel {
	uint32_t count;
	uint16_t latched_count;
	uint8_t mode, bcd, gate, rw_mode, status_latched, pad;
};

struct state_x86_pit {
	uint32_t version, speaker;
	struct state_x86_pit_channel channel[3];
};

enum { STATE_ROUTE_IRQCHIP = 1, STATE_ROUTE_MSI = 2 };
struct state_irq_route {
	uint32_t gsi, type;
	uint32_t chip, pin;		/* IRQCHIP: 0 PIC master, 1 slave, 2 IOAPIC */
	uint64_t msi_addr;
	uint32_t msi_data, pad;
};
struct state_irq_routes {
	uint32_t version, count;
	struct state_irq_route route[];
};

struct state_vcpu_events {
	uint32_t version;
	uint8_t exc_pending, exc_injected, exc_nr, exc_has_error;
	uint32_t exc_error;
	uint8_t irq_injected, irq_nr, irq_soft, shadow;	/* shadow bit 0 MOV SS, bit 1 STI */
	uint8_t nmi_injected, nmi_pending, nmi_masked, smm;
	uint32_t mp_state;
	uint64_t exc_payload;
};

struct state_vm_info {
	uint32_t version;
	uint32_t irqchip;		/* 0 off, 1 split, 2 in kernel */
	uint64_t mem_bytes;
	uint32_t vcpus, pad;
	char backend[64];		/* "KVM API 12, kvm_amd" */
	char image[128];
	char boot[32];			/* "pvh", "multiboot", "linux", "elf64", "flat real" */
};
