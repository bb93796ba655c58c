/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MC146818 real-time clock and CMOS memory. Time runs on the guest's time base, from the host's UTC at
 * creation; interrupts come from device timers, flags nobody waits for are worked out when read. */
#include <string.h>
#include <time.h>

#include "guest/hw/hw.h"

#define RTC_INDEX_PORT 0x70
#define RTC_IRQ 8
#define NS 1000000000ULL
#define MIB 0x100000ULL
#define FOUR_GIB (1ULL << 32)

enum { SEC, SEC_ALARM, MIN, MIN_ALARM, HOUR, HOUR_ALARM, WDAY, MDAY, MONTH, YEAR, REG_A, REG_B, REG_C,
       REG_D, CENTURY = 0x32 };

#define A_UIP 0x80
#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10
#define B_BINARY 0x04
#define B_24H 0x02
#define C_IRQF 0x80
#define C_PF 0x40
#define C_AF 0x20
#define C_UF 0x10
#define D_VALID 0x80
#define ALARM_ANY 0xc0	/* both top bits: matches every value */
/* UIP is set this long before the registers change (data sheet, "update cycle"). */
#define UIP_NS 244000

enum { SLOT_PERIODIC, SLOT_UPDATE };

struct rtc {
	struct device dev;
	uint8_t index;
	uint8_t cmos[128];	/* time registers hold what was set while B_SET, else are computed */
	int64_t wall_offset_ns;	/* wall time = guest time base + this */
	uint64_t seen_ns;	/* up to where UF and PF were worked out */
	bool irq;
};

static uint64_t rtc_wall_ns(struct rtc *r)
{
	return device_clock_ns(&r->dev) + r->wall_offset_ns;
}

static uint8_t rtc_encode(const struct rtc *r, unsigned v)
{
	return r->cmos[REG_B] & B_BINARY ? v : (v / 10 % 10) << 4 | v % 10;
}

static unsigned rtc_decode(const struct rtc *r, uint8_t v)
{
	return r->cmos[REG_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 0xf);
}

