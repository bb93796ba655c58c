/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening: the header, the index or a scan, the classes. */
#include "core/record/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/record/crc32c.h"
#include "core/record/recording_internal.h"

#define BLOCKS_MAX (1u << 24)
#define INDEX_ENTRY (8 + VMS_BLOCK_HEADER_SIZE)
#define SCAN_CHUNK (64u << 10)

void recording_damaged(struct recording *rec, uint64_t offset, uint64_t len, const char *what)
{
	if (!rec->ndamage++)
		snprintf(rec->damage, sizeof(rec->damage), "%s at byte %" PRIu64, what, offset);
	rec->damage_bytes += len;
	rec->hurt = true;
}

static bool read_at(const struct recording *rec, uint64_t offset, void *buf, size_t len)
{
	uint8_t *p = buf;

	if (offset > rec->file_size || len > rec->file_size - offset)
		return false;
	while (len) {
		ssize_t n = pread(rec->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static struct error *open_file(struct recording *rec)
{
	uint8_t h[VMS_HEADER_SIZE];
	struct stat st;

	rec->fd = open(rec->path, O_RDONLY | O_CLOEXEC);
	if (rec->fd < 0 || fstat(rec->fd, &st))
		return error_errno(errno, "cannot open '%s'", rec->path);
	if (!S_ISREG(st.st_mode))
		return error_create(ERROR_FAILED, "'%s' is not a regular file", rec->path);
	rec->file_size = (uint64_t)st.st_size;
	if (!read_at(rec, 0, h, sizeof(h)) || memcmp(h, VMS_MAGIC, 8))
		return error_create(ERROR_FAILED, "'%s' is not a recording of vmscope", rec->path);
	if (le32_read(h + 60) != crc32c(0, h, 60))
		return error_create(ERROR_FAILED, "'%s': the file header is damaged", rec->path);
	if (le32_read(h + 8) > VMS_VERSION || le32_read(h + 12) != VMS_HEADER_SIZE ||
	    (le64_read(h + 16) & ~VMS_REQUIRED_KNOWN))
		return error_hint(error_create(ERROR_UNSUPPORTED, "'%s' needs a newer vmscope (format %u, features "
					       "0x%" PRIx64 ")", rec->path, le32_read(h + 8), le64_read(h + 16)),
				  "this one reads format %d", VMS_VERSION);
	rec->real_ns = le64_read(h + 32);
	rec->mono_ns = le64_read(h + 40);
	rec->id = le64_read(h + 48);
	return NULL;
}

/* ---- blocks -------------------------------------------------------------------------------------- */

static bool header_at(const struct recording *rec, uint64_t offset, struct vms_block *ret)
{
	uint8_t h[VMS_BLOCK_HEADER_SIZE];

	return read_at(rec, offset, h, sizeof(h)) && block_header_get(h, ret) &&
	       ret->stored <= rec->file_size - offset - sizeof(h);
}

static uint64_t after(const struct recording_block *b)
{
	return b->offset + VMS_BLOCK_HEADER_SIZE + block_padded(&b->block);
}

static struct recording_block *add_block(struct recording *rec, const struct vms_block *b, uint64_t offset)
{
	if (rec->nblocks == rec->blocks_cap) {
		rec->blocks_cap = rec->blocks_cap ? rec->blocks_cap * 2 : 64;
		rec->blocks = xrealloc(rec->blocks, rec->blocks_cap * sizeof(*rec->blocks));
	}
	struct recording_block *block = &rec->blocks[rec->nblocks++];

	*block = (struct recording_block){ .block = *b, .offset = offset };
	if (b->seq >= rec->next_seq)
		rec->next_seq = b->seq + 1;
	if (after(block) > rec->end)
		rec->end = after(block);
	return block;
}

/* The next place from @offset on where a sound header stands; the file's size when there is none. */
static uint64_t resync(const struct recording *rec, uint64_t offset)
{
	_free_ uint8_t *buf = xcalloc(1, SCAN_CHUNK);

	for (offset = align_up(offset, 8); offset < rec->file_size; offset += SCAN_CHUNK) {
		uint64_t left = rec->file_size - offset;
		size_t n = left < SCAN_CHUNK ? left : SCAN_CHUNK;

		if (!read_at(rec, offset, buf, n))
			return rec->file_size;
		for (size_t i = 0; i + 4 <= n; i += 8) {
			struct vms_block b;

			if (le32_read(buf + i) == VMS_BLOCK_MAGIC && header_at(rec, offset + i, &b))
				return offset + i;
		}
	}
	return rec->file_size;
}

static struct error *scan(struct recording *rec)
{
	uint64_t offset = VMS_HEADER_SIZE;
	struct vms_block b;

	while (offset < rec->file_size && rec->nblocks < BLOCKS_MAX) {
		if (!header_at(rec, offset, &b)) {
			uint64_t next = resync(rec, offset + 1);

			/* A file that was not closed ends anywhere: that is no damage. */
			if (next == rec->file_size)
				break;
			recording_damaged(rec, offset, next - offset, "no block");
			offset = next;
			continue;
		}
		offset = after(add_block(rec, &b, offset));
	}
	return NULL;
}

/* ---- the index ----------------------------------------------------------------------------------- */

static bool unpack_at(struct recording *rec, const struct vms_block *b, uint64_t offset, size_t max)
{
	rec->stored.len = 0;
	if (b->stored > rec->file_size || b->raw > max)
		return false;
	bytes_reserve(&rec->stored, b->stored + 1u);
	return read_at(rec, offset + VMS_BLOCK_HEADER_SIZE, rec->stored.data, b->stored) &&
	       block_unpack(rec->codec, b, rec->stored.data, max, &rec->raw);
}

static bool take_index(struct recording *rec, uint32_t count, uint64_t limit)
{
	struct parse in = { .p = rec->raw.data, .end = rec->raw.data + rec->raw.len };
	uint64_t at = VMS_HEADER_SIZE;

	if (count > BLOCKS_MAX || (uint64_t)count * INDEX_ENTRY > rec->raw.len)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = parse_num64(&in);
		const uint8_t *h = parse_bytes(&in, VMS_BLOCK_HEADER_SIZE);
		struct vms_block b;

		if (!h || !block_header_get(h, &b) || offset < at || offset % 8 || offset > limit ||
		    VMS_BLOCK_HEADER_SIZE + block_padded(&b) > limit - offset)
			return false;
		at = after(add_block(rec, &b, offset));
	}
	bytes_add(&rec->tallies, in.p, parse_left(&in));
	in = (struct parse){ .p = rec->tallies.data, .end = rec->tallies.data + rec->tallies.len };
	for (size_t i = 0; i < rec->nblocks; i++) {
		struct recording_block *b = &rec->blocks[i];
		uint64_t len;

		if (b->block.type != VMS_BLOCK_EVENTS)
			continue;
		len = parse_varint(&in);
		b->tally = (uint64_t)(in.p - rec->tallies.data);
		if (in.bad || len > parse_left(&in))
			return false;
		b->tally_len = (uint32_t)len;
		in.p += len;
	}
	return in.p == in.end;
}

/* False: there is none, or it is damaged. */
static bool read_index(struct recording *rec)
{
	uint64_t at = rec->file_size - VMS_BLOCK_HEADER_SIZE;
	struct vms_block trailer, index;

	if (rec->file_size < VMS_HEADER_SIZE + 2 * VMS_BLOCK_HEADER_SIZE || !header_at(rec, at, &trailer) ||
	    trailer.type != VMS_BLOCK_TRAILER || trailer.first >= at ||
	    !header_at(rec, trailer.first, &index) || index.type != VMS_BLOCK_INDEX ||
	    !unpack_at(rec, &index, trailer.first, VMS_INDEX_MAX) ||
	    !take_index(rec, index.count, trailer.first)) {
		rec->nblocks = 0;
		rec->tallies.len = 0;
		rec->next_seq = rec->end = 0;
		return false;
	}
	rec->next_seq = trailer.seq + 1;
	rec->end = rec->file_size;
	return true;
}

/* ---- payloads ------------------------------------------------------------------------------------ */

bool recording_payload(struct recording *rec, size_t i, const uint8_t **ret, size_t *ret_len)
{
	struct recording_block *b = &rec->blocks[i];

	if (rec->raw_block != i) {
		rec->raw_block = SIZE_MAX;
		if (!unpack_at(rec, &b->block, b->offset, VMS_RAW_MAX)) {
			recording_damaged(rec, b->offset, VMS_BLOCK_HEADER_SIZE + block_padded(&b->block),
					  "a damaged block");
			return false;
		}
		rec->raw_block = i;
	}
	*ret = rec->raw.data;
	*ret_len = rec->raw.len;
	return true;
}

bool recording_records(struct recording *rec, size_t i,
		       bool (*fn)(void *ctx, const struct recording_record *record), void *ctx)
{
	struct parse in;
	const uint8_t *data;
	size_t len;

	if (!recording_payload(rec, i, &data, &len))
		return false;
	in = (struct parse){ .p = data, .end = data + len };
	while (in.p < in.end) {
		struct recording_record record = { .kind = parse_u16(&in) };

		parse_u16(&in);
		record.len = parse_u32(&in);
		record.time_ns = parse_num64(&in);
		record.data = parse_bytes(&in, record.len);
		if (in.bad)
			return false;
		if (!fn(ctx, &record))
			return true;
	}
	return true;
}

static bool read_classes(struct recording *rec, size_t i)
{
	struct parse in;
	const uint8_t *data;
	size_t len;

	if (!recording_payload(rec, i, &data, &len))
		return true;
	in = (struct parse){ .p = data, .end = data + len };
	while (in.p < in.end) {
		struct event_class *c = class_parse(&in);

		if (!c)
			return false;
		c->schema.id = c->id;
		if (rec->classes[c->id]) { /* said again, as at the start of a second part */
			class_destroy(c);
			continue;
		}
		rec->classes[c->id] = c;
		if (c->id >= rec->nclasses)
			rec->nclasses = c->id + 1;
	}
	return true;
}

struct meta {
	const char *key;
	char *buf;
	size_t size;
	bool found;
};

static bool find_meta(void *ctx, const struct recording_record *record)
{
	struct meta *m = ctx;
	size_t klen = strlen(m->key);
	const char *p = (const char *)record->data, *end = p + record->len;

	while (record->kind == VMS_REC_META && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (len > klen && !memcmp(p, m->key, klen) && p[klen] == '=') {
			snprintf(m->buf, m->size, "%.*s", (int)(len - klen - 1), p + klen + 1);
			m->found = true;
			return false;
		}
		p += len + 1;
	}
	return true;
}

bool recording_meta(struct recording *rec, const char *key, char *buf, size_t size)
{
	struct meta m = { key, buf, size, false };

	for (size_t i = 0; i < rec->nblocks && !m.found; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_RECORDS)
			recording_records(rec, i, find_meta, &m);
	return m.found;
}

/* ---- life ---------------------------------------------------------------------------------------- */

static struct error *check_blocks(struct recording *rec)
{
	for (size_t i = 0; i < rec->nblocks; i++) {
		const struct vms_block *b = &rec->blocks[i].block;

		if ((!b->type || b->type >= VMS_BLOCK_TYPES) && b->flags & VMS_BLOCK_REQUIRED)
			return error_create(ERROR_UNSUPPORTED, "'%s' has blocks of type %u, which only a newer vmscope "
					    "understands", rec->path, b->type);
		if (b->type == VMS_BLOCK_CLASSES && !read_classes(rec, i))
			recording_damaged(rec, rec->blocks[i].offset, 0, "damaged event classes");
	}
	return NULL;
}

struct error *recording_open(const char *path, struct recording **ret)
{
	struct recording *rec = xcalloc(1, sizeof(*rec));
	struct error *error;

	rec->fd = -1;
	rec->path = xstrdup(path);
	rec->codec = block_codec_create(1);
	rec->raw_block = SIZE_MAX;
	error = open_file(rec);
	if (!error) {
		rec->end = VMS_HEADER_SIZE;
		rec->has_index = read_index(rec);
		if (!rec->has_index) {
			rec->end = VMS_HEADER_SIZE;
			error = scan(rec);
		}
	}
	if (!error)
		error = check_blocks(rec);
	if (error) {
		recording_destroy(rec);
		return error;
	}
	recording_index_events(rec);
	*ret = rec;
	return NULL;
}

void recording_destroy(struct recording *rec)
{
	if (!rec)
		return;
	if (rec->fd >= 0)
		close(rec->fd);
	for (size_t i = 0; i < rec->nclasses; i++)
		class_destroy(rec->classes[i]);
	recording_forget_events(rec);
	chunk_events_deinit(&rec->chunk);
	bytes_deinit(&rec->stored);
	bytes_deinit(&rec->raw);
	bytes_deinit(&rec->tallies);
	block_codec_destroy(rec->codec);
	free(rec->blocks);
	free(rec->path);
	free(rec);
}

/* ---- checking all -------------------------------------------------------------------------------- */

static bool records_sound(void *ctx, const struct recording_record *record)
{
	return true;
}

/* What the payload means, as far as it can be wrong without a wrong checksum. */
static bool payload_sound(struct recording *rec, size_t i)
{
	const struct vms_block *b = &rec->blocks[i].block;
	const uint8_t *data;
	size_t len;

	switch (b->type) {
	case VMS_BLOCK_EVENTS:
		return recording_payload(rec, i, &data, &len) &&
		       chunk_decode(data, len, b->count, b->first, rec->classes, rec->nclasses, &rec->chunk);
	case VMS_BLOCK_RECORDS:
	case VMS_BLOCK_SNAPSHOT:
		return recording_records(rec, i, records_sound, NULL);
	case VMS_BLOCK_INDEX:
		return unpack_at(rec, b, rec->blocks[i].offset, VMS_INDEX_MAX);
	default:
		return recording_payload(rec, i, &data, &len);
	}
}

static bool padding_is_zero(const struct recording *rec, const struct recording_block *b)
{
	uint8_t pad[8] = { 0 };
	uint64_t n = block_padded(&b->block) - b->block.stored;

	return read_at(rec, after(b) - n, pad, n) && !le64_read(pad);
}

void recording_verify(struct recording *rec)
{
	struct recording *all = NULL;
	struct error *error = NULL;

	/* Without trust in the index: block by block as they lie there. */
	all = xcalloc(1, sizeof(*all));
	all->fd = -1;
	all->path = xstrdup(rec->path);
	all->codec = block_codec_create(1);
	all->raw_block = SIZE_MAX;
	error = open_file(all);
	if (!error)
		error = scan(all);
	if (!error)
		error = check_blocks(all);
	if (error) {
		recording_damaged(rec, 0, 0, error_message(error));
		error_destroy(error);
		recording_destroy(all);
		return;
	}
	for (size_t i = 0; i < all->nblocks; i++) {
		struct recording_block *b = &all->blocks[i];

		all->raw_block = SIZE_MAX;
		if (b->block.seq != i)
			recording_damaged(all, b->offset, 0, "a block is missing before the one");
		if (!padding_is_zero(all, b))
			recording_damaged(all, b->offset, 0, "bytes between blocks after the one");
		if (!payload_sound(all, i))
			recording_damaged(all, b->offset, 0, "a block that does not decode");
	}
	if (!all->nblocks || all->blocks[all->nblocks - 1].block.type != VMS_BLOCK_TRAILER)
		recording_damaged(all, all->end, all->file_size - all->end,
				  "the file was not closed, or its end is missing,");
	else if (all->end != all->file_size)
		recording_damaged(all, all->end, all->file_size - all->end, "something after the end");
	else if (!rec->has_index)
		recording_damaged(all, all->end, 0, "the index does not fit the file; it ends");
	if (all->ndamage && !rec->ndamage)
		memcpy(rec->damage, all->damage, sizeof(rec->damage));
	rec->hurt |= all->hurt;
	if (all->ndamage > rec->ndamage) {
		rec->ndamage = all->ndamage;
		rec->damage_bytes = all->damage_bytes;
	}
	recording_destroy(all);
}
