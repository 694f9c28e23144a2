/** `lab cache push|pull|list PLACE`: built kernels and images for other hosts, by fingerprint. */
import { resolve } from 'node:path'
import { hostStep } from '../build/host-tools.ts'
import { DirectoryPlace } from '../build/share/directory-place.ts'
import { listStep, type NotedEntry } from '../build/share/list.ts'
import type { Place } from '../build/share/place.ts'
import { pullStep, type Pulled } from '../build/share/pull.ts'
import { pushStep, type Pushed } from '../build/share/push.ts'
import { SshPlace } from '../build/share/ssh-place.ts'
import { sizeText } from '../config/describe.ts'
import { readLabLock } from '../config/lock-file.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { plural } from '../engine/text.ts'
import { SFTP } from '../host/packages.ts'
import { defineCommand, type Outcome } from './command.ts'
import { openApp, type Session } from './shared/app.ts'

/** The place that an argument names: a directory of this host, or of another one. */
async function placeOf(argument: string, { context }: Session): Promise<Place> {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(argument)) return new DirectoryPlace(resolve(argument))
  const place = new SshPlace(argument, context.signal)
  await hostStep(context, [SFTP], [])
  return place
}

type Row = (Pushed | Pulled)['entries'][number]

const WIDTH = 'not built here'.length

const rowText = ({ kind, name, fingerprint, outcome }: Row): string =>
  `${outcome.padEnd(WIDTH)}  ${kind} ${name}  ${fingerprint.slice(0, 12)}`

const unknownText = ({ name, why }: Pushed['unknown'][number]): string =>
  `${'left out'.padEnd(WIDTH)}  kernel ${name}: ${why.parts.fact}`

const unknownData = (unknown: Pushed['unknown']) => unknown.map(({ name, why }) => ({ name, why: why.parts.fact }))

function pushed({ entries, unknown }: Pushed, place: string): Outcome {
  return {
    text: [
      ...entries.map(rowText),
      ...unknown.map(unknownText),
      `others take it from there with: lab cache pull ${place}`,
    ].join('\n'),
    data: { place, entries, unknown: unknownData(unknown) },
  }
}

const UNLOCKED =
  'no lab.lock says what these must hold: each is what its sender wrote, so whoever can write there decides what you boot'

function pulled({ entries, unknown }: Pulled, place: string): Outcome {
  const trusted = entries.some(({ outcome, locked }) => outcome === 'pulled' && !locked)
  return {
    text: [
      ...entries.flatMap((row) => [
        rowText(row),
        ...(row.why === undefined ? [] : [`${' '.repeat(WIDTH + 2)}${row.why}`]),
      ]),
      ...unknown.map(unknownText),
      ...(trusted ? [UNLOCKED] : []),
    ].join('\n'),
    data: { place, entries, unknown: unknownData(unknown) },
  }
}

function listed(entries: readonly NotedEntry[], place: string): Outcome {
  const rows = entries.map(
    ({ kind, id, size, title, tools }) =>
      `${kind.padEnd(6)}  ${id.slice(0, 12)}  ${sizeText(size).padStart(8)}  ${[title ?? '(no note)', ...tools].join(', ')}`,
  )
  const bytes = entries.reduce((sum, { size }) => sum + size, 0)
  return {
    text: [...rows, `${place}: ${plural(entries.length, 'entry', 'entries')}, ${sizeText(bytes)}`].join('\n'),
    data: { place, entries, bytes },
  }
}

export const command = defineCommand({
  usage: 'cache <action> <place> [name...]',
  about: 'share built kernels and images: push PLACE, pull PLACE, list PLACE',
  note: `
PLACE is a directory, or ssh://[user@]host[:port]/directory. A kernel or image is known by its fingerprint: the same lab file, sources, compiler and
version of lab. Every file is compared with its SHA-256 when it is pushed and when it is pulled, and on pull also with lab.lock, if there is one. Without
names, \`push\` takes all kernels and images of the lab that are built here, and \`pull\` those that its experiments need. ssh uses your keys and known
hosts, and asks nothing; LAB_SSH_CONFIG names another configuration file for it.`,
  examples: [
    ['lab cache push /srv/lab-cache', 'on the host on which the lab is built'],
    [
      'lab cache pull ssh://kernels@example.org/srv/lab-cache',
      'on every other host: `lab run` then compiles no kernel',
    ],
    ['lab cache list /srv/lab-cache', 'what is there, and with which tools it was built'],
  ],
  work: async (session, [action, argument, names]) => {
    if (action === 'list') {
      const place = await placeOf(argument, session)
      return listed(await listStep(place, session.context), place.name)
    }
    if (action !== 'push' && action !== 'pull')
      throw userError({
        place: 'lab cache',
        fact: `${JSON.stringify(printable(action, 40))} is not an action`,
        wayOut: 'use push, pull or list, then the place: `lab cache push /srv/lab-cache`',
      })
    const { lab, context } = openApp(session)
    const place = await placeOf(argument, session)
    return action === 'push'
      ? pushed(await pushStep(lab, names, place, context), place.name)
      : pulled(await pullStep(lab, readLabLock(lab.directory), names, place, context), place.name)
  },
})
