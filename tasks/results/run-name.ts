/**
 * The names by which a command takes a run: its whole name, a unique beginning of it or its last part; `last`,
 * `last~2`; each of these of one experiment (`readiter@last`, `readiter/20261130`); and the path of its directory,
 * however it is written (`results/readiter/RUN/`, `.`).
 */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** What a name means: a place counted from the newest, or letters of a run's name. */
export interface NamedRun {
  /** Of these only; of all when undefined. */
  readonly experiment?: string
  /** 0 is the newest. */
  readonly back?: number
  /** The whole name of the run, or a part of it. */
  readonly part: string
  /** Nothing but the whole name. */
  readonly exact: boolean
}

const BACK = /^last(?:~(\d{1,6}))?$/

function partOf(part: string, experiment?: string): NamedRun {
  const back = BACK.exec(part)
  return {
    ...(experiment !== undefined && { experiment }),
    ...(back && { back: Number(back[1] ?? 0) }),
    part,
    exact: false,
  }
}

/** Whether a name is the path of a result: a directory with a manifest. */
const isResult = (path: string): boolean => existsSync(join(path, 'manifest.json'))

/**
 * @param experiments those that have runs
 * @param cwd where a path begins
 */
export function namedRun(name: string, experiments: ReadonlySet<string>, cwd = process.cwd()): NamedRun {
  const path = resolve(cwd, name)
  if (name !== '' && isResult(path)) return { experiment: basename(dirname(path)), part: basename(path), exact: true }
  const at = /^(?:(?:.*\/)?results\/)?([^/@]+)[/@]([^/@]+)\/?$/.exec(name)
  const [, experiment = '', part = ''] = at ?? []
  return at && experiments.has(experiment) ? partOf(part, experiment) : partOf(name)
}

/** Whether a run of this name is meant by letters of it. */
export const fits = (run: string, part: string): boolean => run.startsWith(part) || run.endsWith(`-${part}`)
