/**
 * Warnings that stay true until somebody changes the lab file or the host are said to a person once per lab and day.
 * Logs of commands and `--json` have them each time.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { hashText } from '../../engine/fingerprint.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { replaceFile } from '../../engine/replace-file.ts'
import { plural } from '../../engine/text.ts'
import type { LabEvent } from '../../engine/event.ts'
import type { View } from '../../ui/types.ts'

const Said = z.object({ day: z.string(), warnings: z.array(z.string()) })

/** The day where the person is, as `2026-11-30`. */
const dayOf = (time: Date): string =>
  [time.getFullYear(), time.getMonth() + 1, time.getDate()].map((part) => String(part).padStart(2, '0')).join('-')

/** What was said on this day. A file that is not there, or not ours to read, says nothing. */
function saidOn(day: string, file: string): Set<string> {
  try {
    const said = Said.parse(JSON.parse(readFileSync(file, 'utf8')))
    return new Set(said.day === day ? said.warnings : [])
  } catch {
    return new Set()
  }
}

function keep(dir: string, file: string, day: string, said: ReadonlySet<string>): void {
  try {
    makeDirectory(dir, 0o700)
    replaceFile(file, `${JSON.stringify({ day, warnings: [...said] })}\n`, 0o600)
  } catch {
    // They are said once more next time.
  }
}

/** What tells one standing warning from another; undefined for every other event. */
const standingKey = (event: LabEvent): string | undefined =>
  event.type === 'notice' && event.standing === true ? hashText(JSON.stringify([event.place, event.text])) : undefined

/** A view that shows each standing warning once, however many boots, runs or kernels of the command have it to say. */
export function onceEach(view: View): View {
  const shown = new Set<string>()
  const emit = (event: LabEvent): void => {
    const key = standingKey(event)
    if (key !== undefined && shown.has(key)) return
    if (key !== undefined) shown.add(key)
    view.emit(event)
  }
  return { ...view, emit }
}

/**
 * A view that leaves out the standing warnings which an earlier command of the same lab gave on this day, and says how
 * many these were.
 * @param state `.lab` of the lab
 */
export function daily(view: View, state: string, now = new Date()): View {
  const day = dayOf(now)
  const file = join(state, 'warned.json')
  const before = saidOn(day, file)
  const leftOut = new Set<string>()
  const added = new Set<string>()
  const emit = (event: LabEvent): void => {
    const key = standingKey(event)
    if (key === undefined) return view.emit(event)
    if (before.has(key)) return void leftOut.add(key)
    added.add(key)
    view.emit(event)
  }
  return {
    ...view,
    emit,
    close: async () => {
      if (added.size > 0) keep(state, file, day, new Set([...before, ...added]))
      if (leftOut.size > 0) {
        const text = `${plural(leftOut.size, 'warning')} of earlier today ${leftOut.size === 1 ? 'is' : 'are'} not repeated; --verbose shows ${leftOut.size === 1 ? 'it' : 'them'}`
        view.emit({ type: 'notice', level: 'info', text })
      }
      await view.close()
    },
  }
}
