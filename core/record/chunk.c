/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/chunk.h"

#include <stdlib.h>

/* The parts of a header that are columns of a class, in this order; time and class are the chunk's. */
enum head { HEAD_LEN, HEAD_FLAGS, HEAD_CPU, HEAD_TID, HEAD_VM, HEAD_VCPU, HEADS };

static const uint8_t head_width[HEADS] = { 4, 2, 4, 4, 2, 2 };

static uint64_t head_get(const struct event *e, enum head h)
{
	switch (h) {
	case HEAD_LEN: return e->payload_len;
	case HEAD_FLAGS: return e->flags;
	case HEAD_CPU: return e->cpu;
	case HEAD_TID: return e->tid;
	case HEAD_VM: return e->vm;
	default: return e->vcpu;
	}
}

static void head_set(struct event *e, enum head h, uint64_t v)
{
	switch (h) {
	case HEAD_LEN: e->payload_len = (uint32_t)v; break;
	case HEAD_FLAGS: e->flags = (uint16_t)v; break;
	case HEAD_CPU: e->cpu = (uint32_t)v; break;
	case HEAD_TID: e->tid = (uint32_t)v; break;
	case HEAD_VM: e->vm = (uint16_t)v; break;
	default: e->vcpu = (uint16_t)v; break;
	}
}

/* Where the pieces end that are wholly inside a payload of @len bytes; the rest is its tail. */
static unsigned pieces_inside(const struct event_class *c, uint32_t len, unsigned *ret_end)
{
	unsigned i = 0;

	*ret_end = 0;
	while (i < c->npieces && (uint32_t)c->piece[i].offset + c->piece[i].size <= len) {
		*ret_end = c->piece[i].offset + c->piece[i].size;
		i++;
	}
	return i;
}

/* ---- encoding ------------------------------------------------------------------------------------ */

void chunk_encoder_deinit(struct chunk_encoder *enc)
{
	free(enc->values);
	free(enc->order);
	free(enc->which);
	bytes_deinit(&enc->raw);
	*enc = (struct chunk_encoder){ 0 };
}

static void encoder_room(struct chunk_encoder *enc, size_t n)
{
	if (n <= enc->cap)
		return;
	enc->cap = n;
	enc->values = xrealloc(enc->values, n * sizeof(*enc->values));
	enc->order = xrealloc(enc->order, n * sizeof(*enc->order));
	enc->which = xrealloc(enc->which, n);
}

static int by_time(const void *a, const void *b, void *ctx)
{
	const struct event *const *events = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (events[x]->time_ns != events[y]->time_ns)
		return events[x]->time_ns < events[y]->time_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void sort(struct chunk_encoder *enc, const struct event *const *events, size_t n)
{
	bool sorted = true;

	for (size_t i = 0; i < n; i++) {
		enc->order[i] = (uint32_t)i;
		sorted &= !i || events[i]->time_ns >= events[i - 1]->time_ns;
	}
	if (!sorted)
		qsort_r(enc->order, n, sizeof(*enc->order), by_time, (void *)events);
}

static void tally(struct chunk_encoder *enc, const struct event *const *events, size_t n,
		  struct event_class *const *classes, struct chunk_info *info)
{
	unsigned last = 0;

	info->nclasses = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t id = classes[events[enc->order[i]]->schema]->id;
		unsigned k = last;

		if (k >= info->nclasses || info->classes[k].id != id)
			for (k = 0; k < info->nclasses && info->classes[k].id != id; k++)
				;
		if (k == info->nclasses) {
			info->classes[k].id = id;
			info->classes[k].count = 0;
			info->nclasses++;
		}
		info->classes[k].count++;
		enc->which[i] = (uint8_t)(last = k);
	}
}

