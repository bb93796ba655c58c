/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtio device: what all of them share (status, features, queues, workers), and the two contracts,
 * one for what a device *is* (struct virtio_model) and one for how the guest reaches it (struct
 * virtio_transport).
 *
 * To add a device: guest/virtio/<kind>.c with `const struct device_model device_virtio_<kind>` and its
 * struct virtio_model, one line DEVICE(virtio_<kind>) in guest/devices.def, one in guest/virtio/kinds.def
 * (what its option is called), and a tiny guest in tests/guest that drives it.
 *
 *	0 --ACKNOWLEDGE, DRIVER--> FEATURES_OK --queues, DRIVER_OK--> live --a rule broken--> NEEDS_RESET
 *	^                                                                                        |
 *	+----------------------------- the driver writes 0 ---------------------------------------+
 *
 * Registers are served on the vCPU's thread under the device's lock (bus.h); requests on workers, which
 * never take that lock: what both need is atomic or guarded by the queue (queue.h).
 */
#pragma once

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/bits.h"
#include "core/base/out.h"
#include "core/target/state.h"
#include "guest/device.h"
#include "guest/virtio/layout.h"
#include "guest/virtio/options.h"
#include "guest/virtio/queue.h"

#define VIRTIO_QUEUES_MAX 18
#define VIRTIO_WORKERS_MAX 16
#define VIRTIO_CONFIG_MAX 128
#define VIRTIO_POLL_MAX 256

/* Device status, Virtio 1.2, 2.1. */
#define VIRTIO_ACKNOWLEDGE 0x01
#define VIRTIO_DRIVER 0x02
#define VIRTIO_DRIVER_OK 0x04
#define VIRTIO_FEATURES_OK 0x08
#define VIRTIO_NEEDS_RESET 0x40
#define VIRTIO_FAILED 0x80

/* Feature bits every device may have, chapter 6. */
#define VIRTIO_F_NOTIFY_ON_EMPTY 24
#define VIRTIO_F_ANY_LAYOUT 27
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_ORDER_PLATFORM 36
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_RING_RESET 40

#define VIRTIO_NO_VECTOR 0xffffu

struct virtio_dev;

struct virtio_worker {
	struct virtio_dev *dev;
	unsigned index;
	pthread_t thread;
	bool created, started;
	_Atomic bool unconfined;	/* seccomp failed (confine.h) */
	int wake_fd;
};

struct virtio_model {
	const char *kind;	/* "blk": also the name, with the unit */
	uint16_t id;		/* device type, Virtio 1.2, chapter 5 */
	uint32_t pci_class;	/* class, subclass, interface */
	/* A buffer or more wait in @q (or a kick came for nothing); the worker's thread. Serves what is
	 * there; returns early when @dev->quit. */
	void (*serve)(struct virtio_dev *dev, struct virtq *q);
	/* May be NULL. Creation: says which worker serves which queue. */
	void (*assign)(struct virtio_dev *dev);
	/* May be NULL. The vCPU's thread, device's lock held. */
	void (*config_write)(struct virtio_dev *dev, unsigned offset, unsigned len); /* config[] has it */
	void (*driver_ok)(struct virtio_dev *dev);
	void (*reset)(struct virtio_dev *dev);	/* the queues are stopped */
	/* May be NULL. The worker's thread: adds what it waits for, and serves it. Returns a timeout in ms,
	 * -1 for none. */
	int (*poll_add)(struct virtio_dev *dev, unsigned worker, struct pollfd *fds, unsigned *n);
	void (*poll_done)(struct virtio_dev *dev, unsigned worker, const struct pollfd *fds, unsigned n);
	void (*role)(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size); /* "rx" */
	void (*destroy)(struct virtio_dev *dev); /* after the workers ended; NULL: nothing of its own */
	void (*describe)(struct virtio_dev *dev, struct out *out);
};

struct virtio_transport {
	const char *name;	/* "virtio-mmio", "virtio-pci" */
	struct error *(*create)(struct virtio_dev *dev);
	/* Any thread. @q: its used ring moved; NULL: the configuration (or the status) changed. */
	void (*interrupt)(struct virtio_dev *dev, struct virtq *q);
	/* The doorbell of @q goes to its eventfd inside KVM, or comes as an exit. */
	void (*doorbell)(struct virtio_dev *dev, struct virtq *q, bool on);
	void (*reset)(struct virtio_dev *dev);	/* the driver wrote 0: what belongs to the transport */
	void (*power_on)(struct virtio_dev *dev); /* the machine is reset; NULL: as reset */
	/* Fills what the transport knows: transport, isr, vectors, base; main thread. */
	void (*state)(struct virtio_dev *dev, struct state_virtio_device *ret);
	bool (*vector_used)(const struct virtio_dev *dev, const struct virtq *q); /* NULL: never */
	void (*destroy)(struct virtio_dev *dev);
	void (*describe)(struct virtio_dev *dev, struct out *out);
};

struct virtio_dev {
	struct device dev;	/* first */
	const struct virtio_model *model;
	const struct virtio_transport *transport;
	void *transport_data;
	struct virtio_place place;
	struct virtio_options opts;
	struct load_ram ram;
	unsigned number;	/* among all virtio devices */
	char backend[96];	/* "disk.img, 64 MiB, raw": for people */

