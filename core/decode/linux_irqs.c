/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupt descriptors, as /proc/interrupts lists them. They hang on a radix tree (until 6.4) or a maple
 * tree (lib/maple_tree.c): which one is told by the type and name of the root.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/decode/linux_views.h"

#define DESCS_MAX 65536
#define ACTIONS_MAX 64
#define NODES_MAX 65536
#define DEPTH_MAX 16
#define NAME_LEN 64
#define CPUS_SHOWN 8

/* lib/xarray.c, lib/maple_tree.c: a pointer to a node has bits set that one to an object has not. */
#define NODE_BITS 3u
#define IS_NODE 2u
#define XA_SLOTS 64u
#define MAPLE_NODE_MASK 0xffull
#define MAPLE_TYPE_SHIFT 3
#define MAPLE_LEAF_64 1
#define MAPLE_RANGE_64 2
#define MAPLE_ARANGE_64 3

enum { F_IRQ, F_HWIRQ, F_CHIP, F_STATS, F_ACTION, F_NAME, F_COUNT };

struct irqs {
	const struct linux_kernel *k;
	struct out *out;
	struct linux_field f[F_COUNT], chip_name;
	struct linux_field action[2];	/* name, next */
	unsigned ncpus, nodes, descs;
	VEC(uint64_t) base;		/* of each CPU's area */
	VEC(uint64_t) counts;
	/* Offsets of tree nodes. */
	uint64_t xa_shift, xa_slots, slot64, aslot64;
	unsigned nslots, naslots;
};

/* ---- one descriptor -------------------------------------------------------------------------- */

static struct error *text_at(const struct irqs *q, uint64_t at, char *buf, size_t size)
{
	buf[0] = '\0';
	return at ? linux_kernel_read_text(q->k, at, buf, size) : NULL;
}

static struct error *read_actions(const struct irqs *q, uint64_t action, struct text *ret)
{
	char name[NAME_LEN];
	struct error *err = NULL;

	for (unsigned n = 0; !err && action && n < ACTIONS_MAX; n++) {
		uint64_t at;

		err = linux_field_read(q->k, action, &q->action[0], &at);
		if (!err)
			err = text_at(q, at, name, sizeof(name));
		if (!err)
			text_printf(ret, "%s%s", n ? ", " : "", name);
		if (!err)
			err = linux_field_read(q->k, action, &q->action[1], &action);
	}
	return err;
}

static struct error *read_counts(struct irqs *q, uint64_t stats, uint64_t *ret_total)
{
	*ret_total = 0;
	q->counts.len = 0;
	for (unsigned cpu = 0; cpu < q->ncpus; cpu++) {
		uint64_t n = 0;
		/* A plain counter, or (since 6.10) the first member of struct irqstat. */
		struct error *err = stats ? linux_kernel_read_number(q->k, q->base.data[cpu] + stats, 4, &n) : NULL;

		if (err)
			return err;
		vec_push(&q->counts, n);
		*ret_total += n;
	}
	return NULL;
}

static void show_counts(struct irqs *q, uint64_t total)
{
	out_hidden_dec(q->out, "total", total);
	out_list(q->out, "counts");
	for (unsigned cpu = 0; cpu < q->ncpus; cpu++) {
		if (q->out->is_json) {
			out_begin(q->out, "count");
			out_hidden_dec(q->out, "cpu", cpu);
			out_hidden_dec(q->out, "n", q->counts.data[cpu]);
			out_end(q->out);
		} else if (cpu < CPUS_SHOWN) {
			out_text(q->out, ROLE_NUMBER, " %10" PRIu64, q->counts.data[cpu]);
		}
	}
	out_list_end(q->out);
	if (q->ncpus > CPUS_SHOWN)
		out_text(q->out, ROLE_NUMBER, " %10" PRIu64, total);
}

static struct error *show_desc(struct irqs *q, uint64_t desc)
{
	uint64_t v[F_COUNT], total, chip_name = 0;
	char chip[NAME_LEN], name[NAME_LEN];
	struct text actions = { 0 };
	struct error *err = NULL;

