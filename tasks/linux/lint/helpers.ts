/**
 * Which helpers tracing programs get: bpf_base_func_proto (kernel/bpf/helpers.c) and the lists of
 * kernel/trace/bpf_trace.c, read in 5.4, 5.10, 6.1 and 6.12. Whether a helper exists at all is not here: the target's
 * own bpf.h says it.
 */
import { compareVersions, parseVersion, type Version } from '../version.ts'
import type { ProgramType } from '../symbols/hook-kinds.ts'

/** Of 6.12, without the prefix. */
const TRACING = new Set(
  (
    'cgrp_storage_delete cgrp_storage_get copy_from_user copy_from_user_task current_task_under_cgroup dynptr_data ' +
    'dynptr_from_mem dynptr_read dynptr_write find_vma for_each_map_elem get_branch_snapshot get_current_ancestor_cgroup_id ' +
    'get_current_cgroup_id get_current_comm get_current_pid_tgid get_current_task get_current_task_btf get_current_uid_gid ' +
    'get_ns_current_pid_tgid get_numa_node_id get_prandom_u32 get_smp_processor_id get_stack get_stackid get_task_stack ' +
    'jiffies64 kptr_xchg ktime_get_boot_ns ktime_get_ns ktime_get_tai_ns loop map_delete_elem map_lookup_elem ' +
    'map_lookup_percpu_elem map_peek_elem map_pop_elem map_push_elem map_update_elem per_cpu_ptr perf_event_output ' +
    'perf_event_read perf_event_read_value probe_read probe_read_kernel probe_read_kernel_str probe_read_str ' +
    'probe_read_user probe_read_user_str probe_write_user ringbuf_discard ringbuf_discard_dynptr ringbuf_output ' +
    'ringbuf_query ringbuf_reserve ringbuf_reserve_dynptr ringbuf_submit ringbuf_submit_dynptr send_signal ' +
    'send_signal_thread snprintf snprintf_btf spin_lock spin_unlock strncmp strtol strtoul tail_call task_pt_regs ' +
    'task_storage_delete task_storage_get this_cpu_ptr timer_cancel timer_init timer_set_callback timer_start ' +
    'trace_printk trace_vprintk user_ringbuf_drain'
  ).split(' '),
)

/** Helpers of some tracing programs only. */
const SOME: Readonly<Record<string, readonly ProgramType[]>> = {
  override_return: ['kprobe'],
  get_func_ip: ['kprobe'],
  get_attach_cookie: ['kprobe', 'tracepoint', 'perf_event', 'raw_tracepoint'],
  perf_prog_read_value: ['perf_event'],
  read_branch_records: ['perf_event'],
}

/** The last version that was read in which a helper existed and tracing programs did not get it. */
const LATER: Readonly<Record<string, string>> = {
  spin_lock: '5.4',
  spin_unlock: '5.4',
  strtol: '5.10',
  strtoul: '5.10',
  get_current_ancestor_cgroup_id: '5.10',
}
/** A helper that tracing programs were given, and lost again: of series up to this one nothing is said. */
const LOST: Readonly<Record<string, string>> = {
  // Given in 5.11 (d05512618056), taken back in 5.16 (5e0bc3082e2e): its clock's lock deadlocks in a program that runs
  // under it.
  ktime_get_coarse_ns: '5.15',
}
/** The newest kernel that was read: of later ones nothing is said. */
const NEWEST = '6.12'

/** Whether a kernel of this version is known not to give the helper (without prefix) to programs of a type. */
export function refusedHelper(helper: string, type: ProgramType, version: Version): boolean {
  if (type === 'other' || above(version, NEWEST)) return false
  const lost = LOST[helper]
  if (lost !== undefined && !above(version, lost)) return false
  const types = SOME[helper]
  if (types) return !types.includes(type)
  if (!TRACING.has(helper)) return true
  const last = LATER[helper]
  return last !== undefined && !above(version, last)
}

/** Whether it is of a later series: 5.4.302 is not above 5.4. */
function above({ major, minor }: Version, text: string): boolean {
  const other = parseVersion(text)
  return other !== undefined && compareVersions({ major, minor, patch: 0 }, other) > 0
}

/**
 * Helpers of a kernel's include/uapi/linux/bpf.h: `FN(map_lookup_elem),` or, since 6.1, `FN(map_lookup_elem, 1, ...)`.
 */
export const helpersOf = (bpfHeader: string): ReadonlySet<string> =>
  new Set(
    Array.from(bpfHeader.matchAll(/\bFN\((\w+)[,)]/g), ([, name = '']) => name).filter((name) => name !== 'unspec'),
  )
