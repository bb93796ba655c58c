/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three rings: descriptors (state and where the text lies), infos (time, length) and text. A descriptor's
 * id gives its place; its state says whether its text is complete. Where the fields are is in the
 * VMCOREINFO note.
 */
#include "core/decode/linux_dmesg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

#define COUNT_BITS_MAX 22
#define TEXT_BITS_MAX 26
#define RECORD_MAX 4096u
#define TEXT_MAX 2048u
#define NS_PER_S UINT64_C(1000000000)

#define STATE_SHIFT 62
#define STATE_COMMITTED 1
#define STATE_FINALIZED 2
#define ID_MASK ((1ull << STATE_SHIFT) - 1)
#define NO_TEXT 1u	/* a position with this bit is no position */

/* Behind the length: facility, then flags and level in one byte (struct printk_info). */
#define INFO_LEVEL_OFFSET 3
#define INFO_LEVEL_SHIFT 5

struct rings {
	const struct linux_guest *guest;
	uint64_t desc_size, state, begin, next;		/* of a descriptor */
	uint64_t info_size, seq, ts, text_len;		/* of an info */
	uint64_t descs, infos, text, head, tail;
	unsigned count_bits, text_bits;
};

struct note_field {
	const char *name;
	bool is_size;
	uint64_t *to;
};

static struct error *fields(const struct linux_guest *g, const struct note_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(f[i].is_size ? linux_guest_size(g, f[i].name, f[i].to)
				   : linux_guest_offset(g, f[i].name, f[i].to)))
			return error_create(ERROR_UNSUPPORTED, "Linux %s does not say where its messages are"
					    " (%s)", g->release, f[i].name);
	return NULL;
}

static struct error *read_layout(struct rings *r)
{
	uint64_t lpos, begin, next;
	const struct note_field list[] = {
		{ "prb_desc", true, &r->desc_size }, { "prb_desc.state_var", false, &r->state },
		{ "prb_desc.text_blk_lpos", false, &lpos }, { "prb_data_blk_lpos.begin", false, &begin },
		{ "prb_data_blk_lpos.next", false, &next }, { "printk_info", true, &r->info_size },
		{ "printk_info.seq", false, &r->seq }, { "printk_info.ts_nsec", false, &r->ts },
		{ "printk_info.text_len", false, &r->text_len },
	};
	struct error *err = fields(r->guest, list, ARRAY_SIZE(list));

	if (err)
		return err;
	r->begin = lpos + begin;
	r->next = lpos + next;
	if (r->desc_size > RECORD_MAX || r->info_size > RECORD_MAX || r->state + 8 > r->desc_size ||
	    r->begin + 8 > r->desc_size || r->next + 8 > r->desc_size || r->ts + 8 > r->info_size ||
	    r->seq + 8 > r->info_size || r->text_len + INFO_LEVEL_OFFSET + 1 > r->info_size)
		return error_create(ERROR_FAILED, "the VMCOREINFO note of Linux %s makes no sense: a field of"
				    " its message rings is outside of them", r->guest->release);
	return NULL;
}

/* @desc and @text: addresses of the two ring structures. */
static struct error *read_rings(struct rings *r, uint64_t desc, uint64_t text)
{
	uint64_t bits, descs, infos, head, tail, text_bits, data;
	const struct note_field list[] = {
		{ "prb_desc_ring.count_bits", false, &bits }, { "prb_desc_ring.descs", false, &descs },
		{ "prb_desc_ring.infos", false, &infos }, { "prb_desc_ring.head_id", false, &head },
		{ "prb_desc_ring.tail_id", false, &tail }, { "prb_data_ring.size_bits", false, &text_bits },
		{ "prb_data_ring.data", false, &data },
	};
	const struct linux_guest *g = r->guest;
	struct error *err = fields(g, list, ARRAY_SIZE(list));

	if (err || (err = linux_guest_read_u32(g, desc + bits, &r->count_bits)) ||
	    (err = linux_guest_read_u64(g, desc + descs, &r->descs)) ||
	    (err = linux_guest_read_u64(g, desc + infos, &r->infos)) ||
	    (err = linux_guest_read_u64(g, desc + head, &r->head)) ||
	    (err = linux_guest_read_u64(g, desc + tail, &r->tail)) ||
	    (err = linux_guest_read_u32(g, text + text_bits, &r->text_bits)) ||
	    (err = linux_guest_read_u64(g, text + data, &r->text)))
		return err;
	r->head &= ID_MASK;
	r->tail &= ID_MASK;
	if (r->count_bits > COUNT_BITS_MAX || r->text_bits > TEXT_BITS_MAX ||
	    ((r->head - r->tail) & ID_MASK) >= 1ull << r->count_bits)
		return error_create(ERROR_FAILED, "the message rings of Linux %s make no sense", g->release);
	return NULL;
}

