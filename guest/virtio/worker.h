/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads that serve queues. */
#pragma once

#include "guest/virtio/virtio.h"

struct error *worker_start(struct virtio_dev *dev, unsigned index);
/* Waits for the end of the thread; one that never started is fine. dev->quit is set and its queues quit. */
void worker_stop(struct virtio_worker *w);
/* One turn of the loop without waiting: what was kicked is served. The thread's body, and the tests'. */
void worker_turn(struct virtio_worker *w, int timeout_ms);
