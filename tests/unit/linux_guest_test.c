/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Linux kernel's tables as a crash dump would find them, put together in the fake target's memory; and
 * what becomes of tables that lie. */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/decode/linux_dmesg.h"
#include "core/symbols/kallsyms.h"
#include "core/symbols/linux_guest.h"
#include "tests/lib/fake_target.h"

/* Places in the fake target's RAM, which is mapped at FAKE_HIGH as a kernel is. */
#define NOTE 0x300000u
#define TOKEN_TABLE 0x302000u
#define TOKEN_INDEX 0x303000u
#define NAMES 0x304000u
#define NUM 0x308000u
#define BASE 0x308008u
#define OFFSETS 0x309000u
#define PRB_POINTER 0x310000u
#define PRB 0x310100u
#define DESCS 0x311000u
#define INFOS 0x312000u
#define TEXTS 0x313000u
#define VA(gpa) (FAKE_HIGH + (gpa))
#define TEXT_BASE VA(0x100000)

struct fixture {
	struct target *target;
	struct symbols *syms;
	struct linux_guest guest;
	struct kallsyms kallsyms;
	unsigned nsyms;
	uint64_t names_len;
	struct text note;
};

static void put(struct fixture *f, uint64_t gpa, const void *data, size_t len)
{
	assert_ok(target_phys_write(f->target, gpa, data, len));
}

static void put_u64(struct fixture *f, uint64_t gpa, uint64_t value)
{
	uint8_t raw[8];
	le64_write(raw, value);
	put(f, gpa, raw, 8);
}

static void put_u32(struct fixture *f, uint64_t gpa, uint32_t value)
{
	uint8_t raw[4];
	le32_write(raw, value);
	put(f, gpa, raw, 4);
}

/* Token 1 stands for "sched_", every other for its own character. */
static void put_tokens(struct fixture *f)
{
	uint8_t index[512], table[1024] = { 0 };
	unsigned at = 0;

	for (unsigned i = 0; i < 256; i++) {
		le16_write(index + 2 * i, at);
		if (i == 1)
			at += sprintf((char *)table + at, "sched_") + 1;
		else {
			table[at] = i;
			at += 2;
		}
	}
	put(f, TOKEN_INDEX, index, sizeof(index));
	put(f, TOKEN_TABLE, table, at);
}

static void put_symbol(struct fixture *f, const char *type_and_name, int32_t offset)
{
	uint8_t raw[256];
	unsigned len = strlen(type_and_name);

	raw[0] = len;
	memcpy(raw + 1, type_and_name, len);
	put(f, NAMES + f->names_len, raw, len + 1);
	put_u32(f, OFFSETS + 4 * f->nsyms, offset);
	f->names_len += len + 1;
	put_u32(f, NUM, ++f->nsyms);
}

static void put_note(struct fixture *f)
{
	char page[VMCOREINFO_LEN] = { 0 };

	assert_true(f->note.len < sizeof(page));
	memcpy(page, f->note.data, f->note.len);
	put(f, NOTE, page, sizeof(page));
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_ok(fake_target_create(&f->target));
	f->syms = symbols_create();
	text_printf(&f->note, "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=%llx\n",
		    VA(FAKE_PML4));
	text_printf(&f->note, "NUMBER(phys_base)=0\nKERNELOFFSET=1c00000\n");
	text_printf(&f->note, "SYMBOL(kallsyms_names)=%llx\nSYMBOL(kallsyms_num_syms)=%llx\n", VA(NAMES), VA(NUM));
	text_printf(&f->note, "SYMBOL(kallsyms_token_table)=%llx\nSYMBOL(kallsyms_token_index)=%llx\n",
		    VA(TOKEN_TABLE), VA(TOKEN_INDEX));
	text_printf(&f->note, "SYMBOL(kallsyms_offsets)=%llx\nSYMBOL(kallsyms_relative_base)=%llx\n",
		    VA(OFFSETS), VA(BASE));
	put_tokens(f);
	put_u64(f, BASE, TEXT_BASE);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kallsyms_deinit(&f->kallsyms);
	symbols_destroy(f->syms);
	target_destroy(f->target);
	text_deinit(&f->note);
	free(f);
	return 0;
}

