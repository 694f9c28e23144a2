/** A process that runs commands for the torture script, replaced when it is used up, held up, or dead. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer } from './case-worker.ts'

/** Commands of one process. */
const MOST = 300

export interface Ran extends Answer {
  readonly ms: number
}

export class CommandWorker {
  readonly #cwd: string
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #used = 0

  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    this.#cwd = cwd
    this.#env = { ...process.env, CI: 'true', ...env }
  }

  async #ready(): Promise<ChildProcess> {
    if (this.#child?.connected === true && this.#used < MOST) return this.#child
    this.end()
    this.#used = 0
    this.#child = fork(join(import.meta.dirname, 'case-worker.ts'), { cwd: this.#cwd, env: this.#env, stdio: 'ignore' })
    await once(this.#child, 'message')
    return this.#child
  }

  /**
   * Runs one command. The status of one that ended its process is 70, of one that was given up after `limit`
   * milliseconds -1.
   */
  async run(words: readonly string[], limit: number): Promise<Ran> {
    const child = await this.#ready()
    this.#used++
    const started = performance.now()
    const answer = await new Promise<Answer>((resolve) => {
      const late = setTimeout(() => settle({ status: -1, text: `given up after ${limit} ms` }), limit)
      const onExit = (code: number | null, signal: string | null) =>
        settle({ status: 70, text: `the process ended with ${code ?? signal}` })
      const settle = (value: Answer) => {
        clearTimeout(late)
        child.off('message', settle)
        child.off('exit', onExit)
        resolve(value)
      }
      child.on('message', settle)
      child.on('exit', onExit)
      child.send(words)
    })
    if (answer.status === -1) this.end()
    return { ...answer, ms: performance.now() - started }
  }

  end(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }
}
