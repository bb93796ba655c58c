/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A `.vms` file as it is written: a header, then one block after the other, at the end the index. Nothing is
 * ever written over, so whatever ends the writing leaves a file that reads up to its last whole block. One
 * thread at a time.
 */
#pragma once

#include "core/base/error.h"
#include "core/record/block.h"
#include "core/record/chunk.h"

struct vms_writer;

/* A finished block, before it has a place. @payload and @tallies belong to the holder. */
struct vms_blob {
	struct vms_block block;
	struct bytes payload;	/* as stored */
	struct bytes tally;	/* EVENTS: pairs of varints, class and count */
};
void vms_blob_deinit(struct vms_blob *blob);
/* Packs @len bytes at @raw as a block like @like. @info: of EVENTS, else NULL. */
void vms_blob_pack(struct block_codec *codec, const struct vms_block *like, const void *raw, size_t len,
		   const struct chunk_info *info, struct vms_blob *ret);

/* Creates the file; it must not exist unless @overwrite. */
struct error *vms_writer_create(const char *path, bool overwrite, struct vms_writer **ret);
/* Opens a recording to append to it: notes of a reader. What lies after its last whole block is cut off. */
struct error *vms_writer_append(const char *path, struct vms_writer **ret);
/* Without an index; the file stays as it is. */
void vms_writer_destroy(struct vms_writer *w);

/* Appends; gives the block its number. After an error the file ends with the block before. */
struct error *vms_writer_put(struct vms_writer *w, struct vms_blob *blob);
/* Index and trailer; then only destroy. */
struct error *vms_writer_finish(struct vms_writer *w);
/* What was written survives a power cut from here on. */
void vms_writer_sync(struct vms_writer *w);
uint64_t vms_writer_size(const struct vms_writer *w);
