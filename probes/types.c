/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/types.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "probes/kernel.h"

#define BTF_DIR "/sys/kernel/btf"
#define DEPTH_MAX 32	/* of structures inside structures */
#define FORMAT_MAX 65536
#define FIELDS_MAX 128

/* One BTF, and where its names are: open addressing, several types may have one name. */
struct source {
	struct btf *btf;
	uint32_t first;		/* id; those below are of vmlinux, which a module's BTF builds upon */
	uint32_t *slots;	/* ids, 0: free */
	uint32_t mask;
};

struct kernel_types {
	VEC(struct source) sources;	/* vmlinux first, then kvm, then the others */
	char *missing;
};

/* ---- names --------------------------------------------------------------------------------------- */

static uint32_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	while (*name)
		h = (h ^ (uint8_t)*name++) * 16777619u;
	return h;
}

static bool is_indexed(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_any_enum(t) || btf_is_typedef(t) || btf_is_func(t);
}

static void index_source(struct source *s)
{
	uint32_t n = btf__type_cnt(s->btf), size = 1024;

	while (size < (n - s->first) * 2)
		size *= 2;
	s->slots = xcalloc(size, sizeof(*s->slots));
	s->mask = size - 1;
	for (uint32_t id = s->first; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(s->btf, id);
		uint32_t at;

		if (!is_indexed(t) || !t->name_off)
			continue;
		at = hash_name(btf__name_by_offset(s->btf, t->name_off)) & s->mask;
		while (s->slots[at])
			at = (at + 1) & s->mask;
		s->slots[at] = id;
	}
}

/* The next type called @name at or after slot *@at, which is moved behind it; NULL: no more. */
static const struct btf_type *find_next(const struct source *s, const char *name, uint32_t *at, uint32_t *ret_id)
{
	for (; s->slots[*at & s->mask]; ++*at) {
		uint32_t id = s->slots[*at & s->mask];
		const struct btf_type *t = btf__type_by_id(s->btf, id);

		if (strcmp(btf__name_by_offset(s->btf, t->name_off), name))
			continue;
		++*at;
		*ret_id = id;
		return t;
	}
	return NULL;
}

/* ---- loading ------------------------------------------------------------------------------------- */

static void add_source(struct kernel_types *types, struct btf *btf, uint32_t first)
{
	struct source s = { .btf = btf, .first = first };

	index_source(&s);
	vec_push(&types->sources, s);
}

/* Modules whose structures and functions probes are about. */
static bool is_wanted_module(const char *name)
{
	static const char *const prefixes[] = { "kvm", "vfio", "mdev", "irqbypass", "vhost", "virtio" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static void add_module(struct kernel_types *types, const char *name)
{
	struct btf *base = types->sources.data[0].btf;
	struct btf *btf = btf__load_module_btf(name, base);

	if (btf)
		add_source(types, btf, btf__type_cnt(base));
}

static void add_modules(struct kernel_types *types)
{
	DIR *dir = opendir(BTF_DIR);
	struct dirent *e;

	/* What kvm says of its structures counts; its vendor modules repeat it. */
	if (dir && !access(BTF_DIR "/kvm", R_OK))
		add_module(types, "kvm");
	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, "kvm") && is_wanted_module(e->d_name))
			add_module(types, e->d_name);
	if (dir)
		closedir(dir);
}

struct error *kernel_types_load(const char *path, struct kernel_types **ret)
{
	struct kernel_types *types;
	struct btf *btf = path ? btf__parse(path, NULL) : btf__load_vmlinux_btf();
	int err = errno;

	if (!btf && path)
		return error_hint(error_errno(err, "cannot read kernel types (BTF) from %s", path),
				  "a vmlinux with BTF, or what `bpftool btf dump file /sys/kernel/btf/vmlinux format "
				  "raw` was made from, of the kernel that runs");
	types = kernel_types_of(btf);
	if (btf && !path)
		add_modules(types);
	if (!btf)
		types->missing = err == ESRCH || err == ENOENT ? xstrdup("this kernel describes no types (BTF)") :
			xasprintf("this kernel's description of its types (BTF) can not be read: %s", strerror(err));
	*ret = types;
	return NULL;
}

struct kernel_types *kernel_types_of(struct btf *btf)
{
	struct kernel_types *types = xcalloc(1, sizeof(*types));

	if (btf)
		add_source(types, btf, 1);
	return types;
}

