/** `lab verify`: a result or an evidence pack against itself. */
import { existsSync, statSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EXIT, userError } from '../engine/error.ts'
import { step } from '../engine/context.ts'
import { printable } from '../engine/printable.ts'
import { withScratch } from '../engine/scratch.ts'
import { INPUTS_DIR } from '../results/kept-inputs.ts'
import { openPack } from '../evidence/pack.ts'
import { waysOut } from '../evidence/finding.ts'
import { verifySayings } from '../evidence/sayings.ts'
import { verifyRun, type Finding } from '../evidence/verify.ts'
import { packVerdict, type PackVerdict } from '../evidence/pack-verdict.ts'
import { packsCsv, packsTable } from '../evidence/packs-table.ts'
import { findRun } from '../results/result.ts'
import { readKeptLab } from '../results/kept-lab.ts'
import { plural } from '../engine/text.ts'
import { defineCommand, type Outcome } from './command.ts'
import { labPlaces } from './shared/places.ts'
import { path } from './shared/values.ts'
import type { Session } from './shared/session.ts'

interface Verified {
  readonly run: string
  /** As its manifest says; undefined if that cannot be read, which is a finding of its own. */
  readonly verdict: string | undefined
  readonly findings: readonly Finding[]
}

const mark = ({ ok, open }: Finding): string => (ok ? (open ? '?' : 'ok') : 'NOT OK')

const lines = ({ run, findings }: Verified): string[] => [
  run,
  ...findings.map((finding) => `  ${mark(finding)}  ${finding.what}: ${finding.fact}`),
  ...waysOut(findings).map((wayOut) => `  → ${wayOut}`),
]

/** Best first. `imported`: nothing was expected of it. */
const VERDICTS = ['passed', 'imported', 'failed', 'incomplete'] as const

/**
 * "2 passed, 1 failed"; "none passed: 6 failed". To be as recorded is not to have passed, so the last line says both.
 */
function verdictsText(verified: readonly Verified[]): string {
  const counts = VERDICTS.map((verdict) => [verdict, verified.filter((run) => run.verdict === verdict).length] as const)
  const text = counts.flatMap(([verdict, count]) => (count > 0 ? [`${count} ${verdict}`] : [])).join(', ')
  return nonePassed(verified) ? `NONE PASSED: ${text}` : text
}

const nonePassed = (verified: readonly Verified[]): boolean =>
  verified.every(({ verdict }) => verdict === 'failed' || verdict === 'incomplete')

/**
 * What is printed, and the exit code: 0 only if everything is as recorded and something passed.
 * @param said what was found about the pack as a whole
 */
export function answer(
  verified: readonly Verified[],
  problems: readonly string[],
  said: readonly Finding[] = [],
): Exclude<Outcome, number | undefined> {
  const bad = verified.filter(({ findings }) => findings.some(({ ok }) => !ok)).length
  const sound = bad === 0 && problems.length === 0 && said.every(({ ok }) => ok)
  const doubts = [...verified.flatMap(({ findings }) => findings), ...said].filter((finding) => finding.open).length
  return {
    text: [
      ...verified.flatMap(lines),
      ...said.map((finding) => `${mark(finding)}  ${finding.what}: ${finding.fact}`),
      ...problems.map((problem) => `NOT OK  ${problem}`),
      sound
        ? `${plural(verified.length, 'result')}, all as recorded; ${verdictsText(verified)}${doubts === 0 ? '' : `; ${plural(doubts, 'point')} that cannot be verified ("?")`}`
        : 'this is not what was recorded: do not rely on it',
    ].join('\n'),
    data: { sound, problems, pack: said, runs: verified },
    status: sound && !nonePassed(verified) ? EXIT.done : EXIT.experiment,
  }
}

