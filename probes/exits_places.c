/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where in the guest exits come from: `info probe exits reason NAME`. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/session/session.h"
#include "probes/exits_names.h"
#include "probes/show.h"
#include "probes/vcpus.h"

#define SHOWN 40

struct row {
	struct exit_place place;
	struct exit_place_sum sum;
};

static int by_total(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->sum.total != y->sum.total)
		return x->sum.total < y->sum.total ? 1 : -1;
	return x->place.rip < y->place.rip ? -1 : x->place.rip > y->place.rip;
}

static void key_of(const struct row *row, struct exit_key *ret)
{
	*ret = (struct exit_key){ .kind = row->place.kind, .reason = row->place.reason, .detail = row->sum.detail };
}

static size_t read_rows(const struct probe_run *run, const char *reason, struct row *rows)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "places");
	struct exit_place place, *prev = NULL;
	size_t n = 0;

	for (size_t seen = 0; seen < EXIT_PLACES && bpf_map_get_next_key(fd, prev, &place) == 0; seen++) {
		struct row *row = &rows[n];
		struct exit_key key;
		char buf[48];

		row->place = place;
		prev = &place;
		if (bpf_map_lookup_elem(fd, &place, &row->sum))
			continue;
		key_of(row, &key);
		n += !*reason || !strcasecmp(exit_reason_name(&key, buf, sizeof(buf)), reason);
	}
	qsort(rows, n, sizeof(*rows), by_total);
	return n;
}

static void show_row(const struct probe_run *run, struct out *out, const struct row *row)
{
	struct vcpu_thread thread = { .tid = (pid_t)row->sum.max_tid, .vcpu = -1 };
	char name[48], detail[48];
	struct exit_key key;

	key_of(row, &key);
	exit_detail_text(&key, detail, sizeof(detail));
	out_begin(out, "place");
	out_hex(out, ROLE_ADDR, "rip", 18, row->place.rip);
	if (run->session)
		session_out_symbol(run->session, out, ROLE_SYMBOL, row->place.rip);
	out_pad(out, 44);
	out_str(out, ROLE_MNEMONIC, "reason", 12, exit_reason_name(&key, name, sizeof(name)));
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "detail", 16, detail);
	out_dec(out, ROLE_NUMBER, "count", 10, row->sum.count);
	probe_out_time(out, "total_ns", row->sum.total);
	probe_out_time(out, "max_ns", row->sum.max);
	out_text(out, ROLE_DIM, "  on ");
	vcpus_out(run, out, &thread);
	out_hidden_dec(out, "max_time_ns", row->sum.max_time_ns);
	out_end(out);
}

struct error *exits_detail(struct probe_run *run, const char *words, struct out *out)
{
	struct row *rows = xcalloc(EXIT_PLACES, sizeof(*rows));
	size_t n;

	if (strncmp(words, "reason", 6) || (words[6] && words[6] != ' ')) {
		free(rows);
		return error_hint(error_create(ERROR_USAGE, "info probe exits: '%s' is not known", words),
				  "info probe exits reason NAME, or reason alone for all");
	}
	words += strlen("reason");
	words += strspn(words, " ");
	n = read_rows(run, words, rows);
	if (!n)
		out_message(out, ROLE_TEXT, *words ? "no place in the guest left for reason %s" : "no places yet%s", words);
	else if (!out->is_json)
		out_text(out, ROLE_HEADING, "%-43s %-12s %-16s%10s %11s %11s  longest", "guest address", "reason", "last",
			 "count", "total", "max");
	if (n && !out->is_json)
		out_nl(out);
	for (size_t i = 0; i < n && (out->is_json || i < SHOWN); i++)
		show_row(run, out, &rows[i]);
	if (n > SHOWN && !out->is_json)
		out_message(out, ROLE_DIM, "and %zu places more", n - SHOWN);
	free(rows);
	return NULL;
}
