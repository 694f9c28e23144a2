/**
 * The thread that looks at a run again (evidence/replay.ts): it may be ended at any time, and leaves nothing behind.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { underOutsideDeadline } from '../engine/deadline.ts'
import { Failure, messageOf } from '../engine/error.ts'
import { replay, type Raw, type Replayed } from './replay.ts'

/** What the thread answers. */
export type Answer = { readonly replayed: Replayed } | { readonly why: string }

function answer(): Answer {
  try {
    return { replayed: underOutsideDeadline(() => replay(workerData as Raw)) }
  } catch (error) {
    const [line] = error instanceof Failure ? (error.parts.lines ?? []) : []
    return { why: [messageOf(error), line?.trim()].filter(Boolean).join(': ') }
  }
}

parentPort?.postMessage(answer())
