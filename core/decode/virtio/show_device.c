/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/decode/decode.h"

static const char *type_name(const struct state_virtio_device *dev, char *buf, size_t size)
{
	const char *name = virtio_id_name(dev->virtio_id);

	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "type %u", dev->virtio_id);
	return buf;
}

static void show_line(struct target *t, const struct state_virtio_device *dev, struct out *out)
{
	uint64_t requests = 0, findings = 0, inflight = 0;
	unsigned ready = 0;
	char text[128];

	for (unsigned i = 0; i < dev->nqueues; i++) {
		struct state_virtio_queue q;
		_error_ struct error *err = virtio_queue_get(t, dev->device, i, &q);

		if (err)
			continue;
		ready += !!(q.flags & STATE_VIRTQ_READY);
		requests += q.requests;
		findings += q.findings;
		inflight += q.inflight;
	}
	out_begin(out, "virtio");
	out_str(out, ROLE_HEADING, "name", 9, dev->name);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "device", 8, type_name(dev, text, sizeof(text)));
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "transport", 11, virtio_transport_name(dev->transport));
	out_text(out, ROLE_LABEL, "  queues ");
	out_dec(out, ROLE_NUMBER, "queues_ready", 0, ready);
	out_text(out, ROLE_LABEL, "/");
	out_dec(out, ROLE_NUMBER, "queues", 0, dev->nqueues);
	if (!(dev->flags & STATE_VIRTIO_NO_COUNTERS)) {
		out_text(out, ROLE_LABEL, "  requests ");
		out_dec(out, ROLE_NUMBER, "requests", 0, requests);
		out_text(out, ROLE_LABEL, ", out ");
		out_dec(out, ROLE_NUMBER, "inflight", 0, inflight);
		if (findings)
			out_text(out, ROLE_FINDING, "  findings ");
		if (findings)
			out_dec(out, ROLE_FINDING, "findings", 0, findings);
	}
	out_text(out, ROLE_LABEL, "  status ");
	out_hex(out, ROLE_NUMBER, "status", 2, dev->status);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, dev->status & (VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED) ? ROLE_ERROR : ROLE_COMMENT, "status_text",
		0, virtio_status_text(dev->status, text, sizeof(text)));
	out_end(out);
}

struct error *virtio_devices_show(struct target *target, struct out *out)
{
	unsigned i;

	for (i = 0; i < STATE_VIRTIO_DEVICES_MAX; i++) {
		struct state_virtio_device dev;
		struct error *err = virtio_device_get(target, i, &dev);

		if (error_catch(&err, ERROR_NOT_FOUND) || (err && error_catch(&err, ERROR_UNSUPPORTED))) {
			if (i == 0)
				out_message(out, ROLE_TEXT, "this guest has no virtio devices that vmscope knows of");
			break;
		}
		if (err)
			return err;
		show_line(target, &dev, out);
	}
	return NULL;
}

/* ---- one device ------------------------------------------------------------------------------------ */

static void show_head(const struct state_virtio_device *dev, struct out *out)
{
	char text[128];

	out_str(out, ROLE_HEADING, "name", 0, dev->name);
	out_text(out, ROLE_TEXT, ": virtio ");
	out_str(out, ROLE_TEXT, "device", 0, type_name(dev, text, sizeof(text)));
	out_text(out, ROLE_TEXT, " (id %u), ", dev->virtio_id);
	out_hidden_dec(out, "virtio_id", dev->virtio_id);
	out_str(out, ROLE_TEXT, "transport", 0, virtio_transport_name(dev->transport));
	if (dev->transport == STATE_VIRTIO_PCI || dev->transport == STATE_VIRTIO_PCI_LEGACY)
		out_strf(out, ROLE_TEXT, "bdf", " %02x:%02x.%u", dev->pci_bdf >> 8, dev->pci_bdf >> 3 & 31,
			 dev->pci_bdf & 7);
	if (dev->base) {
		out_text(out, ROLE_TEXT, " at ");
		out_hex(out, ROLE_ADDR, "base", 0, dev->base);
	}
	if (dev->flags & STATE_VIRTIO_MSIX) {
		out_text(out, ROLE_TEXT, ", MSI-X, config vector ");
		if (dev->config_vector == STATE_VIRTIO_NO_VECTOR)
			out_text(out, ROLE_TEXT, "none");
		else
			out_dec(out, ROLE_NUMBER, "config_vector", 0, dev->config_vector);
	} else if (dev->gsi != ~0u) {
		out_text(out, ROLE_TEXT, ", GSI ");
		out_dec(out, ROLE_NUMBER, "gsi", 0, dev->gsi);
	}
	out_nl(out);
	if (dev->backend[0]) {
		out_text(out, ROLE_LABEL, "  backend  ");
		out_str(out, ROLE_TEXT, "backend", 0, dev->backend);
		out_nl(out);
	}
}

