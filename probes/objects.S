/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The BPF objects of probes.def, as the Makefile built them for this architecture. */
#define PROBE(name) object name

.macro object name
	.globl probe_object_\name, probe_object_\name\()_end
	.balign 8
probe_object_\name:
	.incbin "\name\().bpf.o"
probe_object_\name\()_end:
	.byte 0
.endm

	.section .rodata
#include "probes/probes.def"

	.section .note.GNU-stack, "", %progbits
