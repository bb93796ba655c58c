/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scope guards: `_cleanup_(free_ptr) char *s = NULL;` frees when the name goes out of scope. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/error.h"

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void destroy_error(struct error **e)
{
	error_destroy(*e);
}

#define _free_ _cleanup_(free_ptr)
#define _close_ _cleanup_(close_fd)
#define _fclose_ _cleanup_(close_file)
#define _error_ _cleanup_(destroy_error)

/* Gives the value away: the guard then sees NULL (or -1 for descriptors). */
#define take_ptr(p) ({ __typeof__(p) _t = (p); (p) = NULL; _t; })
#define take_fd(fd) ({ int _t = (fd); (fd) = -1; _t; })
