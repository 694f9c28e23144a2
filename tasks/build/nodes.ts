/** Whether a kernel sees the NUMA nodes of a VM. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPrebuilt } from '../config/prebuilt.ts'
import type { ResolvedKernel, ResolvedVm } from '../config/resolved.ts'
import { userError } from '../engine/error.ts'
import { parseConfig } from '../linux/kbuild/kconfig.ts'
import type { KernelArtefact } from './kernel/kernel.ts'

/** The nodes are in tables of ACPI (SRAT). X86_64_ACPI_NUMA follows from NUMA and ACPI. */
const OPTIONS = ['NUMA', 'ACPI_NUMA']

/** @throws a user's Failure where the kernel would see one node */
export async function needNodes(
  { name, numa }: Pick<ResolvedVm, 'name' | 'numa'>,
  kernel: KernelArtefact,
  { source }: Pick<ResolvedKernel, 'source'>,
): Promise<void> {
  if (numa === undefined) return
  const config = parseConfig(await readFile(join(kernel.dir, 'config'), 'utf8'))
  const lacking = OPTIONS.filter((option) => config.get(option) !== 'y')
  if (lacking.length === 0) return
  throw userError({
    place: `vm ${name}`,
    fact: `kernel ${kernel.name} is built without ${lacking.join(' and ')}: it would see one NUMA node, not ${numa.length}`,
    wayOut: isPrebuilt(source)
      ? "take another kernel (Debian's have both), or leave `numa:` out"
      : `add \`options: { NUMA: y, ACPI: y }\` to kernel ${kernel.name}`,
  })
}
