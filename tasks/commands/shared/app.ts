/** What a command is given: the lab on demand, a context for steps, the view to answer with. */
import { availableParallelism } from 'node:os'
import { openLab } from '../../config/open.ts'
import type { ResolvedLab } from '../../config/resolved.ts'
import { noteDisk } from '../../engine/disk.ts'
import type { Context } from '../../engine/context.ts'
import { memoryLimit } from '../../host/memory-group.ts'
import { placesOf, type Places } from '../../vm/places.ts'
import type { View } from '../../ui/types.ts'
import { TOOL_ROOT, type Session } from './session.ts'

export { TOOL_ROOT, type Session } from './session.ts'

export interface App {
  readonly view: View
  readonly context: Context
  readonly lab: ResolvedLab
  readonly places: Places
}

export const HOST = { memoryBytes: memoryLimit(), cpus: availableParallelism() }

/** Opens the lab file; its warnings are said as notices. */
export function openApp({ view, context, options }: Session): App {
  const { lab, warnings } = openLab({ file: options.file, cwd: process.cwd(), toolRoot: TOOL_ROOT, host: HOST })
  noteDisk('lab', lab.directory)
  for (const { file, line, col, message, wayOut } of warnings)
    view.emit({
      type: 'notice',
      level: 'warning',
      standing: true,
      place: `${file}:${line}:${col}`,
      text: message,
      ...(wayOut === undefined ? {} : { wayOut }),
    })
  return { view, context, lab, places: placesOf(lab.directory) }
}