/* One class' columns, then its raw bytes: BYTES pieces and tails, event by event. */
static void encode_class(struct chunk_encoder *enc, const struct event *const *events, size_t n,
			 const struct event_class *c, unsigned which, struct bytes *out)
{
	size_t m = 0;

	for (enum head h = 0; h < HEADS; h++) {
		m = 0;
		for (size_t i = 0; i < n; i++)
			if (enc->which[i] == which)
				enc->values[m++] = head_get(events[enc->order[i]], h);
		column_encode(out, enc->values, m, head_width[h], &enc->scratch);
	}
	for (unsigned p = 0; p < c->npieces; p++) {
		const struct class_piece *piece = &c->piece[p];

		m = 0;
		for (size_t i = 0; i < n && piece->is_number; i++) {
			const struct event *e = events[enc->order[i]];

			if (enc->which[i] == which && (uint32_t)piece->offset + piece->size <= e->payload_len)
				enc->values[m++] = bytes_read(e->payload + piece->offset, piece->size, false);
		}
		if (m)
			column_encode(out, enc->values, m, piece->size, &enc->scratch);
	}
	for (size_t i = 0; i < n; i++) {
		const struct event *e = events[enc->order[i]];
		unsigned end, inside;

		if (enc->which[i] != which)
			continue;
		inside = pieces_inside(c, e->payload_len, &end);
		for (unsigned p = 0; p < inside; p++)
			if (!c->piece[p].is_number)
				bytes_add(out, e->payload + c->piece[p].offset, c->piece[p].size);
		bytes_add(out, e->payload + end, e->payload_len - end);
	}
}

void chunk_encode(struct chunk_encoder *enc, const struct event *const *events, size_t n,
		  struct event_class *const *classes, struct bytes *out, struct chunk_info *ret)
{
	uint64_t last;

	encoder_room(enc, n);
	sort(enc, events, n);
	tally(enc, events, n, classes, ret);
	ret->count = (uint32_t)n;
	ret->first = last = events[enc->order[0]]->time_ns;
	ret->last = events[enc->order[n - 1]]->time_ns;
	bytes_varint(out, ret->nclasses);
	for (unsigned k = 0; k < ret->nclasses; k++) {
		bytes_varint(out, ret->classes[k].id);
		bytes_varint(out, ret->classes[k].count);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t t = events[enc->order[i]]->time_ns;

		enc->values[i] = t - last;
		last = t;
	}
	column_encode(out, enc->values, n, 8, &enc->scratch);
	if (ret->nclasses > 1)
		bytes_add(out, enc->which, n);
	for (unsigned k = 0; k < ret->nclasses; k++) {
		const struct event_class *c = NULL;

		for (size_t i = 0; i < n && !c; i++)
			if (enc->which[i] == k)
				c = classes[events[enc->order[i]]->schema];
		encode_class(enc, events, n, c, k, out);
	}
}

/* ---- decoding ------------------------------------------------------------------------------------ */

void chunk_events_deinit(struct chunk_events *ev)
{
	free(ev->data);
	free(ev->at);
	free(ev->member);
	free(ev->values);
	free(ev->which);
	free(ev->len);
	*ev = (struct chunk_events){ 0 };
}

static void events_room(struct chunk_events *ev, size_t n)
{
	if (n <= ev->cap)
		return;
	ev->cap = n;
	ev->at = xrealloc(ev->at, (n + 1) * sizeof(*ev->at));
	ev->member = xrealloc(ev->member, n * sizeof(*ev->member));
	ev->values = xrealloc(ev->values, n * sizeof(*ev->values));
	ev->which = xrealloc(ev->which, n);
	ev->len = xrealloc(ev->len, n * sizeof(*ev->len));
}

static bool parse_table(struct parse *in, size_t n, struct chunk_info *info)
{
	uint64_t k = parse_varint(in), total = 0;

	if (in->bad || !k || k > CHUNK_CLASSES_MAX)
		return false;
	info->nclasses = (uint32_t)k;
	for (unsigned i = 0; i < k; i++) {
		uint64_t id = parse_varint(in), count = parse_varint(in);

		if (in->bad || id >= CLASSES_MAX || !count || count > n)
			return false;
		info->classes[i].id = (uint32_t)id;
		info->classes[i].count = (uint32_t)count;
		total += count;
	}
	return total == n;
}

bool chunk_classes(const void *data, size_t len, size_t n, struct chunk_info *ret)
{
	struct parse in = { .p = data, .end = (const uint8_t *)data + len };

	ret->count = (uint32_t)n;
	return n && n <= CHUNK_EVENTS_MAX && parse_table(&in, n, ret);
}

/* What is needed of a class before the records have their places. */
struct part {
	const struct event_class *c;
	struct column head[HEADS];
	struct column number[2 * CLASS_FIELDS_MAX + 1]; /* by piece; width 0: in no event */
	const uint8_t *raw;
	size_t raw_len;
};

