/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device thread parses what a hostile guest writes. Should that ever go wrong, the thread can do what
 * devices do (files and sockets that are open, memory, waiting) and open sockets for the user network, but
 * start no program, open no file, and touch no other process: those calls fail with EPERM. It is a list of what
 * is refused, not of what is allowed: libraries (and libc's updates) may use what we can not foresee.
 */
#include "guest/virtio/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

#include "core/base/vec.h"

bool confine_thread(void)
{
	static const int refused[] = {
		SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
		SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
		SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd),
		SCMP_SYS(pidfd_send_signal),
		SCMP_SYS(creat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
		SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat),
		SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod), SCMP_SYS(mknodat),
		SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(lchown),
		SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(chdir), SCMP_SYS(fchdir),
		SCMP_SYS(chroot), SCMP_SYS(pivot_root), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(setns),
		SCMP_SYS(unshare), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(fsopen),
		SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
		SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(capset),
		SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(init_module), SCMP_SYS(finit_module),
		SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
		SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(userfaultfd),
		SCMP_SYS(io_uring_setup), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(settimeofday),
		SCMP_SYS(clock_settime), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	};
	/* For reading only: /etc/resolv.conf, which libslirp looks at again when it changes. */
	static const int opens[] = { SCMP_SYS(open), SCMP_SYS(openat) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	bool ok = ctx != NULL;

	for (size_t i = 0; ok && i < ARRAY_SIZE(refused); i++)
		/* Calls this architecture does not have are negative numbers, which change nothing. */
		ok = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0) == 0;
	for (size_t i = 0; ok && i < ARRAY_SIZE(opens); i++)
		ok = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), opens[i], 1,
				      SCMP_CMP(i + 1, SCMP_CMP_MASKED_EQ, 1, 1)) == 0 && /* O_WRONLY */
		     seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), opens[i], 1,
				      SCMP_CMP(i + 1, SCMP_CMP_MASKED_EQ, 2, 2)) == 0;	/* O_RDWR */
	/* openat2 has its flags in memory, where a filter can not look. */
	ok = ok && seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0) == 0;
	ok = ok && seccomp_load(ctx) == 0; /* no new privileges, for this thread */
	seccomp_release(ctx);
	return ok;
}
