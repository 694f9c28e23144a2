/** Experiments of the tests on a cluster, and what commands answer about them. */
/** Experiments that go to a cluster; most of their runs end before they need a guest. */
export const EXPERIMENTS = `
  tiny:
    probes: [array-map]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes \${bytes} --count 2" }
    params: { bytes: [16, 64] }
    maps: { one_entry: { 1: 31 } }
    expect: [{ failure: slot }]
    repeat: 4
  real:
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes \${bytes} --count 2" }
    params: { bytes: [16, 64] }
    repeat: 2
  # Long enough to be killed in the middle.
  long:
    probes: []
    workload: { run: "sleep 10" }
    collect: [stdout]
    repeat: 1
  # The first run is done when the second is stopped.
  stopped:
    probes: []
    params: { seconds: [0, 40] }
    order: sequential
    workload: { run: "sleep \${seconds}" }
    collect: [stdout]
    repeat: 1
`

/** What `lab run --on slurm` answers of one experiment. */
export interface Submitted {
  readonly plan: string
  readonly dir: string
  readonly jobs: readonly string[]
  readonly runs: number
  readonly tasks: number
}

/** What `lab jobs` answers of one plan. */
export interface Listed {
  readonly plan: string
  readonly dir: string
  readonly open: readonly {
    readonly block: number
    readonly state: string
    readonly word?: string
    readonly why?: string
    readonly wayOut?: string
  }[]
}
