/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SCSI disk (SPC-4, SBC-3) on a raw file: one command at a time, judged and carried out. */
#pragma once

#include "guest/virtio/disk.h"

#define SCSI_CDB_LEN 32
#define SCSI_SENSE_LEN 18
#define SCSI_SMALL_MAX 512	/* bytes of an answer that is no disk data */

enum { SCSI_GOOD = 0x00, SCSI_CHECK_CONDITION = 0x02 };

/* What a command wants done with the medium. */
enum scsi_do { SCSI_NOTHING, SCSI_READ, SCSI_WRITE, SCSI_FLUSH, SCSI_UNMAP, SCSI_ZERO };

struct scsi_command {
	const uint8_t *cdb;	/* SCSI_CDB_LEN bytes, copied from the guest */
	/* Filled by scsi_disk_decode(): */
	uint8_t status;
	uint8_t sense[SCSI_SENSE_LEN];
	unsigned sense_len;
	uint8_t small[SCSI_SMALL_MAX]; /* an answer, cut at the allocation length */
	unsigned small_len;
	enum scsi_do what;
	uint64_t offset, len;	/* of the medium, in bytes, on the disk */
};

/* @d NULL: a LUN that is not there (INQUIRY and REPORT LUNS are answered). @luns: of the target. */
void scsi_disk_decode(const struct disk *d, unsigned lun, unsigned luns, struct scsi_command *c);
void scsi_sense(struct scsi_command *c, uint8_t key, uint16_t asc_ascq);
#define SENSE_MEDIUM_ERROR 0x03
#define SENSE_ILLEGAL_REQUEST 0x05
#define SENSE_DATA_PROTECT 0x07
#define ASC_WRITE_ERROR 0x0c00
#define ASC_READ_ERROR 0x1100
#define ASC_INVALID_OPCODE 0x2000
#define ASC_LBA_OUT_OF_RANGE 0x2100
#define ASC_INVALID_FIELD 0x2400
#define ASC_NO_LUN 0x2500
#define ASC_INVALID_PARAMETER 0x2600
#define ASC_WRITE_PROTECTED 0x2700
