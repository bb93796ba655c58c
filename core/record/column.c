/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/column.h"

#define DICT_MAX 256
/* Below this a dictionary and its indexes cost more than they save. */
#define DICT_MIN 16

/* The place of @v in the dictionary (added when new); DICT_MAX: it is full. */
static unsigned dict_index(struct column_scratch *s, unsigned *k, uint64_t v)
{
	unsigned at = (unsigned)(v * 0x9e3779b97f4a7c15ULL >> 55);

	for (;; at = (at + 1) % ARRAY_SIZE(s->slot)) {
		if (!s->slot[at])
			break;
		if (s->dict[s->slot[at] - 1] == v)
			return s->slot[at] - 1u;
	}
	if (*k == DICT_MAX)
		return DICT_MAX;
	s->dict[(*k)++] = v;
	s->slot[at] = (uint16_t)*k;
	return *k - 1;
}

static unsigned fill_dict(struct column_scratch *s, const uint64_t *values, size_t n)
{
	unsigned k = 0;

	memset(s->slot, 0, sizeof(s->slot));
	for (size_t i = 0; i < n; i++)
		if ((!i || values[i] != values[i - 1]) && dict_index(s, &k, values[i]) == DICT_MAX)
			return DICT_MAX + 1;
	return k;
}

static size_t delta_size(const uint64_t *values, size_t n)
{
	uint64_t last = 0;
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		size += varint_len(zigzag(values[i] - last));
		last = values[i];
	}
	return size;
}

static void put_delta(struct bytes *out, const uint64_t *values, size_t n)
{
	uint64_t last = 0;
	uint8_t *p;

	bytes_reserve(out, n * VARINT_MAX);
	p = out->data + out->len;
	for (size_t i = 0; i < n; i++) {
		p = varint_put(p, zigzag(values[i] - last));
		last = values[i];
	}
	out->len = (size_t)(p - out->data);
}

static void put_fixed(struct bytes *out, const uint64_t *values, size_t n, unsigned width)
{
	uint8_t *p;

	bytes_reserve(out, n * width);
	p = out->data + out->len;
	for (size_t i = 0; i < n; i++, p += width)
		bytes_write(p, width, false, values[i]);
	out->len += n * width;
}

static void put_dict(struct bytes *out, const uint64_t *values, size_t n, unsigned k,
		     struct column_scratch *s)
{
	uint8_t *p;

	bytes_u8(out, (uint8_t)(k - 1));
	for (unsigned i = 0; i < k; i++)
		bytes_varint(out, s->dict[i]);
	bytes_reserve(out, n);
	p = out->data + out->len;
	for (size_t i = 0; i < n; i++)
		p[i] = i && values[i] == values[i - 1] ? p[i - 1] : (uint8_t)dict_index(s, &k, values[i]);
	out->len += n;
}

/* "mode and width, length, data": the length is known only afterwards, so room is made for it. */
void column_encode(struct bytes *out, const uint64_t *values, size_t n, unsigned width,
		   struct column_scratch *scratch)
{
	unsigned k = fill_dict(scratch, values, n);
	struct bytes data = { 0 };
	enum column_mode mode;
	size_t delta;

	if (k == 1) {
		mode = COLUMN_CONST;
		bytes_varint(&data, values[0]);
	} else {
		delta = delta_size(values, n);
		if (k <= DICT_MAX && n >= DICT_MIN && k * 4 <= n && n + k * 4 <= delta) {
			mode = COLUMN_DICT;
			put_dict(&data, values, n, k, scratch);
		} else if (delta <= n * width) {
			mode = COLUMN_DELTA;
			put_delta(&data, values, n);
		} else {
			mode = COLUMN_FIXED;
			put_fixed(&data, values, n, width);
		}
	}
	bytes_u8(out, (uint8_t)(mode | width << 4));
	bytes_varint(out, data.len);
	bytes_add(out, data.data, data.len);
	bytes_deinit(&data);
}

bool column_open(struct parse *in, struct column *ret)
{
	uint8_t head = parse_u8(in);
	uint64_t len = parse_varint(in);

	if (len > parse_left(in))
		in->bad = true;
	ret->mode = head & 0xf;
	ret->width = head >> 4;
	ret->len = in->bad ? 0 : len;
	ret->data = parse_bytes(in, ret->len);
	return !in->bad && ret->mode <= COLUMN_DICT &&
	       (ret->width == 1 || ret->width == 2 || ret->width == 4 || ret->width == 8);
}

static bool get_delta(struct parse *in, size_t n, uint64_t *ret)
{
	uint64_t last = 0;

	for (size_t i = 0; i < n; i++) {
		/* The short forms first: nearly all are. */
		if (in->p < in->end && *in->p < 0x80)
			last += unzigzag(*in->p++);
		else if (in->end - in->p >= 2 && in->p[1] < 0x80) {
			last += unzigzag((in->p[0] & 0x7fu) | (uint64_t)in->p[1] << 7);
			in->p += 2;
		} else {
			last += unzigzag(parse_varint(in));
		}
		ret[i] = last;
	}
	return !in->bad && in->p == in->end;
}

static bool get_fixed(const struct column *c, size_t n, uint64_t *ret)
{
	if (c->len / c->width != n || c->len % c->width)
		return false;
	switch (c->width) {
	case 1:
		for (size_t i = 0; i < n; i++)
			ret[i] = c->data[i];
		break;
	case 2:
		for (size_t i = 0; i < n; i++)
			ret[i] = le16_read(c->data + i * 2);
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			ret[i] = le32_read(c->data + i * 4);
		break;
	default:
		for (size_t i = 0; i < n; i++)
			ret[i] = le64_read(c->data + i * 8);
	}
	return true;
}

static bool get_dict(struct parse *in, size_t n, uint64_t *ret)
{
	unsigned k = parse_u8(in) + 1u;
	uint64_t dict[DICT_MAX] = { 0 };

	for (unsigned i = 0; i < k; i++)
		dict[i] = parse_varint(in);
	if (in->bad || parse_left(in) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (in->p[i] >= k)
			return false;
		ret[i] = dict[in->p[i]];
	}
	return true;
}

bool column_is_const(const struct column *c, uint64_t *ret)
{
	struct parse in = { .p = c->data, .end = c->data + c->len };

	if (c->mode != COLUMN_CONST)
		return false;
	*ret = parse_varint(&in);
	return !in.bad && in.p == in.end;
}

bool column_decode(const struct column *c, size_t n, uint64_t *ret)
{
	struct parse in = { .p = c->data, .end = c->data + c->len };
	uint64_t v;

	switch (c->mode) {
	case COLUMN_CONST:
		if (!column_is_const(c, &v))
			return false;
		for (size_t i = 0; i < n; i++)
			ret[i] = v;
		return true;
	case COLUMN_DELTA:
		return get_delta(&in, n, ret);
	case COLUMN_FIXED:
		return get_fixed(c, n, ret);
	case COLUMN_DICT:
		return get_dict(&in, n, ret);
	}
	return false;
}
