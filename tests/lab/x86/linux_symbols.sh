#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1 6.12
# The symbols and messages that are found in the guest's memory are those the guest itself shows; a
# breakpoint by name stops where that function starts.
names='init_task|vfs_read|start_kernel|kvm_clock_get_cycles|linux_banner'
cat >/tmp/commands <<CMD
catch io if port == 0x3f8 && value == 0x7e
continue
delete
linux symbols
linux dmesg 1
linux cmdline
$(for name in $(echo $names | tr '|' ' '); do echo "print &$name"; done)
break kernel_power_off
continue
print/d \$rip - kernel_power_off
info symbol \$rip
delete
continue
CMD
for kernel in 6.1 6.12; do
	# '~' tells that the guest is done with printing.
	vmscope run --batch /tmp/commands --kernel guest/vmlinuz-$kernel --initrd guest/initrd --smp 2 \
		--mem 512M --console stdio --append "console=ttyS0 quiet no_timer_check lpj=1000000 \
\"run=grep -wE '$names' /proc/kallsyms; echo from-the-guest >/dev/kmsg; echo .~\" end=poweroff" \
		>/tmp/out 2>&1 || cat /tmp/out
	tr -d '\r' </tmp/out >/tmp/text
	sed -nE "s/^([0-9a-f]{16}) . ($names)\$/\2 0x\1/p" /tmp/text | sort >/tmp/theirs
	sed -nE "s/^[$][0-9]+ = (0x[0-9a-f]{16}) <($names)>\$/\2 \1/p" /tmp/text | sort >/tmp/ours
	[ -s /tmp/theirs ] && [ "$(cat /tmp/ours)" = "$(cat /tmp/theirs)" ] &&
		echo "Linux $kernel: $(wc -l </tmp/ours) symbols are where the guest says" || {
		echo "Linux $kernel: symbols differ"
		cat /tmp/text
	}
	grep -oE 'Linux [0-9.]+.*: [0-9]{5,6} symbols' /tmp/text | sed -E 's/: [0-9]+/: N/; s/[0-9]+\.[0-9.]+[^:]*/V/'
	grep -oE 'from-the-guest$' /tmp/text | tail -n 1
	grep -E '^console=ttyS0' /tmp/text | cut -c1-40
	sed -nE '/^vCPU [0-9] hit breakpoint/,$p' /tmp/text | sed -E '/^=> /d; s/0x[0-9a-f]{9,}/ADDR/g; s/of [0-9]+ bytes/of N bytes/; s/vCPU [0-9]/vCPU N/; s/^\[ *[0-9.]+\]/[T]/'
done
