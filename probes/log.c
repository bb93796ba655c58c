/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/log.h"

#include <bpf/libbpf.h>
#include <string.h>

#include "core/base/vec.h"

#define LOG_MAX 65536	/* a verifier log can be megabytes; its beginning and end are what counts */

/* libbpf's callback carries no context pointer; see scripts/check-layout. */
static _Thread_local struct text *sink;

static int print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (!sink || level == LIBBPF_DEBUG)
		return 0;
	if (sink->len > LOG_MAX)
		text_clear(sink);
	text_vprintf(sink, fmt, ap);
	return 0;
}

void log_begin(struct text *to)
{
	sink = to;
	libbpf_set_print(print);
}

void log_end(void)
{
	sink = NULL;
}

/* libbpf's advice on a refused first load is the memory limit, which is not what refuses. */
static bool is_noise(const char *line, size_t len)
{
	static const char advice[] = "RLIMIT_MEMLOCK";
	static const char *const noise[] = {
		"processed ", "-- BEGIN", "-- END", "libbpf: -- ", "libbpf: failed to load object",
		"libbpf: failed to load BPF skeleton", "; ", "libbpf: permission error while", "0: R1=ctx",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(noise); i++)
		if (len >= strlen(noise[i]) && !strncmp(line, noise[i], strlen(noise[i])))
			return true;
	return len == 0 || memmem(line, len, advice, strlen(advice)) || memmem(line, len, "ulimit -l", 9);
}

/* "failed to resolve CO-RE relocation <byte_off> [70] struct kvm_vcpu.arch.trap (0:5:1 @ offset 304)" in
 * words that say what is missing; other lines as they are. */
static char *plain_words(const char *line, size_t len)
{
	static const char core[] = "failed to resolve CO-RE relocation";
	const char *p = memmem(line, len, core, strlen(core)), *end = line + len, *stop;

	p = p ? memmem(p, (size_t)(end - p), "] ", 2) : NULL;
	if (!p)
		return xstrndup(line, len);
	p += 2;
	stop = memmem(p, (size_t)(end - p), " (", 2);
	return xasprintf("the kernel's types lack %.*s", (int)((stop ? stop : end) - p), p);
}

char *log_reason(const struct text *log)
{
	const char *p = text_str(log), *best = "", *verifier = strstr(p, "-- BEGIN PROG LOAD LOG --");
	size_t best_len = 0;

	if (verifier)
		p = verifier;
	while (*p) {
		size_t len = strcspn(p, "\n");

		if (verifier && !strncmp(p, "-- END PROG LOAD LOG --", 23))
			break;
		if (!is_noise(p, len)) {
			best = p;
			best_len = len;
		}
		p += len + (p[len] == '\n');
	}
	if (!strncmp(best, "libbpf: ", 8) && best_len > 8) {
		best += 8;
		best_len -= 8;
	}
	return plain_words(best, best_len);
}
