/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-scsi (Virtio 1.2, 5.6): target 0 with a LUN for each `--disk FILE,if=scsi`. Queue 0 is control, 1
 * events, the rest are requests, each with a worker of its own; data goes through the worker's buffer as in
 * blk.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/scsi_disk.h"
#include "guest/virtio/virtio.h"

#define SCSI_ID 8
#define LUNS_MAX 16
#define BUFFER (256u << 10)
#define Q_CONTROL 0
#define Q_EVENT 1
#define Q_REQUEST 2

/* Configuration, 5.6.4. */
#define CFG_NUM_QUEUES 0
#define CFG_SEG_MAX 4
#define CFG_MAX_SECTORS 8
#define CFG_CMD_PER_LUN 12
#define CFG_EVENT_INFO_SIZE 16
#define CFG_SENSE_SIZE 20
#define CFG_CDB_SIZE 24
#define CFG_MAX_CHANNEL 28
#define CFG_MAX_TARGET 30
#define CFG_MAX_LUN 32
#define CFG_LEN 36
#define SENSE_SIZE 96

/* A request: lun[8], tag u64, task_attr, prio, crn, cdb. Its answer: sense_len u32, resid u32,
 * status_qualifier u16, status, response, sense. */
#define REQ_CDB 19
#define REQ_LEN (REQ_CDB + SCSI_CDB_LEN)
#define RESP_LEN (12 + SENSE_SIZE)
enum { RESP_OK = 0, RESP_OVERRUN = 1, RESP_BAD_TARGET = 3, RESP_FAILURE = 9, RESP_FUNCTION_SUCCEEDED = 0,
       RESP_FUNCTION_REJECTED = 11, RESP_INCORRECT_LUN = 12 };
enum { T_TMF = 0, T_AN_QUERY = 1, T_AN_SUBSCRIBE = 2 };
#define TMF_LEN 24
#define AN_LEN 20

struct scsi {
	struct virtio_dev v;
	unsigned nluns;
	struct disk *lun[LUNS_MAX];
	struct virtq_chain *chain[VIRTIO_WORKERS_MAX];
	uint8_t *buffer[VIRTIO_WORKERS_MAX];
};

struct request {
	struct scsi *s;
	struct virtq *q;
	struct virtq_chain *c;
	uint8_t *buf;
	struct disk *d;
	struct scsi_command cmd;
	uint8_t head[REQ_LEN];
	uint64_t out_len, in_len, moved; /* of data */
	uint8_t response;
};

static struct scsi *scsi_of(struct virtio_dev *dev)
{
	return container_of(dev, struct scsi, v);
}

/* lun = {1, target, 0x40 | high, low}: flat or peripheral addressing (5.6.6.1). */
static bool parse_lun(const uint8_t lun[8], unsigned *ret)
{
	*ret = (lun[2] & 0x3f) << 8 | lun[3];
	return lun[0] == 1 && lun[1] == 0;
}

/* The functions of the medium begin and end in the section; false: the request is gone. */

static bool back(struct request *r)
{
	return !atomic_load(&r->s->v.quit) && virtio_resume(r->q, r->c);
}

static bool scsi_read(struct request *r)
{
	if (r->in_len < r->cmd.len) {
		r->response = RESP_OVERRUN;
		return true;
	}
	for (uint64_t done = 0; done < r->cmd.len;) {
		size_t n = r->cmd.len - done < BUFFER ? r->cmd.len - done : BUFFER;
		bool ok;

		virtio_release(r->q);
		ok = disk_read(r->d, r->buf, n, r->cmd.offset + done);
		if (!back(r))
			return false;
		if (!ok) {
			scsi_sense(&r->cmd, SENSE_MEDIUM_ERROR, ASC_READ_ERROR);
			return true;
		}
		queue_write(r->q, r->c, RESP_LEN + done, r->buf, n);
		r->moved = done += n;
	}
	return true;
}

