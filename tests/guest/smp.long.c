/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starts every other vCPU by INIT and SIPI one after the other; each adds its APIC id plus one to a sum, by
 * a locked instruction, ten times. Status (number of vCPUs << 1) | 1. */
#include "tests/guest/lib/guest.h"

#define TRAMPOLINE 0x8000
#define ICR_LOW 0x300
#define ICR_HIGH 0x310
#define SVR 0xf0
#define ICR_INIT 0x4500
#define ICR_SIPI 0x4600

extern const uint8_t ap_start[], ap_end[];
extern volatile uint32_t ap_sum, ap_done, ap_cr3;

static unsigned cpus(void)
{
	uint32_t a = 1, b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b >> 16 & 0xff;
}

int main(uint32_t start_info)
{
	unsigned n = cpus();
	uint64_t cr3;

	__asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
	ap_cr3 = cr3;
	lapic_write(SVR, 0x1ff);
	for (size_t i = 0; i < (size_t)(ap_end - ap_start); i++)
		((volatile uint8_t *)TRAMPOLINE)[i] = ap_start[i];
	for (unsigned cpu = 1; cpu < n; cpu++) {
		lapic_write(ICR_HIGH, cpu << 24);
		lapic_write(ICR_LOW, ICR_INIT);
		lapic_write(ICR_HIGH, cpu << 24);
		lapic_write(ICR_LOW, ICR_SIPI | TRAMPOLINE >> 12);
		while (ap_done < cpu)
			pause();
		print("vcpu ");
		print_dec(cpu);
		print(" was here\n");
	}
	show("sum", ap_sum);
	return n;
}

/* The trampoline is position-independent up to its far jumps into the image at 1 MiB. */
__asm__(".section .text\n"
	".globl ap_start, ap_end, ap_sum, ap_done, ap_cr3\n"
	".code16\n"
	"ap_start:\n"
	"	cli\n"
	"	movw %cs, %ax\n"
	"	movw %ax, %ds\n"
	"	lgdtl ap_gdt_ptr - ap_start\n"
	"	movl $0x11, %eax\n"
	"	movl %eax, %cr0\n"
	"	ljmpl $8, $ap32\n"
	"	.balign 4\n"
	"ap_gdt_ptr: .word 31\n"
	"	.long ap_gdt\n"
	"ap_end:\n"
	".code32\n"
	"ap32:	movl $0x18, %eax\n"
	"	movl %eax, %ds\n"
	"	movl ap_cr3, %eax\n"
	"	movl %eax, %cr3\n"
	"	movl $0x20, %eax\n"
	"	movl %eax, %cr4\n"
	"	movl $0xc0000080, %ecx\n"
	"	movl $0x100, %eax\n"
	"	xorl %edx, %edx\n"
	"	wrmsr\n"
	"	movl $0x80000011, %eax\n"
	"	movl %eax, %cr0\n"
	"	ljmp $0x10, $ap64\n"
	".code64\n"
	"ap64:	movl $1, %eax\n"
	"	cpuid\n"
	"	shrl $24, %ebx\n"
	"	incl %ebx\n"
	"	movl $10, %ecx\n"
	"1:	lock addl %ebx, ap_sum(%rip)\n"
	"	decl %ecx\n"
	"	jnz 1b\n"
	"	lock incl ap_done(%rip)\n"
	"2:	hlt\n"
	"	jmp 2b\n"
	".data\n"
	".balign 8\n"
	"ap_gdt: .quad 0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff\n"
	"ap_sum: .long 0\n"
	"ap_done: .long 0\n"
	"ap_cr3: .long 0\n"
	".text\n");
