/** Panics by what stands behind "not syncing:": most of them are consequences, or were asked for by a setting. */

interface Panic {
  readonly says: RegExp
  readonly cause: string
  readonly fixes: readonly string[]
}

const ABOVE =
  'the report above it (the first one of the console) is the reason; panic=10 on the command line reboots afterwards'

export const PANICS: readonly Panic[] = [
  {
    says: /Fatal exception|Oops|Aiee, killing interrupt handler|killing interrupt handler|Attempted to kill the idle task/,
    cause:
      'an oops (a wrong address, BUG) happened where no task can be killed for it: in an interrupt, in the idle task, or with panic_on_oops=1. The panic is only its consequence',
    fixes: [
      ABOVE,
      'the RIP and Call Trace of that oops name the function; sysctl kernel.panic_on_oops=0 lets a kernel go on after others',
    ],
  },
  {
    says: /panic_on_warn set/,
    cause: 'a warning (WARN, KASAN, UBSAN) was reported, and the setting panic_on_warn turns each of them into a panic',
    fixes: [ABOVE, 'sysctl kernel.panic_on_warn=0, or take panic_on_warn from the command line (syzkaller sets it)'],
  },
  {
    says: /hung_task|softlockup|RCU Stall|rcu_preempt|workqueue/i,
    cause:
      'a task or CPU did not go on for too long, and a setting (hung_task_panic, softlockup_panic, panic_on_rcu_stall) turns that report into a panic',
    fixes: [
      ABOVE,
      'a slow machine (TCG, a loaded host) needs longer limits: sysctl kernel.hung_task_timeout_secs, kernel.watchdog_thresh=60, rcupdate.rcu_cpu_stall_timeout=100',
    ],
  },
  {
    says: /Hard LOCKUP|Timeout: Not all CPUs entered/i,
    cause:
      'a CPU takes no interrupts any more: it loops with interrupts off, waits for a lock, or (in a VM) gets no time from its host',
    fixes: ['the backtraces above show what the CPUs do; nmi_watchdog=0 for a VM on a loaded host'],
  },
  {
    says: /IO-APIC \+ timer doesn't work/,
    cause:
      'the timer interrupt does not arrive: the machine (often a VM under load, or without KVM) or its firmware routes it in a way that this kernel does not expect',
    fixes: ['append no_timer_check (for VMs), or noapic; -machine pc,hpet=off or -cpu host; a newer kernel or QEMU'],
  },
  {
    says: /corrupted stack end|stack-protector|Kernel stack overflow|kernel stack overflow/,
    cause:
      'a kernel stack was full and what lies below it was overwritten: deep recursion, or a large array among local variables',
    fixes: [
      'look for recursion in the Call Trace; CONFIG_VMAP_STACK=y reports the overflow itself; CONFIG_FRAME_WARN=1024 finds large frames',
    ],
  },
  {
    says: /machine check|Machine halted|MCE|uncorrected/i,
    cause:
      'the hardware reported an error that cannot be corrected (memory, cache, bus), or a hypervisor gave the guest one',
    fixes: ['mcelog or rasdaemon decode it; test the memory; in a VM look at the log of the host'],
  },
  {
    says: /NMI|SERR|IOCK/,
    cause:
      'an interrupt that cannot be masked came without a known reason, and a setting (unknown_nmi_panic, panic_on_unrecovered_nmi) panics: bad memory, a button, or a perf counter',
    fixes: ['sysctl kernel.unknown_nmi_panic=0; look at the log of the BMC or hypervisor'],
  },
  {
    says: /sysrq triggered crash/,
    cause: 'somebody asked for it: a c was written to /proc/sysrq-trigger, to test kdump or to get a dump',
    fixes: ['nothing is wrong with the kernel'],
  },
  {
    says: /allocate memory|[Cc]an ?not allocate|[Ff]ailed to allocate|SWIOTLB|No usable memory|memblock|Out of memory/,
    cause:
      'the kernel did not get memory that it needs: the machine has too little for this kernel and its initramfs, or a reservation (mem=, crashkernel=, hugepages=) takes it',
    fixes: ['qemu -m 2G (`memory:` of a VM); a smaller initramfs; take mem= and hugepages= from the command line'],
  },
  {
    says: /junk in|broken padding|incomplete write|no cpio magic|write error|compressed archive/,
    cause:
      'the initramfs cannot be unpacked: it is damaged, cut short, compressed in a way that this kernel does not know, or does not fit in memory',
    fixes: ['file INITRD; build it again (find . | cpio -o -H newc | gzip); RD_GZIP, RD_XZ, RD_ZSTD; more memory'],
  },
  {
    says: /insecure W\+X|CPA detected/,
    cause: 'the kernel checked its own page tables and found memory that can be written and executed',
    fixes: ['CONFIG_DEBUG_WX=n, or the code that maps it (a module, a JIT) has to use set_memory_ro()'],
  },
  {
    says: /No init found/,
    cause:
      'the kernel found none of /sbin/init, /etc/init, /bin/init and /bin/sh in the root file system, or could not execute them',
    fixes: ['mount the image and look: ls -l sbin/init, file sbin/init (architecture, loader); init=/bin/sh'],
  },
  {
    says: /Attempted to kill init|Unable to mount root|stack is corrupted/,
    cause: 'process 1 ended, or there is no root file system',
    fixes: ['read the lines above it'],
  },
]

/** What a panic means by its text; undefined for one that is not known. */
export const panicOf = (what: string): { readonly cause: string; readonly fixes: readonly string[] } | undefined =>
  PANICS.find(({ says }) => says.test(what.replace(/^.*not syncing: /, '')))