	if (q->descs++ >= DESCS_MAX)
		return error_create(ERROR_FAILED, "Linux %s has too many interrupts", q->k->guest.release);
	for (unsigned i = 0; i < F_COUNT && !err; i++)
		err = linux_field_read(q->k, desc, &q->f[i], &v[i]);
	if (!err)
		err = read_counts(q, v[F_STATS], &total);
	if (!err && v[F_CHIP])
		err = linux_field_read(q->k, v[F_CHIP], &q->chip_name, &chip_name);
	if (!err)
		err = text_at(q, chip_name, chip, sizeof(chip));
	if (!err)
		err = text_at(q, v[F_NAME], name, sizeof(name));
	if (!err)
		err = read_actions(q, v[F_ACTION], &actions);
	/* As /proc/interrupts: those nobody uses and that never came are left out. */
	if (!err && (total || v[F_ACTION])) {
		out_begin(q->out, "irq");
		out_dec(q->out, ROLE_NUMBER, "irq", 5, v[F_IRQ]);
		out_text(q->out, ROLE_TEXT, ":");
		show_counts(q, total);
		out_text(q->out, ROLE_TEXT, "  ");
		out_str(q->out, ROLE_TEXT, "chip", 0, chip);
		out_text(q->out, ROLE_TEXT, " ");
		out_dec(q->out, ROLE_NUMBER, "hwirq", 0, v[F_HWIRQ]);
		out_text(q->out, ROLE_TEXT, "%s", *name ? "-" : "");
		out_str(q->out, ROLE_TEXT, "flow", 0, name);
		out_text(q->out, ROLE_TEXT, "  ");
		out_str(q->out, ROLE_SYMBOL, "actions", 0, text_str(&actions));
		out_hidden_hex(q->out, "desc", desc);
		out_end(q->out);
	}
	text_deinit(&actions);
	return err;
}

/* ---- the trees ------------------------------------------------------------------------------- */

static struct error *astray(const struct irqs *q)
{
	return error_hint(error_create(ERROR_FAULT, "the interrupt descriptors of Linux %s lead in circles",
				       q->k->guest.release),
			  "of a running guest they may have changed while they were read: stop it, or try again");
}

static bool is_node(uint64_t entry)
{
	return (entry & NODE_BITS) == IS_NODE && entry > 4096;
}

static struct error *walk_radix(struct irqs *q, uint64_t entry, unsigned depth)
{
	struct error *err = NULL;

	if (!is_node(entry))
		return entry && !(entry & NODE_BITS) ? show_desc(q, entry) : NULL;
	if (depth == DEPTH_MAX || q->nodes++ == NODES_MAX)
		return astray(q);
	for (unsigned i = 0; i < XA_SLOTS && !err; i++) {
		uint64_t slot;

		err = linux_kernel_read_number(q->k, entry - IS_NODE + q->xa_slots + 8 * i, 8, &slot);
		/* Siblings and retries are small internal entries. */
		if (!err && slot)
			err = walk_radix(q, slot, depth + 1);
	}
	return err;
}

/* Slots behind the last used one are 0, or in a full node as good as any; the last slot of one that is
 * not full holds numbers about it, which are no pointers. */
static struct error *walk_maple(struct irqs *q, uint64_t entry, unsigned depth)
{
	uint64_t node = entry & ~MAPLE_NODE_MASK;
	unsigned type = entry >> MAPLE_TYPE_SHIFT & 0xf;
	bool is_arange = type == MAPLE_ARANGE_64;
	struct error *err = NULL;

	if (type < MAPLE_LEAF_64 || type > MAPLE_ARANGE_64 || depth == DEPTH_MAX || q->nodes++ == NODES_MAX)
		return astray(q);
	for (unsigned i = 0; i < (is_arange ? q->naslots : q->nslots) && !err; i++) {
		uint64_t slot;

		err = linux_kernel_read_number(q->k, node + (is_arange ? q->aslot64 : q->slot64) + 8 * i, 8,
					       &slot);
		if (err || !(slot >> 63))
			continue;
		if (type != MAPLE_LEAF_64)
			err = walk_maple(q, slot, depth + 1);
		else if (!(slot & NODE_BITS))
			err = show_desc(q, slot);
	}
	return err;
}

static struct error *open_maple(struct irqs *q, uint64_t *ret_root)
{
	struct linux_field slot = { "slot" }, aslot = { "slot" };
	struct error *err = linux_kernel_offset(q->k, "maple_tree", "ma_root", ret_root);

	if (!err)
		err = linux_fields_find(q->k, "maple_range_64", &slot, 1);
	if (!err)
		err = linux_fields_find(q->k, "maple_arange_64", &aslot, 1);
	q->slot64 = slot.offset;
	q->nslots = slot.size / 8 < XA_SLOTS ? slot.size / 8 : XA_SLOTS;
	q->aslot64 = aslot.offset;
	q->naslots = aslot.size / 8 < XA_SLOTS ? aslot.size / 8 : XA_SLOTS;
	return err;
}

