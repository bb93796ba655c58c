/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/options.h"

#include <stddef.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "guest/virtio/queue.h"

#define QUEUE_SIZE 256

bool virtio_word_next(const char **cursor, struct virtio_word *ret)
{
	const char *p = *cursor;
	size_t n = 0;

	memset(ret, 0, sizeof(*ret));
	if (!*p)
		return false;
	for (; *p && (*p != ',' || p[1] == ','); p++) {
		char *to = ret->has_value ? ret->value : ret->key;
		size_t room = ret->has_value ? sizeof(ret->value) : sizeof(ret->key);

		if (*p == '=' && !ret->has_value) {
			ret->has_value = true;
			n = 0;
			continue;
		}
		if (*p == ',')
			p++;
		/* The first word may be a long path without '='. */
		if (!ret->has_value && n < sizeof(ret->value) - 1)
			ret->value[n] = *p;
		if (n < room - 1)
			to[n] = *p;
		n++;
	}
	if (ret->has_value)
		ret->value[n < sizeof(ret->value) ? n : sizeof(ret->value) - 1] = 0;
	*cursor = *p ? p + 1 : p;
	return true;
}

void virtio_options_default(struct virtio_options *opts)
{
	*opts = (struct virtio_options){
		.way = VIRTIO_WAY_PCI, .event_idx = true, .indirect = true, .ring_reset = true,
		.ioeventfd = true, .msix = true, .queue_size = QUEUE_SIZE,
	};
#if !defined(__x86_64__)
	opts->way = VIRTIO_WAY_MMIO; /* only the PC has a host bridge here */
#endif
}

struct error *virtio_word_number(const char *option, const struct virtio_word *word, uint64_t lo, uint64_t hi,
				 uint64_t *ret)
{
	struct error *err = word->has_value ? parse_u64(word->value, ret) : NULL;

	if (word->has_value && !err && *ret >= lo && *ret <= hi)
		return NULL;
	error_destroy(err);
	return error_create(ERROR_USAGE, "%s: %s wants a number from %llu to %llu, as %s=%llu", option, word->key,
			    (unsigned long long)lo, (unsigned long long)hi, word->key, (unsigned long long)lo);
}

struct error *virtio_word_unknown(const char *option, const struct virtio_word *word, const char *known)
{
	return error_create(ERROR_USAGE, "%s: '%s' is none of %s", option, word->key, known);
}

static struct error *set_way(struct virtio_options *opts, const struct virtio_word *word)
{
	static const char *const names[] = { "pci", "mmio", "mmio-legacy" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(word->value, names[i])) {
			opts->way = (enum virtio_way)i;
			return NULL;
		}
	return error_create(ERROR_USAGE, "--virtio-opt: transport=%s: give one of pci, mmio, mmio-legacy",
			    word->value);
}

static struct error *set_queue_size(struct virtio_options *opts, const struct virtio_word *word)
{
	uint64_t n = 0;
	struct error *err = virtio_word_number("--virtio-opt", word, 2, VIRTQ_SIZE_MAX, &n);

	if (!err && (n & (n - 1)))
		err = error_create(ERROR_USAGE, "--virtio-opt: queue_size=%s is no power of two", word->value);
	if (!err)
		opts->queue_size = n;
	return err;
}

bool virtio_options_set(struct virtio_options *opts, const struct virtio_word *word, struct error **ret_error)
{
	const struct { const char *key; bool *flag; } flags[] = {
		{ "packed", &opts->packed }, { "event_idx", &opts->event_idx },
		{ "indirect", &opts->indirect }, { "in_order", &opts->in_order },
		{ "ring_reset", &opts->ring_reset }, { "access_platform", &opts->access_platform },
		{ "ioeventfd", &opts->ioeventfd }, { "msix", &opts->msix },
	};

	*ret_error = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(word->key, flags[i].key))
			continue;
		bool on = !word->has_value || !strcmp(word->value, "on");

		if (!on && strcmp(word->value, "off"))
			*ret_error = error_create(ERROR_USAGE, "--virtio-opt: %s=%s: give on or off", word->key,
						  word->value);
		*flags[i].flag = on;
		return true;
	}
	if (!strcmp(word->key, "transport"))
		*ret_error = set_way(opts, word);
	else if (!strcmp(word->key, "queue_size"))
		*ret_error = set_queue_size(opts, word);
	else if (!strcmp(word->key, "iova_offset"))
		*ret_error = virtio_word_number("--virtio-opt", word, 0, BIT(46), &opts->iova_offset);
	else
		return false;
	return true;
}

struct error *virtio_options_parse(const struct guest_config *config, struct virtio_options *ret)
{
	struct virtio_word word;
	struct error *err;

	virtio_options_default(ret);
	for (size_t i = 0; i < config->virtio_opts.len; i++) {
		const char *cursor = config->virtio_opts.data[i];

		while (virtio_word_next(&cursor, &word)) {
			if (!virtio_options_set(ret, &word, &err))
				return virtio_word_unknown("--virtio-opt", &word,
							   "packed, event_idx, indirect, in_order, ring_reset, "
							   "access_platform, ioeventfd, msix (each =on or "
							   "=off), transport=pci|mmio|mmio-legacy, queue_size=N, "
							   "iova_offset=N");
			if (err)
				return err;
		}
	}
	return NULL;
}
