/** What a VM is booted from. */
import type { ResolvedVm } from '../config/resolved.ts'
import type { ImageArtefact } from './image/image.ts'
import type { Sharing } from './sharing.ts'
import type { KernelArtefact } from './kernel/kernel.ts'

export interface Bootable {
  readonly vm: ResolvedVm
  readonly kernel: KernelArtefact
  /** The kernel that the lab file asks for, where a fallback was taken instead. */
  readonly kernelWanted: string
  readonly image: ImageArtefact
  /** How its shares reach the guest; it has some where this is there. */
  readonly sharing?: Sharing | undefined
  readonly accel?: 'kvm' | 'tcg' | 'auto' | undefined
}
