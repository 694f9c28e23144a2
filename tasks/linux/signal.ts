/** What a signal that ended a program says. */
import { constants } from 'node:os'

const NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

/** What else is known of a workload that a signal ended. */
const WHY: Readonly<Record<string, string>> = {
  SIGXFSZ: 'a file would have become larger than its limit, RLIMIT_FSIZE',
  SIGKILL: "killed: by the guest's OOM killer, where its dmesg says so",
  SIGSEGV: 'it touched memory that it has not',
}

/** `signal 11 (SIGSEGV: it touched memory that it has not)`. */
export function signalText(number: number): string {
  const name = NAMES.get(number)
  if (name === undefined) return `signal ${number}`
  return `signal ${number} (${[name, WHY[name]].filter(Boolean).join(': ')})`
}
