/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SCSI requests (5.6.6): LUN, the command of the CDB by name (SPC-4, SBC-3), the answer. */
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"
#include "core/decode/virtio/request.h"

#define CDB 19	/* lun 8, tag 8, task_attr, prio, crn */

static const struct opcode {
	uint8_t code;
	uint8_t lba, lba_bytes, count, count_bytes; /* where in the CDB; 0 bytes: none */
	const char *name;
} opcodes[] = {
	{ 0x00, 0, 0, 0, 0, "TEST UNIT READY" }, { 0x03, 0, 0, 4, 1, "REQUEST SENSE" },
	{ 0x08, 2, 2, 4, 1, "READ(6)" }, { 0x0a, 2, 2, 4, 1, "WRITE(6)" }, { 0x12, 0, 0, 3, 2, "INQUIRY" },
	{ 0x15, 0, 0, 4, 1, "MODE SELECT(6)" }, { 0x1a, 0, 0, 4, 1, "MODE SENSE(6)" },
	{ 0x1b, 0, 0, 0, 0, "START STOP UNIT" }, { 0x1e, 0, 0, 0, 0, "PREVENT ALLOW MEDIUM REMOVAL" },
	{ 0x25, 0, 0, 0, 0, "READ CAPACITY(10)" }, { 0x28, 2, 4, 7, 2, "READ(10)" }, { 0x2a, 2, 4, 7, 2, "WRITE(10)" },
	{ 0x2f, 2, 4, 7, 2, "VERIFY(10)" }, { 0x35, 2, 4, 7, 2, "SYNCHRONIZE CACHE(10)" },
	{ 0x41, 2, 4, 7, 2, "WRITE SAME(10)" }, { 0x42, 0, 0, 7, 2, "UNMAP" }, { 0x55, 0, 0, 7, 2, "MODE SELECT(10)" },
	{ 0x5a, 0, 0, 7, 2, "MODE SENSE(10)" }, { 0x88, 2, 8, 10, 4, "READ(16)" }, { 0x8a, 2, 8, 10, 4, "WRITE(16)" },
	{ 0x91, 2, 8, 10, 4, "SYNCHRONIZE CACHE(16)" }, { 0x93, 2, 8, 10, 4, "WRITE SAME(16)" },
	{ 0x9e, 0, 0, 10, 4, "SERVICE ACTION IN(16)" }, { 0xa0, 0, 0, 6, 4, "REPORT LUNS" },
	{ 0xa3, 0, 0, 6, 4, "MAINTENANCE IN" }, { 0xa8, 2, 4, 6, 4, "READ(12)" }, { 0xaa, 2, 4, 6, 4, "WRITE(12)" },
};

static const char *status_name(uint8_t status)
{
	switch (status) {
	case 0x00: return "GOOD";
	case 0x02: return "CHECK CONDITION";
	case 0x08: return "BUSY";
	case 0x18: return "RESERVATION CONFLICT";
	case 0x28: return "TASK SET FULL";
	}
	return "other status";
}

/* Answer: sense_len, resid, status_qualifier, status, response. */
static void answer(const struct virtio_request *rq, char *buf, size_t size)
{
	if (!rq->done || rq->answer_len < 12)
		return;
	snprintf(buf + strlen(buf), size - strlen(buf), ": %s, response %u", status_name(rq->answer[10]),
		 rq->answer[11]);
}

static void control(const struct virtio_request *rq, char *buf, size_t size)
{
	uint32_t type;

	if (rq->head_len < 4)
		return;
	type = bytes_read(rq->head, 4, rq->be);
	snprintf(buf, size, "%s", type == 0 ? "task management" : type == 1 ? "notification query" :
		 type == 2 ? "notification subscription" : "unknown control request");
}

void virtio_scsi_text(const struct virtio_request *rq, char *buf, size_t size)
{
	const uint8_t *cdb = rq->head + CDB;
	const struct opcode *op = NULL;
	unsigned lun;
	size_t at;

	if (!strcmp(rq->role, "control")) {
		control(rq, buf, size);
		return;
	}
	if (!strcmp(rq->role, "event")) {
		snprintf(buf, size, "room for an event");
		return;
	}
	if (rq->head_len < CDB + 16) {
		snprintf(buf, size, "no request: its header has %zu bytes", rq->head_len);
		return;
	}
	lun = (rq->head[2] & 0x3f) << 8 | rq->head[3];
	for (unsigned i = 0; i < ARRAY_SIZE(opcodes); i++)
		if (opcodes[i].code == cdb[0])
			op = &opcodes[i];
	if (op)
		at = snprintf(buf, size, "%s %u:%u", op->name, rq->head[1], lun);
	else
		at = snprintf(buf, size, "command 0x%02x %u:%u", cdb[0], rq->head[1], lun);
	if (op && op->lba_bytes && at < size)
		at += snprintf(buf + at, size - at, " lba %llu",
			       (unsigned long long)bytes_read(cdb + op->lba, op->lba_bytes, true));
	if (op && op->count_bytes && at < size)
		snprintf(buf + at, size - at, op->lba_bytes ? ", %llu blocks" : ", %llu bytes",
			 (unsigned long long)bytes_read(cdb + op->count, op->count_bytes, true));
	answer(rq, buf, size);
}
