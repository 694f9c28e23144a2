/**
 * A plan that jobs of a cluster carry out, in a directory of its own: `.lab/slurm/PLAN`. `plan.json` is what people and
 * quick looks need; `plan.bin` is everything that is built and resolved, so that a task neither reads the lab file nor
 * builds.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { z } from 'zod'
import { makeDirectory } from '../../engine/directory.ts'
import { diskFailure } from '../../engine/disk.ts'
import { codeOf, failedBy, userError } from '../../engine/error.ts'
import { hashText } from '../../engine/fingerprint.ts'
import { inCurrentFormat } from '../../engine/format.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { printable } from '../../engine/printable.ts'
import { replaceFile } from '../../engine/replace-file.ts'
import type { Places } from '../../vm/vm.ts'
import type { Prepared } from '../experiment.ts'
import { PLAN_SHAPE } from '../plan/journal.ts'
import type { PlannedRun } from '../plan/schedule.ts'
import type { ExperimentRequest } from '../request.ts'

const FORMAT = { name: 'the plan of a cluster', current: 1 } as const

const PlanHeader = z.object({
  format: z.literal(FORMAT.current),
  id: z.string().regex(/^[0-9a-f]{12}$/),
  experiment: z.string(),
  started: z.string(),
  /** The version of lab that wrote it; a task of another one refuses it. */
  lab: z.string(),
  ...PLAN_SHAPE,
  blocks: z.int(),
  /** Runs of a block. */
  size: z.int(),
  /** Attempts that one run may have. */
  attempts: z.int(),
  /** Where results go. */
  results: z.string(),
  /** The cache that the plan's files are in. */
  cache: z.string(),
  /** The command that submits what is missing. */
  resume: z.string().default('lab run EXPERIMENT --on slurm --resume'),
  /** Bytes of memory that a task needs: those of the VM, and room for QEMU and lab. */
  memory: z.int().default(0),
  /** sha256 of `plan.bin`. */
  body: z.string(),
})
export type PlanHeader = z.infer<typeof PlanHeader>

/** What only a task that has something to do reads. */
export interface PlanBody {
  readonly wanted: Omit<ExperimentRequest, 'prepare' | 'open' | 'follow' | 'watch' | 'treeOf'>
  readonly prepared: Prepared
  readonly runs: readonly PlannedRun[]
}

/** Where a lab keeps the plans of clusters. */
export const plansDir = (state: string): string => join(state, 'slurm')

const headerFile = (dir: string) => join(dir, 'plan.json')
const bodyFile = (dir: string) => join(dir, 'plan.bin')

/** Writes a file whole or not at all. @throws a Failure for a disk without room */
export function putFile(file: string, content: string | Buffer): void {
  try {
    replaceFile(file, content)
  } catch (error) {
    throw diskFailure(error, printable(file, 300))
  }
}

/**
 * Failures that a probe's compiler told are in `early` as text; as errors they would not come back as what they were.
 */
const storable = (prepared: Prepared): Prepared => ({
  ...prepared,
  ready: new Map([...prepared.ready].map(([kernel, artefacts]) => [kernel, { ...artefacts, notCompiled: [] }])),
})

/** @returns the plan's directory; `plan.json` is written last, so that there is a plan when it is there */
export async function storePlan(
  state: string,
  header: Omit<PlanHeader, 'format' | 'lab' | 'body'>,
  { wanted, prepared, runs }: PlanBody,
): Promise<string> {
  const dir = join(plansDir(state), header.id)
  makeDirectory(dir, 0o700)
  const body = serialize({ wanted, prepared: storable(prepared), runs })
  putFile(bodyFile(dir), body)
  const whole: PlanHeader = { format: FORMAT.current, lab: ownVersion(), ...header, body: hashText(body) }
  putFile(headerFile(dir), `${JSON.stringify(whole, null, 1)}\n`)
  return dir
}

/** What a plan is. @throws a user's Failure if there is none, or a later version of lab wrote it */
export async function readPlan(dir: string): Promise<PlanHeader> {
  const file = headerFile(dir)
  try {
    return PlanHeader.parse(inCurrentFormat(JSON.parse(await readFile(file, 'utf8')), FORMAT, file))
  } catch (error) {
    if (failedBy(error, 'newer-format')) throw error
    const gone = codeOf(error) === 'ENOENT'
    throw userError(
      {
        place: `plan ${printable(basename(dir), 60)}`,
        fact: gone ? 'there is no such plan' : `${printable(file, 300)} is damaged`,
        wayOut: '`lab run EXPERIMENT --on slurm` makes a plan',
      },
      error,
    )
  }
}

/** Everything of a plan. @throws a lab's Failure where the file is not the one that was written with the plan */
export async function readBody(dir: string, { lab, body }: PlanHeader): Promise<PlanBody> {
  const place = `plan ${basename(dir)}`
  if (lab !== ownVersion())
    throw userError({
      place,
      fact: `lab ${lab} made the plan, and this is lab ${ownVersion()}: one result would be made of two programs`,
      wayOut: 'run it with that version, or make a new plan',
    })
  const bytes = await readFile(bodyFile(dir))
  if (hashText(bytes) !== body)
    throw userError({ place, fact: `${bodyFile(dir)} was changed after it was written`, wayOut: 'make a new plan' })
  return deserialize(bytes) as PlanBody
}

/** Plans of a lab, the newest first; of one experiment where it is named. What cannot be read is left out. */
export async function listPlans(
  state: string,
  experiment?: string,
): Promise<{ readonly dir: string; readonly plan: PlanHeader }[]> {
  const found: { dir: string; plan: PlanHeader }[] = []
  for (const name of await readdir(plansDir(state)).catch(() => [])) {
    const dir = join(plansDir(state), name)
    const plan = await readPlan(dir).catch(() => undefined)
    if (plan !== undefined && (experiment === undefined || plan.experiment === experiment)) found.push({ dir, plan })
  }
  return found.toSorted((a, b) => (a.plan.started < b.plan.started ? 1 : -1))
}

/** Where a task works: VMs and keys on the node's own disk, results where the plan says. */
export const placesOfTask = (scratch: string, { results }: Pick<PlanHeader, 'results'>): Places => ({
  vms: join(scratch, 'vms'),
  keys: join(scratch, 'keys'),
  results,
})