/* Finds the columns of a class and the bytes after them, whose number follows from the lengths. */
static bool open_part(struct parse *in, struct part *part, size_t m, uint64_t *values)
{
	const struct event_class *c = part->c;
	uint64_t raw = 0, max = 0;

	for (enum head h = 0; h < HEADS; h++)
		if (!column_open(in, &part->head[h]))
			return false;
	if (!column_decode(&part->head[HEAD_LEN], m, values))
		return false;
	for (size_t i = 0; i < m; i++) {
		if (values[i] > EVENT_SIZE_MAX - sizeof(struct event))
			return false;
		if (values[i] > max)
			max = values[i];
	}
	for (unsigned p = 0; p < c->npieces; p++) {
		part->number[p].width = 0;
		if (c->piece[p].is_number && (uint32_t)c->piece[p].offset + c->piece[p].size <= max &&
		    !column_open(in, &part->number[p]))
			return false;
	}
	for (size_t i = 0; i < m; i++) {
		unsigned end, inside = pieces_inside(c, (uint32_t)values[i], &end);

		for (unsigned p = 0; p < inside; p++)
			raw += c->piece[p].is_number ? 0 : c->piece[p].size;
		raw += values[i] - end;
	}
	part->raw_len = raw;
	part->raw = parse_bytes(in, raw);
	return !in->bad;
}

/* Numbers of @m records (@ev->member) at @offset of each. */
static void scatter(struct chunk_events *ev, size_t m, unsigned offset, unsigned size)
{
	uint8_t *data = ev->data + sizeof(struct event) + offset;

	switch (size) {
	case 1:
		for (size_t i = 0; i < m; i++)
			data[ev->at[ev->member[i]]] = (uint8_t)ev->values[i];
		break;
	case 2:
		for (size_t i = 0; i < m; i++)
			le16_write(data + ev->at[ev->member[i]], (uint16_t)ev->values[i]);
		break;
	case 4:
		for (size_t i = 0; i < m; i++)
			le32_write(data + ev->at[ev->member[i]], (uint32_t)ev->values[i]);
		break;
	default:
		for (size_t i = 0; i < m; i++)
			le64_write(data + ev->at[ev->member[i]], ev->values[i]);
	}
}

/* The members of a class whose payload holds piece @p; all of them come first when all do. */
static size_t holders(struct chunk_events *ev, const struct class_piece *piece, unsigned which)
{
	size_t m = 0;

	for (size_t i = 0; i < ev->n; i++)
		if (ev->which[i] == which && (uint32_t)piece->offset + piece->size <= ev->len[i])
			ev->member[m++] = (uint32_t)i;
	return m;
}

static bool fill_raw(struct chunk_events *ev, const struct part *part, unsigned which)
{
	const struct event_class *c = part->c;
	const uint8_t *raw = part->raw;

	for (size_t i = 0; part->raw_len && i < ev->n; i++) {
		uint8_t *payload = ev->data + ev->at[i] + sizeof(struct event);
		unsigned end, inside;

		if (ev->which[i] != which)
			continue;
		inside = pieces_inside(c, ev->len[i], &end);
		for (unsigned p = 0; p < inside; p++) {
			if (c->piece[p].is_number)
				continue;
			memcpy(payload + c->piece[p].offset, raw, c->piece[p].size);
			raw += c->piece[p].size;
		}
		memcpy(payload + end, raw, ev->len[i] - end);
		raw += ev->len[i] - end;
	}
	return raw == part->raw + part->raw_len;
}

static size_t members(struct chunk_events *ev, unsigned which)
{
	size_t m = 0;

	for (size_t i = 0; i < ev->n; i++)
		if (ev->which[i] == which)
			ev->member[m++] = (uint32_t)i;
	return m;
}