async function verdictIn(dir: string): Promise<string | undefined> {
  try {
    const { verdict } = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as { verdict?: unknown }
    return typeof verdict === 'string' ? verdict : undefined
  } catch {
    return undefined
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
  return await withScratch('verify', async (to) => {
    const problems = await openPack(file, to)
    const verified: Verified[] = []
    const results = join(to, 'results')
    for (const dir of await runsIn(results))
      verified.push({
        run: dir.slice(results.length + 1),
        verdict: await verdictIn(dir),
        findings: await verifyRun(dir, join(results, INPUTS_DIR), context.toolRoot, context.signal),
      })
    if (verified.length === 0) return answer(verified, [...problems, 'there is no result in it'])
    const good = problems.length === 0 && verified.every(({ findings }) => findings.every(({ ok }) => ok))
    // What is said about results that are not what was recorded is not worth a look.
    return answer(verified, problems, good ? await verifySayings(to) : [])
  })
}

/** One line a pack, for those who check many. */
async function verifyPacks(
  files: readonly string[],
  { against, csv }: { readonly against?: string | undefined; readonly csv?: boolean | undefined },
  { context, view }: Session,
): Promise<Outcome> {
  const missing = files.find((file) => !existsSync(file) || !statSync(file).isFile())
  if (missing !== undefined)
    throw userError({
      fact: `${printable(missing)} is not an evidence pack`,
      wayOut: 'a table is made of packs: `lab export RUN` makes one. A run is verified alone: lab verify RUN',
    })
  const asked = against === undefined ? undefined : readKeptLab(against, context.toolRoot)
  const verdicts: PackVerdict[] = []
  await step(context, 'verify', 'verify packs', async ({ progress }) => {
    for (const [index, file] of files.entries()) {
      progress(printable(basename(file), 60), index, files.length)
      verdicts.push(await packVerdict(file, asked, context))
    }
    return { outcome: 'done', detail: plural(files.length, 'pack'), value: undefined }
  })
  const good = verdicts.every(({ sound, notPassed, differs = [] }) => sound && notPassed === 0 && differs.length === 0)
  return {
    verbatim: csv === true,
    text: csv === true ? packsCsv(verdicts) : packsTable(verdicts, view.width),
    data: { packs: verdicts },
    status: good ? EXIT.done : EXIT.experiment,
  }
}

export const command = defineCommand({
  usage: 'verify <run...>',
  about: 'check that results (or evidence packs) are as recorded, and whether they passed; needs no VM',
  options: [
    ['--against <lab.yaml>', 'a table of packs: do they answer the question of this lab file?', path],
    ['--csv', 'a table of packs as CSV'],
  ],
  note: `
Computed again, from trace.dat, the loader's words (holder.ndjson), stdout and the lab file as it was kept:
  events, their table and order, losses, hits, typed events' counts, metrics, expectations, verdict, methods and figures of a pack
Compared with a hash only, since nothing else is known of it:
  outputs, console, call tree, kallsyms, the decoded values of maps, typed events, host, QEMU, times of day
Not found: who changes the raw files too, or the question (the kept lab and its expectations), and rewrites all the rest so that
it fits together. There is no signature; publish the hash that lab export prints. "?" marks what nobody can tell.`,
  examples: [
    ['lab verify last', 'one run, computed again from its raw files'],
    ['lab verify cost.evidence.tar.gz', 'every run of a pack, wherever it was made'],
    ['lab verify *.evidence.tar.gz --against lab.yaml', 'one line a pack: sound, passed, and what it asks otherwise'],
  ],
  work: async (session, [names], options) => {
    const [wanted = ''] = names
    if (names.length > 1 || options.against !== undefined || options.csv === true)
      return await verifyPacks(names, options, session)
    if (existsSync(wanted) && statSync(wanted).isFile()) return await verifyPack(wanted, session)
    const { results } = labPlaces(session)
    const { dir, manifest } = await findRun(results, wanted)
    const { toolRoot, signal } = session.context
    const findings = await verifyRun(dir, join(results, INPUTS_DIR), toolRoot, signal)
    const { verdict } = manifest
    return answer([{ run: `${manifest.experiment}/${manifest.run}`, verdict, findings }], [])
  },
})