static void show_status(const struct state_virtio_device *dev, struct out *out)
{
	bool bad = dev->status & (VIRTIO_S_NEEDS_RESET | VIRTIO_S_FAILED);
	char text[128];

	out_text(out, ROLE_LABEL, "  status   ");
	out_hex(out, ROLE_NUMBER, "status", 2, dev->status);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, bad ? ROLE_ERROR : ROLE_COMMENT, "status_text", 0,
		virtio_status_text(dev->status, text, sizeof(text)));
	out_text(out, ROLE_LABEL, ", ISR ");
	out_hex(out, ROLE_NUMBER, "isr", 2, dev->isr);
	out_text(out, ROLE_COMMENT, "%s%s", dev->isr & 1 ? " queue" : "", dev->isr & 2 ? " config" : "");
	if (!(dev->flags & STATE_VIRTIO_NO_COUNTERS)) {
		out_text(out, ROLE_LABEL, ", resets ");
		out_dec(out, ROLE_NUMBER, "resets", 0, dev->resets);
	}
	out_nl(out);
}

/* Every bit either side named: accepted, offered and not accepted, accepted though not offered. */
static void show_features(const struct state_virtio_device *dev, struct out *out)
{
	out_text(out, ROLE_LABEL, "  features offered ");
	out_strf(out, ROLE_NUMBER, "features_offered", "0x%016" PRIx64 "%016" PRIx64, dev->offered[1], dev->offered[0]);
	out_text(out, ROLE_LABEL, ", driver's ");
	out_strf(out, ROLE_NUMBER, "features_driver", "0x%016" PRIx64 "%016" PRIx64, dev->driver[1], dev->driver[0]);
	out_nl(out);
	out_list(out, "features");
	for (unsigned bit = 0; bit < VIRTIO_FEATURE_BITS; bit++) {
		bool offered = virtio_bit(dev->offered, bit), taken = virtio_bit(dev->driver, bit);
		const char *help = NULL, *name = virtio_feature_name(dev->virtio_id, bit, &help);
		const char *state = taken && offered ? "yes" : taken ? "NOT OFFERED" : "not taken";
		enum role role = taken && offered ? ROLE_GOOD : taken ? ROLE_ERROR : ROLE_DIM;

		if (!offered && !taken)
			continue;
		out_begin(out, "feature");
		out_text(out, ROLE_TEXT, "  ");
		out_dec(out, ROLE_LABEL, "bit", 5, bit);
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, role, "state", 12, state);
		if (name)
			out_str(out, role, "name", 20, name);
		else
			out_text(out, ROLE_WARN, "%-20s", "reserved");
		out_text(out, ROLE_COMMENT, " %s", help ? help : "");
		out_end(out);
	}
	out_list_end(out);
}

static void show_wrong(const struct state_virtio_device *dev, struct out *out)
{
	const char *wrong = virtio_status_wrong(dev->status);
	char text[64];

	if (wrong)
		decode_finding(out, "virtio", "VIRTIO-1", "%s has status 0x%02x: %s (virtio 3.1.1)", dev->name, dev->status,
			       wrong);
	for (unsigned w = 0; w < 2; w++)
		if (dev->driver[w] & ~dev->offered[w])
			decode_finding(out, "virtio", "VIRTIO-2",
				       "the driver of %s accepted feature bits that were not offered: 0x%" PRIx64
				       "%s (virtio 2.2.1)", dev->name, dev->driver[w] & ~dev->offered[w],
				       w ? " << 64" : "");
	if (dev->status & VIRTIO_S_NEEDS_RESET)
		decode_finding(out, "virtio", "VIRTIO-3", "%s needs a reset: it met an error it cannot go on from; see "
			       "`virtq %s` for the queue and the rule", dev->name, dev->name);
	if (dev->status & VIRTIO_S_FAILED)
		decode_finding(out, "virtio", "VIRTIO-4", "the driver gave up on %s (FAILED); status %s", dev->name,
			       virtio_status_text(dev->status, text, sizeof(text)));
	if ((dev->status & VIRTIO_S_DRIVER_OK) && virtio_bit(dev->driver, VIRTIO_F_VERSION_1) &&
	    !(dev->status & VIRTIO_S_FEATURES_OK))
		decode_finding(out, "virtio", "VIRTIO-5", "the driver of %s set DRIVER_OK without FEATURES_OK "
			       "(virtio 3.1.1)", dev->name);
}

struct error *virtio_device_show(struct target *target, const struct state_virtio_device *dev, struct out *out)
{
	struct error *err;

	out_begin(out, "virtio_device");
	show_head(dev, out);
	show_status(dev, out);
	show_features(dev, out);
	if (dev->flags & STATE_VIRTIO_NO_CONFIG) {
		out_text(out, ROLE_DIM, "  config   not known: who runs this VM does not tell");
		out_nl(out);
	} else if (dev->config_len) {
		out_text(out, ROLE_LABEL, "  config   ");
		out_dec(out, ROLE_NUMBER, "config_len", 0, dev->config_len);
		out_text(out, ROLE_TEXT, " bytes, generation ");
		out_dec(out, ROLE_NUMBER, "config_generation", 0, dev->config_generation);
		out_nl(out);
		virtio_config_show(dev, out);
	}
	out_end(out);
	err = virtio_queues_show(target, dev, out);
	if (!err)
		show_wrong(dev, out);
	return err;
}