	/* The vCPU's thread, device's lock. */
	uint64_t offered;
	_Atomic uint64_t accepted;	/* written there, read anywhere */
	uint32_t offered_sel, accepted_sel;	/* which 32 bits the driver looks at */
	uint8_t config[VIRTIO_CONFIG_MAX];
	uint8_t config_writable[VIRTIO_CONFIG_MAX / 8];
	unsigned config_len;
	pthread_mutex_t config_lock;	/* guards config and its generation: some change by themselves */
	uint32_t config_generation;

	_Atomic uint8_t status;
	_Atomic bool live;	/* DRIVER_OK and not broken */
	_Atomic bool quit;	/* the machine ends */
	_Atomic uint32_t resets;
	unsigned nqueues, nworkers;
	struct virtq q[VIRTIO_QUEUES_MAX];
	struct virtio_worker worker[VIRTIO_WORKERS_MAX];
	/* The last rule broken, for describe(): under fault_lock. */
	pthread_mutex_t fault_lock;
	struct virtq_fault fault;
	unsigned fault_queue;
};

/* ---- for models ---------------------------------------------------------------------------------- */

/* The @unit-th device of @model->kind that was asked for, with @size bytes and everything shared set up, not
 * yet reachable: the model then fills config, features and queues and calls virtio_finish(). *ret is NULL
 * when there are no more. */
struct error *virtio_create(struct vm *vm, unsigned unit, const struct device_model *device,
			    const struct virtio_model *model, size_t size, struct virtio_dev **ret);
/* @nqueues served by @nworkers threads (queue i by worker q[i].worker, preset to i % nworkers), offering
 * @features and what --virtio-opt leaves of the ring's own. Takes @dev in any case. */
struct error *virtio_finish(struct virtio_dev *dev, uint64_t features, unsigned nqueues,
			    unsigned nworkers, struct device **ret);
/* For creations that fail between the two. */
void virtio_abandon(struct virtio_dev *dev);

/* Takes the next buffer of @q into @c, with the section open; false: nothing there (the driver is told to
 * kick), the queue stopped or broke; the section is then closed. */
bool virtio_take(struct virtio_dev *dev, struct virtq *q, struct virtq_chain *c);
/* The buffer is done: in the section, which is closed; interrupts when the driver wants that. */
void virtio_done(struct virtio_dev *dev, struct virtq *q, const struct virtq_chain *c, uint32_t written);
/* Gives the section up for work that takes time; false from the second when the request is gone. */
void virtio_release(struct virtq *q);
bool virtio_resume(struct virtq *q, const struct virtq_chain *c);
/* Any thread: changes @len bytes of the configuration and tells the driver. */
/* Creation: the driver may write these bytes of the configuration. */
void virtio_config_allow(struct virtio_dev *dev, unsigned offset, unsigned len);
void virtio_config_set(struct virtio_dev *dev, unsigned offset, const void *data, unsigned len, bool tell);
/* With ACCESS_PLATFORM: the device's address *gpa to guest-physical; false when [*gpa, *gpa+len) has none. */
bool virtio_translate(const struct virtio_dev *dev, uint64_t *gpa, uint64_t len);
bool virtio_has(const struct virtio_dev *dev, unsigned feature); /* accepted by the driver */
/* Makes worker @w look again (poll_add). */
void virtio_wake(struct virtio_dev *dev, unsigned w);

/* ---- for transports ------------------------------------------------------------------------------ */

uint32_t virtio_features_read(const struct virtio_dev *dev);
void virtio_features_write(struct virtio_dev *dev, uint32_t value);
uint8_t virtio_status(const struct virtio_dev *dev);
void virtio_status_write(struct virtio_dev *dev, uint8_t value);
/* Any offset and width: out of the configuration reads 0. */
uint64_t virtio_config_read(struct virtio_dev *dev, uint64_t offset, unsigned size);
void virtio_config_write(struct virtio_dev *dev, uint64_t offset, unsigned size, uint64_t value);
uint32_t virtio_generation(struct virtio_dev *dev);
/* The driver enables or disables queue @q with the addresses it gave. */
void virtio_queue_enable(struct virtio_dev *dev, struct virtq *q);
void virtio_queue_disable(struct virtio_dev *dev, struct virtq *q);
/* A doorbell that came as an exit. */
void virtio_kick(struct virtio_dev *dev, unsigned queue);

/* Is the interrupt of @q a message (MSI-X)? */
bool virtio_vector_used(const struct virtio_dev *dev, const struct virtq *q);

/* device_model slots every kind shares. */
void virtio_device_reset(struct device *dev);
void virtio_device_destroy(struct device *dev);
void virtio_device_describe(struct device *dev, struct out *out);
void virtio_device_run(struct device *dev, bool running);
struct error *virtio_device_state(struct device *dev, enum state_kind kind, unsigned queue, void *buf,
				  size_t size, size_t *ret_len);

extern const struct virtio_transport virtio_mmio, virtio_pci;
