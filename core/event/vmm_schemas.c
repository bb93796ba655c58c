/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The schemas of the VMM's own events, built from the list; the compiler checks them against the structs. */
#include "core/event/event.h"

#include "core/base/vec.h"

/* KVM_INTERNAL_ERROR_*, linux/kvm.h. */
static const struct field_enum vmm_names_suberror[] = {
	{ 1, "emulation" }, { 2, "simultaneous-exceptions" }, { 3, "event-delivery" },
	{ 4, "unexpected-exit" }, { 0, NULL },
};

/* KVM_SYSTEM_EVENT_*, linux/kvm.h. */
static const struct field_enum vmm_names_system[] = {
	{ 1, "shutdown" }, { 2, "reset" }, { 3, "crash" }, { 4, "wakeup" }, { 5, "suspend" },
	{ 6, "sev-term" }, { 0, NULL },
};

/* enum stop_reason, core/target/target.h: a later area, so a unit test compares them. */
static const struct field_enum vmm_names_stop[] = {
	{ 0, "started" }, { 1, "step" }, { 2, "breakpoint" }, { 3, "watchpoint" }, { 4, "catchpoint" },
	{ 5, "interrupt" }, { 6, "guest-exit" }, { 7, "reset" }, { 8, "shutdown" }, { 9, "halted" },
	{ 10, "error" }, { 11, "condition-fault" }, { 12, "killed" },
	{ 13, "moved" }, { 0, NULL },
};

/* enum run_kind, core/target/target.h. */
static const struct field_enum vmm_names_resume[] = {
	{ 0, "continue" }, { 1, "step" }, { 0, NULL },
};

/* enum vcpu_state, core/target/target.h. */
static const struct field_enum vmm_names_vcpu[] = {
	{ 0, "stopped" }, { 1, "running" }, { 2, "halted" }, { 3, "waiting" }, { 4, "dead" }, { 0, NULL },
};

static const struct field_enum vmm_names_guest_exit[] = {
	{ VMM_GUEST_EXIT_DEBUG, "debug-exit" }, { VMM_GUEST_EXIT_POWEROFF, "poweroff" },
	{ VMM_GUEST_EXIT_RESET, "reset" }, { 0, NULL },
};

static const struct field_enum vmm_names_dir[] = {
	{ VMM_CONSOLE_OUT, "out" }, { VMM_CONSOLE_IN, "in" }, { 0, NULL },
};

static const struct field_enum vmm_names_where[] = {
	{ VMM_DROP_RING, "ring" }, { VMM_DROP_STORE, "store" }, { VMM_DROP_WRITER, "writer" },
	{ 0, NULL },
};

static const struct field_enum vmm_names_virtio_kick[] = {
	{ VMM_VIRTIO_KICK_DOORBELL, "doorbell" }, { VMM_VIRTIO_KICK_POLL, "poll" }, { 0, NULL },
};

/* The ids of core/decode/virtio/rules.def: a later area, so a unit test compares them. */
static const struct field_enum vmm_names_virtio_rule[] = {
	{ 1, "RI01" }, { 2, "RI02" }, { 3, "RI03" }, { 4, "RI04" }, { 5, "RI05" }, { 6, "RI06" },
	{ 7, "RI07" }, { 8, "RI08" }, { 9, "RI09" }, { 10, "RI10" }, { 11, "RI11" }, { 12, "RI12" },
	{ 13, "RI13" }, { 14, "RI14" }, { 15, "RI15" }, { 16, "RI16" }, { 17, "RI17" }, { 18, "RI18" },
	{ 0, NULL },
};

/* PAPR hypercalls. */
static const struct field_enum vmm_names_hcall[] = {
#define HCALL(nr, name) { nr, #name },
#include "core/arch/ppc64_hcalls.def"
#undef HCALL
	{ 0, NULL },
};
static const struct field_enum vmm_names_hcall_ret[] = {
#define HCALL_RESULT(value, name) { (uint64_t)(value), #name },
#include "core/arch/ppc64_hcall_results.def"
#undef HCALL_RESULT
	{ 0, NULL },
};

static const struct field_enum vmm_names_origin[] = {
	{ VMM_XIVE_GUEST, "guest" }, { VMM_XIVE_DEVICE, "device" }, { VMM_XIVE_USER, "user" },
	{ VMM_XIVE_INFERRED, "inferred" }, { 0, NULL },
};
static const struct field_enum vmm_names_pq[] = {
	{ 0, "00" }, { 1, "01" }, { 2, "10" }, { 3, "11" }, { 0xff, "?" }, { 0, NULL },
};

/* A description must say the size the struct has. Raw bytes and strings have any size. */
#define CHECK_U8(size) ((size) == 1)
#define CHECK_U16(size) ((size) == 2)
#define CHECK_U32(size) ((size) == 4)
#define CHECK_U64(size) ((size) == 8)
#define CHECK_S64(size) ((size) == 8)
#define CHECK_BYTES(size) ((size) > 0)
#define CHECK_STRING(size) ((size) > 1)
#define F(s, member, type_, unit_, names_) \
	_Static_assert(CHECK_##type_(sizeof(((s *)0)->member)), #s "." #member " is not " #type_);
#define VMM_EVENT(id, name_, help_, payload, ...) \
	__VA_ARGS__ \
	_Static_assert(sizeof(payload) % 8 == 0, name_ ": payloads are padded to 8 bytes"); \
	_Static_assert(sizeof(struct event) + sizeof(payload) <= EVENT_SIZE_MAX, name_ ": too big");
#include "core/event/vmm_events.def"
#undef VMM_EVENT
#undef F

#define F(s, member, type_, unit_, names_) { \
	.name = #member, .type = FIELD_##type_, .offset = offsetof(s, member), \
	.size = sizeof(((s *)0)->member), .unit = UNIT_##unit_, .names = names_, \
},
#define VMM_EVENT(id, name_, help_, payload, ...) \
	static const struct field fields_##id[] = { __VA_ARGS__ };
#include "core/event/vmm_events.def"
#undef VMM_EVENT
#undef F

const struct schema vmm_schemas[VMM_EVENT_COUNT] = {
#define VMM_EVENT(id_, name_, help_, payload, ...) [VMM_##id_] = { \
	.name = name_, .help = help_, .fields = fields_##id_, .nfields = ARRAY_SIZE(fields_##id_), \
	.size = sizeof(payload), .id = VMM_##id_, \
},
#include "core/event/vmm_events.def"
#undef VMM_EVENT
};
