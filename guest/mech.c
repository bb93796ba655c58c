/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The self-test's result, kept between runs of the program: it can only change with the kernel or a
 * reload of its KVM modules, so the key is boot id, kernel build and the identity of the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "guest/stops.h"

#define CACHE_NAME "mechanisms"
#define FORMAT "step %d lasts %d break_dr %d watch_dr %d break_byte %d byte_by_failure %d readonly %d"

static void add_file(struct text *t, const char *path)
{
	_fclose_ FILE *f = fopen(path, "re");
	char line[256];

	if (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		text_puts(t, line);
	}
	text_puts(t, "|");
}

/* One line that names this boot and its KVM. */
static char *host_key(int kvm_fd)
{
	struct text t = { 0 };
	struct utsname u;
	struct stat st;

	add_file(&t, "/proc/sys/kernel/random/boot_id");
	if (uname(&u) == 0)
		text_printf(&t, "%s|%s|%s|", u.release, u.version, u.machine);
	/* Another module may serve the device after a reload: its parameters' age tells. */
	if (stat("/sys/module/kvm", &st) == 0)
		text_printf(&t, "%" PRIu64 "|", (uint64_t)st.st_ctim.tv_sec);
	if (fstat(kvm_fd, &st) == 0)
		text_printf(&t, "%" PRIx64, (uint64_t)st.st_rdev);
	return text_take(&t);
}

/* NULL when there is no place for a cache. */
static char *cache_path(bool make)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	_free_ char *base = NULL, *dir = NULL;

	if (xdg && *xdg == '/')
		base = xstrdup(xdg);
	else if (home && *home == '/')
		base = xasprintf("%s/.cache", home);
	else
		return NULL;
	dir = xasprintf("%s/vmscope", base);
	if (make) {
		mkdir(base, 0700);
		if (mkdir(dir, 0700) && errno != EEXIST)
			return NULL;
	}
	return xasprintf("%s/" CACHE_NAME, dir);
}

static bool cache_load(const char *key, struct mech_support *ret)
{
	_free_ char *path = cache_path(false);
	_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char line[512];
	int step, lasts, dr, watch, byte, failure, readonly;

	if (!f || !fgets(line, sizeof(line), f))
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, key) != 0)
		return false;
	if (fscanf(f, FORMAT, &step, &lasts, &dr, &watch, &byte, &failure, &readonly) != 7)
		return false;
	*ret = (struct mech_support){ .step = step, .step_lasts = lasts, .break_dr = dr, .watch_dr = watch,
				      .break_byte = byte, .byte_by_failure = failure, .readonly = readonly };
	return true;
}

/* Best effort, by rename: several programs may do this at once. */
static void cache_save(const char *key, const struct mech_support *s)
{
	_free_ char *path = cache_path(true), *tmp = NULL;
	FILE *f;

	if (!path)
		return;
	tmp = xasprintf("%s.%d", path, (int)getpid());
	f = fopen(tmp, "we");
	if (!f)
		return;
	fprintf(f, "%s\n" FORMAT "\n", key, s->step, s->step_lasts, s->break_dr, s->watch_dr, s->break_byte,
		s->byte_by_failure, s->readonly);
	if (fclose(f) || rename(tmp, path))
		unlink(tmp);
}

struct error *mech_probe(int kvm_fd, struct mech_support *ret)
{
	_free_ char *key = host_key(kvm_fd);
	struct error *err;

	if (cache_load(key, ret))
		return NULL;
	err = machine_host.selftest(kvm_fd, ret);
	if (!err)
		cache_save(key, ret);
	return err;
}