static bool scsi_write(struct request *r)
{
	bool ok = true;

	if (r->out_len < r->cmd.len) {
		r->response = RESP_OVERRUN;
		return true;
	}
	for (uint64_t done = 0; done < r->cmd.len && ok;) {
		size_t n = r->cmd.len - done < BUFFER ? r->cmd.len - done : BUFFER;

		queue_read(r->q, r->c, REQ_LEN + done, r->buf, n);
		virtio_release(r->q);
		ok = disk_write(r->d, r->buf, n, r->cmd.offset + done);
		r->moved = done += n;
		if (!back(r))
			return false;
	}
	if (!ok)
		scsi_sense(&r->cmd, SENSE_MEDIUM_ERROR, ASC_WRITE_ERROR);
	return true;
}

/* The parameter list of UNMAP (SBC-3, 5.28): 8 bytes of head, one descriptor {lba, sectors}. */
static bool scsi_unmap(struct request *r)
{
	uint64_t all = r->d->bytes / DISK_SECTOR, lba;
	uint8_t list[24];
	uint32_t sectors;
	bool ok;

	if (queue_read(r->q, r->c, REQ_LEN, list, sizeof(list)) != sizeof(list) || be16_read(list + 2) != 16) {
		scsi_sense(&r->cmd, SENSE_ILLEGAL_REQUEST, ASC_INVALID_PARAMETER);
		return true;
	}
	r->moved = sizeof(list);
	lba = be64_read(list + 8);
	sectors = be32_read(list + 16);
	if (lba > all || sectors > all - lba) {
		scsi_sense(&r->cmd, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
		return true;
	}
	virtio_release(r->q);
	ok = disk_discard(r->d, lba * DISK_SECTOR, (uint64_t)sectors * DISK_SECTOR);
	if (!ok)
		scsi_sense(&r->cmd, SENSE_MEDIUM_ERROR, ASC_WRITE_ERROR);
	return back(r);
}

static bool scsi_sync_or_zero(struct request *r)
{
	bool ok;

	virtio_release(r->q);
	ok = r->cmd.what == SCSI_FLUSH ? disk_flush(r->d) : disk_zero(r->d, r->cmd.offset, r->cmd.len, true);
	if (!ok)
		scsi_sense(&r->cmd, SENSE_MEDIUM_ERROR, ASC_WRITE_ERROR);
	return back(r);
}

static bool scsi_execute(struct request *r)
{
	switch (r->cmd.what) {
	case SCSI_READ:
		return scsi_read(r);
	case SCSI_WRITE:
		return scsi_write(r);
	case SCSI_UNMAP:
		return scsi_unmap(r);
	case SCSI_FLUSH:
	case SCSI_ZERO:
		return scsi_sync_or_zero(r);
	case SCSI_NOTHING:
		break;
	}
	r->moved = r->cmd.small_len < r->in_len ? r->cmd.small_len : r->in_len;
	queue_write(r->q, r->c, RESP_LEN, r->cmd.small, r->moved);
	return true;
}

static void respond(struct request *r)
{
	uint8_t resp[RESP_LEN] = { 0 };
	uint64_t want = r->in_len ? r->in_len : r->out_len;

	if (r->response == RESP_OK) {
		le32_write(resp, r->cmd.sense_len);
		le32_write(resp + 4, want > r->moved ? want - r->moved : 0);
		resp[10] = r->cmd.status;
		memcpy(resp + 12, r->cmd.sense, r->cmd.sense_len);
	}
	resp[11] = r->response;
	queue_write(r->q, r->c, 0, resp, sizeof(resp));
	r->c->status = resp[10] | resp[11] << 8;
	virtio_done(&r->s->v, r->q, r->c, RESP_LEN + (r->in_len ? r->moved : 0));
}

static void scsi_request(struct request *r)
{
	unsigned lun;

	r->moved = 0;
	r->response = RESP_OK;
	/* Without room for an answer there is nobody to tell. */
	if (r->c->in_len < RESP_LEN || queue_read(r->q, r->c, 0, r->head, REQ_LEN) != REQ_LEN) {
		virtio_done(&r->s->v, r->q, r->c, 0);
		return;
	}
	r->out_len = r->c->out_len - REQ_LEN;
	r->in_len = r->c->in_len - RESP_LEN;
	r->cmd.cdb = r->head + REQ_CDB;
	if (!parse_lun(r->head, &lun)) {
		r->response = RESP_BAD_TARGET;
	} else {
		r->d = lun < r->s->nluns ? r->s->lun[lun] : NULL;
		scsi_disk_decode(r->d, lun, r->s->nluns, &r->cmd);
		if (!scsi_execute(r))
			return;
	}
	respond(r);
}

/* Task management: a worker does one request after the other, so that there is never a task to abort by
 * the time it is asked for; the functions succeed (5.6.6.2). */
static void scsi_control(struct scsi *s, struct virtq *q, struct virtq_chain *c)
{
	uint8_t head[TMF_LEN] = { 0 }, response;
	unsigned lun;

	while (virtio_take(&s->v, q, c)) {
		size_t n = queue_read(q, c, 0, head, sizeof(head));
		uint32_t type = le32_read(head);

		if (type == T_TMF && n == TMF_LEN) {
			response = !parse_lun(head + 8, &lun) ? RESP_BAD_TARGET :
				   lun >= s->nluns ? RESP_INCORRECT_LUN : RESP_FUNCTION_SUCCEEDED;
			virtio_done(&s->v, q, c, queue_write(q, c, 0, &response, 1));
		} else if ((type == T_AN_QUERY || type == T_AN_SUBSCRIBE) && n >= AN_LEN) {
			uint8_t answer[5] = { 0 }; /* no asynchronous notifications */

			virtio_done(&s->v, q, c, queue_write(q, c, 0, answer, sizeof(answer)));
		} else {
			response = RESP_FAILURE;
			virtio_done(&s->v, q, c, queue_write(q, c, 0, &response, 1));
		}
	}
}

static void scsi_serve(struct virtio_dev *dev, struct virtq *q)
{
	struct scsi *s = scsi_of(dev);
	struct request *r;
	uint32_t epoch;
	bool got;

	if (q->index == Q_EVENT)
		return; /* its buffers wait there for events, of which there are none */
	if (q->index == Q_CONTROL) {
		scsi_control(s, q, s->chain[q->worker]);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	*r = (struct request){ .s = s, .q = q, .c = s->chain[q->worker], .buf = s->buffer[q->worker] };
	do {
		/* One gate for all LUNs: the first disk's. */
		epoch = disk_begin(s->lun[0]);
		got = virtio_take(dev, q, r->c);
		if (got)
			scsi_request(r);
		disk_end(s->lun[0], epoch);
	} while (got);
	free(r);
}

static void scsi_assign(struct virtio_dev *dev)
{
	for (unsigned i = 0; i < dev->nqueues; i++)
		dev->q[i].worker = i < Q_REQUEST ? 0 : 1 + (i - Q_REQUEST);
}

static void scsi_reset(struct virtio_dev *dev)
{
	disk_reset(scsi_of(dev)->lun[0]);
}

static void scsi_role(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size)
{
	if (queue < Q_REQUEST)
		snprintf(buf, size, queue == Q_CONTROL ? "control" : "event");
	else
		snprintf(buf, size, "requests%u", queue - Q_REQUEST);
}

/* sense_size and cdb_size may be written, but nothing else than the defaults is accepted. */
static void scsi_config_write(struct virtio_dev *dev, unsigned offset, unsigned len)
{
}

static void scsi_describe(struct virtio_dev *dev, struct out *out)
{
	struct scsi *s = scsi_of(dev);
	char text[128];

	for (unsigned i = 0; i < s->nluns; i++) {
		disk_describe(s->lun[i], text, sizeof(text));
		out_begin(out, "lun");
		out_text(out, ROLE_TEXT, "  LUN ");
		out_dec(out, ROLE_NUMBER, "lun", 0, i);
		out_text(out, ROLE_TEXT, ": ");
		out_str(out, ROLE_TEXT, "backend", 0, text);
		out_end(out);
	}
}

static void scsi_destroy(struct virtio_dev *dev)
{
	struct scsi *s = scsi_of(dev);

	for (unsigned i = 0; i < s->nluns; i++) {
		disk_close(s->lun[i]);
		free(s->lun[i]);
	}
	for (unsigned i = 0; i < VIRTIO_WORKERS_MAX; i++) {
		free(s->chain[i]);
		free(s->buffer[i]);
	}
}

static const struct virtio_model model = {
	.kind = "scsi",
	.id = SCSI_ID,
	.pci_class = 0x010000,	/* SCSI controller */
	.serve = scsi_serve,
	.assign = scsi_assign,
	.config_write = scsi_config_write,
	.reset = scsi_reset,
	.role = scsi_role,
	.destroy = scsi_destroy,
	.describe = scsi_describe,
};

static struct error *open_luns(struct scsi *s, const struct guest_config *config, unsigned *ret_queues)
{
	struct disk_spec spec;
	struct error *err;

	*ret_queues = 1;
	for (size_t i = 0; i < config->virtio.len; i++) {
		const struct guest_virtio *g = &config->virtio.data[i];
		struct disk *d;

		if (strcmp(g->option, "disk") || !virtio_disk_is_scsi(g->text))
			continue;
		if (s->nluns == LUNS_MAX)
			return error_create(ERROR_USAGE, "--disk: more than %d SCSI disks", LUNS_MAX);
		err = disk_spec_parse(g->text, &spec);
		if (err)
			return err;
		d = xcalloc(1, sizeof(*d));
		s->lun[s->nluns++] = d;
		err = disk_open(d, &spec);
		if (err)
			return err;
		if (!d->serial[0])
			snprintf(d->serial, sizeof(d->serial), "vmscope-lun%u", s->nluns - 1);
		if (spec.queues > *ret_queues)
			*ret_queues = spec.queues;
	}
	return NULL;
}

static struct error *scsi_create(struct vm *vm, unsigned unit, struct device **ret)
{
	struct virtio_dev *dev;
	struct error *err = virtio_create(vm, unit, &device_virtio_scsi, &model, sizeof(struct scsi), &dev);
	unsigned queues;
	struct scsi *s;

	*ret = NULL;
	if (err || !dev)
		return err;
	s = scsi_of(dev);
	err = open_luns(s, device_config(vm), &queues);
	if (err) {
		virtio_abandon(dev);
		return err;
	}
	if (queues > VIRTIO_WORKERS_MAX - 1)
		queues = VIRTIO_WORKERS_MAX - 1;
	for (unsigned i = 0; i <= queues; i++) {
		s->chain[i] = xcalloc(1, sizeof(*s->chain[i]));
		s->buffer[i] = xcalloc(1, BUFFER);
	}
	dev->config_len = CFG_LEN;
	le32_write(dev->config + CFG_NUM_QUEUES, queues);
	le32_write(dev->config + CFG_SEG_MAX, dev->opts.queue_size > 2 ? dev->opts.queue_size - 2 : 1);
	le32_write(dev->config + CFG_MAX_SECTORS, 0xffff);
	le32_write(dev->config + CFG_CMD_PER_LUN, dev->opts.queue_size / 2);
	le32_write(dev->config + CFG_EVENT_INFO_SIZE, 16);
	le32_write(dev->config + CFG_SENSE_SIZE, SENSE_SIZE);
	le32_write(dev->config + CFG_CDB_SIZE, SCSI_CDB_LEN);
	le32_write(dev->config + CFG_MAX_LUN, LUNS_MAX - 1);
	snprintf(dev->backend, sizeof(dev->backend), "%u disk%s", s->nluns, s->nluns > 1 ? "s" : "");
	return virtio_finish(dev, 0, Q_REQUEST + queues, 1 + queues, ret);
}

const struct device_model device_virtio_scsi = {
	.name = "scsi",
	.help = "virtio-scsi: disks of raw files behind a SCSI adapter",
	.many = true,
	.create = scsi_create,
	.reset = virtio_device_reset,
	.destroy = virtio_device_destroy,
	.describe = virtio_device_describe,
	.run = virtio_device_run,
	.state = virtio_device_state,
};
