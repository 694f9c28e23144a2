/**
 * A bpftrace script as a probe: it goes to the guest as it is, and is run there beside the workload by the image's
 * bpftrace.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SCRIPT_SUFFIX } from '../../config/probe-source.ts'
import type { ResolvedProbe } from '../../config/resolved.ts'
import { step, type Context } from '../../engine/context.ts'
import { messageOf, userError } from '../../engine/error.ts'
import { fingerprintOf, hashText } from '../../engine/fingerprint.ts'
import { hooksNothing } from '../../linux/symbols/bpftrace.ts'
import type { Deployable } from './probe.ts'

export type ScriptProbe = Extract<ResolvedProbe, { script: string }>

const INTERPRETER = '#!/usr/bin/bpftrace\n'

/** @throws a user's Failure where the script cannot be read */
export async function scriptStep(probe: ScriptProbe, context: Context): Promise<Deployable> {
  const name = `probe ${probe.name}`
  return await step(context, name, name, async () => {
    const text = await readFile(probe.script, 'utf8').catch((error: unknown) => {
      throw userError({ place: name, fact: `${probe.script} cannot be read: ${messageOf(error)}` }, error)
    })
    if (hooksNothing(text))
      context.emit({
        type: 'notice',
        level: 'warning',
        place: name,
        text: 'the script has BEGIN, END or a clock alone: it attaches to nothing that the workload does',
        wayOut: 'add a probe such as kprobe:vfs_read, or take the script out of `probes:`',
      })
    const whole = text.startsWith('#!') ? text : INTERPRETER + text
    const file = `${probe.name}${SCRIPT_SUFFIX}`
    const inputs = { script: hashText(whole), name: file }
    const fingerprint = fingerprintOf(inputs)
    const stored = await context.store.get('script', fingerprint)
    const entry =
      stored ??
      (await context.store.put('script', fingerprint, inputs, async (dir) => {
        await writeFile(join(dir, file), whole)
        await chmod(join(dir, file), 0o755)
      }))
    return { outcome: 'done', value: { name: file, file: join(entry.dir, file), fingerprint } }
  })
}