static uint8_t rtc_encode_hour(const struct rtc *r, unsigned hour)
{
	if (r->cmos[REG_B] & B_24H)
		return rtc_encode(r, hour);
	return rtc_encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

static unsigned rtc_decode_hour(const struct rtc *r, uint8_t v)
{
	if (r->cmos[REG_B] & B_24H)
		return rtc_decode(r, v);
	return rtc_decode(r, v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}

/* The time registers as of now. */
static void rtc_latch_time(struct rtc *r)
{
	if (r->cmos[REG_B] & B_SET)
		return;
	time_t t = rtc_wall_ns(r) / NS;
	struct tm tm;
	gmtime_r(&t, &tm);
	r->cmos[SEC] = rtc_encode(r, tm.tm_sec);
	r->cmos[MIN] = rtc_encode(r, tm.tm_min);
	r->cmos[HOUR] = rtc_encode_hour(r, tm.tm_hour);
	r->cmos[WDAY] = rtc_encode(r, tm.tm_wday + 1);
	r->cmos[MDAY] = rtc_encode(r, tm.tm_mday);
	r->cmos[MONTH] = rtc_encode(r, tm.tm_mon + 1);
	r->cmos[YEAR] = rtc_encode(r, tm.tm_year % 100);
	r->cmos[CENTURY] = rtc_encode(r, (tm.tm_year + 1900) / 100);
}

/* Makes what the guest wrote to the time registers the time. */
static void rtc_take_time(struct rtc *r)
{
	struct tm tm = {
		.tm_sec = rtc_decode(r, r->cmos[SEC]), .tm_min = rtc_decode(r, r->cmos[MIN]),
		.tm_hour = rtc_decode_hour(r, r->cmos[HOUR]), .tm_mday = rtc_decode(r, r->cmos[MDAY]),
		.tm_mon = (int)rtc_decode(r, r->cmos[MONTH]) - 1,
		.tm_year = (int)(rtc_decode(r, r->cmos[CENTURY]) * 100 + rtc_decode(r, r->cmos[YEAR])) - 1900,
	};
	time_t t = timegm(&tm);
	if (t >= 0 && (uint64_t)t < UINT64_MAX / NS / 4)
		r->wall_offset_ns = (int64_t)((uint64_t)t * NS) - (int64_t)device_clock_ns(&r->dev);
}

/* Period in ns of the periodic interrupt, 0 when off: 32768 Hz divided, rates 1 and 2 as 8 and 9. */
static uint64_t rtc_period_ns(const struct rtc *r)
{
	unsigned rate = r->cmos[REG_A] & 0x0f;
	if (!rate)
		return 0;
	if (rate < 3)
		rate += 7;
	return NS * (1ULL << (rate - 1)) / 32768;
}

static bool rtc_alarm_matches(struct rtc *r)
{
	static const uint8_t pairs[][2] = { { SEC, SEC_ALARM }, { MIN, MIN_ALARM }, { HOUR, HOUR_ALARM } };
	rtc_latch_time(r);
	for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
		uint8_t alarm = r->cmos[pairs[i][1]];
		if ((alarm & ALARM_ANY) != ALARM_ANY && alarm != r->cmos[pairs[i][0]])
			return false;
	}
	return true;
}

/* Flags that came due since the last look; the alarm is looked at once a second while it is enabled. */
static void rtc_sync(struct rtc *r)
{
	uint64_t now = rtc_wall_ns(r), period = rtc_period_ns(r);
	if (!(r->cmos[REG_B] & B_SET) && now / NS != r->seen_ns / NS) {
		r->cmos[REG_C] |= C_UF;
		if (rtc_alarm_matches(r))
			r->cmos[REG_C] |= C_AF;
	}
	if (period && now / period != r->seen_ns / period)
		r->cmos[REG_C] |= C_PF;
	r->seen_ns = now;
}

static void rtc_update(struct rtc *r);

static void rtc_timer(struct device *dev, unsigned slot)
{
	rtc_update(container_of(dev, struct rtc, dev));
}

static void rtc_arm(struct rtc *r, unsigned slot, uint64_t period)
{
	uint64_t wall = rtc_wall_ns(r);
	device_timer_set(&r->dev, slot, period ? device_clock_ns(&r->dev) + period - wall % period : 0,
			 rtc_timer);
}

static void rtc_update(struct rtc *r)
{
	rtc_sync(r);
	uint8_t b = r->cmos[REG_B];
	/* The flags C_PF, C_AF, C_UF and their enables in B have the same bits. */
	bool level = r->cmos[REG_C] & b & (B_PIE | B_AIE | B_UIE);
	if (level)
		r->cmos[REG_C] |= C_IRQF;
	if (level != r->irq) {
		r->irq = level;
		device_irq_set(&r->dev, RTC_IRQ, level);
	}
	rtc_arm(r, SLOT_PERIODIC, b & B_PIE ? rtc_period_ns(r) : 0);
	rtc_arm(r, SLOT_UPDATE, (b & (B_UIE | B_AIE)) && !(b & B_SET) ? NS : 0);
}

static bool rtc_is_time(uint8_t index)
{
	return index == SEC || index == MIN || index == HOUR || (index >= WDAY && index <= YEAR) ||
	       index == CENTURY;
}

static uint8_t rtc_read_reg(struct rtc *r)
{
	uint8_t v;
	switch (r->index) {
	case REG_A:
		v = r->cmos[REG_A];
		if (!(r->cmos[REG_B] & B_SET) && rtc_wall_ns(r) % NS >= NS - UIP_NS)
			v |= A_UIP;
		return v;
	case REG_C:
		rtc_sync(r);
		v = r->cmos[REG_C];
		if (v & r->cmos[REG_B] & (B_PIE | B_AIE | B_UIE))
			v |= C_IRQF;
		r->cmos[REG_C] = 0;
		rtc_update(r);
		return v;
	default:
		if (rtc_is_time(r->index))
			rtc_latch_time(r);
		return r->cmos[r->index];
	}
}

static void rtc_write_b(struct rtc *r, uint8_t value)
{
	uint8_t old = r->cmos[REG_B];
	if (!(old & B_SET) && (value & B_SET))
		rtc_latch_time(r);
	if (value & B_SET)
		value &= ~B_UIE; /* data sheet: SET clears it */
	r->cmos[REG_B] = value;
	if ((old & B_SET) && !(value & B_SET))
		rtc_take_time(r);
	rtc_update(r);
}

static void rtc_write_reg(struct rtc *r, uint8_t value)
{
	switch (r->index) {
	case REG_A:
		rtc_sync(r);
		r->cmos[REG_A] = value & ~A_UIP;
		rtc_update(r);
		break;
	case REG_B:
		rtc_write_b(r, value);
		break;
	case REG_C:
	case REG_D:
		break; /* read only */
	default:
		if (rtc_is_time(r->index))
			rtc_latch_time(r);
		r->cmos[r->index] = value;
		if (rtc_is_time(r->index) && !(r->cmos[REG_B] & B_SET))
			rtc_take_time(r);
	}
}

/* Both ports are one range; the index is write-only on a PC, bit 7 masks NMI and is not kept. */
static void rtc_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct rtc *r = container_of(dev, struct rtc, dev);
	if (offset == 1)
		*value = rtc_read_reg(r);
}

