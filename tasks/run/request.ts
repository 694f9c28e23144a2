/** What `lab run` asks of one experiment. */
import type { RunArtefacts } from '../build/artefacts.ts'
import type { Overrides } from '../config/arms.ts'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolved.ts'
import type { openVm } from '../vm/vm.ts'
import type { RunOutcome } from './outcome.ts'

/** Where a plan is. */
export interface PlanState {
  /** Runs of the plan, warm-ups not counted. */
  readonly total: number
  /** Those that have a result, also of an earlier command that this one goes on with. */
  readonly outcomes: readonly RunOutcome[]
}

export interface ExperimentRequest {
  readonly lab: ResolvedLab
  readonly experiment: ResolvedExperiment
  /** Builds what an arm needs; `kernel` where the arm names one. Asked once for each kernel, before anything runs. */
  readonly prepare: (kernel: string | undefined, probes: readonly string[]) => Promise<RunArtefacts>
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
  /** Is given a way to ask where the plan is, once it is known; it can be asked at any time. */
  readonly watch?: ((state: () => PlanState) => void) | undefined
  /** `--source`: the tree that a kernel was built from; undefined: its declared source. */
  readonly treeOf?: (kernel: string) => string | undefined
  /** Where the VM comes from, when it is shared with other experiments. */
  readonly open?: typeof openVm
}
