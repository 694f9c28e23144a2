/**
 * A QEMU that the kernel has killed because the memory was used up: that of a job, of a container, or of the host. It
 * takes the largest process, which is the guest, and nothing in the guest can say why.
 */
import { labError, type Failure } from '../engine/error.ts'
import { memoryLimit, oomKills } from '../host/memory-group.ts'
import { slurmJob } from '../host/this-host.ts'

/** As a lab file and Slurm write it: "1792M". */
const mebibytes = (size: number): string => `${Math.round(size / 2 ** 20)}M`

/** What is known before a guest begins. */
export interface MemoryBefore {
  /** Bytes of the guest. */
  readonly guest: number
  /** Processes that had been killed. */
  readonly kills: number | undefined
}

export const memoryBefore = (guest: number): MemoryBefore => ({ guest, kills: oomKills() })

/**
 * The failure of a guest whose QEMU has ended, if the kernel has killed a process for its memory meanwhile.
 * @param kills processes that have been killed by now
 */
export function killedForMemory(
  place: string,
  before: MemoryBefore | undefined,
  kills = oomKills(),
): Failure | undefined {
  if (before?.kills === undefined || kills === undefined || kills <= before.kills) return undefined
  const isJob = slurmJob() !== undefined
  return labError({
    place,
    reason: 'out-of-memory',
    fact: `the kernel killed QEMU: the ${mebibytes(memoryLimit())} that ${isJob ? 'this job' : 'lab'} may use were used up (${mebibytes(before.guest)} are the guest's)`,
    wayOut: isJob
      ? 'ask for more (`memory:` of the profile) and --resume, or give the VM less (`memory:` of the VM)'
      : 'run fewer guests at a time (--parallel), give the VM less (`memory:`), or lab more (the limit of its container or service)',
  })
}
