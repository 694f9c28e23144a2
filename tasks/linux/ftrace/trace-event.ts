/** An event of a trace, whatever text or recording it was read from. */

export interface TraceEvent {
  readonly cpu: number
  /** Nanoseconds of the trace's clock; ticks where `ticks` is set. */
  readonly timeNs: bigint
  /** The time is a plain count: the clocks `counter` and `x86-tsc` have no seconds. */
  readonly ticks?: true
  /** At most 15 bytes of the program's name; `<...>` where the kernel no longer knew it. */
  readonly comm: string
  readonly pid: number
  /**
   * irqs-off, need-resched, in an interrupt, preempt count (4 characters), migrate-disable depth (the fifth, since
   * 5.18), as printed. Not part of an event's identity: the same kprobe shows `d...` as int3 and `....` once it is
   * optimised to a jump.
   */
  readonly flags?: string
  /**
   * `print` (a BPF program's printk before 5.9), `bpf_trace_printk` (since 5.9), `sched_process_exec`, ... Text of
   * trace_printk() or trace_marker has the function's name here (`tracing_mark_write`), as in trace_pipe: it is no
   * probe's message.
   */
  readonly event: string
  /** The event's group, where the text has it or the name can mean nothing else. */
  readonly system?: string
  /**
   * What stood before the record in its line: the time stamp of a console, of docker or journald, or a text around it.
   */
  readonly prefix?: string
  /** A BPF program's text without the prefix; of any other event its fields as printed. */
  readonly message: string
}
