/**
 * `lab kernels`: what the lab declares, what of it is here, what the mirror has newer; `lab kernels add PACKAGE` writes
 * the lines of one.
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { kernelFingerprint } from '../build/kernel/identity.ts'
import { isPrebuilt } from '../config/prebuilt.ts'
import type { ResolvedKernel } from '../config/resolved.ts'
import { withKernel } from '../config/text/add-kernel.ts'
import type { Context } from '../engine/context.ts'
import { Failure, userError } from '../engine/error.ts'
import { diskFailure } from '../engine/disk.ts'
import { replaceFile } from '../engine/replace-file.ts'
import { pinStates } from '../host/debian/pins.ts'
import { pinOf } from '../upkeep/doctor/pins.ts'
import { findLab } from '../config/find.ts'
import { declarationOf, findPackage } from './shared/kernel-package.ts'
import { openApp } from './shared/app.ts'
import { kernelsText, type KernelRow } from './shared/kernels-text.ts'
import { defineCommand, type Outcome } from './command.ts'

function titleOf({ source }: Pick<ResolvedKernel, 'source'>): string {
  if ('url' in source) return source.url.replace(/^.*\//, '')
  if ('git' in source) return `${source.git} ${source.ref}`
  if ('tree' in source) return source.tree
  if ('file' in source) return source.file
  return 'prebuilt' in source ? `${source.prebuilt} ${source.version}` : `${source.package} ${source.version}`
}

/**
 * Whether a kernel is in the store, or its archive in the cache. A kernel that cannot be named here (no compiler) is
 * neither.
 */
async function hereOf(kernel: ResolvedKernel, context: Context): Promise<KernelRow['here']> {
  const named = await kernelFingerprint(kernel, context).catch((error: unknown) => {
    if (error instanceof Failure && error.kind !== 'interrupted') return undefined
    throw error
  })
  if (named && (await context.store.get('kernel', named.fingerprint))) return 'ready'
  if (!('sha256' in kernel.source)) return '-'
  const prefix = `${kernel.source.sha256.slice(0, 16)}-`
  const files = await readdir(join(context.cache, 'sources')).catch((): string[] => [])
  return files.some((name) => name.startsWith(prefix) && !/\.(?:part|apt|snapshot)$/.test(name)) ? 'fetched' : '-'
}

/** "6.1.176-1" of a package, else the end of the address or path. */
const shortTitle = ({ source }: ResolvedKernel): string =>
  'version' in source ? source.version : titleOf({ source }).replace(/^.*\//, '')

async function list(kernels: readonly ResolvedKernel[], context: Context): Promise<Outcome> {
  const pinned = kernels.flatMap((kernel) => pinOf(kernel) ?? [])
  const states = await pinStates(pinned, context.cache, context.signal)
  const rows: KernelRow[] = []
  for (const kernel of kernels)
    rows.push({
      name: kernel.name,
      source: titleOf(kernel),
      version: shortTitle(kernel),
      kind: isPrebuilt(kernel.source) ? 'prebuilt' : 'built',
      here: await hereOf(kernel, context),
      mirror: pinOf(kernel) && states.shift(),
    })
  return { text: kernelsText(rows), data: { kernels: rows } }
}

const EXAMPLE = 'linux-image-6.1.0-50-cloud-amd64'

export const command = defineCommand({
  usage: 'kernels [action] [package]',
  about:
    'list the kernels of the lab: which are built, and newer versions on the mirror; add PACKAGE (linux-image-* or linux-source-*) adds one to lab.yaml',
  options: [
    ['--suite <name>', 'add: the package of this Debian suite'],
    ['--name <name>', 'add: its name in lab.yaml'],
    ['--headers', 'add: also the packages that modules from source are built against'],
  ],
  work: async (session, [action, name], options) => {
    if (action === undefined) {
      const { lab, context } = openApp(session)
      return await list(Object.values(lab.kernels), context)
    }
    if (action !== 'add' || name === undefined)
      throw userError({
        place: 'lab kernels',
        fact: `it lists the kernels, or adds one: ${action === 'add' ? 'which one?' : `"${action}" is neither`}`,
        wayOut: `\`lab kernels add ${EXAMPLE}\`, or linux-source-6.1 for one that is built`,
      })
    const { context, options: everywhere } = session
    // The lab file may name the kernel already, in a matrix, so that it fails its check until the lines are there.
    const file = findLab(process.cwd(), everywhere.file)
    const { found, name: standard } = await findPackage(name, options.suite, context)
    const kernel = await declarationOf(found, context, options.headers)
    const made = withKernel(await readFile(file, 'utf8'), options.name ?? standard, kernel, file)
    try {
      replaceFile(file, made.text)
    } catch (error) {
      throw diskFailure(error, file)
    }
    return {
      text: [`added kernel ${made.name} to ${file}:`, ...made.added, `boot it: lab up --kernel ${made.name}`].join(
        '\n',
      ),
      verbatim: true,
      data: { name: made.name, file, kernel },
    }
  },
})