/* Fails, with whatever words. */
static void expect_failure(struct error *err)
{
	assert_non_null(err);
	error_destroy(err);
}

static void find(struct fixture *f)
{
	put_note(f);
	assert_ok(linux_guest_find(f->target, &f->guest));
}

static void test_none(void **state)
{
	struct fixture *f = *state;

	assert_error(linux_guest_find(f->target, &f->guest), ERROR_NOT_FOUND, "no Linux kernel was found");
	/* The first line alone, as in the kernel's own image. */
	put(f, NOTE, "OSRELEASE=%s\n", 13);
	assert_error(linux_guest_find(f->target, &f->guest), ERROR_NOT_FOUND, "no Linux kernel was found");
}

static void test_note(void **state)
{
	struct fixture *f = *state;
	uint64_t v;
	int64_t n;

	text_puts(&f->note, "OFFSET(list_head.next)=8\nSIZE(page)=64\nNUMBER(minus)=-5\nOFFSET(bad.one)=x\n");
	find(f);
	assert_string_equal(f->guest.release, "6.1.0-test");
	assert_int_equal(f->guest.kaslr_offset, 0x1c00000);
	assert_int_equal(f->guest.note_gpa, NOTE);
	assert_true(linux_guest_symbol(&f->guest, "kallsyms_names", &v));
	assert_int_equal(v, VA(NAMES));
	assert_true(linux_guest_offset(&f->guest, "list_head.next", &v));
	assert_int_equal(v, 8);
	assert_true(linux_guest_size(&f->guest, "page", &v));
	assert_int_equal(v, 64);
	assert_true(linux_guest_number(&f->guest, "minus", &n));
	assert_int_equal(n, -5);
	assert_false(linux_guest_offset(&f->guest, "bad.one", &v));
	assert_false(linux_guest_symbol(&f->guest, "kallsyms", &v));
	/* Memory by the kernel's tables, whatever the vCPU has. */
	assert_ok(linux_guest_read_u64(&f->guest, VA(BASE), &v));
	assert_int_equal(v, TEXT_BASE);
}

static struct error *load(struct fixture *f, size_t *ret_count)
{
	struct kallsyms_place place;
	struct error *err = kallsyms_place_by_note(&f->guest, &place);

	kallsyms_deinit(&f->kallsyms);
	if (!err)
		err = kallsyms_load(f->syms, &f->guest, &place, &f->kallsyms);
	if (!err)
		*ret_count = f->kallsyms.count;
	return err;
}

static void expect_symbol(struct fixture *f, const char *name, uint64_t addr, uint64_t size,
			  enum symbol_type type)
{
	struct symbol sym;

	assert_true(symbols_by_name(f->syms, name, &sym));
	assert_int_equal(sym.addr, addr);
	assert_int_equal(sym.size, size);
	assert_int_equal(sym.type, type);
}

/* x86-64: negative offsets are addresses, the others places in the per-CPU area. */
static void test_percpu(void **state)
{
	struct fixture *f = *state;
	struct symbol sym;
	uint64_t offset;
	size_t count;

	put_symbol(f, "Aper_cpu_thing", 0x40);
	put_symbol(f, "T_stext", -1);
	put_symbol(f, "t\x01" "fork", -1 - 0x20);
	put_symbol(f, "Dcounter", -1 - 0x100);
	find(f);
	assert_ok(load(f, &count));
	assert_int_equal(count, 3);
	expect_symbol(f, "_stext", TEXT_BASE, 0x20, SYMBOL_FUNC);
	expect_symbol(f, "sched_fork", TEXT_BASE + 0x20, 0xe0, SYMBOL_FUNC);
	expect_symbol(f, "counter", TEXT_BASE + 0x100, 0, SYMBOL_OBJECT);
	assert_false(symbols_by_name(f->syms, "per_cpu_thing", &sym));
	assert_true(kallsyms_percpu(&f->kallsyms, "per_cpu_thing", &offset));
	assert_int_equal(offset, 0x40);
	assert_false(kallsyms_percpu(&f->kallsyms, "counter", &offset));
	/* All of it goes again. */
	symbols_set_remove(f->syms, f->kallsyms.set);
	assert_int_equal(symbols_count(f->syms), 0);
	assert_false(symbols_by_name(f->syms, "sched_fork", &sym));
}

