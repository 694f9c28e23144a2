/** A lab in a directory of its own, and the real program run on it, as a user would. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { JsonLineSchema, type JsonLine } from '../ui/json-lines.ts'

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** The lines of a `--json` command, each of them as docs/json.md says. */
export function jsonLines(stdout: string): JsonLine[] {
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JsonLineSchema.parse(JSON.parse(line)))
  const [first] = lines
  if (first?.type !== 'start') throw new Error(`the first line is ${JSON.stringify(first)}`)
  return lines
}

export class Rig {
  readonly dir: string

  /** A copy of the shipped lab, or an empty directory. */
  constructor(shipped = true) {
    this.dir = mkdtempSync(join(tmpdir(), 'lab-rig-'))
    if (shipped)
      for (const name of ['lab.yaml', 'kernel', 'bpf', 'vm-images'])
        cpSync(join(TOOL_ROOT, name), join(this.dir, name), { recursive: true })
  }

  read(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8')
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text)
  }

  /** Changes the lab file; throws when the text to replace is not there. */
  edit(name: string, from: string, to: string): void {
    const text = this.read(name)
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`)
    this.write(name, text.replace(from, to))
  }

  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(join(TOOL_ROOT, 'lab'), args, {
      cwd: this.dir,
      env: { ...process.env, CI: 'true', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
    return {
      child,
      ended: new Promise((resolve) =>
        child.on('close', (code, signal) => resolve({ status: code ?? (signal === null ? -1 : 128), stdout, stderr })),
      ),
    }
  }

  lab(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, env).ended
  }

  /** The last NDJSON line of a `--json` command: its answer. */
  async answer(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const { stdout, stderr, status } = await this.lab([...args, '--json'], env)
    const last = jsonLines(stdout).at(-1)
    if (last?.type !== 'answer')
      throw new Error(`no answer (status ${status}): ${stdout.slice(-2000)} ${stderr.slice(-2000)}`)
    return last.data
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}
