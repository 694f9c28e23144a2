/** What `lab run` asks of one experiment. */
import type { Ready } from '../build/artefacts.ts'
import type { Overrides } from '../config/arms.ts'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolved.ts'
import type { openVm } from '../vm/vm.ts'

export interface ExperimentWanted {
  readonly lab: ResolvedLab
  readonly experiment: ResolvedExperiment
  /** Builds what an arm needs; `kernel` where the arm names one. Asked once for each kernel, before anything runs. */
  readonly prepare: (kernel: string | undefined, probes: readonly string[]) => Promise<Ready>
  readonly overrides: Overrides
  readonly repeat: number | undefined
  /** How every run comes by its VM, instead of what the experiment says. */
  readonly start?: ResolvedExperiment['start'] | undefined
  /** Keep the system calls of loader and workload. */
  readonly strace?: boolean
  /** Say what is recorded while it is recorded. */
  readonly follow?: boolean
  /** `axis=value,...`: only these arms. */
  readonly only?: string | undefined
  /** Go on with the run that was interrupted. */
  readonly resume?: boolean
  /** VMs at a time, instead of what the experiment says. */
  readonly parallel?: number | 'auto' | undefined
  /** `--source`: where the kernel was built from. */
  readonly source?: string | undefined
  /** Where the VM comes from, when it is shared with other experiments. */
  readonly open?: typeof openVm
}
