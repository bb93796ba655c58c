/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MSI-X of any function (PCI 3.0, 6.8.2): the table, the pending bits, and messages. */
#include <string.h>

#include "core/base/bits.h"
#include "guest/hw/pci.h"

#define CAP_ID 0x11
#define CONTROL_ENABLE BIT(15)
#define CONTROL_MASK_ALL BIT(14)
#define ENTRY_CONTROL 3
#define ENTRY_MASKED 1u

void msix_init(struct msix *m, struct device *dev, unsigned n)
{
	m->dev = dev;
	m->n = n;
	pthread_mutex_init(&m->lock, NULL);
	msix_reset(m);
}

void msix_deinit(struct msix *m)
{
	pthread_mutex_destroy(&m->lock);
}

void msix_reset(struct msix *m)
{
	pthread_mutex_lock(&m->lock);
	m->enabled = m->masked = false;
	m->pending = 0;
	memset(m->table, 0, sizeof(m->table));
	for (unsigned i = 0; i < m->n; i++)
		m->table[i][ENTRY_CONTROL] = ENTRY_MASKED;
	pthread_mutex_unlock(&m->lock);
}

void msix_capability(struct pci_function *f, unsigned at, unsigned next, unsigned n, unsigned bar)
{
	f->config[at] = CAP_ID;
	f->config[at + 1] = next;
	le16_write(f->config + at + 2, n - 1);
	le32_write(f->config + at + 4, bar);
	le32_write(f->config + at + 8, MSIX_PBA | bar);
	f->writable[at + 3] = (CONTROL_ENABLE | CONTROL_MASK_ALL) >> 8;
}

/* Lock held. */
static void deliver(struct msix *m, unsigned v)
{
	const uint32_t *entry = m->table[v];

	if (!m->enabled)
		return;
	if (m->masked || (entry[ENTRY_CONTROL] & ENTRY_MASKED)) {
		m->pending |= BIT(v);
		return;
	}
	m->pending &= ~BIT(v);
	device_msi(m->dev, v, entry[0] | (uint64_t)entry[1] << 32, entry[2]);
}

static void deliver_pending(struct msix *m)
{
	for (unsigned v = 0; v < m->n; v++)
		if (m->pending & BIT(v))
			deliver(m, v);
}

void msix_control(struct msix *m, const struct pci_function *f, unsigned at)
{
	uint16_t control = le16_read(f->config + at + 2);

	pthread_mutex_lock(&m->lock);
	m->enabled = control & CONTROL_ENABLE;
	m->masked = control & CONTROL_MASK_ALL;
	deliver_pending(m);
	pthread_mutex_unlock(&m->lock);
}

/* The table allows accesses of 4 and 8 bytes (6.8.2); others read 0 and write nothing. */
void msix_read(struct msix *m, uint64_t offset, unsigned size, uint64_t *value)
{
	uint64_t v = 0;

	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < size && size >= 4; i += 4) {
		uint64_t at = offset + i;
		uint32_t word = 0;

		if (at < m->n * 16)
			word = m->table[at / 16][at % 16 / 4];
		else if (at == MSIX_PBA)
			word = m->pending;
		v |= (uint64_t)word << (8 * i);
	}
	pthread_mutex_unlock(&m->lock);
	*value = v;
}

void msix_write(struct msix *m, uint64_t offset, unsigned size, uint64_t value)
{
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < size && size >= 4; i += 4) {
		uint64_t at = offset + i;

		if (at < m->n * 16)
			m->table[at / 16][at % 16 / 4] = value >> (8 * i);
	}
	deliver_pending(m);
	pthread_mutex_unlock(&m->lock);
}

void msix_send(struct msix *m, unsigned v)
{
	pthread_mutex_lock(&m->lock);
	if (v < m->n)
		deliver(m, v);
	pthread_mutex_unlock(&m->lock);
}

bool msix_enabled(struct msix *m)
{
	bool enabled;

	pthread_mutex_lock(&m->lock);
	enabled = m->enabled;
	pthread_mutex_unlock(&m->lock);
	return enabled;
}
