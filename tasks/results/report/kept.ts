/**
 * What runs were made of, as it was kept in results/.inputs: the question and the material of a report. Nothing of it
 * is trusted.
 */
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { probeSources } from '../../config/probe-source.ts'
import { patternOf } from '../../config/interpolate.ts'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import { isPerSequence } from '../../config/unit-word.ts'
import type { Pattern } from '../../config/text/pattern.ts'
import { INPUTS_DIR, keptName } from '../kept-inputs.ts'
import { readKeptLab } from '../kept-lab.ts'
import type { Manifest } from '../manifest.ts'

/** More of one file is no reading matter. Bytes. */
const MOST = 200_000
/** Of a kernel configuration, whose options are counted; those of distributions have 300 kB. */
const MOST_OF_CONFIG = 4_000_000

/** A file with its text; `cut` where it is longer than is shown. */
export interface KeptFile {
  readonly name: string
  readonly text: string
  readonly cut: boolean
}

/** The place of a kept directory; a manifest that names anything else has none. */
function placeOf(results: string, name: string | undefined): string | undefined {
  if (name === undefined || !/^[a-z]+-[0-9a-f]{32}$/.test(name)) return undefined
  const place = join(results, INPUTS_DIR, name)
  return existsSync(place) ? place : undefined
}

function read(file: string, name: string, most = MOST): KeptFile[] {
  try {
    const facts = lstatSync(file)
    if (!facts.isFile()) return []
    const bytes = facts.size
    const text = readFileSync(file).subarray(0, most).toString('utf8')
    return [{ name, text, cut: bytes > most }]
  } catch {
    return []
  }
}

export interface KeptKernel {
  /** Name of the kept directory: the same kernel is shown once. */
  readonly id: string
  readonly patch: KeptFile | undefined
  /** Options that are set, a line each. */
  readonly options: readonly string[]
}

export class Kept {
  readonly #results: string
  readonly #toolRoot: string
  readonly #labs = new Map<string, ResolvedLab | undefined>()
  readonly #kernels = new Map<string, KeptKernel | undefined>()

  constructor(results: string, toolRoot: string) {
    this.#results = results
    this.#toolRoot = toolRoot
  }

  /** The lab as it was; undefined where it was not kept, or where this version does not understand it. */
  lab({ inputs }: Manifest): ResolvedLab | undefined {
    const id = inputs?.lab ?? ''
    if (!this.#labs.has(id)) {
      const place = placeOf(this.#results, id)
      let lab: ResolvedLab | undefined
      try {
        if (place !== undefined) lab = readKeptLab(join(place, 'lab.yaml'), this.#toolRoot)
      } catch {
        // A lab file of another version: the report says that it is not there.
      }
      this.#labs.set(id, lab)
    }
    return this.#labs.get(id)
  }

  experiment(manifest: Manifest): ResolvedExperiment | undefined {
    const experiments = this.lab(manifest)?.experiments
    return experiments !== undefined && Object.hasOwn(experiments, manifest.experiment)
      ? experiments[manifest.experiment]
      : undefined
  }

  /** The messages of one read, where the experiment declares them for this run's kernel. */
  order(manifest: Manifest): readonly Pattern[] | undefined {
    const orders = (this.experiment(manifest)?.expect ?? []).filter(isPerSequence)
    const fits = orders.find(({ kernels }) => kernels === undefined || kernels.includes(manifest.kernel.name))
    try {
      return fits?.order.map((text) => patternOf(text, manifest.arm.params))
    } catch {
      return undefined
    }
  }

  /** Sources of the probes of a run, and of its workload. */
  sources(manifest: Manifest): { readonly probes: readonly KeptFile[]; readonly workload: KeptFile | undefined } {
    const lab = this.lab(manifest)
    const experiment = this.experiment(manifest)
    if (lab === undefined || experiment === undefined) return { probes: [], workload: undefined }
    // A lab file can name any file of this machine; only what was kept with it, or ships with the tool, is its own.
    const file = (path: string) => {
      const name = relative(lab.directory, path)
      const own = read(join(lab.directory, keptName(name)), name)
      if (own.length > 0 || !path.startsWith(this.#toolRoot + sep)) return own
      return read(path, name.replace(/^(\.\.\/)+.*\/(?=bpf\/)/, 'lab:'))
    }
    const names = new Set([...experiment.probes, ...(manifest.arm.probes ?? [])])
    const probes = [...names].flatMap((name) => {
      const probe = lab.probes[name]
      return probeSources(probe).flatMap(file)
    })
    return {
      probes,
      workload: experiment.workload.sources.flatMap(file)[0],
    }
  }

  kernel({ inputs }: Manifest): KeptKernel | undefined {
    const id = inputs?.kernel ?? ''
    if (!this.#kernels.has(id)) {
      const place = placeOf(this.#results, id)
      this.#kernels.set(
        id,
        place === undefined
          ? undefined
          : {
              id,
              patch: read(join(place, 'patch.diff'), 'patch.diff')[0],
              options: (read(join(place, 'config'), 'config', MOST_OF_CONFIG)[0]?.text ?? '')
                .split('\n')
                .filter((line) => /^CONFIG_\w+=/.test(line)),
            },
      )
    }
    return this.#kernels.get(id)
  }
}