static void test_relative(void **state)
{
	struct fixture *f = *state;
	size_t count;

	put_symbol(f, "Tone", 0);
	put_symbol(f, "Ttwo", 0x10);
	put_symbol(f, "Talias", 0x10);
	put_symbol(f, "Bend", 0x30);
	find(f);
	assert_ok(load(f, &count));
	assert_int_equal(count, 4);
	expect_symbol(f, "one", TEXT_BASE, 0x10, SYMBOL_FUNC);
	expect_symbol(f, "two", TEXT_BASE + 0x10, 0x20, SYMBOL_FUNC);
	expect_symbol(f, "alias", TEXT_BASE + 0x10, 0x20, SYMBOL_FUNC);
}

/* Since 6.1 a name may have more than 127 tokens. */
static void test_long_name(void **state)
{
	struct fixture *f = *state;
	uint8_t raw[202] = { 0x80 | (200 & 0x7f), 200 >> 7, 'T' };
	struct symbol sym;
	size_t count;

	memset(raw + 3, 'x', 199);
	put(f, NAMES, raw, sizeof(raw));
	put_u32(f, NUM, 1);
	find(f);
	assert_ok(load(f, &count));
	assert_true(symbols_by_addr(f->syms, TEXT_BASE, &sym, &(uint64_t){ 0 }));
	assert_int_equal(strlen(sym.name), 199);
}

static void expect_bad(struct fixture *f, const char *part)
{
	size_t count, before = symbols_count(f->syms);

	assert_error(load(f, &count), ERROR_FAILED, part);
	assert_int_equal(symbols_count(f->syms), before);
}

static void test_lies(void **state)
{
	struct fixture *f = *state;
	uint8_t index[512], junk[4096];
	size_t count;

	put_symbol(f, "Tone", 0);
	find(f);
	put_u32(f, NUM, 0);
	expect_bad(f, "number of its symbols");
	put_u32(f, NUM, 0xffffffff);
	expect_bad(f, "number of its symbols");
	/* More than memory has. */
	put_u32(f, NUM, 4 << 20);
	expect_failure(load(f, &count));
	put_u32(f, NUM, 2);
	put(f, NAMES, "\x01T\x01T", 4);
	expect_bad(f, "an empty name");
	/* Tokens that lead to 255 times the longest text: a name without end. */
	memset(index, 0, sizeof(index));
	memset(junk, 'a', sizeof(junk));
	put(f, TOKEN_INDEX, index, sizeof(index));
	put(f, TOKEN_TABLE, junk, 0x400);
	put(f, NAMES, "\x20" "abcdefghabcdefghabcdefghabcdefgh", 33);
	expect_bad(f, "a name without end");
	/* Control characters must not reach a terminal. */
	put_tokens(f);
	put(f, NAMES, "\x04Ta\x1b[", 5);
	expect_bad(f, "unprintable");
}

/* A note that leads elsewhere. */
static void test_wild_note(void **state)
{
	struct fixture *f = *state;
	size_t count;

	text_clear(&f->note);
	text_printf(&f->note, "OSRELEASE=9\nSYMBOL(swapper_pg_dir)=%llx\nNUMBER(phys_base)=0\n", VA(FAKE_PML4));
	find(f);
	assert_error(load(f, &count), ERROR_UNSUPPORTED, "kallsyms_names");
	text_puts(&f->note, "SYMBOL(kallsyms_names)=1234\nSYMBOL(kallsyms_num_syms)=dead0000dead0000\n");
	find(f);
	expect_failure(load(f, &count));
	text_clear(&f->note);
	text_puts(&f->note, "OSRELEASE=9\nSYMBOL(swapper_pg_dir)=ffffffffffffffff\nNUMBER(phys_base)=77\n");
	find(f);
	expect_failure(linux_guest_read_u64(&f->guest, VA(BASE), &(uint64_t){ 0 }));
}

/* ---- messages -------------------------------------------------------------------------------- */

#define DESC_SIZE 24
#define INFO_SIZE 88

