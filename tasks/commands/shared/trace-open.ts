/** `lab trace --open`: a run in KernelShark, or in a browser with Perfetto. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { userError } from '../../engine/error.ts'
import { withScratch } from '../../engine/scratch.ts'
import { serveOnce } from '../../host/serve-once.ts'
import { attended, run as runProgram } from '../../host/sh.ts'
import { which } from '../../host/which.ts'
import type { StoredRun } from '../../results/manifest.ts'
import { exportStep, type ExportedEvents } from '../../results/export.ts'
import type { Outcome } from '../command.ts'
import type { Session } from './session.ts'

const PERFETTO = 'https://ui.perfetto.dev'
/** The only port of this host that its page may read from (perfetto.dev, "Deep linking to Perfetto UI"). */
const PORT = 9001
const PATH = '/run.pftrace'

const hasDisplay = (env: NodeJS.ProcessEnv): boolean => Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY'])

function nothingToOpenIt(run: string, why: string): never {
  throw userError({
    place: '--open',
    fact: why,
    wayOut: `\`lab trace ${run} --perfetto FILE\` writes a file for ${PERFETTO}, \`--dat FILE\` one for KernelShark`,
  })
}

/** In KernelShark, which reads the raw recording. It has the terminal until it is closed. */
async function inKernelShark(dat: string, { context }: Session): Promise<Outcome> {
  return await attended(['kernelshark', '-i', dat], { cwd: process.cwd(), signal: context.signal })
}

/** In the browser: the page fetches the file from here, and keeps it to itself. */
async function inBrowser(request: ExportedEvents, session: Session): Promise<Outcome> {
  const { context } = session
  return await withScratch('output', async (scratch) => {
    const file = join(scratch, 'run.pftrace')
    await exportStep({ ...request, format: 'perfetto', file }, context)
    const page = `${PERFETTO}/#!/?url=http://127.0.0.1:${PORT}${PATH}`
    const say = (text: string) => context.emit({ type: 'notice', level: 'info', place: '--open', text })
    const [opening, given] = [Promise.withResolvers<never>(), new AbortController()]
    const signal = AbortSignal.any([context.signal, given.signal])
    const fetched = serveOnce(file, { port: PORT, path: PATH, origin: PERFETTO }, signal, () => {
      say(`${page} waits for the browser; Ctrl-C ends it`)
      runProgram(['xdg-open', page], { signal: context.signal, place: '--open' }).catch(opening.reject)
    })
    try {
      await Promise.race([fetched, opening.promise])
    } finally {
      given.abort()
      await fetched.catch(() => undefined)
    }
    return { text: 'the browser has the trace', data: { page } }
  })
}

/** @throws a user's Failure where there is neither, or no screen */
export async function openTrace(request: ExportedEvents, session: Session): Promise<Outcome> {
  const { run }: { readonly run: StoredRun } = request
  if (!hasDisplay(process.env))
    nothingToOpenIt(run.run, 'there is no screen here (DISPLAY and WAYLAND_DISPLAY are not set)')
  const dat = join(run.dir, 'trace.dat')
  if (which('kernelshark') !== undefined && existsSync(dat)) return await inKernelShark(dat, session)
  if (which('xdg-open') === undefined)
    nothingToOpenIt(run.run, 'there is neither kernelshark nor xdg-open (package xdg-utils) on this host')
  return await inBrowser(request, session)
}
