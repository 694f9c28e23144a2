/** Checks of directories of the host in a guest: nothing of the host but them, and nothing that is measured in them. */
import { resolvePath } from '../paths.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { textsAt } from '../leaves.ts'
import { vmOf } from '../lookup.ts'
import type { Share, Vm } from '../schema/schema-vm.ts'
import { isWithin, overlap, sharesOf, shareRefusal } from '../shares.ts'
import { commandOf } from '../workload.ts'
import type { Check, Context } from './check.ts'
import { PATHS } from './named-paths.ts'
import { mountProblem } from './relate-vms.ts'

const plain = (mount: string): string => mount.replace(/\/$/, '')

/** `share` is one, or a list of them. */
const placeOf = ({ share }: Pick<Vm, 'share'>, at: Path, index: number): Path =>
  Array.isArray(share) ? [...at, index] : at

/** Where a share is mounted: on nothing of the guest's own, and apart from the disks, which are what is measured. */
function* mounts(vm: Vm, at: Path): Iterable<Problem> {
  const taken = Object.entries(vm.disks ?? {}).map(([name, { mount }]) => ({ what: `disk ${name}`, on: plain(mount) }))
  for (const [index, { mount }] of sharesOf(vm).entries()) {
    const here = { severity: 'error', path: [...placeOf(vm, at, index), 'mount'], at: 'value' } as const
    const problem = mountProblem(mount)
    if (problem !== undefined) yield { ...here, ...problem }
    const on = plain(mount)
    const other = taken.find((share) => overlap(on, share.on))
    if (problem === undefined && other !== undefined)
      yield {
        ...here,
        message: `a share on ${on} and ${other.what} on ${other.on} would hide one another's files`,
        wayOut: 'mount it on a directory of its own, for example /share',
      }
    taken.push({ what: 'another share', on })
  }
}

/** What of the host it is. */
function* sources({ data, files, ...roots }: Context, vm: Vm, at: Path): Iterable<Problem> {
  const lab = files?.real(roots.labDir)
  if (files === undefined || lab === undefined) return
  for (const [index, { from, write }] of sharesOf(vm).entries()) {
    const real = files.real(resolvePath('share', from, roots))
    if (real === undefined) continue
    const place = placeOf(vm, at, index)
    const refusal = shareRefusal(real, lab, (path) => files.real(path))
    if (refusal !== undefined) {
      const message = `"${from}" cannot be shared: ${refusal.fact}`
      yield { severity: 'error', path: [...place, 'from'], at: 'value', message, wayOut: refusal.wayOut }
      continue
    }
    if (write !== 'yes') continue
    for (const [use, where] of PATHS) {
      const named = [...textsAt(data, where)].find(([, text]) => {
        const file = files.real(resolvePath(use, text, roots))
        if (file === undefined) return false
        // Two VMs may share one directory; in the place of one below it a guest could put a link to anywhere.
        if (use === 'share') return file !== real && isWithin(file, real)
        // A named directory is read whole: programs of a kernel's tree or of a recipe run on the host.
        return overlap(file, real)
      })
      if (named === undefined) continue
      yield {
        severity: 'error',
        path: [...place, 'write'],
        at: 'value',
        message: `the guest could change "${named[1]}", which this lab file names`,
        wayOut: 'share another directory, or leave `write:` out',
      }
      break
    }
  }
}

const shares: Check = function* (context) {
  for (const [name, vm] of Object.entries(context.lab.vms)) {
    if (vm.share === undefined) continue
    const at: Path = ['vms', name, 'share']
    yield* mounts(vm, at)
    yield* sources(context, vm, at)
    if (vm.deterministic === 'yes')
      yield {
        severity: 'error',
        path: at,
        at: 'key',
        message: `vm ${name} is deterministic: the host answers reads of a share when it likes`,
        wayOut: 'take one of the two out; `from:` puts a file of the host on a disk',
      }
  }
}

const names = (words: string, { mount }: Share): boolean => {
  const on = plain(mount)
  return words.split(/[\s"'=:]+/).some((word) => word === on || word.startsWith(`${on}/`))
}

/** What an experiment asks of a VM that has a share. */
const uses: Check = function* ({ lab: { vms, experiments } }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    const { start, parallel, workload } = experiment
    const of = vmOf(experiment, Object.keys(vms)) ?? ''
    const vm = Object.hasOwn(vms, of) ? vms[of] : undefined
    if (vm?.share === undefined) continue
    const at: Path = ['experiments', name]
    if (start === 'warm')
      yield {
        severity: 'error',
        path: [...at, 'start'],
        at: 'value',
        message: `vm ${of} has a share: a saved guest keeps open what the host has changed since`,
        wayOut: 'write shared or cold; `from:` puts files of the host on a disk, which a snapshot can have',
      }
    const written = sharesOf(vm).find(({ write }) => write === 'yes')
    if (written !== undefined && parallel !== undefined && parallel !== 1)
      yield {
        severity: 'error',
        path: [...at, 'parallel'],
        at: 'value',
        message: `vm ${of} may write to "${written.from}": several copies of it would write to the same files`,
        wayOut: 'write 1, or share the directory read-only',
      }
    const read = sharesOf(vm).find((share) => names(commandOf(workload), share))
    if (read === undefined) continue
    yield {
      severity: 'warning',
      path: [...at, 'workload', 'run'],
      at: 'value',
      message: `the workload uses ${plain(read.mount)}, a share: the host reads and writes its files, in its own time`,
      wayOut: 'measure files on a disk of the guest (`disks:`), and keep shares for input and output',
    }
  }
}

export const SHARE_CHECKS: readonly Check[] = [shares, uses]
