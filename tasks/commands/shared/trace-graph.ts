/** `lab trace --graph`: the call tree of a run. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { userError } from '../../engine/error.ts'
import type { Outcome } from '../command.ts'

/** graph.txt as it is kept; its text came from the guest and was made printable when it was written. */
export async function graph(dir: string, run: string): Promise<Outcome> {
  try {
    const text = await readFile(join(dir, 'graph.txt'), 'utf8')
    return { text: text.trimEnd(), verbatim: true, data: { run, graph: text.split('\n') } }
  } catch (error) {
    throw userError(
      {
        place: `run ${run}`,
        fact: 'it has no call tree',
        wayOut:
          'an experiment records one with trace: { function_graph: { functions: [__x64_sys_read] } }; an imported trace has one if the function_graph tracer made it',
      },
      error,
    )
  }
}
