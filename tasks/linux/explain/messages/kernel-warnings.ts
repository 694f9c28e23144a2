/** Warnings of the kernel that are no reports of their own: objects made twice, caches, interrupts, drivers. */
import type { PrintfKind } from './printf.ts'

export const KERNEL_WARNING_KINDS: readonly PrintfKind[] = [
  {
    rule: 'an object of the kernel is made twice',
    formats: `
sysfs: cannot create duplicate filename '%s'
kobject_add_internal failed for %s with -EEXIST
debugfs: Directory '%s' with parent '%s' already present!
debugfs: '%s' already exists in '%s'
proc_dir_entry '%s' already registered
kmem_cache_create(%s) integrity check failed
kmem_cache of name '%s' already exists
Device or driver %s already registered`,
    cause:
      'a module or driver makes an entry that is there already: it was loaded twice under two names, did not remove it when it was unloaded or failed, or two drivers claim one device',
    fixes: [
      'lsmod; dmesg above it: did an earlier load fail half-way? The error path of init has to undo everything, and exit too',
      'reboot to get rid of what is left',
    ],
    confidence: 'likely',
    sources: ['lib/kobject.c', 'fs/sysfs/dir.c', 'fs/proc/generic.c'],
  },
  {
    rule: 'an object of a slab cache is freed wrongly',
    formats: `
cache_from_obj: Wrong slab cache. %s but object is from %s
slab error in %s
Slab cache still has objects
Objects remaining in %s on
Freepointer corrupt
BUG %s: Redzone overwritten
BUG %s: Poison overwritten
BUG %s: Object already free
virt_to_cache: Object is not a Slab page`,
    cause:
      'memory of a cache was freed into another cache, freed twice, written after it was freed, or is still in use when its cache is destroyed: the module that owns the cache loses count of its objects',
    fixes: [
      'free an object with the function and cache that it came from; kmem_cache_destroy() only after the last free (rcu_barrier() first, if they are freed by RCU)',
      'slub_debug=FZPU on the command line, or CONFIG_KASAN=y, names the one who freed it',
    ],
    confidence: 'likely',
    sources: ['mm/slub.c', 'mm/slab_common.c'],
  },
  {
    rule: 'an interrupt that nobody handles',
    formats: `
irq %d: nobody cared
Disabling IRQ #%d
do_IRQ: %d.%d No irq handler for vector`,
    cause:
      'a device raises an interrupt that no driver takes: the driver is missing, returns IRQ_NONE, or shares the line wrongly',
    fixes: ['cat /proc/interrupts: who is on this line? irqpoll on the command line works around it'],
    confidence: 'likely',
    sources: ['kernel/irq/spurious.c'],
  },
  {
    rule: 'part of a report about CPUs',
    formats: `
NMI backtrace for cpu %d`,
    cause:
      'the kernel asked a CPU what it is doing: this is the middle of a report about CPUs that do not go on (an RCU stall, a soft or hard lockup, SysRq l), whose first line is missing. The RIP below is where that CPU was; ___bpf_prog_run is the interpreter of BPF programs',
    fixes: [
      'the lines above (journalctl -k) say what the report is about; the functions of the Call Trace name the loop',
    ],
    confidence: 'likely',
    sources: ['lib/nmi_backtrace.c'],
  },
  {
    rule: 'a network device is not let go',
    formats: `
unregister_netdevice: waiting for %s to become free.`,
    cause:
      'something still holds a reference to the device: a leak in a protocol, a driver or a BPF program with a redirect',
    fixes: [
      'CONFIG_NET_DEV_REFCNT_TRACKER=y (5.17 and later) prints who took the reference; ip netns: does a namespace still use it?',
    ],
    confidence: 'likely',
    sources: ['net/core/dev.c'],
  },
  {
    rule: 'a register of the CPU is not there',
    formats: `
unchecked MSR access error: %s`,
    cause:
      'the kernel read or wrote a model specific register that this CPU (or the one that a hypervisor shows) does not have. The kernel goes on',
    fixes: ['harmless in a VM; -cpu host shows more; ignore_msrs=1 of kvm on the host'],
    confidence: 'likely',
    sources: ['arch/x86/mm/extable.c'],
  },
  {
    rule: 'a firmware file is missing',
    formats: `
Direct firmware load for %s failed with error %d
firmware: failed to load %s
Falling back to sysfs fallback for: %s`,
    cause:
      'a driver asks for a file of firmware that is not in /lib/firmware (or not in the initramfs, when the driver starts there)',
    fixes: [
      'apt install firmware-linux (non-free-firmware), or linux-firmware; update-initramfs -u; harmless where the device is not used',
    ],
    confidence: 'likely',
    sources: ['drivers/base/firmware_loader/main.c'],
  },
  {
    rule: 'the NMI watchdog is off',
    formats: `
Perf NMI watchdog permanently disabled
watchdog: NMI not fully supported
Broken BIOS detected, complain to your hardware vendor.
PMU driver: generic architected perfmon
Performance Events: unsupported p6 CPU model %s no PMU driver, software events only.
no PMU driver, software events only.
PMU not available due to virtualization, using software events only.`,
    cause:
      'the machine has no counters of the CPU that the kernel could use: usual for a VM without a virtual PMU. perf then has software events only, and hard lockups are not found',
    fixes: ['perf record -e cpu-clock; -cpu host,pmu=on with KVM gives the guest counters'],
    sources: ['arch/x86/events/core.c', 'kernel/watchdog.c'],
  },
  {
    rule: 'queues of audit or the network are full',
    formats: `
audit: backlog limit exceeded
audit_backlog=%d > audit_backlog_limit=%d
nf_conntrack: table full, dropping packet
TCP: out of memory -- consider tuning tcp_mem
neighbour: arp_cache: neighbor table overflow!
possible SYN flooding on port %d`,
    cause: 'a table or queue of the kernel is full, and what comes is dropped: the message names it',
    fixes: [
      'auditctl -b 8192; sysctl net.netfilter.nf_conntrack_max, net.ipv4.tcp_mem, net.ipv4.neigh.default.gc_thresh3, as the message says',
    ],
    confidence: 'likely',
    sources: ['kernel/audit.c', 'net'],
  },
]
