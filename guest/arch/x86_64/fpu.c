/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x87, SSE and AVX registers in the XSAVE image (SDM vol. 1, 13.4): legacy region of 512 bytes as FXSAVE
 * writes it, header, then components where CPUID leaf 0xd says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/cleanup.h"
#include "guest/arch/x86_64/x86.h"

enum {
	FX_FCW = 0, FX_FSW = 2, FX_FTW = 4, FX_FOP = 6, FX_FIP = 8, FX_FDP = 16, FX_MXCSR = 24,
	FX_ST = 32, FX_XMM = 160, XSAVE_BV = 512, FX_STRIDE = 16,
};
enum { COMPONENT_X87 = 0, COMPONENT_SSE = 1, COMPONENT_AVX = 2 };

static const struct { uint16_t reg, offset, len; } scalars[] = {
	{ X86_FCW, FX_FCW, 2 }, { X86_FSW, FX_FSW, 2 }, { X86_FTW, FX_FTW, 1 }, { X86_FOP, FX_FOP, 2 },
	{ X86_FIP, FX_FIP, 8 }, { X86_FDP, FX_FDP, 8 }, { X86_MXCSR, FX_MXCSR, 4 },
};

bool x86_xsave_get(struct vcpu *v, void *image)
{
	struct x86_vm *x = x86_vm(v->vm);
	unsigned long req = KVM_GET_XSAVE;

#ifdef KVM_GET_XSAVE2
	if (x->xsave_size > sizeof(struct kvm_xsave))
		req = KVM_GET_XSAVE2;
#endif
	return x->has_xsave && ioctl(v->fd, req, image) == 0;
}

static struct error *image_read(struct vcpu *v, uint8_t **ret)
{
	struct x86_vm *x = x86_vm(v->vm);
	uint8_t *image = xcalloc(1, x->xsave_size);

	if (!x86_xsave_get(v, image)) {
		free(image);
		return error_errno(x->has_xsave ? errno : ENOTSUP, "vCPU %u: cannot read the FPU state",
				   v->index);
	}
	*ret = image;
	return NULL;
}

/* Bytes of the upper half of ymm@n, or NULL when the guest has no AVX. */
static uint8_t *ymm_high(struct vcpu *v, uint8_t *image, unsigned n)
{
	uint32_t at = x86_cpuid_xsave_offset(v->vm, COMPONENT_AVX);

	if (!at || at + 16 * FX_STRIDE > x86_vm(v->vm)->xsave_size)
		return NULL;
	return image + at + n * FX_STRIDE;
}

struct error *x86_fpu_read(struct vcpu *v, unsigned groups, struct regs *ret)
{
	_free_ uint8_t *image = NULL;
	struct error *err = image_read(v, &image);
	uint64_t in_use;

	if (err)
		return err;
	/* A component whose bit is clear is in its initial state, whatever the bytes say. */
	in_use = le64_read(image + XSAVE_BV);
	if (!(in_use & BIT(COMPONENT_X87))) {
		memset(image, 0, FX_MXCSR);
		memset(image + FX_ST, 0, FX_XMM - FX_ST);
		le16_write(image + FX_FCW, 0x37f);
	}
	if (!(in_use & BIT(COMPONENT_SSE)))
		memset(image + FX_XMM, 0, 16 * FX_STRIDE);
	if (groups & REGS_FPU) {
		for (unsigned i = 0; i < 8; i++)
			regs_set_bytes(ret, X86_ST0 + i, image + FX_ST + i * FX_STRIDE, 10);
		for (unsigned i = 0; i < ARRAY_SIZE(scalars); i++)
			regs_set_bytes(ret, scalars[i].reg, image + scalars[i].offset, scalars[i].len);
	}
	for (unsigned i = 0; i < 16 && (groups & REGS_VECTOR); i++) {
		uint8_t ymm[32] = { 0 };
		const uint8_t *high = in_use & BIT(COMPONENT_AVX) ? ymm_high(v, image, i) : NULL;

		memcpy(ymm, image + FX_XMM + i * FX_STRIDE, 16);
		if (high)
			memcpy(ymm + 16, high, 16);
		regs_set_bytes(ret, X86_YMM0 + i, ymm, sizeof(ymm));
	}
	return NULL;
}

static void set_scalar(uint8_t *image, unsigned reg, const void *data, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(scalars); i++)
		if (scalars[i].reg == reg)
			memcpy(image + scalars[i].offset, data, len < scalars[i].len ? len : scalars[i].len);
}

struct error *x86_fpu_write(struct vcpu *v, unsigned reg, const void *data, size_t len)
{
	_free_ uint8_t *image = NULL;
	struct error *err = image_read(v, &image);
	uint64_t in_use;

	if (err)
		return err;
	in_use = le64_read(image + XSAVE_BV);
	if (reg >= X86_YMM0 && reg < X86_YMM0 + 16) {
		unsigned n = reg - X86_YMM0;
		uint8_t *high = ymm_high(v, image, n);

		if (!(in_use & BIT(COMPONENT_SSE)))
			memset(image + FX_XMM, 0, 16 * FX_STRIDE);
		memcpy(image + FX_XMM + n * FX_STRIDE, data, len < 16 ? len : 16);
		in_use |= BIT(COMPONENT_SSE);
		if (high && len > 16) {
			if (!(in_use & BIT(COMPONENT_AVX)))
				memset(ymm_high(v, image, 0), 0, 16 * FX_STRIDE);
			memcpy(high, (const uint8_t *)data + 16, len - 16 < 16 ? len - 16 : 16);
			in_use |= BIT(COMPONENT_AVX);
		}
	} else if (reg >= X86_ST0 && reg < X86_ST0 + 8) {
		memcpy(image + FX_ST + (reg - X86_ST0) * FX_STRIDE, data, len < 10 ? len : 10);
		in_use |= BIT(COMPONENT_X87);
	} else {
		set_scalar(image, reg, data, len);
		in_use |= BIT(COMPONENT_X87) | (reg == X86_MXCSR ? BIT(COMPONENT_SSE) : 0);
	}
	le64_write(image + XSAVE_BV, in_use);
	if (ioctl(v->fd, KVM_SET_XSAVE, image))
		return error_errno(errno, "vCPU %u: KVM refuses this value of %s", v->index,
				   x86_64_regs[reg].name);
	return NULL;
}
