/** Interfaces of the kernel that left or changed: what a compiler misses, and what took its place. */

/** Functions and types of the kernel that left or changed, by name: what took their place. */
const CHANGED: readonly (readonly [name: RegExp, instead: string])[] = [
  [/^probe_kernel_(?:read|write)$/, 'copy_from_kernel_nofault() and copy_to_kernel_nofault() (5.8)'],
  [/^(?:setup_timer|init_timer)$/, 'timer_setup() (4.15), whose callback gets the timer itself'],
  [/^do_gettimeofday$|^getnstimeofday$|^current_kernel_time$/, 'ktime_get_real_ts64() and its relatives'],
  [/^(?:set_fs|get_fs|get_ds|KERNEL_DS|mm_segment_t)$/, 'kernel_read() and kernel_write(): set_fs() is gone'],
  [
    /^(?:register_jprobe|jprobe|jprobe_return|unregister_jprobe)$/,
    'a kprobe, or ftrace with FTRACE_OPS_FL_SAVE_REGS: jprobes do nothing since 4.15 and are gone since 4.19',
  ],
  [/^ioremap_nocache$/, 'ioremap(), which is the same'],
  [
    /^kallsyms_lookup_name$|^kallsyms_on_each_symbol$/,
    'a kprobe on the symbol, whose address field gives it: the function is not exported since 5.7',
  ],
  [/^mmap_sem$/, 'mmap_read_lock(mm) and mmap_lock (5.8)'],
  [/^PDE_DATA$/, 'pde_data() (5.17)'],
  [
    /^(?:vmalloc|vzalloc|vfree|vmalloc_user|vmap|vunmap)$/,
    '#include <linux/vmalloc.h>: other headers brought it along, and newer kernels have removed that',
  ],
  [/^(?:kmalloc|kzalloc|kcalloc|kfree|krealloc)$/, '#include <linux/slab.h>, which other headers brought along'],
  [
    /^(?:copy_to_user|copy_from_user|put_user|get_user)$/,
    '#include <linux/uaccess.h>, which other headers brought along',
  ],
  [
    /^pci_(?:set_dma_mask|set_consistent_dma_mask)$/,
    'dma_set_mask() and dma_set_coherent_mask() with &pdev->dev (5.18)',
  ],
  [/^(?:prandom_u32|prandom_u32_max|get_random_int)$/, 'get_random_u32() and get_random_u32_below() (6.1, 6.2)'],
  [/^(?:i_[amc]time)$/, 'inode_get_ctime() (6.6), inode_get_atime(), inode_get_mtime() (6.7) and their set functions'],
  [
    /^(?:ref_module|use_module)$/,
    'symbols of the module directly, or symbol_get(): ref_module() is not exported since 5.9',
  ],
  [/^sched_setscheduler(?:_nocheck)?$/, 'sched_set_fifo() and its relatives: it is not exported since 5.9'],
  [/^fault_handler$/, 'nothing: struct kprobe lost fault_handler in 5.14, and its callback was of no use'],
  [/^proc_create(?:_data)?$/, 'struct proc_ops in place of struct file_operations (5.6)'],
  [/^access_ok$/, 'access_ok(address, size): it lost its first argument in 5.0'],
  [/^class_create$/, 'class_create(name): it lost its first argument in 6.4'],
  [/^vm_flags$/, 'vm_flags_set() and vm_flags_clear(): the field is read-only since 6.3'],
  [/^strlcpy$/, 'strscpy() (strlcpy is gone since 6.8)'],
  [/^no_llseek$/, 'nothing: the field is left empty since 6.12'],
  [/^(?:del_timer|del_timer_sync)$/, 'timer_delete() and timer_delete_sync() (6.2; the old names are gone since 6.15)'],
  [/^from_timer$/, 'timer_container_of() (6.16)'],
  [/^complete_and_exit$/, 'kthread_complete_and_exit() (5.17)'],
  [/^MODULE_SUPPORTED_DEVICE$/, 'nothing: the macro did nothing, and is gone since 5.12'],
  [/^ftrace_regs$|^ftrace_func_t$/, 'struct ftrace_regs in place of pt_regs in callbacks of ftrace (5.11)'],
  [
    /^FTRACE_OPS_FL_RECURSION_SAFE$/,
    'nothing: callbacks that protect themselves need no flag; the others set FTRACE_OPS_FL_RECURSION (5.11)',
  ],
  [/^(?:save_stack_trace|print_stack_trace|save_stack_trace_tsk)$/, 'stack_trace_save() and stack_trace_print()'],
  [
    /^sys_call_table$|^sys_(?:open|close|read|write|execve|fork|clone)$/,
    'a kprobe or a tracepoint on the system call: the kernel exports neither the table nor the functions',
  ],
  [
    /^(?:bpf_probe_read_user|bpf_probe_read_kernel|bpf_ringbuf_\w+|bpf_get_current_task_btf|bpf_loop)$/,
    'the headers of a newer libbpf (bpf_helper_defs.h): the helper is newer than the header',
  ],
  [
    /^(?:BPF_CORE_READ\w*|BPF_KPROBE\w*|BPF_PROG|PT_REGS_\w+)$/,
    '#include <bpf/bpf_core_read.h> and <bpf/bpf_tracing.h>, with -D__TARGET_ARCH_x86 (or arm64) for PT_REGS_*',
  ],
  [
    /^(?:SEC|__uint|__type|bpf_printk|bpf_map_lookup_elem|bpf_trace_printk|bpf_get_current_pid_tgid)$/,
    '#include <bpf/bpf_helpers.h>, after vmlinux.h or <linux/bpf.h>',
  ],
  [
    /^(?:u8|u16|u32|u64|__u32|__u64|s64|bool|size_t|uint\d+_t)$/,
    '#include "vmlinux.h" (or <linux/types.h>, <stdint.h>) before it is used',
  ],
]

/** The name that is wrong: of a member, behind the structure that lacks it. */
export const nameOf = (text: string): string | undefined =>
  /(?:member named|unknown field|read-only member) ['‘`"](\w+)['’"]/.exec(text)?.[1] ??
  /\b(?:of|to function(?: call)?,?) ['‘`"](\w+)['’"]/.exec(text)?.[1] ??
  /['‘`"](?:struct |enum |union )?(\w+)['’"]/.exec(text)?.[1]

const NOTHING = 'nothing: '

/** Callbacks whose form changed: the compiler shows both types, and no name. */
const FORMS: readonly (readonly [types: RegExp, instead: string])[] = [
  [
    /void \(\*\)\(struct (?:platform_device|i2c_client|spi_device|\w+_device) \*\).{1,40}(?:incompatible|int \(\*\))/,
    'a remove callback that returns void: int became void for spi in 5.18, i2c in 6.1, platform drivers in 6.11',
  ],
  [
    /sockaddr_unsized/,
    'struct sockaddr_unsized * for addresses of bind, connect and getname (6.19): kernel_connect() hides it',
  ],
]

/** What took the place of the name that a compiler does not find, or finds changed; the best guess only. */
export function instead(text: string): string[] {
  const form = FORMS.find(([types]) => types.test(text))
  if (form !== undefined) return [`use ${form[1]}`]
  const name = nameOf(text)
  const known = name === undefined ? undefined : CHANGED.find(([pattern]) => pattern.test(name))
  return known === undefined
    ? []
    : [known[1].startsWith(NOTHING) ? `leave it out: ${known[1].slice(NOTHING.length)}` : `use ${known[1]}`]
}