void kernel_types_destroy(struct kernel_types *types)
{
	if (!types)
		return;
	/* A module's BTF refers to the first one. */
	for (size_t i = types->sources.len; i-- > 0;) {
		btf__free(types->sources.data[i].btf);
		free(types->sources.data[i].slots);
	}
	vec_free(&types->sources);
	free(types->missing);
	free(types);
}

const char *kernel_types_missing(const struct kernel_types *types)
{
	return types->missing;
}

const struct btf *kernel_types_vmlinux(const struct kernel_types *types)
{
	return types->sources.len ? types->sources.data[0].btf : NULL;
}

bool kernel_types_has_struct(const struct kernel_types *types, const char *name)
{
	for (size_t i = 0; i < types->sources.len; i++) {
		const struct source *s = &types->sources.data[i];
		uint32_t at = hash_name(name), id;
		const struct btf_type *t;

		while ((t = find_next(s, name, &at, &id)))
			if (btf_is_composite(t))
				return true;
	}
	return false;
}

bool kernel_types_function(const struct kernel_types *types, const char *name, const struct btf **ret_btf,
			   uint32_t *ret_id)
{
	for (size_t i = 0; i < types->sources.len; i++) {
		const struct source *s = &types->sources.data[i];
		uint32_t at = hash_name(name), id;
		const struct btf_type *t;

		while ((t = find_next(s, name, &at, &id))) {
			if (!btf_is_func(t) && !(btf_is_typedef(t) && !strncmp(name, "btf_trace_", 10)))
				continue;
			*ret_btf = s->btf;
			*ret_id = id;
			return true;
		}
	}
	return false;
}

/* ---- the cut ------------------------------------------------------------------------------------- */

struct cut {
	struct btf *to;
	const struct source *from;
	uint32_t *map;		/* of @from's ids; 0: not copied yet */
	bool failed;
};

static int copy_type(struct cut *c, uint32_t id, unsigned depth);

static int copy_composite(struct cut *c, const struct btf_type *t, const char *name, unsigned depth)
{
	uint16_t n = btf_vlen(t);
	int *types = xcalloc((size_t)n + 1, sizeof(*types)), id;

	/* What members are of comes first: a type's members must follow it at once. */
	for (uint16_t i = 0; i < n; i++)
		types[i] = copy_type(c, btf_members(t)[i].type, depth + 1);
	id = btf_is_struct(t) ? btf__add_struct(c->to, name, t->size) : btf__add_union(c->to, name, t->size);
	for (uint16_t i = 0; i < n && id > 0; i++) {
		const struct btf_member *m = &btf_members(t)[i];

		if (btf__add_field(c->to, btf__name_by_offset(c->from->btf, m->name_off), types[i],
				   btf_member_bit_offset(t, i), btf_member_bitfield_size(t, i)) < 0)
			c->failed = true;
	}
	free(types);
	return id;
}

static int copy_enum(struct cut *c, const struct btf_type *t, const char *name)
{
	int id = btf_is_enum(t) ? btf__add_enum(c->to, name, t->size)
				: btf__add_enum64(c->to, name, t->size, btf_kflag(t));

	for (uint16_t i = 0; i < btf_vlen(t) && id > 0; i++) {
		int err;

		if (btf_is_enum(t))
			err = btf__add_enum_value(c->to, btf__name_by_offset(c->from->btf, btf_enum(t)[i].name_off),
						  btf_enum(t)[i].val);
		else
			err = btf__add_enum64_value(c->to,
						    btf__name_by_offset(c->from->btf, btf_enum64(t)[i].name_off),
						    btf_enum64_value(&btf_enum64(t)[i]));
		if (err < 0)
			c->failed = true;
	}
	return id;
}

static int copy_array(struct cut *c, const struct btf_type *t, unsigned depth)
{
	const struct btf_array *a = btf_array(t);
	int index = copy_type(c, a->index_type, depth + 1), elem = copy_type(c, a->type, depth + 1);

	return btf__add_array(c->to, index, elem, a->nelems);
}

static int copy_modifier(struct cut *c, const struct btf_type *t, const char *name, unsigned depth)
{
	int of = t->type ? copy_type(c, t->type, depth + 1) : 0;

	switch (btf_kind(t)) {
	case BTF_KIND_TYPEDEF: return btf__add_typedef(c->to, name, of);
	case BTF_KIND_CONST: return btf__add_const(c->to, of);
	case BTF_KIND_VOLATILE: return btf__add_volatile(c->to, of);
	case BTF_KIND_RESTRICT: return btf__add_restrict(c->to, of);
	default: return of; /* a type tag says nothing of the layout */
	}
}

