/** `lab verify`: a result or an evidence pack against itself. */
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findLab } from '../config/find.ts'
import { EXIT } from '../engine/error.ts'
import { INPUTS_DIR } from '../evidence/inputs.ts'
import { openPack } from '../evidence/pack.ts'
import { verifyRun, type Finding } from '../evidence/verify.ts'
import { findRun } from '../experiment/result.ts'
import { placesOf } from '../vm.ts'
import type { CommandModule, Outcome } from './index.ts'
import type { Session } from './app.ts'

interface Verified {
  readonly run: string
  readonly findings: readonly Finding[]
}

const lines = ({ run, findings }: Verified): string[] => [
  run,
  ...findings.map(({ ok, what, fact }) => `  ${ok ? 'ok' : 'NOT OK'}  ${what}: ${fact}`),
]

function answer(verified: readonly Verified[], problems: readonly string[]): Outcome {
  const bad = verified.filter(({ findings }) => findings.some(({ ok }) => !ok)).length
  const sound = bad === 0 && problems.length === 0
  return {
    text: [
      ...verified.flatMap(lines),
      ...problems.map((problem) => `NOT OK  ${problem}`),
      sound
        ? `${verified.length} result${verified.length === 1 ? '' : 's'}, all as recorded`
        : 'this is not what was recorded: do not rely on it',
    ].join('\n'),
    data: { sound, problems, runs: verified },
    status: sound ? EXIT.done : EXIT.experiment,
  }
}

/** The results of an unpacked pack: results/<experiment>/<run>. */
async function runsIn(dir: string): Promise<string[]> {
  const names = async (at: string) =>
    (await readdir(at, { withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
  const found: string[] = []
  for (const experiment of await names(dir))
    for (const run of await names(join(dir, experiment))) found.push(join(dir, experiment, run))
  return found.toSorted()
}

async function verifyPack(file: string, { context }: Session): Promise<Outcome> {
  const to = await mkdtemp(join(tmpdir(), 'lab-verify-'))
  try {
    const problems = await openPack(file, to)
    const verified: Verified[] = []
    const results = join(to, 'results')
    for (const dir of await runsIn(results))
      verified.push({
        run: dir.slice(results.length + 1),
        findings: await verifyRun(dir, join(results, INPUTS_DIR), context.toolRoot, context.signal),
      })
    return answer(verified, verified.length === 0 ? [...problems, 'there is no result in it'] : problems)
  } finally {
    await rm(to, { recursive: true, force: true })
  }
}

export const work: CommandModule['work'] = async (session, [name]) => {
  const wanted = String(name)
  if (existsSync(wanted) && statSync(wanted).isFile()) return await verifyPack(wanted, session)
  const { results } = placesOf(dirname(findLab(process.cwd(), session.options.file)))
  const { dir, manifest } = await findRun(results, wanted)
  const { toolRoot, signal } = session.context
  const findings = await verifyRun(dir, join(results, INPUTS_DIR), toolRoot, signal)
  return answer([{ run: `${manifest.experiment}/${manifest.run}`, findings }], [])
}