static struct error *walk(struct irqs *q)
{
	uint64_t at, root, entry;
	bool maple = linux_kernel_symbol(q->k, "sparse_irqs", &at);
	struct error *err;

	if (!maple && !linux_kernel_symbol(q->k, "irq_desc_tree", &at))
		return error_create(ERROR_UNSUPPORTED, "Linux %s keeps its interrupts neither in sparse_irqs nor in"
				    " irq_desc_tree", q->k->guest.release);
	if (maple)
		err = open_maple(q, &root);
	else
		err = linux_kernel_offset(q->k, "xarray", "xa_head", &root);
	if (!err && !maple)
		err = linux_kernel_offset(q->k, "xa_node", "slots", &q->xa_slots);
	if (!err)
		err = linux_kernel_read_number(q->k, at + root, 8, &entry);
	if (err || !entry)
		return err;
	if (!maple)
		return walk_radix(q, entry, 0);
	return is_node(entry) ? walk_maple(q, entry, 0) : show_desc(q, entry);
}

/* ---- counters without a descriptor ----------------------------------------------------------- */

/* Members of irq_cpustat_t: "apic_timer_irqs", "irq_resched_count", ... */
static struct error *show_counters(struct irqs *q)
{
	struct btf_type t;
	uint64_t at, total;
	struct error *err = NULL;

	if (!linux_kernel_percpu(q->k, "irq_stat", &at) ||
	    (!btf_find(q->k->btf, "irq_cpustat_t", BTF_TYPEDEF, &t)) || !btf_peel(q->k->btf, t.id, &t) ||
	    t.kind != BTF_STRUCT)
		return NULL;
	for (unsigned i = 0; i < t.vlen && !err; i++) {
		struct btf_member m;

		btf_member(q->k->btf, &t, i, &m);
		if (btf_size(q->k->btf, m.type, 8) != 4 || m.bits || !*m.name || !strncmp(m.name, "__", 2))
			continue;
		err = read_counts(q, at + m.bit_offset / 8, &total);
		if (err || !total)
			continue;
		out_begin(q->out, "counter");
		out_text(q->out, ROLE_TEXT, "     :");
		show_counts(q, total);
		out_text(q->out, ROLE_TEXT, "  ");
		out_str(q->out, ROLE_TEXT, "name", 0, m.name);
		out_end(q->out);
	}
	return err;
}

static struct error *find_fields(struct irqs *q)
{
	struct error *err = linux_fields_find(q->k, "irq_desc", q->f, F_COUNT);

	if (!err)
		err = linux_fields_find(q->k, "irq_chip", &q->chip_name, 1);
	if (!err)
		err = linux_fields_find(q->k, "irqaction", q->action, ARRAY_SIZE(q->action));
	if (!err)
		err = linux_kernel_cpus(q->k, &q->ncpus);
	for (unsigned cpu = 0; !err && cpu < q->ncpus; cpu++) {
		uint64_t base;

		err = linux_kernel_percpu_base(q->k, cpu, &base);
		if (!err)
			vec_push(&q->base, base);
	}
	return err;
}

static void heading(const struct irqs *q)
{
	out_text(q->out, ROLE_HEADING, "  IRQ ");
	for (unsigned cpu = 0; cpu < q->ncpus && cpu < CPUS_SHOWN; cpu++)
		out_text(q->out, ROLE_HEADING, "%s%7s%-4u", cpu ? "" : "", "CPU", cpu);
	out_text(q->out, ROLE_HEADING, "%s CHIP, NUMBER THERE, HANDLERS",
		 q->ncpus > CPUS_SHOWN ? "  ALL CPUs" : "");
	out_nl(q->out);
}

struct error *linux_irqs_show(const struct linux_kernel *k, struct out *out)
{
	struct irqs q = { .k = k, .out = out, .f = {
		[F_IRQ] = { "irq_data.irq" }, [F_HWIRQ] = { "irq_data.hwirq" }, [F_CHIP] = { "irq_data.chip" },
		[F_STATS] = { "kstat_irqs" }, [F_ACTION] = { "action" }, [F_NAME] = { "name" } },
		.chip_name = { "name" }, .action = { { "name" }, { "next" } } };
	struct error *err = find_fields(&q);

	if (!err) {
		heading(&q);
		err = walk(&q);
	}
	if (!err)
		err = show_counters(&q);
	vec_free(&q.base);
	vec_free(&q.counts);
	return err;
}