/* Where a pointer points to is not looked at by relocations, so the copy ends there. */
static int copy_type(struct cut *c, uint32_t id, unsigned depth)
{
	const struct btf_type *t = btf__type_by_id(c->from->btf, id);
	const char *name;
	int to;

	if (!id || !t || c->map[id])
		return !id || !t ? 0 : (int)c->map[id];
	if (depth > DEPTH_MAX) {
		c->failed = true;
		return 0;
	}
	name = btf__name_by_offset(c->from->btf, t->name_off);
	switch (btf_kind(t)) {
	case BTF_KIND_INT: to = btf__add_int(c->to, name, t->size, btf_int_encoding(t)); break;
	case BTF_KIND_FLOAT: to = btf__add_float(c->to, name, t->size); break;
	case BTF_KIND_PTR: to = btf__add_ptr(c->to, 0); break;
	case BTF_KIND_ARRAY: to = copy_array(c, t, depth); break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: to = copy_composite(c, t, name, depth); break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64: to = copy_enum(c, t, name); break;
	case BTF_KIND_FWD: to = btf__add_fwd(c->to, name, btf_kflag(t) ? BTF_FWD_UNION : BTF_FWD_STRUCT); break;
	case BTF_KIND_FUNC_PROTO: to = btf__add_func_proto(c->to, 0); break;
	default: to = copy_modifier(c, t, name, depth);
	}
	if (to < 0) {
		c->failed = true;
		return 0;
	}
	c->map[id] = (uint32_t)to;
	return to;
}

/* CO-RE: what follows "___" in a local name only tells versions of a type apart. */
static char *essential(const char *name)
{
	const char *flavor = strstr(name, "___");

	return flavor && flavor != name ? xstrndup(name, (size_t)(flavor - name)) : xstrdup(name);
}

static bool copy_named(const struct kernel_types *types, struct cut *cuts, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < types->sources.len && !found; i++) {
		uint32_t at = hash_name(name), id;
		const struct btf_type *t;

		while ((t = find_next(cuts[i].from, name, &at, &id))) {
			if (btf_is_func(t))
				continue;
			copy_type(&cuts[i], id, 0);
			found = true;
		}
	}
	return found;
}

/* ---- tracepoint formats --------------------------------------------------------------------------- */

struct format_field {
	char name[64];
	uint32_t offset, size;
	int is_signed;
};

/* "\tfield:unsigned long guest_rip;\toffset:24;\tsize:8;\tsigned:0;" */
static bool parse_field(const char *line, struct format_field *f)
{
	const char *semicolon = strchr(line, ';'), *end = semicolon, *start;

	if (!semicolon || sscanf(semicolon, "; offset:%u; size:%u; signed:%d", &f->offset, &f->size,
				 &f->is_signed) != 3)
		return false;
	if (end > line && end[-1] == ']')
		while (end > line && *--end != '[')
			;
	start = end;
	while (start > line && start[-1] != ' ' && start[-1] != '*' && start[-1] != ':')
		start--;
	if (start == end || (size_t)(end - start) >= sizeof(f->name) || !f->size || f->offset > FORMAT_MAX ||
	    f->size > FORMAT_MAX)
		return false;
	memcpy(f->name, start, (size_t)(end - start));
	f->name[end - start] = 0;
	return true;
}

static int field_type(struct btf *btf, const struct format_field *f)
{
	char name[16];

	if (f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8) {
		snprintf(name, sizeof(name), "%c%u", f->is_signed ? 's' : 'u', f->size * 8);
		return btf__add_int(btf, name, f->size, f->is_signed ? BTF_INT_SIGNED : 0);
	}
	return btf__add_array(btf, btf__add_int(btf, "u32", 4, 0), btf__add_int(btf, "u8", 1, 0), f->size);
}