static struct error *open_rings(struct rings *r)
{
	uint64_t prb, desc, text;
	const struct note_field list[] = {
		{ "printk_ringbuffer.desc_ring", false, &desc },
		{ "printk_ringbuffer.text_data_ring", false, &text },
	};
	struct error *err = fields(r->guest, list, ARRAY_SIZE(list));

	if (!err)
		err = read_layout(r);
	if (err)
		return err;
	if (!linux_guest_symbol(r->guest, "prb", &prb))
		return error_create(ERROR_UNSUPPORTED, "Linux %s does not say where its messages are (prb):"
				    " it is older than 5.10", r->guest->release);
	err = linux_guest_read_u64(r->guest, prb, &prb);
	return err ? err : read_rings(r, prb + desc, prb + text);
}

/* The text of a descriptor: *ret_len is 0 when it has none. */
static struct error *read_text(const struct rings *r, const uint8_t *desc, unsigned len, char *buf,
			       unsigned *ret_len)
{
	uint64_t begin = le64_read(desc + r->begin), next = le64_read(desc + r->next);
	uint64_t size = 1ull << r->text_bits, at = begin & (size - 1), end = next & (size - 1);

	*ret_len = 0;
	if ((begin & NO_TEXT) || begin == next)
		return NULL;
	/* A block that would wrap lies at the start of the ring instead. */
	if (begin >> r->text_bits != next >> r->text_bits && end != 0)
		at = 0;
	else if (end == 0)
		end = size;
	at += 8; /* the descriptor's id */
	if (end < at)
		return NULL;
	if (len > end - at)
		len = end - at;
	if (len > TEXT_MAX)
		len = TEXT_MAX;
	*ret_len = len;
	return linux_guest_read(r->guest, r->text + at, buf, len);
}

static void show_message(const struct rings *r, const uint8_t *info, const char *text, unsigned len,
			 struct out *out)
{
	uint64_t ts = le64_read(info + r->ts);
	char stamp[32];

	snprintf(stamp, sizeof(stamp), "[%5" PRIu64 ".%06" PRIu64 "]", ts / NS_PER_S, ts % NS_PER_S / 1000);
	out_begin(out, "dmesg");
	out_hidden_dec(out, "seq", le64_read(info + r->seq));
	out_hidden_dec(out, "ts_ns", ts);
	out_hidden_dec(out, "level", info[r->text_len + INFO_LEVEL_OFFSET] >> INFO_LEVEL_SHIFT);
	out_text(out, ROLE_DIM, "%s ", stamp);
	out_strf(out, ROLE_TEXT, "text", "%.*s", (int)len, text);
	out_end(out);
}

static struct error *show_one(const struct rings *r, uint64_t id, struct out *out)
{
	uint64_t index = id & ((1ull << r->count_bits) - 1);
	uint8_t desc[RECORD_MAX], info[RECORD_MAX];
	char text[TEXT_MAX];
	unsigned len, state;
	struct error *err;

	err = linux_guest_read(r->guest, r->descs + index * r->desc_size, desc, r->desc_size);
	if (!err)
		err = linux_guest_read(r->guest, r->infos + index * r->info_size, info, r->info_size);
	if (err)
		return err;
	uint64_t var = le64_read(desc + r->state);
	state = var >> STATE_SHIFT;
	if ((var & ID_MASK) != id || (state != STATE_COMMITTED && state != STATE_FINALIZED))
		return NULL;
	err = read_text(r, desc, le16_read(info + r->text_len), text, &len);
	if (!err)
		show_message(r, info, text, len, out);
	return err;
}

struct error *linux_dmesg_show(const struct linux_guest *g, unsigned max, struct out *out)
{
	struct rings r = { .guest = g };
	struct error *err = open_rings(&r);

	if (err)
		return err;
	uint64_t n = ((r.head - r.tail) & ID_MASK) + 1;
	uint64_t skip = max && n > max ? n - max : 0;
	for (uint64_t i = skip; i < n && !err; i++)
		err = show_one(&r, (r.tail + i) & ID_MASK, out);
	return err;
}
