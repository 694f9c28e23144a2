/**
 * One `strace -f -o FILE` as the loader's part and the workload's. Each line begins with the pid of its process or
 * thread (strace(1)).
 */

/** What made a process or thread, finished at once or resumed after another's line. */
const MADE = /(?:^(?:clone3?|fork|vfork)\(|^<\.\.\. (?:clone3?|fork|vfork) resumed>).* = (\d+)$/

export interface SplitStrace {
  readonly holder: string
  readonly workload: string
}

interface Line {
  readonly pid: number
  readonly text: string
  /** Behind pid and time. */
  readonly call: string
}

const lineOf = (text: string): Line | undefined => {
  const [, pid, call] = /^(\d+) +(?:[\d:.]+ )?(.*)$/.exec(text) ?? []
  return pid === undefined || call === undefined ? undefined : { pid: Number(pid), text, call }
}

/**
 * @param workload the workload's first process; what it starts belongs to it
 * @returns the loader's own lines (those of its recorder thread are only counted) and those of the workload
 */
export function splitStrace(text: string, workload: number | undefined): SplitStrace {
  const lines = text.split('\n').flatMap((line) => lineOf(line) ?? [])
  const loader = lines[0]?.pid
  const own = new Set(workload === undefined ? [] : [workload])
  for (const { pid, call } of lines) {
    const made = own.has(pid) ? MADE.exec(call)?.[1] : undefined
    if (made !== undefined) own.add(Number(made))
  }
  const of = (wanted: (pid: number) => boolean) =>
    lines.filter(({ pid }) => wanted(pid)).map((line) => `${line.text}\n`)
  const rest = of((pid) => pid !== loader && !own.has(pid)).length
  const note = rest === 0 ? [] : [`# ${rest} lines of the recorder's thread (splice, nanosleep) are left out\n`]
  return { holder: [...note, ...of((pid) => pid === loader)].join(''), workload: of((pid) => own.has(pid)).join('') }
}