static void note_rings(struct fixture *f)
{
	text_printf(&f->note, "SYMBOL(prb)=%llx\n", VA(PRB_POINTER));
	text_puts(&f->note, "OFFSET(printk_ringbuffer.desc_ring)=0\nOFFSET(printk_ringbuffer.text_data_ring)=48\n"
			    "OFFSET(prb_desc_ring.count_bits)=0\nOFFSET(prb_desc_ring.descs)=8\n"
			    "OFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n"
			    "OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n"
			    "OFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\n"
			    "OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\n"
			    "OFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"
			    "OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n");
	put_u64(f, PRB_POINTER, VA(PRB));
	put_u32(f, PRB, 2); /* 4 descriptors */
	put_u64(f, PRB + 8, VA(DESCS));
	put_u64(f, PRB + 16, VA(INFOS));
	put_u32(f, PRB + 48, 8); /* 256 bytes of text */
	put_u64(f, PRB + 56, VA(TEXTS));
}

static void put_message(struct fixture *f, uint64_t id, unsigned state, uint64_t begin, uint64_t next,
			const char *text, uint64_t text_at)
{
	uint64_t desc = DESCS + id % 4 * DESC_SIZE, info = INFOS + id % 4 * INFO_SIZE;

	put_u64(f, desc, (uint64_t)state << 62 | id);
	put_u64(f, desc + 8, begin);
	put_u64(f, desc + 16, next);
	put_u64(f, info, id);
	put_u64(f, info + 8, id * 1500000000);
	put_u32(f, info + 16, strlen(text) | 6u << 29);
	put(f, TEXTS + text_at + 8, text, strlen(text));
}

static void ring_ids(struct fixture *f, uint64_t tail, uint64_t head)
{
	put_u64(f, PRB + 24, head);
	put_u64(f, PRB + 32, tail);
}

static void test_dmesg(void **state)
{
	struct fixture *f = *state;
	struct out *out = out_create_capture();

	note_rings(f);
	put_message(f, 5, 2, 200, 232, "older", 200);
	put_message(f, 6, 2, 232, 256 + 24, "wraps around", 0);	/* does not fit at the end: at 0 */
	put_message(f, 7, 0, 256 + 24, 256 + 64, "being written", 24);
	put_message(f, 8, 1, 256 + 64, 256 + 104, "newest\x1b[1m", 64);
	ring_ids(f, 5, 8);
	find(f);
	assert_ok(linux_dmesg_show(&f->guest, 0, out));
	assert_captured(out, "[    7.500000] older\n[    9.000000] wraps around\n"
			     "[   12.000000] newest\\e[1m\n");
	assert_ok(linux_dmesg_show(&f->guest, 1, out));
	assert_captured(out, "[   12.000000] newest\\e[1m\n");
	out_destroy(out);
}

static void test_dmesg_lies(void **state)
{
	struct fixture *f = *state;
	struct out *out = out_create_capture();

	find(f);
	assert_error(linux_dmesg_show(&f->guest, 0, out), ERROR_UNSUPPORTED, "where its messages are");
	note_rings(f);
	put_message(f, 5, 2, 0, 0xfff8, "a length that lies", 0);
	put_u32(f, INFOS + INFO_SIZE + 16, 0xffff);
	ring_ids(f, 5, 5);
	find(f);
	assert_ok(linux_dmesg_show(&f->guest, 0, out));
	out_capture_clear(out);
	ring_ids(f, 5, 4); /* the head behind the tail */
	assert_error(linux_dmesg_show(&f->guest, 0, out), ERROR_FAILED, "make no sense");
	ring_ids(f, 0, 0);
	put_u32(f, PRB, 63);
	assert_error(linux_dmesg_show(&f->guest, 0, out), ERROR_FAILED, "make no sense");
	put_u64(f, PRB_POINTER, 0x1234567812345678);
	expect_failure(linux_dmesg_show(&f->guest, 0, out));
	out_destroy(out);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_none), TEST(test_note), TEST(test_percpu), TEST(test_relative),
		TEST(test_long_name), TEST(test_lies), TEST(test_wild_note), TEST(test_dmesg),
		TEST(test_dmesg_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