static void rtc_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct rtc *r = container_of(dev, struct rtc, dev);
	if (offset == 0)
		r->index = value & 0x7f;
	else
		rtc_write_reg(r, value);
}

/* Memory sizes where firmware leaves them for guests that ask CMOS. */
static void rtc_put_memory(struct rtc *r, uint64_t mem)
{
	uint64_t base = mem < 640 * 1024 ? mem / 1024 : 640;
	uint64_t low = mem < 0xc0000000ULL ? mem : 0xc0000000ULL; /* at most what is below the hole */
	uint64_t ext = low > MIB ? (low - MIB) / 1024 : 0;
	uint64_t above16 = low > 16 * MIB ? (low - 16 * MIB) / 65536 : 0;
	uint64_t high = (mem - low) / 65536;
	if (ext > 63 * 1024)
		ext = 63 * 1024;
	le16_write(&r->cmos[0x15], base);
	le16_write(&r->cmos[0x17], ext);
	le16_write(&r->cmos[0x30], ext);
	le16_write(&r->cmos[0x34], above16 > 0xffff ? 0xffff : above16);
	r->cmos[0x5b] = high;
	r->cmos[0x5c] = high >> 8;
	r->cmos[0x5d] = high >> 16;
}

static void rtc_reset(struct device *dev)
{
	struct rtc *r = container_of(dev, struct rtc, dev);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	r->wall_offset_ns = (int64_t)(now.tv_sec * NS + now.tv_nsec) - (int64_t)device_clock_ns(dev);
	memset(r->cmos, 0, sizeof(r->cmos));
	r->index = 0;
	r->cmos[REG_A] = 0x26; /* 32768 Hz crystal, 1024 Hz periodic rate */
	r->cmos[REG_B] = B_24H;
	r->cmos[REG_D] = D_VALID;
	rtc_put_memory(r, device_mem_size(dev));
	r->seen_ns = rtc_wall_ns(r);
	rtc_update(r);
}

static void rtc_describe(struct device *dev, struct out *out)
{
	struct rtc *r = container_of(dev, struct rtc, dev);
	time_t t = rtc_wall_ns(r) / NS;
	struct tm tm;
	char text[40];
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	hw_show_reg(out, "index", 2, r->index, NULL);
	hw_show_reg(out, "a", 2, r->cmos[REG_A], NULL);
	hw_show_reg(out, "b", 2, r->cmos[REG_B], r->cmos[REG_B] & B_SET ? "time is being set" : text);
	hw_show_reg(out, "c", 2, r->cmos[REG_C], r->irq ? "interrupt asserted" : NULL);
	hw_show_reg(out, "d", 2, r->cmos[REG_D], NULL);
	hw_show_count(out, "period", (r->cmos[REG_B] & B_PIE) ? rtc_period_ns(r) : 0, "ns");
}

static struct error *rtc_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = rtc_read, .write = rtc_write, .split_bytes = true };
	static const struct hw_claim claim = { MEM_PORT, RTC_INDEX_PORT, 2, &ops };
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_rtc, sizeof(struct rtc), &claim, 1, ret);
}

const struct device_model device_rtc = {
	.arch = "x86_64",
	.name = "rtc",
	.help = "MC146818 real-time clock and CMOS memory",
	.create = rtc_create,
	.reset = rtc_reset,
	.destroy = hw_destroy,
	.describe = rtc_describe,
};
