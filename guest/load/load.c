/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/vec.h"

#define LOADER(name) extern const struct loader loader_##name;
#include "guest/load/loaders.def"
#undef LOADER

static const struct loader *const loaders[] = {
#define LOADER(name) &loader_##name,
#include "guest/load/loaders.def"
#undef LOADER
};

void *load_ram_ptr(const struct load_ram *ram, uint64_t gpa, uint64_t len)
{
	for (unsigned i = 0; i < ram->nranges; i++) {
		uint64_t start = ram->range[i].start, size = ram->range[i].len;
		if (gpa >= start && gpa - start < size)
			return len <= size - (gpa - start) ? ram->range[i].host + (gpa - start) : NULL;
	}
	return NULL;
}

/* What a file nobody can load looks like, for the error. */
static void describe_image(const struct image *image, char *buf, size_t size)
{
	const uint8_t *d = image->data;
	size_t len = image->len;
	static const struct { const char *magic; size_t len; const char *what; } kinds[] = {
		{ "\x1f\x8b", 2, "gzip data: unpack it first" },
		{ "\xfd" "7zXZ", 5, "xz data: unpack it first" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd data: unpack it first" },
		{ "#!", 2, "a script" },
		{ "!<arch>\n", 8, "an archive of objects: link it first" },
		{ "MZ", 2, "a PE (EFI) program" },
		{ "070701", 6, "a cpio archive: give it with --initrd" },
	};
	if (len == 0) {
		snprintf(buf, size, "an empty file");
		return;
	}
	if (len >= SELFMAG && len < sizeof(Elf32_Ehdr) && memcmp(d, ELFMAG, SELFMAG) == 0) {
		snprintf(buf, size, "an ELF file cut off after %zu bytes", len);
		return;
	}
	if (len >= sizeof(Elf32_Ehdr) && memcmp(d, ELFMAG, SELFMAG) == 0) {
		unsigned machine = d[EI_DATA] == ELFDATA2MSB ? be16_read(d + 18) : le16_read(d + 18);
		unsigned type = d[EI_DATA] == ELFDATA2MSB ? be16_read(d + 16) : le16_read(d + 16);
		unsigned class = d[EI_CLASS] == ELFCLASS64 ? 64 : 32;
		if (machine == EM_386 && class == 32)
			snprintf(buf, size, "a 32-bit ELF file without a multiboot header in its first 8192"
				 " bytes");
		else if (type == ET_REL)
			snprintf(buf, size, "an ELF object file: link it first");
		else
			snprintf(buf, size, "a %u-bit ELF file, type %u, machine %u", class, type, machine);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (len >= kinds[i].len && memcmp(d, kinds[i].magic, kinds[i].len) == 0) {
			snprintf(buf, size, "%s", kinds[i].what);
			return;
		}
	}
	snprintf(buf, size, "%zu bytes of unknown data", len);
}

struct error *load_image(const struct image *image, const struct guest_config *config,
			 const struct load_ram *ram, struct boot_state *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++) {
		if (!loaders[i]->match(image, config))
			continue;
		struct boot_state boot = { .min_vcpus = 1 };
		struct error *e = loaders[i]->load(image, config, ram, &boot);
		if (!e)
			*ret = boot;
		return e;
	}
	char what[128];
	describe_image(image, what, sizeof(what));
	return error_hint(error_create(ERROR_FAILED, "%s: not an image vmscope can start: it looks like %s",
				       image->name, what),
			  "what starts: ELF64 and PVH for x86-64, ELF64 for ppc64, 32-bit multiboot, Linux bzImage, and raw"
			  " code with --flat ADDR");
}

struct error *load_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len)
{
	/* O_NONBLOCK: opening a FIFO must not wait for a writer before fstat() can refuse it. */
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_errno(errno, "can not open %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_errno(errno, "can not stat %s", path);
	if (!S_ISREG(st.st_mode))
		return error_create(ERROR_FAILED, "%s is not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return error_create(ERROR_FAILED, "%s has %jd bytes, at most %zu are accepted", path,
				    (intmax_t)st.st_size, max);
	size_t len = st.st_size, done = 0;
	_free_ uint8_t *data = malloc(len ? len : 1);
	if (!data)
		return error_create(ERROR_NOMEM, "no memory for the %zu bytes of %s", len, path);
	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "can not read %s", path);
		if (n == 0)
			return error_create(ERROR_FAILED, "%s became shorter while it was read: %zu of %zu"
					    " bytes", path, done, len);
		done += n;
	}
	*ret = take_ptr(data);
	*ret_len = len;
	return NULL;
}
