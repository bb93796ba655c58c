/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `doctor` asks about running guests: KVM, its capabilities, which stop mechanisms work. */
#include "guest/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "guest/stops.h"

int doctor_kvm_open(void)
{
	return machine_host.unsupported ? -1 : open("/dev/kvm", O_RDWR | O_CLOEXEC);
}

/* The modules that serve KVM here: "kvm_intel", "kvm_amd", or something else. */
static void backends(struct text *t)
{
	DIR *dir = opendir("/sys/module");
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strncmp(e->d_name, "kvm_", 4) == 0)
			text_printf(t, ", %s", e->d_name);
	if (dir)
		closedir(dir);
}

static enum doctor_verdict missing_device(int err, char **ret_value, char **ret_fix)
{
	*ret_value = xasprintf("/dev/kvm: %s", strerror(err));
	if (err == EACCES || err == EPERM)
		*ret_fix = xstrdup("sudo usermod -aG kvm $USER, then log in again (or run as root)");
	else
		*ret_fix = machine_host.missing_kvm();
	return DOCTOR_MISSING;
}

static enum doctor_verdict check_kvm(char **ret_value, char **ret_fix)
{
	struct text t = { 0 };
	_close_ int fd = -1;
	int api;

	if (machine_host.unsupported) {
		struct error *err = machine_host.unsupported();

		*ret_value = xstrdup(error_message(err));
		*ret_fix = xstrdup(error_hint_text(err) ? error_hint_text(err) : "");
		error_destroy(err);
		return DOCTOR_MISSING;
	}
	fd = doctor_kvm_open();
	if (fd < 0)
		return missing_device(errno, ret_value, ret_fix);
	api = ioctl(fd, KVM_GET_API_VERSION, 0);
	text_printf(&t, "API %d", api);
	backends(&t);
	*ret_value = text_take(&t);
	if (api == KVM_API_VERSION)
		return DOCTOR_OK;
	*ret_fix = xasprintf("vmscope needs KVM API %d: a kernel of 2007 or later", KVM_API_VERSION);
	return DOCTOR_MISSING;
}

static enum doctor_verdict no_kvm(char **ret_value, char **ret_fix)
{
	*ret_value = xstrdup("not known without KVM");
	*ret_fix = xstrdup("see kvm");
	return DOCTOR_MISSING;
}

enum doctor_verdict doctor_cap(long cap, enum doctor_verdict without, const char *consequence,
			       char **ret_value, char **ret_fix)
{
	_close_ int fd = doctor_kvm_open();
	int r;

	if (fd < 0)
		return no_kvm(ret_value, ret_fix);
	r = ioctl(fd, KVM_CHECK_EXTENSION, cap);
	*ret_value = r > 1 ? xasprintf("yes (0x%x)", r) : xstrdup(r == 1 ? "yes" : "no");
	if (r > 0)
		return DOCTOR_OK;
	*ret_fix = xstrdup(consequence);
	return without;
}

static enum doctor_verdict check_immediate_exit(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_IMMEDIATE_EXIT, DOCTOR_MISSING,
			  "a newer kernel (4.13): a guest cannot be stopped safely without", ret_value, ret_fix);
}

static enum doctor_verdict check_sync_regs(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_SYNC_REGS, DOCTOR_WARN,
			  "nothing needed: registers are read by two more calls a step", ret_value, ret_fix);
}

static enum doctor_verdict check_guest_debug(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_SET_GUEST_DEBUG, DOCTOR_MISSING, "without it nothing can step or break",
			  ret_value, ret_fix);
}

static enum doctor_verdict check_readonly(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_READONLY_MEM, DOCTOR_WARN,
			  "nothing needed: ROM is writable, watchpoints take the slow way", ret_value, ret_fix);
}

static enum doctor_verdict check_vcpus(char **ret_value, char **ret_fix)
{
	_close_ int fd = doctor_kvm_open();
	int max, good;

	if (fd < 0)
		return no_kvm(ret_value, ret_fix);
	max = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	good = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
	*ret_value = xasprintf("%d at most, %d recommended", max > 0 ? max : good, good);
	return DOCTOR_OK;
}

static bool support(struct mech_support *ret, char **ret_value, char **ret_fix)
{
	_close_ int fd = doctor_kvm_open();
	struct error *err;

	if (fd < 0) {
		no_kvm(ret_value, ret_fix);
		return false;
	}
	err = mech_probe(fd, ret);
	if (!err)
		return true;
	*ret_value = xasprintf("the self-test failed: %s", error_message(err));
	*ret_fix = xstrdup("see dmesg");
	error_destroy(err);
	return false;
}

static enum doctor_verdict check_step(char **ret_value, char **ret_fix)
{
	struct mech_support can;

	if (!support(&can, ret_value, ret_fix))
		return DOCTOR_MISSING;
	*ret_value = xstrdup(can.step ? "works (self-test)" : "does not work (self-test)");
	if (can.step)
		return DOCTOR_OK;
	*ret_fix = xstrdup("another kernel or host: this KVM does not single-step");
	return DOCTOR_MISSING;
}

static enum doctor_verdict check_breakpoints(char **ret_value, char **ret_fix)
{
	struct mech_support can;

	if (!support(&can, ret_value, ret_fix))
		return DOCTOR_MISSING;
	if (can.break_dr && can.break_byte) {
		*ret_value = xstrdup("debug registers, planted bytes, stepping");
		return DOCTOR_OK;
	}
	*ret_value = xstrdup(can.break_dr ? "debug registers, then stepping" :
			     can.break_byte ? "planted bytes" : "stepping only");
	*ret_fix = xasprintf("nothing needed: this KVM %s; beyond that the guest is single-stepped",
			     can.break_dr ? "serves 4 breakpoints by debug registers" :
			     can.break_byte ? "has no debug registers" : "traps on none");
	return DOCTOR_WARN;
}

static enum doctor_verdict check_watchpoints(char **ret_value, char **ret_fix)
{
	struct mech_support can;

	if (!support(&can, ret_value, ret_fix))
		return DOCTOR_MISSING;
	*ret_value = xstrdup(can.watch_dr ? "debug registers, then stepping" : "stepping only");
	if (can.watch_dr)
		return DOCTOR_OK;
	*ret_fix = xstrdup("nothing needed: this KVM ignores data breakpoints; the guest is single-stepped "
			   "while one is armed");
	return DOCTOR_WARN;
}

static const struct doctor_check checks[] = {
	{ "kvm", check_kvm },
	{ "kvm.immediate_exit", check_immediate_exit },
	{ "kvm.sync_regs", check_sync_regs },
	{ "kvm.guest_debug", check_guest_debug },
	{ "kvm.readonly_mem", check_readonly },
	{ "kvm.max_vcpus", check_vcpus },
	{ "kvm.step", check_step },
	{ "kvm.breakpoints", check_breakpoints },
	{ "kvm.watchpoints", check_watchpoints },
};

void doctor_register(struct session *session)
{
	/* Where no guest can run there is one thing to say. */
	size_t n = machine_host.unsupported ? 1 : ARRAY_SIZE(checks);

	for (size_t i = 0; i < n; i++)
		session_add_check(session, &checks[i]);
	for (unsigned i = 0; machine_host.checks && machine_host.checks[i].name; i++)
		session_add_check(session, &machine_host.checks[i]);
}
