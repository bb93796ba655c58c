/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Public face of the VMM: options in, a struct target out. Only ui/ includes this. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "core/session/session.h"
#include "core/target/target.h"

enum irqchip_mode { IRQCHIP_KERNEL, IRQCHIP_SPLIT, IRQCHIP_OFF };
enum flat_mode { FLAT_REAL, FLAT_PROT32, FLAT_LONG, FLAT_PPC64LE, FLAT_PPC64BE };
enum console_mode { CONSOLE_PANEL, CONSOLE_STDIO, CONSOLE_NONE };

#define GUEST_VCPUS_MAX 64

/* A virtio device asked for: the option without dashes ("disk", "net", "rng") and its text ("" none). */
struct guest_virtio {
	const char *option, *text;
};

struct guest_config {
	const char *image;	/* path, or NULL with @image_data */
	const void *image_data;	/* embedded image (the demo), borrowed for ever */
	size_t image_len;
	const char *image_name;	/* shown; default: the path's last component */
	const char *kernel;	/* --kernel: bzImage (or any image, as QEMU does) */
	const char *initrd, *append;
	VEC(const char *) modules; /* multiboot modules "FILE[ ARGS]" */
	bool flat;
	uint64_t flat_addr;
	enum flat_mode flat_mode;
	uint64_t mem_bytes;	/* 0: 128 MiB */
	unsigned vcpus;		/* 0: what the image asks for, else 1 */
	unsigned smt;		/* POWER: threads of a core, 1, 2, 4 or 8; 0: 1 */
	enum irqchip_mode irqchip;
	enum console_mode console;
	VEC(const char *) cpuid; /* --cpuid LEAF[:SUB],REG=VALUE[/MASK] overrides, as typed */
	const char *kvm_path;	/* NULL: /dev/kvm */
	VEC(struct guest_virtio) virtio; /* in the order given */
	VEC(const char *) virtio_opts;	/* --virtio-opt, as typed */
	bool console_virtio;	/* what is typed goes to the virtio console, not to the serial port */
};

void guest_config_init(struct guest_config *config);
void guest_config_deinit(struct guest_config *config);

/* Creates the VM, loads the image, starts the vCPU threads parked before the first instruction
 * (STOP_STARTED is reported). @config is borrowed for the life of the target (reset loads again).
 * Symbols of the image are loaded by the caller. ERROR_UNSUPPORTED: no /dev/kvm or not on this host. */
struct error *guest_create(const struct guest_config *config, struct target **ret);

/* The embedded demo guest of this architecture; false when there is none. */
bool guest_demo_image(const void **ret_data, size_t *ret_len, unsigned *ret_vcpus);

/* Commands and doctor checks of the VMM. */
void guest_register(struct session *session);