bool kernel_types_add_format(struct btf *btf, const char *event, const char *format)
{
	struct format_field *fields = xcalloc(FIELDS_MAX, sizeof(*fields));
	_free_ char *name = xasprintf("trace_event_raw_%s", event);
	_free_ int *types = xcalloc(FIELDS_MAX, sizeof(*types));
	uint32_t size = 0;
	unsigned n = 0;

	for (const char *p = format; (p = strstr(p, "field:")) && n < FIELDS_MAX; p++) {
		if (!parse_field(p, &fields[n]))
			continue;
		if (fields[n].offset + fields[n].size > size)
			size = fields[n].offset + fields[n].size;
		types[n] = field_type(btf, &fields[n]);
		n++;
	}
	if (n && btf__add_struct(btf, name, size) < 0)
		n = 0;
	for (unsigned i = 0; i < n; i++)
		btf__add_field(btf, fields[i].name, types[i], fields[i].offset * 8, 0);
	free(fields);
	return n;
}

static void add_format(struct btf *to, const char *section)
{
	_free_ char *path = NULL, *system = xstrdup(section + strlen("tp/")), *text = xcalloc(1, FORMAT_MAX);
	char *event = strchr(system, '/');
	_error_ struct error *error = NULL;
	_close_ int fd = -1;
	size_t len = 0;
	ssize_t n;

	if (!event)
		return;
	*event++ = 0;
	path = xasprintf("events/%s/%s/format", system, event);
	/* Not there: then the program does not load, and that rung's refusal tells. */
	error = tracefs_open(path, O_RDONLY, &fd);
	if (error)
		return;
	while (len < FORMAT_MAX - 1 && (n = read(fd, text + len, FORMAT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	kernel_types_add_format(to, event, text);
}

static void add_formats(const struct kernel_types *types, const struct bpf_object *obj, struct btf *to)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		const char *section = bpf_program__section_name(prog), *event = strrchr(section, '/');
		_free_ char *name = event ? xasprintf("trace_event_raw_%s", event + 1) : NULL;

		if (!strncmp(section, "tp/", 3) && name && bpf_program__autoload(prog) &&
		    btf__find_by_name_kind(bpf_object__btf(obj), name, BTF_KIND_STRUCT) > 0 &&
		    !kernel_types_has_struct(types, name))
			add_format(to, section);
	}
}

/* ---- a file of it -------------------------------------------------------------------------------- */

static struct error *to_file(const struct btf *btf, int *ret_fd)
{
	_close_ int fd = memfd_create("vmscope-btf", MFD_CLOEXEC);
	const char *data;
	uint32_t size;

	if (fd < 0)
		return error_errno(errno, "cannot make a memory file for kernel types");
	data = btf__raw_data(btf, &size);
	for (uint32_t done = 0; data && done < size;) {
		ssize_t n = write(fd, data + done, size - done);

		if (n < 0)
			return error_errno(errno, "cannot write kernel types to a memory file");
		done += (uint32_t)n;
	}
	if (!data)
		return error_create(ERROR_NOMEM, "no memory for the kernel types of a probe");
	*ret_fd = take_fd(fd);
	return NULL;
}

static struct error *cut_into(const struct kernel_types *types, const struct bpf_object *obj, struct btf *to)
{
	struct cut *cuts = xcalloc(types->sources.len + 1, sizeof(*cuts));
	const struct btf *local = bpf_object__btf(obj);
	bool failed = false;

	for (size_t i = 0; i < types->sources.len; i++)
		cuts[i] = (struct cut){
			.to = to, .from = &types->sources.data[i],
			.map = xcalloc(btf__type_cnt(types->sources.data[i].btf), sizeof(uint32_t)),
		};
	for (uint32_t id = 1; local && id < btf__type_cnt(local); id++) {
		const struct btf_type *t = btf__type_by_id(local, id);
		_free_ char *name = essential(btf__name_by_offset(local, t->name_off));

		if (*name && (btf_is_composite(t) || btf_is_any_enum(t) || btf_is_typedef(t)))
			copy_named(types, cuts, name);
	}
	for (size_t i = 0; i < types->sources.len; i++) {
		failed |= cuts[i].failed;
		free(cuts[i].map);
	}
	free(cuts);
	return failed ? error_create(ERROR_FAILED, "the kernel's type information (BTF) does not make sense") : NULL;
}

struct error *kernel_types_cut(const struct kernel_types *types, const struct bpf_object *obj, int *ret_fd)
{
	struct btf *to = btf__new_empty();
	struct error *error;

	if (!to)
		return error_errno(errno, "cannot make BTF for a probe");
	/* libbpf takes no empty one. */
	btf__add_int(to, "int", 4, BTF_INT_SIGNED);
	error = cut_into(types, obj, to);
	add_formats(types, obj, to);
	if (!error)
		error = to_file(to, ret_fd);
	btf__free(to);
	return error;
}
