/** Traces for tests, written as a list of what happened: every step is one microsecond after the one before. */
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'

type Step = Omit<TraceEvent, 'timeNs' | 'cpu' | 'comm'> & { readonly comm?: string }

const event = (name: string, pid: number, message: string): Step => ({ pid, event: name, message })

/** Messages of probes, hit by one process. */
export const said = (pid: number, ...messages: string[]): Step[] => messages.map((text) => event('print', pid, text))

export const forked = (pid: number, child: number, comm = 'parent'): Step =>
  event('sched_process_fork', pid, `comm=${comm} pid=${pid} child_comm=${comm} child_pid=${child}`)

export const executed = (pid: number, filename: string, oldPid = pid): Step =>
  event('sched_process_exec', pid, `filename=${filename} pid=${pid} old_pid=${oldPid}`)

export const exited = (pid: number, comm: string): Step =>
  event('sched_process_exit', pid, `comm=${comm} pid=${pid} prio=120`)

/** The steps as events, on CPU 0, of processes whose names the recorder did not know. */
export const trace = (...steps: readonly (Step | readonly Step[])[]): TraceEvent[] =>
  steps.flat().map((step, index) => ({ cpu: 0, comm: '<...>', ...step, timeNs: BigInt(index + 1) * 1000n }))
