/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tp_btf:NAME, fentry:FUNCTION, kprobe:FUNCTION, kretprobe:FUNCTION: arguments by the kernel's own types,
 * args.vcpu->vcpu_id. Where there is no BTF, kprobes have arg0 to arg5 and kretprobes retval.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "probes/host.h"
#include "probes/kernel.h"
#include "probes/lang/event.h"
#include "probes/lang/lang.h"
#include "probes/lang/typed.h"
#include "probes/set.h"

#if defined(__x86_64__)
/* struct pt_regs of arch/x86/include/uapi/asm/ptrace.h: rdi, rsi, rdx, rcx, r8, r9; rax. */
static const uint16_t arg_offsets[] = { 112, 104, 96, 88, 72, 64 };
#define RETVAL_OFFSET 80
#elif defined(__powerpc64__)
/* arch/powerpc/include/uapi/asm/ptrace.h: gpr[3] ...; gpr[3]. */
static const uint16_t arg_offsets[] = { 24, 32, 40, 48, 56, 64 };
#define RETVAL_OFFSET 24
#else
static const uint16_t arg_offsets[] = { 0 };
#define RETVAL_OFFSET 0
#endif

struct function {
	struct typed_args args;
	bool is_typed, is_regs;	/* @is_regs: the context is pt_regs */
	char *name;
	int module_fd;		/* BTF of the module it is in; 0: the kernel itself */
	struct btf *module;
};

/* ---- attaching ------------------------------------------------------------------------------------ */

static struct error *attach_tracing(const struct lang_event *ev, int prog_fd, struct lang_fds *fds)
{
	int fd = bpf_raw_tracepoint_open(NULL, prog_fd);

	if (fd < 0)
		return caps_hint(error_errno(errno, "cannot attach to %s", ev->place), errno);
	vec_push(&fds->list, fd);
	return NULL;
}

/* The number of a PMU that the kernel makes known by name. */
static struct error *pmu_type(const char *pmu, uint32_t *ret)
{
	_free_ char *path = xasprintf("/sys/bus/event_source/devices/%s/type", pmu);
	_fclose_ FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%u", ret) != 1)
		return error_hint(error_create(ERROR_UNSUPPORTED, "this kernel has no %ss", pmu),
				  "CONFIG_KPROBE_EVENTS gives them; tracepoints work without");
	return NULL;
}

static struct error *attach_kprobe(const struct lang_event *ev, int prog_fd, struct lang_fds *fds)
{
	const struct function *f = ev->data;
	struct perf_event_attr attr = { .size = sizeof(attr) };
	uint32_t type;
	struct error *error = pmu_type("kprobe", &type);

	if (error)
		return error;
	attr.type = type;
	attr.config = !strcmp(ev->ops->rung, "kretprobe");
	attr.config1 = (uint64_t)(uintptr_t)f->name;
	int fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		int err = errno;
		if (err == ENOENT || err == EINVAL)
			return error_create(ERROR_NOT_FOUND, "this kernel has no function %s to probe", f->name);
		error = error_errno(err, "cannot place a kprobe on %s", f->name);
		return err == EPERM || err == EACCES ? caps_hint(error, err) : error;
	}
	vec_push(&fds->list, fd);
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0 || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return error_errno(errno, "cannot attach to %s", ev->place);
	return NULL;
}

static void destroy(struct lang_event *ev)
{
	struct function *f = ev->data;

	btf__free(f->module);
	if (f->module_fd > 0)
		close(f->module_fd);
	free(f->name);
	free(f);
}

static const struct lang_event_ops kinds[] = {
	{ .prog_type = BPF_PROG_TYPE_TRACING, .expected_attach = BPF_TRACE_RAW_TP, .rung = "tp_btf",
	  .attach = attach_tracing, .destroy = destroy },
	{ .prog_type = BPF_PROG_TYPE_TRACING, .expected_attach = BPF_TRACE_FENTRY, .rung = "fentry",
	  .attach = attach_tracing, .destroy = destroy },
	{ .prog_type = BPF_PROG_TYPE_KPROBE, .rung = "kprobe", .attach = attach_kprobe, .destroy = destroy },
	{ .prog_type = BPF_PROG_TYPE_KPROBE, .rung = "kretprobe", .attach = attach_kprobe, .destroy = destroy },
};

/* ---- types ---------------------------------------------------------------------------------------- */

/* Id of the prototype of @name in @btf, and the id to attach to; false: not in there. */
static bool find_in(const struct btf *btf, const char *name, bool tracepoint, uint32_t *ret_attach, uint32_t *ret_proto)
{
	_free_ char *typedef_name = xasprintf("btf_trace_%s", name);
	int id = btf__find_by_name_kind(btf, tracepoint ? typedef_name : name,
					tracepoint ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	if (!t)
		return false;
	*ret_attach = id;
	*ret_proto = t->type;
	t = btf__type_by_id(btf, t->type);
	if (tracepoint && t && btf_is_ptr(t)) {
		*ret_proto = t->type;
		t = btf__type_by_id(btf, t->type);
	}
	/* The typedef's parameters have no names; the function that calls programs has them, where it is not
	 * one of a class of events. */
	_free_ char *caller = xasprintf("__bpf_trace_%s", name);
	int named = tracepoint ? btf__find_by_name_kind(btf, caller, BTF_KIND_FUNC) : -1;
	if (named > 0)
		*ret_proto = btf__type_by_id(btf, named)->type;
	return t && btf_is_func_proto(t);
}

/* Modules that have to do with VMs: reading the types of all would take long. */
static bool is_ours(const char *module)
{
	static const char *const names[] = { "kvm", "vhost", "vfio", "virtio", "irqbypass", "tun", "vsock" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(module, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool find_in_modules(struct function *f, struct btf *base, bool tracepoint, uint32_t *ret_attach,
			    uint32_t *ret_proto)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = (uint64_t)(uintptr_t)name, .name_len = sizeof(name) };
		uint32_t len = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0)
			continue;
		bool wanted = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.kernel_btf && is_ours(name);
		struct btf *btf = wanted ? btf__load_from_kernel_by_id_split(id, base) : NULL;
		if (btf && find_in(btf, f->name, tracepoint, ret_attach, ret_proto)) {
			f->module = btf;
			f->module_fd = fd;
			return true;
		}
		btf__free(btf);
		close(fd);
	}
	return false;
}

