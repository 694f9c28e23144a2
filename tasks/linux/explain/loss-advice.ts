/** What to do about a loss whose reason alone does not say it. */

/** Without a number in front: the reason of a run's verdict begins with that. */
export const NOT_RUN =
  'times a BPF program was not run, because another one was running on that CPU: `retries: 2` of the experiment repeats such a run; or hook less (`lab explain` says how)'

export interface Advice {
  readonly cause: string
  readonly fixes: readonly string[]
  readonly sources: readonly string[]
}

const NONE: Advice = { cause: '', fixes: [], sources: [] }

/** The beginning of NOT_RUN, which results of earlier versions have, too. */
const IS_NOT_RUN = /times a BPF program was not run, because another one was running/

const ON_NOT_RUN: Advice = {
  cause:
    'a CPU runs one BPF program of a kprobe, a tracepoint or a perf event at a time. A hook that is hit meanwhile is skipped: in an interrupt that comes while a program runs, or in a function that the program itself calls',
  fixes: [
    '`retries: 2` of the experiment repeats a run that did not pass: enough where an interrupt came at a bad moment, and most runs pass',
    'hook fewer functions, or not those that interrupts also call (softirqs, timers, completion of block I/O); a shorter program is hit less often while it runs',
    'use fentry/fexit instead of kprobe/kretprobe (from 5.12 on), or raw_tp instead of tracepoint (from 6.1 on): these are only kept from running inside themselves',
    'where all hits of one hook are lost, it lies inside another program: remove one of the two',
  ],
  sources: [
    'kernel/bpf/trampoline.c (commit ca06f55b9002)',
    'kernel/trace/bpf_trace.c (trace_call_bpf, bpf_prog_active)',
  ],
}

/** Why, and what to do; empty where the reason says it already. @param reason a line of a ledger's `reasons` */
export const adviceOn = (reason: string): Advice => (IS_NOT_RUN.test(reason) ? ON_NOT_RUN : NONE)
