/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/process.h"

#include <libgen.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/arch/x86_64.h"
#include "tests/lib/test.h"

char *fixture_path(const char *name)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(n > 0);
	exe[n] = '\0';
	return xasprintf("%s/data/%s", dirname(exe), name);
}

bool process_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct process *p = ctx;
	struct iovec local = { buf, len }, remote = { (void *)(uintptr_t)addr, len };

	return process_vm_readv(p->pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

struct mem_reader process_reader(struct process *p)
{
	return (struct mem_reader){ .ctx = p, .virt = process_read, .phys = process_read };
}

void process_kill(struct process *p)
{
	int status;

	kill(p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
}

#ifdef __x86_64__
bool process_start(struct process *p, const char *fixture)
{
	_free_ char *path = fixture_path(fixture);
	int status = 0;

	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		execl(path, path, (char *)NULL);
		_exit(78);
	}
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	if (WIFSTOPPED(status))
		return true;
	print_message("skipped: %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 77
					       ? "this process may not trace another"
					       : "the fixture does not run here");
	return false;
}

void process_step(struct process *p)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, p->pid, NULL, NULL), 0);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
}

void process_regs(struct process *p, struct regs *ret)
{
	struct user_regs_struct u;

	assert_int_equal(ptrace(PTRACE_GETREGS, p->pid, NULL, &u), 0);
	const uint64_t values[] = { u.rax, u.rbx, u.rcx, u.rdx, u.rsi, u.rdi, u.rbp, u.rsp, u.r8, u.r9,
				    u.r10, u.r11, u.r12, u.r13, u.r14, u.r15, u.rip, u.eflags };
	regs_init(ret, &arch_x86_64);
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		regs_set(ret, X86_RAX + i, values[i]);
	regs_set(ret, X86_CR0, 1);
	regs_set(ret, X86_EFER, 0x500);
	regs_set(ret, X86_CS_ATTR, X86_ATTR(11, 1, 3, 1, 0, 1, 0, 1, 0));
}

void process_run_to(struct process *p, uint64_t addr)
{
	struct regs regs;

	for (unsigned n = 0; n < 100000; n++) {
		process_step(p);
		process_regs(p, &regs);
		if (regs_u64(&regs, X86_RIP) == addr)
			return;
	}
	fail_msg("0x%llx was never reached", (unsigned long long)addr);
}
#else
bool process_start(struct process *p, const char *fixture)
{
	print_message("skipped: the host does not run x86-64 code\n");
	return false;
}

void process_step(struct process *p) { fail(); }
void process_run_to(struct process *p, uint64_t addr) { fail(); }
void process_regs(struct process *p, struct regs *ret) { fail(); }
#endif

/* ---- target ---------------------------------------------------------------------------------- */

struct process_target {
	struct target target;
	struct process *process;
};

static struct process *process_of(struct target *t)
{
	return container_of(t, struct process_target, target)->process;
}

static void target_free(struct target *t)
{
	free(t->title);
	free(container_of(t, struct process_target, target));
}

static unsigned one_vcpu(struct target *t)
{
	return 1;
}

static struct error *read_vcpu(struct target *t, unsigned vcpu, struct vcpu_info *ret)
{
	struct regs regs;

	process_regs(process_of(t), &regs);
	*ret = (struct vcpu_info){ .state = VCPU_STOPPED, .pc = regs_u64(&regs, X86_RIP) };
	return NULL;
}

static struct error *read_regs(struct target *t, unsigned vcpu, unsigned groups, struct regs *ret,
			       bool *ret_stale)
{
	process_regs(process_of(t), ret);
	*ret_stale = false;
	return NULL;
}

static struct error *read_phys(struct target *t, uint64_t gpa, void *buf, size_t len)
{
	if (process_read(process_of(t), gpa, buf, len))
		return NULL;
	return error_create(ERROR_FAULT, "cannot read memory at 0x%llx", (unsigned long long)gpa);
}

static struct error *write_phys(struct target *t, uint64_t gpa, const void *buf, size_t len)
{
	struct iovec local = { (void *)(uintptr_t)buf, len }, remote = { (void *)(uintptr_t)gpa, len };

	if (process_vm_writev(process_of(t)->pid, &local, 1, &remote, 1, 0) == (ssize_t)len)
		return NULL;
	return error_create(ERROR_FAULT, "cannot write memory at 0x%llx", (unsigned long long)gpa);
}

static enum target_state stopped(struct target *t)
{
	return TARGET_STOPPED;
}

struct target *process_target_create(struct process *p)
{
	static const struct target_ops ops = {
		.name = "process", .destroy = target_free, .vcpu_count = one_vcpu, .vcpu_info = read_vcpu,
		.regs_read = read_regs, .phys_read = read_phys, .phys_write = write_phys, .state = stopped,
	};
	struct process_target *t = xcalloc(1, sizeof(*t));

	t->target = (struct target){ .ops = &ops, .arch = &arch_x86_64, .title = xstrdup("process") };
	t->process = p;
	return &t->target;
}
