/**
 * Completion in the shells themselves: a person's keys go to an interactive shell on a terminal, and what it then runs
 * is looked at.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { which } from '../host/which.ts'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { Rig } from './rig.ts'
import { needs } from './needs.ts'

const lab = new Rig()
const bin = mkdtempSync(join(tmpdir(), 'lab-completion-'))
// What the shell runs in the end is shown instead of run.
writeFileSync(
  join(bin, 'lab'),
  `#!/bin/sh\n[ "$1" != completion ] || exec ${JSON.stringify(join(TOOL_ROOT, 'lab'))} "$@"\necho "RUN($*)"\n`,
  { mode: 0o755 },
)
afterAll(() => {
  lab.remove()
  rmSync(bin, { recursive: true })
})

/** How each shell is started without a person's own settings, and what loads the completion. */
const SHELLS = [
  ['bash', 'bash --noprofile --norc -i', 'source <(lab completion bash)'],
  ['zsh', 'zsh -f -i', 'autoload -U compinit; compinit -u -D; source <(lab completion zsh)'],
  ['fish', 'fish --no-config -i', 'lab completion fish | source'],
] as const

/** The command lines that the shell ran when these keys had been typed. */
function typed(start: string, load: string, lines: readonly string[]): string[] {
  const { stdout } = spawnSync('script', ['-qefc', start, '/dev/null'], {
    cwd: lab.dir,
    input: [load, ...lines, 'exit', ''].join('\n'),
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}`, TERM: 'dumb', HOME: bin },
    timeout: 90_000,
  })
  return stdout.match(/(?<=^|\r|\n)RUN\([^\n\r]*\)/g) ?? []
}

for (const [shell, start, load] of SHELLS)
  test(
    `${shell} completes commands, experiments, options and values`,
    needs(
      which(shell) !== undefined && which('script') !== undefined,
      `there is no ${shell}, or no script (package bsdutils)`,
    ),
    () => {
      const lines = ['lab tracep\tx', 'lab run readit\t', 'lab run readiter --onl\tby\t1\t']
      expect(typed(start, load, lines)).toEqual([
        'RUN(tracepoint x)',
        'RUN(run readiter)',
        'RUN(run readiter --only bytes=16)',
      ])
    },
  )
