/**
 * A lab for the loader's tests: the example of the design in a temporary directory, and what the loader says about a
 * changed one.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { Failure } from '../engine/error.ts'
import { render } from './text/diagnostic.ts'
import { openLab } from './open.ts'

export const HOST = { memoryBytes: 8 * 2 ** 30, cpus: 4 }

/** Every kind of thing that a lab file has. */
export const EXAMPLE = `lab: copyout
kernels:
  v5.4:
    source:
      url: https://cdn.kernel.org/pub/linux/kernel/v5.x/linux-5.4.tar.xz
      sha256: bf338980b1670bca287f9994b7441c2361907635879169c64ae78364efc5f491
    config: [kernel/config/guest.config, kernel/config/tracing.config]
    options: { KPROBE_EVENTS_ON_NOTRACE: y, NR_CPUS: 8 }
    compat: auto
    parallelPath:
      suffix: giulia
      entry: generic_file_buffered_read
      functions: [copy_page_to_iter, copyout]
    expose: []
  v5.10:
    extends: v5.4
    source:
      package: linux-source-5.10
      suite: bullseye
      version: 5.10.223-1
      sha256: f733d27d239d65598d96d7a72f71ac50f49f2380192a1b3b4ca2f5ad5144dd63
images:
  minimal: { recipe: vm-images/minimal }
vms:
  default:
    kernel: { use: v5.4, fallback: [v5.10] }
    image: minimal
    cpus: 2
    memory: 1G
    accel: auto
    disks:
      data: { fs: ext4, size: 64M, mount: /data, files: { f: "1 2 3\\n" } }
probes:
  readiter: { source: bpf/readiter.bpf.c }
experiments:
  readiter:
    about: Follow one read() of 16 bytes from ext4 down to copyout.
    probes: [readiter]
    workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f --bytes \${bytes} --count \${count}" }
    params: { bytes: [16], count: [3] }
    repeat: 5
    collect: [trace, stdout, dmesg, maps, kallsyms]
    expect:
      - order: ["ext4 file read", "/copyout to 0x[0-9a-f]+ len \${bytes}/"]
        per: read
        of: workload
        times: \${count}
`

/** The files that the example names. */
const FILES = [
  'kernel/config/guest.config',
  'kernel/config/tracing.config',
  'vm-images/minimal/image.yaml',
  'bpf/readiter.bpf.c',
  'bpf/workloads/readfile.c',
]

/** A directory with the files, removed after the test. */
export function directoryWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'lab-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true })
    writeFileSync(path.join(directory, file), content)
  }
  return directory
}

export const RECIPE = 'suite: trixie\npackages: []\nsize: 1G\ninit: /sbin/init\n'

const exampleFiles = () => Object.fromEntries(FILES.map((file) => [file, file.endsWith('image.yaml') ? RECIPE : '']))

/** The example's directory, with another lab.yaml. */
export const labDirectory = (text: string | Uint8Array = EXAMPLE): string =>
  directoryWith({ ...exampleFiles(), 'lab.yaml': text })

/**
 * The example with one passage replaced. It fails the test if the passage is not there, for then the test would test
 * nothing.
 */
export function changed(...changes: readonly (readonly [from: string, to: string])[]): string {
  let text = EXAMPLE
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the example has no "${from}"`)
    text = text.replace(from, () => to)
  }
  return text
}

/** Opens a lab with this text. */
export const open = (text: string | Uint8Array = EXAMPLE, host = HOST) => {
  const directory = labDirectory(text)
  // The directory serves as the tool's as well: the example is laid out like the tool.
  return openLab({ cwd: directory, toolRoot: directory, host })
}

/**
 * All that the loader says about a lab file, as lines; the first is the number of problems. Warnings alone: no first
 * line.
 */
export function complaints(text: string | Uint8Array, host = HOST): string {
  try {
    return open(text, host).warnings.flatMap(render).join('\n')
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'user') throw error
    return [error.parts.fact, ...(error.parts.lines ?? [])].join('\n')
  }
}

/** Every complaint as "message | way out", without its place. */
export function problemsIn(text: string, host = HOST): string[] {
  const messages: string[] = []
  for (const line of complaints(text, host).split('\n')) {
    const message = /^lab\.yaml:\d+:\d+ (.*)$/.exec(line)?.[1]
    const wayOut = /^ {2}way out: (.*)$/.exec(line)?.[1]
    if (message !== undefined) messages.push(message)
    if (wayOut !== undefined) messages.push(`${messages.pop()} | ${wayOut}`)
  }
  return messages
}
