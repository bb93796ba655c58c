/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/scsi_disk.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"

enum {
	TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, READ_6 = 0x08, WRITE_6 = 0x0a, INQUIRY = 0x12,
	MODE_SENSE_6 = 0x1a, START_STOP = 0x1b, READ_CAPACITY_10 = 0x25, READ_10 = 0x28, WRITE_10 = 0x2a,
	SYNCHRONIZE_10 = 0x35, UNMAP = 0x42, MODE_SENSE_10 = 0x5a, READ_16 = 0x88, WRITE_16 = 0x8a,
	SYNCHRONIZE_16 = 0x91, WRITE_SAME_16 = 0x93, SERVICE_IN_16 = 0x9e, REPORT_LUNS = 0xa0, READ_12 = 0xa8,
	WRITE_12 = 0xaa,
};
#define READ_CAPACITY_16 0x10	/* of SERVICE_IN_16 */
#define VPD_SUPPORTED 0x00
#define VPD_SERIAL 0x80
#define VPD_IDENTIFICATION 0x83
#define VPD_BLOCK_LIMITS 0xb0
#define VPD_PROVISIONING 0xb2
#define NO_DEVICE 0x7f		/* peripheral qualifier and type of a LUN that is not there */
#define MODE_CACHING 0x08
#define MODE_ALL 0x3f
#define UNMAP_MAX (1u << 21)	/* sectors */

void scsi_sense(struct scsi_command *c, uint8_t key, uint16_t asc_ascq)
{
	memset(c->sense, 0, sizeof(c->sense));
	c->sense[0] = 0x70; /* fixed format, current */
	c->sense[2] = key;
	c->sense[7] = SCSI_SENSE_LEN - 8;
	be16_write(c->sense + 12, asc_ascq);
	c->sense_len = SCSI_SENSE_LEN;
	c->status = SCSI_CHECK_CONDITION;
	c->small_len = 0;
	c->what = SCSI_NOTHING;
}