static bool function_reg(void *ctx, unsigned id, struct gen_field *ret)
{
	const struct lang_event *ev = ctx;
	const struct function *f = ev->data;

	if (f->is_regs && id >= ARRAY_SIZE(arg_offsets))
		return false;
	*ret = (struct gen_field){ .place = GEN_FIELD_CTX, .size = 8, .offset = f->is_regs ? arg_offsets[id] : 8 * id };
	return true;
}

static void add_typed_fields(struct lang_event *ev, const struct function *f)
{
	for (unsigned i = 0; i < typed_args_count(&f->args); i++) {
		bool is_signed, pointer;
		unsigned size;
		const char *name = typed_args_at(&f->args, i, &size, &is_signed, &pointer);
		struct gen_field at;
		if (!*name || !function_reg(ev, i, &at))
			continue;
		/* Arguments are registers: 8 bytes each, the upper ones of a narrow one are not defined. */
		unsigned power = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
		lang_event_field(ev, name, (is_signed ? FIELD_S8 : FIELD_U8) + power, pointer ? UNIT_HEX : UNIT_NONE,
				 1u << power, at.offset);
	}
}

static void add_plain_fields(struct lang_event *ev)
{
	char name[8];

	if (!strcmp(ev->ops->rung, "kretprobe")) {
		lang_event_field(ev, "retval", FIELD_S64, UNIT_NONE, 8, RETVAL_OFFSET);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(arg_offsets); i++) {
		snprintf(name, sizeof(name), "arg%u", i);
		lang_event_field(ev, name, FIELD_U64, UNIT_HEX, 8, arg_offsets[i]);
	}
}

static struct error *find_types(struct session *s, struct lang_event *ev)
{
	const struct kernel_types *types = probe_host_types(probe_set_host(probe_set_of(s)));
	struct function *f = ev->data;
	const char *missing = kernel_types_missing(types);
	bool tracepoint = !strcmp(ev->ops->rung, "tp_btf");
	const struct btf *btf = kernel_types_vmlinux(types);
	uint32_t id, proto;
	bool found = false;

	if (btf && !missing) {
		found = find_in(btf, f->name, tracepoint, &id, &proto);
		if (!found && find_in_modules(f, (struct btf *)btf, tracepoint, &id, &proto)) {
			btf = f->module;
			found = true;
		}
	}
	if (!found && !f->is_regs)
		return missing ? error_hint(error_create(ERROR_UNSUPPORTED, "%s wants the kernel's types: %s", ev->place,
							 missing), "tracepoint:SYSTEM:NAME and kprobe:FUNCTION need none") :
				 error_create(ERROR_NOT_FOUND, "this kernel's types know no %s %s",
					      tracepoint ? "tracepoint" : "function", f->name);
	if (found && strcmp(ev->ops->rung, "kretprobe") != 0) {
		typed_args_init(&f->args, btf, proto, tracepoint ? 1 : 0);
		f->is_typed = true;
		ev->scope = &f->args.scope;
		ev->reg = function_reg;
		/* Other programs may not say a function. */
		if (ev->ops->prog_type == BPF_PROG_TYPE_TRACING) {
			ev->attach_btf_id = id;
			ev->attach_btf_fd = f->module_fd;
		}
		add_typed_fields(ev, f);
	}
	if (f->is_regs)
		add_plain_fields(ev);
	return NULL;
}

struct error *lang_function_open(void *ctx, struct session *s, const struct probe_request *req,
				 struct probe_source **ret)
{
	const char *name = req->spec->name;

	if (strlen(name) > 120 || strpbrk(name, "*?:/ "))
		return error_create(ERROR_NOT_FOUND, "%s is not one name", name);
	_free_ char *full = xasprintf("%s.%s", req->spec->provider, name);
	const struct lang_event_ops *ops = NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].rung, req->spec->provider))
			ops = &kinds[i];
	if (!ops)
		return error_create(ERROR_NOT_FOUND, "there is no provider %s", req->spec->provider);
	if (ops->prog_type == BPF_PROG_TYPE_KPROBE && !probe_host_has_kprobes(probe_set_host(probe_set_of(s))))
		return error_hint(error_create(ERROR_UNSUPPORTED, "this kernel was built without kprobes"),
				  "CONFIG_KPROBES gives them; tracepoints work without");
	struct lang_event *ev = lang_event_create(ops, full, name);
	struct function *f = xcalloc(1, sizeof(*f));
	f->name = xstrdup(name);
	f->is_regs = ops->prog_type == BPF_PROG_TYPE_KPROBE;
	ev->data = f;
	struct error *error = find_types(s, ev);
	if (!error)
		return lang_source_create(s, req, &ev, 1, ret);
	lang_event_destroy(ev);
	return error;
}
