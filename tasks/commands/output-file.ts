/** The file that an option names; "-" and /dev/stdout are standard output. */
import { userError } from '../engine/error.ts'
import { isStdout, outputPath } from '../engine/target.ts'
import type { Session } from './shared/session.ts'

export interface OutputFile {
  readonly file: string
  /** The file goes to stdout; what is said about it goes to stderr. */
  readonly onStderr: boolean
}

/** @throws Failure (user) for the name of a directory, and for --json with a file on stdout */
export async function outputFile(text: string, { options }: Session): Promise<OutputFile> {
  const file = outputPath(text)
  const onStderr = await isStdout(file)
  if (onStderr && options.json === true)
    throw userError({
      fact: 'with --json, stdout is for JSON; a file cannot go there as well',
      wayOut: 'name a file, or leave out --json',
    })
  return { file, onStderr }
}
