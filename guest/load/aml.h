/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ACPI machine language (ACPI 6.5, 20.2) for the few things our DSDT says. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct aml {
	uint8_t *data;
	size_t len, cap;	/* bytes beyond cap are counted and not written: the caller compares */
};

/* Things that hold others: begin gives what end wants. Names are 4 characters. */
size_t aml_scope_sb(struct aml *a);
size_t aml_device(struct aml *a, const char *name);
size_t aml_package(struct aml *a, uint8_t elements);
size_t aml_resources(struct aml *a);
void aml_end(struct aml *a, size_t begun);
void aml_resources_end(struct aml *a, size_t begun);

/* The name of what comes next. */
void aml_name(struct aml *a, const char *name);
void aml_int(struct aml *a, uint32_t value);
void aml_string(struct aml *a, const char *s);
void aml_bytes(struct aml *a, const void *bytes, size_t len);

/* Descriptors inside resources (6.4). */
void aml_io(struct aml *a, uint16_t port, uint8_t len);
void aml_word_range(struct aml *a, uint8_t type, uint8_t flags, uint16_t lo, uint16_t hi);
void aml_memory_window(struct aml *a, uint32_t lo, uint32_t len);
void aml_memory_fixed(struct aml *a, uint32_t gpa, uint32_t len);
void aml_interrupt(struct aml *a, uint32_t gsi);
#define AML_RANGE_IO 1
#define AML_RANGE_BUS 2
