/** Whether a manifest is whole: one that was edited must not end in a stack trace. */
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { ManifestSchema, type StoredRun } from './manifest.ts'
import { refuseNewer } from './stored-manifest.ts'

/** Names of files that a manifest may point at: of the run's own directory, and of kept inputs. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/**
 * The run, if its manifest is whole. @throws a user's Failure that says which part is not, or that a later version
 * wrote it
 */
export function checkedRun(run: StoredRun): StoredRun {
  const parsed = ManifestSchema.safeParse(refuseNewer(run).manifest)
  const [issue] = parsed.success ? [] : parsed.error.issues
  const { imported, inputs } = run.manifest
  const names = [imported?.kept, inputs?.lab, inputs?.kernel, inputs?.image].filter((name) => name !== undefined)
  const odd = parsed.success ? names.find((name) => !PLAIN.test(name)) : undefined
  if (parsed.success && odd === undefined) return run
  const problem =
    issue === undefined
      ? `"${odd ?? ''}" is not the name of a file`
      : `${issue.path.join('.') || 'all of it'}: ${issue.message}`
  throw userError({
    place: `run ${printable(run.run, 60)}`,
    fact: `this version of lab cannot read its manifest.json: ${printable(problem, 200)}`,
    wayOut: '`lab verify RUN` says what else is not as it was recorded',
  })
}
