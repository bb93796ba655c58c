/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ACPI power management (ACPI 6.5, 4.8.3): PM1a event and control blocks, PM timer; Bochs' shutdown
 * port. */
#include <string.h>

#include "guest/hw/hw.h"
#include "guest/hw/pm.h"

#define PM1_TMR BIT(0)		/* status and enable: PM timer overflow */
#define PM1_STATUS_BITS 0x8731	/* what may be written to clear */
#define PM1_ENABLE_BITS 0x4721
#define PM_CONTROL_SCI_EN BIT(0)
#define PM_CONTROL_SLP_EN BIT(13)

#define PM_TIMER_HZ 3579545ULL
#define PM_TIMER_BITS 24

#define SHUTDOWN_PORT 0x8900

struct pm {
	struct device dev;
	uint16_t status, enable, control;
	uint64_t timer_seen;	/* PM timer ticks up to which overflows are in status */
	unsigned shutdown_at;	/* characters of "Shutdown" seen */
	bool sci;
};

static uint64_t pm_ticks(struct pm *pm)
{
	return (unsigned __int128)device_clock_ns(&pm->dev) * PM_TIMER_HZ / 1000000000;
}

/* The status bit is set whenever the top bit of the timer changes. */
static void pm_sync_timer(struct pm *pm)
{
	uint64_t now = pm_ticks(pm);
	if (now >> (PM_TIMER_BITS - 1) != pm->timer_seen >> (PM_TIMER_BITS - 1))
		pm->status |= PM1_TMR;
	pm->timer_seen = now;
}

static void pm_update(struct pm *pm);

static void pm_overflow(struct device *dev, unsigned slot)
{
	pm_update(container_of(dev, struct pm, dev));
}

static void pm_update(struct pm *pm)
{
	pm_sync_timer(pm);
	bool level = (pm->status & pm->enable & PM1_ENABLE_BITS) && (pm->control & PM_CONTROL_SCI_EN);
	if (level != pm->sci) {
		pm->sci = level;
		device_irq_set(&pm->dev, PM_SCI_IRQ, level);
	}
	uint64_t deadline = 0;
	if ((pm->enable & PM1_TMR) && !(pm->status & PM1_TMR)) {
		uint64_t next = ((pm->timer_seen >> (PM_TIMER_BITS - 1)) + 1) << (PM_TIMER_BITS - 1);
		deadline = (unsigned __int128)next * 1000000000 / PM_TIMER_HZ + 1;
	}
	device_timer_set(&pm->dev, 0, deadline, pm_overflow);
}

static uint16_t pm_reg16(struct pm *pm, uint64_t offset)
{
	switch (offset) {
	case PM_STATUS:
		pm_sync_timer(pm);
		return pm->status;
	case PM_ENABLE:
		return pm->enable;
	case PM_CONTROL:
		return pm->control;
	default:
		return 0;
	}
}

static void pm_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct pm *pm = container_of(dev, struct pm, dev);
	if (offset >= PM_TIMER) {
		*value = (pm_ticks(pm) & MASK(PM_TIMER_BITS - 1, 0)) >> (8 * (offset - PM_TIMER));
		return;
	}
	*value = (uint64_t)pm_reg16(pm, offset & ~1ULL) >> (8 * (offset & 1));
	if (size == 4)
		*value |= (uint64_t)pm_reg16(pm, offset + 2) << 16;
}

static void pm_write_control(struct pm *pm, uint16_t value)
{
	pm->control = value & ~PM_CONTROL_SLP_EN;
	if (!(value & PM_CONTROL_SLP_EN))
		return;
	unsigned type = FIELD(value, 12, 10);
	device_event(&pm->dev, HW_EVENT_SLEEP, type, value);
	if (type == PM_SLP_TYP_S5)
		device_guest_exit(&pm->dev, GUEST_EXIT_POWEROFF, 0);
}

static void pm_write16(struct pm *pm, uint64_t offset, uint16_t value)
{
	switch (offset) {
	case PM_STATUS:
		pm_sync_timer(pm);
		pm->status &= ~(value & PM1_STATUS_BITS);
		break;
	case PM_ENABLE:
		pm->enable = value & PM1_ENABLE_BITS;
		break;
	case PM_CONTROL:
		pm_write_control(pm, value);
		break;
	}
	pm_update(pm);
}

static void pm_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pm *pm = container_of(dev, struct pm, dev);
	if (offset >= PM_TIMER)
		return;
	if (size == 1) {
		/* Byte writes change their half; status bits are cleared by ones, so the other half is 0. */
		unsigned shift = 8 * (offset & 1);
		uint16_t old = (offset & ~1ULL) == PM_STATUS ? 0 : pm_reg16(pm, offset & ~1ULL);
		pm_write16(pm, offset & ~1ULL, (old & ~(0xff << shift)) | value << shift);
		return;
	}
	pm_write16(pm, offset & ~1ULL, value);
	if (size == 4)
		pm_write16(pm, offset + 2, value >> 16);
}

static void pm_shutdown_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	static const char word[] = "Shutdown";
	struct pm *pm = container_of(dev, struct pm, dev);
	if ((char)value == word[pm->shutdown_at])
		pm->shutdown_at++;
	else
		pm->shutdown_at = (char)value == word[0];
	if (pm->shutdown_at < sizeof(word) - 1)
		return;
	pm->shutdown_at = 0;
	device_guest_exit(dev, GUEST_EXIT_POWEROFF, 0);
}

static void pm_reset(struct device *dev)
{
	struct pm *pm = container_of(dev, struct pm, dev);
	pm->status = pm->enable = 0;
	pm->control = PM_CONTROL_SCI_EN; /* no SMM: ACPI mode from the start */
	pm->shutdown_at = 0;
	pm->timer_seen = pm_ticks(pm);
	pm_update(pm);
}

static void pm_describe(struct device *dev, struct out *out)
{
	struct pm *pm = container_of(dev, struct pm, dev);
	hw_show_reg(out, "status", 4, pm->status, NULL);
	hw_show_reg(out, "enable", 4, pm->enable, NULL);
	hw_show_reg(out, "control", 4, pm->control, pm->control & PM_CONTROL_SCI_EN ? "ACPI mode" : NULL);
	hw_show_reg(out, "timer", 6, pm_ticks(pm) & MASK(PM_TIMER_BITS - 1, 0), "at 3.579545 MHz");
	hw_show_reg(out, "sci", 1, pm->sci, pm->sci ? "asserted" : "not asserted");
}

static struct error *pm_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops pm_ops = { .read = pm_read, .write = pm_write };
	static const struct bus_ops shutdown_ops = { .write = pm_shutdown_write, .split_bytes = true };
	static const struct hw_claim claims[] = {
		{ MEM_PORT, PM_PORT, PM_LEN, &pm_ops },
		{ MEM_PORT, SHUTDOWN_PORT, 1, &shutdown_ops },
	};
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_pm, sizeof(struct pm), claims, 2, ret);
}

const struct device_model device_pm = {
	.arch = "x86_64",
	.name = "pm",
	.help = "ACPI power management, PM timer",
	.create = pm_create,
	.reset = pm_reset,
	.destroy = hw_destroy,
	.describe = pm_describe,
};
