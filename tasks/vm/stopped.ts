/**
 * A guest that QEMU has stopped: where the host has no room for what it writes to its disks, it stands still, and
 * nothing in it can say why.
 */
import { join } from 'node:path'
import type { Failure } from '../engine/error.ts'
import { diskFull } from '../engine/disk.ts'
import { QMP_SOCKET } from '../host/qemu.ts'
import { Qmp } from '../host/qmp.ts'

/**
 * The failure of a guest that stands still because the disk is full; undefined where QEMU has ended or something else
 * is the matter. (`io-error` is what QEMU calls it. It stops for no other error of a disk: `werror=enospc` is its
 * default, others are told to the guest.)
 */
export async function stoppedByFullDisk(qmp: Qmp, dir: string, place: string): Promise<Failure | undefined> {
  const answer = await qmp.execute('query-status').catch(() => undefined)
  const stopped = typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === 'io-error'
  if (!stopped) return undefined
  return diskFull(
    place,
    [
      `QEMU has stopped the guest: there is no room for what it writes to its disks, below ${dir}`,
      'with room again, a VM that is booted again has all of its disks',
    ],
    { path: dir },
  )
}

/** The same of a VM whose control socket nobody of ours has open. */
export async function fullDiskOf(dir: string, place: string): Promise<Failure | undefined> {
  const qmp = await Qmp.open(join(dir, QMP_SOCKET)).catch(() => undefined)
  try {
    return qmp && (await stoppedByFullDisk(qmp, dir, place))
  } finally {
    qmp?.close()
  }
}
