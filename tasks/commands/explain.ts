/** `lab explain [file|-|run]`: what a text means, and what to do. */
import { existsSync, statSync } from 'node:fs'
import { openKernel } from '../build/preflight/kernel.ts'
import { named } from '../config/open.ts'
import { addAbortSignal } from 'node:stream'
import { Failure, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { explainedText, explainFile, explainRun, explainStream, type Explained } from '../explain/explain.ts'
import { askKernel } from './shared/explain-of-kernel.ts'
import { findRun } from '../results/result.ts'
import { defineCommand } from './command.ts'
import { openApp, type Session } from './shared/app.ts'
import { labPlaces } from './shared/places.ts'

/** What comes through the pipe; to whoever waits for more of it Ctrl-C is an end as well. */
async function* stdin(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  addAbortSignal(signal, process.stdin)
  for await (const chunk of process.stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
}

/** A run of this lab; a name that is neither a file nor a run says so. */
async function runDir(session: Session, name: string): Promise<string> {
  try {
    return (await findRun(labPlaces(session).results, name)).dir
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw userError(
      {
        place: printable(name, 200),
        fact: `neither a file, nor a run: ${error.parts.fact}`,
        wayOut: 'lab explain FILE, lab explain last, or COMMAND | lab explain -',
      },
      error,
    )
  }
}

async function explain(session: Session, what: string | undefined): Promise<Explained[]> {
  const { signal } = session.context
  if (what === '-' || (what === undefined && process.stdin.isTTY !== true))
    return [await explainStream('standard input', stdin(signal), signal)]
  if (what === undefined)
    throw userError({
      fact: 'there is nothing to explain',
      wayOut: 'lab explain FILE, lab explain last, or COMMAND | lab explain -',
    })
  if (existsSync(what) && !statSync(what).isDirectory()) return [await explainFile(what, signal)]
  if (existsSync(`${what}/manifest.json`)) return await explainRun(what, signal)
  return await explainRun(await runDir(session, what), signal)
}

/** The same, with the answers of one kernel for the functions in it. */
async function askedOf(session: Session, name: string, all: readonly Explained[]): Promise<Explained[]> {
  const { lab, context } = openApp(session)
  return await askKernel(all, await openKernel(named(lab.kernels, 'kernel', name), context))
}

export const command = defineCommand({
  usage: 'explain [what]',
  about: 'a file, - or a run: what its messages mean and what to do (dmesg, verifier log, kallsyms, strace, build log)',
  options: [['--kernel <name>', 'functions in it are looked up in this kernel, as `lab symbols` does']],
  examples: [
    ['lab explain last', 'what the messages of a run mean'],
    ['lab exec -- dmesg | lab explain -', 'or any text'],
  ],
  work: async (session, [what], options) => {
    const { kernel } = options
    const plain = await explain(session, what)
    const all = kernel !== undefined ? await askedOf(session, kernel, plain) : plain
    return { text: explainedText(all), data: all }
  },
})
