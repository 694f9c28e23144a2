/** Lines of ordinary logs that look a little like splats, or mention one. */
export const ORDINARY = `<5>[    0.000000] Linux version 5.10.223 (lab@lab) (gcc (Debian 12.2.0-14) 12.2.0, GNU ld 2.40) #1 SMP
<6>[    0.000000] Command line: console=ttyS0 loglevel=4 panic=-1 root=/dev/vda rw init=/usr/sbin/lab-init
<6>[    0.000000] BIOS-provided physical RAM map:
<4>[    0.050000] [Firmware Bug]: TSC doesn't count with P0 frequency!
<6>[    0.080000] rcu: Hierarchical RCU implementation.
<6>[    0.080000] rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.
<4>[    0.100000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!
<3>[    0.110000] unchecked MSR access error: RDMSR from 0x1a0 at rIP: 0xffffffff81043a94 (native_read_msr+0x4/0x30)
<6>[    0.120000] NMI watchdog: Perf NMI watchdog permanently disabled
<6>[    0.130000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15738)
<6>[    0.130000] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
<6>[    0.140000] | Locking API testsuite:
<6>[    0.150000] kasan: KernelAddressSanitizer initialized
<4>[    0.200000] clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable because the skew is too large:
<4>[    0.300000] TSC found unstable after boot, most likely due to broken BIOS. Use 'tsc=unstable'.
<6>[    1.100000] EXT4-fs (vda): mounted filesystem with ordered data mode. Opts: (null)
<12>[    1.200000] systemd[1]: WARNING: CPU: 0 PID: 1 at kernel/foo.c:12 bar+0x1/0x2
<12>[    1.210000] BUG: a program wrote this to /dev/kmsg
<12>[    1.220000] WARNING: CPU: 0 PID: 1 at kernel/foo.c:12 bar+0x1/0x2
<4>[    1.300000] trace_kprobe: Could not probe notrace function copyout
<6>[    1.400000] traps: demo[71] general protection fault ip:401136 sp:7ffd6c1d2e50 error:0 in demo[401000+1000]
<6>[    1.500000] demo[72]: segfault at 0 ip 0000000000401136 sp 00007ffd6c1d2e50 error 4 in demo[401000+1000]
<6>[    2.000000] sysrq: Show backtrace of all active CPUs
<6>[    2.000001] NMI backtrace for cpu 0
<4>[    2.000002] CPU: 0 PID: 71 Comm: sh Not tainted 5.10.223 #1
<4>[    2.000003] Call Trace:
<4>[    2.000004]  dump_stack+0x57/0x6a
<4>[    2.000005]  nmi_cpu_backtrace.cold+0x32/0x69
<4>[    2.100000] demo: loading out-of-tree module taints kernel.
<4>[    2.200000] sh (71): drop_caches: 3
<4>[    2.300000] perf: interrupt took too long (2503 > 2500), lowering kernel.perf_event_max_sample_rate to 79750
<3>[    2.400000] Out of memory: Killed process 71 (demo) total-vm:1024kB, anon-rss:512kB, file-rss:0kB
<4>[    2.500000] hrtimer: interrupt took 2503125 ns
<4>[    2.600000] bpf_get_probe_write_proto: 2 callbacks suppressed
`