static bool fill_part(struct chunk_events *ev, const struct part *part, unsigned which)
{
	size_t m = members(ev, which), full = m;
	struct event proto = { .schema = part->c->schema.id };
	bool ragged = false;
	uint64_t v;

	/* What is the same in all goes into each at once. */
	for (enum head h = 0; h < HEADS; h++)
		if (column_is_const(&part->head[h], &v))
			head_set(&proto, h, v);
	for (size_t i = 0; i < m; i++) {
		struct event *e = chunk_event(ev, ev->member[i]);

		proto.time_ns = e->time_ns;
		proto.size = (uint16_t)(ev->at[ev->member[i] + 1] - ev->at[ev->member[i]]);
		*e = proto;
		ragged |= ev->len[ev->member[i]] != ev->len[ev->member[0]];
	}
	for (enum head h = 0; h < HEADS; h++) {
		if (column_is_const(&part->head[h], &v))
			continue;
		if (!column_decode(&part->head[h], m, ev->values))
			return false;
		for (size_t i = 0; i < m; i++)
			head_set(chunk_event(ev, ev->member[i]), h, ev->values[i]);
	}
	for (unsigned p = 0; p < part->c->npieces; p++) {
		const struct class_piece *piece = &part->c->piece[p];

		if (!part->number[p].width)
			continue;
		if (ragged)
			full = holders(ev, piece, which);
		if (!column_decode(&part->number[p], full, ev->values))
			return false;
		scatter(ev, full, piece->offset, piece->size);
	}
	return fill_raw(ev, part, which);
}

/* Gives each record its place: sizes follow from the lengths. */
static void lay_out(struct chunk_events *ev)
{
	size_t at = 0;

	for (size_t i = 0; i < ev->n; i++) {
		ev->at[i] = (uint32_t)at;
		at += align_up(sizeof(struct event) + ev->len[i], 8);
	}
	ev->at[ev->n] = (uint32_t)at;
	if (at > ev->data_cap) {
		free(ev->data);
		ev->data = xcalloc(1, at);
		ev->data_cap = at;
	}
	/* What no piece covers, and the padding, is zero. */
	memset(ev->data, 0, at);
}

static bool decode_which(struct parse *in, const struct chunk_info *info, struct chunk_events *ev)
{
	uint32_t seen[CHUNK_CLASSES_MAX] = { 0 };
	const uint8_t *which;

	if (info->nclasses == 1) {
		memset(ev->which, 0, ev->n);
		return true;
	}
	which = parse_bytes(in, ev->n);
	if (!which)
		return false;
	memcpy(ev->which, which, ev->n);
	for (size_t i = 0; i < ev->n; i++) {
		if (which[i] >= info->nclasses)
			return false;
		seen[which[i]]++;
	}
	for (unsigned k = 0; k < info->nclasses; k++)
		if (seen[k] != info->classes[k].count)
			return false;
	return true;
}

static bool decode_parts(struct parse *in, const struct chunk_info *info, const struct column *time,
			 uint64_t first, struct event_class *const *classes, size_t nclasses,
			 struct part *parts, struct chunk_events *ev)
{
	for (unsigned k = 0; k < info->nclasses; k++) {
		size_t m = info->classes[k].count, j = 0;

		if (info->classes[k].id >= nclasses || !classes[info->classes[k].id])
			return false;
		parts[k].c = classes[info->classes[k].id];
		if (!open_part(in, &parts[k], m, ev->values))
			return false;
		for (size_t i = 0; i < ev->n; i++)
			if (ev->which[i] == k)
				ev->len[i] = (uint32_t)ev->values[j++];
	}
	if (in->p != in->end)
		return false;
	lay_out(ev);
	if (!column_decode(time, ev->n, ev->values))
		return false;
	for (size_t i = 0; i < ev->n; i++) {
		if (first + ev->values[i] < first)
			return false;
		first += ev->values[i];
		chunk_event(ev, i)->time_ns = first;
	}
	for (unsigned k = 0; k < info->nclasses; k++)
		if (!fill_part(ev, &parts[k], k))
			return false;
	return true;
}

bool chunk_decode(const void *data, size_t len, size_t n, uint64_t first,
		  struct event_class *const *classes, size_t nclasses, struct chunk_events *ret)
{
	struct parse in = { .p = data, .end = (const uint8_t *)data + len };
	struct chunk_info info;
	struct part *parts;
	struct column time;
	bool ok;

	ret->n = 0;
	if (!n || n > CHUNK_EVENTS_MAX || !parse_table(&in, n, &info) || !column_open(&in, &time))
		return false;
	events_room(ret, n);
	ret->n = n;
	if (!decode_which(&in, &info, ret)) {
		ret->n = 0;
		return false;
	}
	parts = malloc(info.nclasses * sizeof(*parts));
	ok = parts && decode_parts(&in, &info, &time, first, classes, nclasses, parts, ret);
	free(parts);
	if (!ok)
		ret->n = 0;
	return ok;
}
