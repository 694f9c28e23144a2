/**
 * Everything that a running command can say, as one union. Steps send events; only `ui/` turns them into text. The same objects,
 * one per line, are what `--json` prints.
 */
export type StepOutcome =
  /** A build step's result stood where it belongs. */
  | 'fresh'
  /** It was taken from the store. */
  | 'restored'
  /** It was built now. */
  | 'built'
  /** A service or run step did its work. */
  | 'done'
  /** It was not needed, or not possible for the stated reason. */
  | 'skipped'
  | 'failed'

export type LabEvent =
  /** A step begins. `step` is its identity ("kernel v5.4", "vm default"); `parent` the step it belongs to. */
  | { readonly type: 'step-start'; readonly step: string; readonly title: string; readonly parent?: string | undefined }
  /** Where a step is. `done`/`total` in `unit`; total may be an estimate. */
  | {
      readonly type: 'step-progress'
      readonly step: string
      readonly phase: string
      readonly done?: number
      readonly total?: number
      readonly unit?: 'bytes' | 'objects' | 'runs'
    }
  | {
      readonly type: 'step-end'
      readonly step: string
      readonly outcome: StepOutcome
      /** One line: what came out, or why ("kernel/config/tracing.config changed"). */
      readonly detail?: string | undefined
      readonly seconds: number
    }
  /** What a run that goes on has in its trace (`--follow`), line by line. */
  | { readonly type: 'trace'; readonly lines: readonly string[] }
  /** An outside program begins, on this host or in the guest. `program` counts them. */
  | {
      readonly type: 'program-start'
      readonly program: number
      readonly where: 'host' | 'guest'
      readonly argv: readonly string[]
    }
  | {
      readonly type: 'program-end'
      readonly program: number
      readonly where: 'host' | 'guest'
      readonly name: string
      /** Its exit status, or how it ended without one. */
      readonly status: number | string
      readonly seconds: number
    }
  /** Something the person must know and that is no failure: a fallback taken, a slow accelerator. Said once. */
  | {
      readonly type: 'notice'
      readonly level: 'info' | 'warning'
      readonly place?: string
      readonly text: string
      readonly wayOut?: string
    }

export type Emit = (event: LabEvent) => void