static void invalid_field(struct scsi_command *c)
{
	scsi_sense(c, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
}

/* The answer is @len bytes of c->small, of which the initiator has room for @room. */
static void answer(struct scsi_command *c, unsigned len, uint64_t room)
{
	c->small_len = len < room ? len : room;
}

static void pad(uint8_t *to, const char *text, size_t len)
{
	memset(to, ' ', len);
	memcpy(to, text, strlen(text) < len ? strlen(text) : len);
}

static void inquiry_vpd(const struct disk *d, unsigned lun, struct scsi_command *c)
{
	uint8_t *p = c->small;
	unsigned len = 0;

	p[1] = c->cdb[2];
	switch (c->cdb[2]) {
	case VPD_SUPPORTED:
		memcpy(p + 4, (uint8_t[]){ VPD_SUPPORTED, VPD_SERIAL, VPD_IDENTIFICATION, VPD_BLOCK_LIMITS,
					   VPD_PROVISIONING }, 5);
		len = 5;
		break;
	case VPD_SERIAL:
		len = strlen(d->serial);
		memcpy(p + 4, d->serial, len);
		break;
	case VPD_IDENTIFICATION: /* T10 vendor id, ASCII, of the logical unit */
		p[4] = 0x02;
		p[5] = 0x01;
		pad(p + 8, "VMSCOPE", 8);
		memcpy(p + 16, d->serial, strlen(d->serial));
		p[7] = 8 + strlen(d->serial);
		len = 4 + p[7];
		break;
	case VPD_BLOCK_LIMITS:
		be32_write(p + 20, UNMAP_MAX);
		be32_write(p + 24, 1); /* one descriptor */
		be64_write(p + 36, UNMAP_MAX); /* WRITE SAME */
		len = 0x3c;
		break;
	case VPD_PROVISIONING:
		p[5] = 0xc0; /* UNMAP, WRITE SAME (16) with UNMAP */
		p[6] = 2;    /* thin */
		len = 4;
		break;
	default:
		invalid_field(c);
		return;
	}
	be16_write(p + 2, len);
	answer(c, len + 4, be16_read(c->cdb + 3));
}

static void inquiry(const struct disk *d, unsigned lun, struct scsi_command *c)
{
	uint8_t *p = c->small;

	if (d && (c->cdb[1] & 1)) {
		inquiry_vpd(d, lun, c);
		return;
	}
	if (c->cdb[2] || (c->cdb[1] & 1)) {
		invalid_field(c);
		return;
	}
	p[0] = d ? 0x00 : NO_DEVICE;
	p[2] = 0x05; /* SPC-3 */
	p[3] = 0x12; /* hierarchical LUNs, response format 2 */
	p[4] = 31;
	p[7] = 0x02; /* command queueing */
	pad(p + 8, "VMSCOPE", 8);
	pad(p + 16, "DISK", 16);
	pad(p + 32, "1", 4);
	answer(c, 36, be16_read(c->cdb + 3));
}

static void report_luns(unsigned luns, struct scsi_command *c)
{
	if (be32_read(c->cdb + 6) < 16) {
		invalid_field(c);
		return;
	}
	be32_write(c->small, luns * 8);
	for (unsigned i = 0; i < luns && 16 + i * 8 <= sizeof(c->small); i++)
		c->small[8 + i * 8 + 1] = i;
	answer(c, 8 + luns * 8, be32_read(c->cdb + 6));
}

static void read_capacity_16(const struct disk *d, struct scsi_command *c)
{
	be64_write(c->small, d->bytes / DISK_SECTOR - 1);
	be32_write(c->small + 8, DISK_SECTOR);
	c->small[14] = d->ro ? 0 : 0xc0; /* thin, and unmapped blocks read as zeroes */
	answer(c, 32, be32_read(c->cdb + 10));
}

static void mode_sense(const struct disk *d, struct scsi_command *c)
{
	bool ten = c->cdb[0] == MODE_SENSE_10;
	unsigned head = ten ? 8 : 4, len = head;
	uint8_t page = c->cdb[2] & 0x3f, *p = c->small;

	if ((c->cdb[2] >> 6) == 3 || (page != MODE_CACHING && page != MODE_ALL)) {
		invalid_field(c);
		return;
	}
	p[len] = MODE_CACHING;
	p[len + 1] = 0x12;
	p[len + 2] = (c->cdb[2] >> 6) == 1 ? 0 : 0x04; /* write cache on, and nothing can be changed */
	len += 0x14;
	p[ten ? 3 : 2] = d->ro ? 0x80 : 0;
	if (ten)
		be16_write(p, len - 2);
	else
		p[0] = len - 1;
	answer(c, len, ten ? be16_read(c->cdb + 7) : c->cdb[4]);
}

/* The medium's part of a command: @lba and @sectors on the disk, or a sense. */
static void medium(const struct disk *d, struct scsi_command *c, enum scsi_do what, uint64_t lba, uint64_t sectors)
{
	uint64_t all = d->bytes / DISK_SECTOR;

	if (lba > all || sectors > all - lba) {
		scsi_sense(c, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
		return;
	}
	if (d->ro && what != SCSI_READ && what != SCSI_FLUSH) {
		scsi_sense(c, SENSE_DATA_PROTECT, ASC_WRITE_PROTECTED);
		return;
	}
	c->what = what;
	c->offset = lba * DISK_SECTOR;
	c->len = sectors * DISK_SECTOR;
}

static void write_same(const struct disk *d, struct scsi_command *c)
{
	uint32_t sectors = be32_read(c->cdb + 10);

	/* Only zeroes: with NDOB (no data), or UNMAP, which promises them (SBC-3, 5.47). */
	if (!(c->cdb[1] & 0x09) || sectors > UNMAP_MAX) {
		invalid_field(c);
		return;
	}
	medium(d, c, SCSI_ZERO, be64_read(c->cdb + 2), sectors);
}

static void capacity_10(const struct disk *d, struct scsi_command *c)
{
	uint64_t last = d->bytes / DISK_SECTOR - 1;

	be32_write(c->small, last > UINT32_MAX ? UINT32_MAX : last);
	be32_write(c->small + 4, DISK_SECTOR);
	answer(c, 8, 8);
}

static void decode_lun(const struct disk *d, unsigned lun, struct scsi_command *c)
{
	const uint8_t *b = c->cdb;

	switch (b[0]) {
	case TEST_UNIT_READY:
	case START_STOP:
		break;
	case READ_CAPACITY_10:
		capacity_10(d, c);
		break;
	case SERVICE_IN_16:
		if ((b[1] & 0x1f) == READ_CAPACITY_16)
			read_capacity_16(d, c);
		else
			invalid_field(c);
		break;
	case MODE_SENSE_6:
	case MODE_SENSE_10:
		mode_sense(d, c);
		break;
	case READ_6:
	case WRITE_6:
		medium(d, c, b[0] == READ_6 ? SCSI_READ : SCSI_WRITE, be32_read(b) & 0x1fffff, b[4] ? b[4] : 256);
		break;
	case READ_10:
	case WRITE_10:
		medium(d, c, b[0] == READ_10 ? SCSI_READ : SCSI_WRITE, be32_read(b + 2), be16_read(b + 7));
		break;
	case READ_12:
	case WRITE_12:
		medium(d, c, b[0] == READ_12 ? SCSI_READ : SCSI_WRITE, be32_read(b + 2), be32_read(b + 6));
		break;
	case READ_16:
	case WRITE_16:
		medium(d, c, b[0] == READ_16 ? SCSI_READ : SCSI_WRITE, be64_read(b + 2), be32_read(b + 10));
		break;
	case SYNCHRONIZE_10:
	case SYNCHRONIZE_16:
		c->what = SCSI_FLUSH;
		break;
	case UNMAP: /* its ranges come as data */
		if (d->ro)
			scsi_sense(c, SENSE_DATA_PROTECT, ASC_WRITE_PROTECTED);
		else
			c->what = SCSI_UNMAP;
		break;
	case WRITE_SAME_16:
		write_same(d, c);
		break;
	default:
		scsi_sense(c, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
	}
}

void scsi_disk_decode(const struct disk *d, unsigned lun, unsigned luns, struct scsi_command *c)
{
	const uint8_t *cdb = c->cdb;

	memset(c, 0, sizeof(*c));
	c->cdb = cdb;
	switch (cdb[0]) {
	case INQUIRY:
		inquiry(d, lun, c);
		break;
	case REPORT_LUNS:
		report_luns(luns, c);
		break;
	case REQUEST_SENSE: /* nothing is kept: senses go with their command */
		c->small[0] = 0x70;
		c->small[7] = SCSI_SENSE_LEN - 8;
		if (!d) {
			c->small[2] = SENSE_ILLEGAL_REQUEST;
			be16_write(c->small + 12, ASC_NO_LUN);
		}
		answer(c, SCSI_SENSE_LEN, cdb[4]);
		break;
	default:
		if (d)
			decode_lun(d, lun, c);
		else
			scsi_sense(c, SENSE_ILLEGAL_REQUEST, ASC_NO_LUN);
	}
}
