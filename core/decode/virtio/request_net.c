/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets: the virtio header (5.1.6), then as much of Ethernet, ARP, IP, TCP, UDP and ICMP as names them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/decode/virtio/request.h"
#include "core/decode/virtio/virtio.h"

struct line {
	char *buf;
	size_t size, at;
};

static void add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;

	if (l->at >= l->size)
		return;
	va_start(ap, fmt);
	l->at += vsnprintf(l->buf + l->at, l->size - l->at, fmt, ap);
	va_end(ap);
}

static void ip4(struct line *l, const uint8_t *p)
{
	add(l, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
}

static void ip6(struct line *l, const uint8_t *p)
{
	for (unsigned i = 0; i < 8; i++)
		add(l, "%s%x", i ? ":" : "", be16_read(p + 2 * i));
}

static void tcp_flags(struct line *l, uint8_t flags)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG" };

	for (unsigned i = 0; i < 6; i++)
		if (flags >> i & 1)
			add(l, " %s", names[i]);
}

static void transport(struct line *l, unsigned proto, const uint8_t *p, size_t len)
{
	if ((proto == 6 && len >= 14) || (proto == 17 && len >= 8)) {
		unsigned sport = be16_read(p), dport = be16_read(p + 2);

		add(l, " %s %u > %u", proto == 6 ? "TCP" : "UDP", sport, dport);
		if (proto == 6)
			tcp_flags(l, p[13]);
		else if (sport == 67 || sport == 68 || dport == 67 || dport == 68)
			add(l, " DHCP");
		else if (sport == 53 || dport == 53)
			add(l, " DNS");
	} else if (proto == 1 && len >= 2) {
		add(l, " ICMP %s", p[0] == 8 ? "echo request" : p[0] == 0 ? "echo reply" : p[0] == 3 ? "unreachable" :
		    "message");
	} else if (proto == 58 && len >= 2) {
		add(l, " ICMPv6 type %u", p[0]);
	} else {
		add(l, " protocol %u", proto);
	}
}

static void ethernet(struct line *l, const uint8_t *p, size_t len)
{
	unsigned type, ihl;

	if (len < 14) {
		add(l, "frame of %zu bytes", len);
		return;
	}
	type = be16_read(p + 12);
	p += 14;
	len -= 14;
	if (type == 0x0800 && len >= 20) {
		ihl = (p[0] & 15) * 4;
		add(l, "IPv4 ");
		ip4(l, p + 12);
		add(l, " > ");
		ip4(l, p + 16);
		if (ihl >= 20 && ihl <= len)
			transport(l, p[9], p + ihl, len - ihl);
	} else if (type == 0x0806 && len >= 28) {
		add(l, "ARP %s ", be16_read(p + 6) == 1 ? "who has" : "reply for");
		ip4(l, be16_read(p + 6) == 1 ? p + 24 : p + 14);
	} else if (type == 0x86dd && len >= 40) {
		add(l, "IPv6 ");
		ip6(l, p + 8);
		add(l, " > ");
		ip6(l, p + 24);
		transport(l, p[6], p + 40, len - 40);
	} else {
		add(l, "ethertype 0x%04x", type);
	}
}

/* 5.1.6.1: num_buffers is there with MRG_RXBUF or VERSION_1; a hash follows with HASH_REPORT. */
static size_t header_size(const struct virtio_request *rq)
{
	if (virtio_bit(rq->features, 57))
		return 20;
	return virtio_bit(rq->features, 15) || virtio_bit(rq->features, VIRTIO_F_VERSION_1) ? 12 : 10;
}

static void control(const struct virtio_request *rq, struct line *l)
{
	static const char *const classes[] = { "RX mode", "MAC", "VLAN", "ANNOUNCE", "MQ", "GUEST_OFFLOADS",
					       "NOTF_COAL" };

	if (rq->head_len < 2)
		return;
	add(l, "command %s %u", rq->head[0] < 7 ? classes[rq->head[0]] : "of unknown class", rq->head[1]);
	if (rq->done && rq->answer_len)
		add(l, ": %s", rq->answer[0] ? "refused" : "ok");
}

void virtio_net_text(const struct virtio_request *rq, char *buf, size_t size)
{
	static const char *const gso[] = { "", "TCPv4", "", "UDP", "TCPv6", "UDP_L4" };
	struct line l = { buf, size, 0 };
	size_t skip = header_size(rq), len;
	const uint8_t *p;
	char bytes[32];

	if (!strcmp(rq->role, "control")) {
		control(rq, &l);
		return;
	}
	if (!rq->readable && !rq->done) {
		add(&l, "room for %s", format_size(bytes, sizeof(bytes), rq->writable));
		return;
	}
	p = rq->readable ? rq->head : rq->answer;
	len = rq->readable ? rq->head_len : rq->answer_len;
	if (len < skip) {
		add(&l, "header of %zu of %zu bytes", len, skip);
		return;
	}
	ethernet(&l, p + skip, len - skip);
	if (rq->readable)
		add(&l, ", %llu bytes", (unsigned long long)(rq->readable - skip));
	if ((p[1] & 0x7f) && (p[1] & 0x7f) < 6)
		add(&l, ", GSO %s of %u", gso[p[1] & 0x7f], (unsigned)bytes_read(p + 4, 2, rq->be));
	else if (p[0] & 1)
		add(&l, ", checksum missing");
}
