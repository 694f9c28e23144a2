/** SIGKILL without a race. */
import { codeOf } from '../engine/error.ts'

/** Kills a process, which may end by itself in between: what is killed first takes others with it. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}
