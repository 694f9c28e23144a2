/** A file with a trace in it, text or trace.dat -> a table of its events, and the count of everything else. */
import { rm, stat } from 'node:fs/promises'
import type { FileKind } from '../trace/events/file-kind.ts'
import type { StepHandle } from '../engine/context.ts'
import { datText, type DatOptions } from './dat.ts'
import { readText, type TextRead } from './text.ts'

export interface CaptureRequest {
  readonly file: string
  /** Where the table is written to; what else is needed meanwhile is next to it. */
  readonly table: string
  readonly form: Exclude<FileKind['form'], 'other'>
  /** The file as the user called it, for failures. */
  readonly name: string
  readonly signal: AbortSignal
  readonly progress: StepHandle['progress']
}

export interface Capture {
  readonly read: TextRead
  /** Only a trace.dat has them. */
  readonly options: DatOptions | undefined
}

/** @throws Failure (user) where trace-cmd cannot read the file; the errors of the disk and of DuckDB */
export async function readCapture({ file, table, form, name, signal, progress }: CaptureRequest): Promise<Capture> {
  const readOne = async (text: string, rest: object = {}) => {
    const total = (await stat(text)).size
    let said = 0
    const some = (bytes: number) => {
      if (bytes - said < total / 100) return
      said = bytes
      progress('read', bytes, total, 'bytes')
    }
    return await readText({ file: text, table, signal, progress: some, ...rest })
  }
  if (form === 'text') return { read: await readOne(file), options: undefined }
  progress('trace-cmd report')
  const [plain, latency] = [`${table}.report`, `${table}.report-l`]
  try {
    const { known, options } = await datText(file, { plain, latency }, name, signal)
    return { read: await readOne(plain, { known }), options }
  } finally {
    for (const path of [plain, latency]) await rm(path, { force: true })
  }
}
