/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The `.vms` container as numbers: FORMAT.md explains each byte. Everything is little-endian. A file is a
 * header, then blocks that are only ever appended; each block can be read without any other but the
 * class definitions before it.
 */
#pragma once

#include <stdint.h>

#define VMS_MAGIC "VMScope\x1a"		/* 8 bytes; the last one ends text shown by mistake */
#define VMS_VERSION 1
#define VMS_HEADER_SIZE 64
#define VMS_REQUIRED_KNOWN 0ULL		/* feature bits a reader must know */

#define VMS_BLOCK_MAGIC 0x424d5356u	/* "VSMB" */
#define VMS_BLOCK_HEADER_SIZE 64
#define VMS_RAW_MAX (4u << 20)		/* a block never unfolds to more, the index excepted */
#define VMS_INDEX_MAX (1u << 30)
#define VMS_PAGE 4096u

enum vms_block_type {
	VMS_BLOCK_CLASSES = 1,	/* event classes: names, fields, enums */
	VMS_BLOCK_EVENTS,	/* a chunk of one stream's events, in columns */
	VMS_BLOCK_RECORDS,	/* tagged records: the recording itself, notes, console, symbols */
	VMS_BLOCK_SNAPSHOT,	/* tagged records: the machine at one time */
	VMS_BLOCK_PAGEDATA,	/* contents of memory pages */
	VMS_BLOCK_PAGEMAP,	/* which page has which content since when */
	VMS_BLOCK_STEPS,	/* recorded single steps */
	VMS_BLOCK_INDEX,	/* headers of all blocks before it */
	VMS_BLOCK_TRAILER,	/* last in a file that was closed: where the index is */
	VMS_BLOCK_TYPES
};

enum vms_codec { VMS_CODEC_NONE, VMS_CODEC_ZSTD };

enum { VMS_BLOCK_REQUIRED = 1 };	/* flags: who does not know the type must not go on */

/* Why events are missing from a stream. */
enum vms_lost_reason {
	VMS_LOST_NONE,
	VMS_LOST_WRITER,	/* the writer did not keep up */
	VMS_LOST_ERROR,		/* the file could not be written */
	VMS_LOST_RING,		/* the flight recorder's bound: older ones made room */
};

/* Records in VMS_BLOCK_RECORDS and VMS_BLOCK_SNAPSHOT. Unknown kinds are skipped by their length. */
enum vms_record_kind {
	VMS_REC_META = 1,	/* "key=value\n" lines */
	VMS_REC_CLOCK,
	VMS_REC_REGTABLE,	/* names and widths that VMS_REC_REGS refers to */
	VMS_REC_VCPU,
	VMS_REC_REGS,
	VMS_REC_STATE,
	VMS_REC_REGIONS,
	VMS_REC_STOP,
	VMS_REC_SYMFILE,	/* "path\0build id in hex\0" */
	VMS_REC_SYMBOLS,
	VMS_REC_NOTE,		/* "bookmark's name, or nothing\0text" */
	VMS_REC_TEXT,		/* "what it is\0text": probe files, capabilities, aggregates */
};

/* A block's header, as in the file but in host byte order. */
struct vms_block {
	uint8_t type, codec;
	uint16_t flags;
	uint32_t stored;	/* bytes after the header; the next block starts at the next multiple of 8 */
	uint32_t raw;		/* of the payload once unfolded */
	uint64_t first, last;	/* times of the first and last thing in it; PAGEDATA: @first is a number */
	uint32_t count;		/* events, records, pages, steps, index entries */
	uint32_t stream;	/* EVENTS: source << 20 | cpu + 1 */
	uint32_t lost;		/* events of this stream missing before this chunk */
	uint16_t lost_reason;
	uint64_t seq;		/* number of the block in the file, from 0 */
	uint32_t crc;		/* CRC32C of the stored bytes */
};

#define VMS_STREAM(source, cpu) ((uint32_t)(source) << 20 | (((uint32_t)(cpu) + 1) & 0xfffff))
#define VMS_STREAM_SOURCE(stream) ((stream) >> 20)
#define VMS_STREAM_CPU(stream) (((stream) & 0xfffff) - 1)	/* ~0: not known */
