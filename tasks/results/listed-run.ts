/** What lists and tables show of a run. */

/** What a list shows of a run, read from its manifest. */
export interface RunLine {
  readonly arm: string
  /** ISO 8601, UTC. */
  readonly started: string
  readonly verdict: string
  readonly completeness: string
  readonly kernel: string
  /** What was asked for, where a fallback was taken. */
  readonly wanted: string
  readonly fallback: boolean
  readonly accel: string
  /** Name of its definition (results/definition.ts); null for an imported trace. */
  readonly definition: string | null
  /** Whether there is a table of events. */
  readonly table: boolean
  /** Channels of typed events, each with a table of its own. */
  readonly typed: readonly string[]
}

/** With its name, which is that of its directory. */
export interface ListedRun extends RunLine {
  readonly run: string
  /** Name of the directory that holds it. */
  readonly experiment: string
}

/** What else a manifest and probes.json say, as rows of tables. */
export interface RunDetails {
  readonly repeat: number
  readonly seconds: number
  readonly release: string
  readonly vm: string
  /** The machine that made it (results/node.ts); empty where nobody noted it. */
  readonly node: string
  readonly image: string
  readonly workload: string
  readonly pid: number | null
  readonly status: number | null
  readonly signal: number | null
  readonly ms: number | null
  readonly clock: string
  readonly events: number
  readonly notUnderstood: number
  /** Name of the file, of an imported run. */
  readonly imported: string | null
  readonly params: Readonly<Record<string, string | number>>
  /** The probes of the arm, where arms differ in them. */
  readonly armProbes: readonly string[] | null
  /** Declared numbers of the run; null where nothing matched. */
  readonly metrics: Readonly<Record<string, number | null>>
  /** Digest of the messages' order, where there is one. */
  readonly sequence: string | null
  /** The `lab run` that it belongs to, and whether it was one that does not count. */
  readonly plan: {
    readonly id: string
    readonly index: number
    readonly warmup: boolean
    readonly attempt: number
  } | null
  /** What was chosen for this run alone and changes its times: strace, somebody watching, several VMs at a time. */
  readonly conditions: readonly string[]
  readonly losses: Readonly<Record<string, number | null>>
  readonly probes: readonly {
    readonly program: string
    readonly section: string
    readonly attached: string | null
    readonly hits: number
    readonly missed: number
    readonly loadNs?: number | undefined
    readonly verified?: number | undefined
    readonly jitBytes?: number | undefined
    readonly skipped?: number | undefined
  }[]
}
