/** The file that a person names: is it there, and is it a trace? */
import { open, stat } from 'node:fs/promises'
import { fileKind, HEAD_BYTES, type FileKind } from '../trace/events/file-kind.ts'
import { codeOf, messageOf, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'

const REASONS: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'it cannot be read' }

/** Throws a Failure (user) for what is no file, and for what is no trace. */
export async function kindOf(file: string): Promise<Exclude<FileKind, { form: 'other' }>> {
  const place = printable(file, 200)
  const kind = await (async () => {
    try {
      if (!(await stat(file)).isFile())
        throw userError({ place, fact: 'this is not a file', wayOut: 'give the file of a trace' })
      await using handle = await open(file)
      const head = Buffer.alloc(HEAD_BYTES)
      const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0)
      return fileKind(head.subarray(0, bytesRead))
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined) throw error
      throw userError({ place, fact: REASONS[code] ?? messageOf(error) }, error)
    }
  })()
  if (kind.form !== 'other') return kind
  throw userError({
    place,
    fact: `this is not a trace: it is ${kind.what}`,
    wayOut:
      kind.wayOut ?? 'lab import takes trace.dat, the text of trace_pipe or trace, and that of `trace-cmd report`',
  })
}
