/** The recipes of docs/ci.md as scripts: what their steps run, in their order, in a lab of one experiment. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { Rig } from './rig.ts'

const BLOCKS = Array.from(readFileSync(join(TOOL_ROOT, 'docs/ci.md'), 'utf8').matchAll(/^```yaml\n([^]*?)^```/gm)).map(
  ([, text = '']) => text,
)

interface Github {
  readonly jobs: { readonly lab: { readonly steps: readonly { readonly run?: string }[] } }
}
interface Gitlab {
  readonly lab: { readonly [part in 'before_script' | 'script' | 'after_script']: readonly string[] }
}

const recipe = <T>(start: string): T => parse(BLOCKS.find((text) => text.startsWith(start)) ?? '') as T

const lab = new Rig()

beforeAll(() => {
  symlinkSync(join(TOOL_ROOT, 'lab'), join(lab.dir, 'lab'))
  // One experiment on the kernel that the other tests build, too.
  const [head = ''] = lab.read('lab.yaml').split(/^experiments:/m)
  const experiment = 'experiments:\n  one:\n    workload: { run: "echo hello" }\n'
  writeFileSync(join(lab.dir, 'lab.yaml'), head + experiment)
  lab.edit('lab.yaml', 'kernel: { use: v5.4, fallback: [v5.10, v6.1] }', 'kernel: v5.10')
})
afterAll(() => lab.remove())

function script(lines: readonly string[], env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', lines.join('\n')], {
    cwd: lab.dir,
    encoding: 'utf8',
    env: { ...process.env, LAB_CACHE_DIR: cacheDir(process.env), CI: 'true', ...env },
  })
  expect(status, stderr).toBe(0)
  return { stdout, stderr }
}

const exists = (name: string) => readdirSync(lab.dir).includes(name)

describe('docs/ci.md', () => {
  test('GitHub Actions: annotations, a summary, a key for the cache, packs', () => {
    const temp = mkdtempSync(join(lab.dir, 'github-'))
    const [output, summary] = [join(temp, 'output'), join(temp, 'summary')]
    const { jobs } = recipe<Github>('# .github')
    const steps = jobs.lab.steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
    expect(steps.length).toBeGreaterThan(3)
    script(steps, { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary })
    const key = readFileSync(output, 'utf8')
    expect(key).toMatch(/^key=[0-9a-f]{16}\n$/)
    // Of nothing at all, it would be the digest of an empty text.
    expect(key).not.toContain('e3b0c44298fc1c14')
    expect(readFileSync(summary, 'utf8')).toContain('| one | 1 of 1 |')
    expect(readFileSync(join(lab.dir, 'lab.xml'), 'utf8')).toContain('<testsuite name="one" tests="1" failures="0"')
    expect(exists('lab.evidence.tar.gz')).toBe(true)
  })

  test('GitLab: a section for the experiment, and the same files', () => {
    const { lab: job } = recipe<Gitlab>('# .gitlab-ci.yml')
    expect(job.before_script.every((line) => line.startsWith('apt-get '))).toBe(true)
    const { stderr } = script([...job.script, 'rm lab.evidence.tar.gz', ...job.after_script], { GITLAB_CI: 'true' })
    expect(stderr).toMatch(/section_start:\d+:experiment_one\[collapsed=true\]/)
    expect(stderr).toMatch(/section_end:\d+:experiment_one/)
    expect(exists('lab.evidence.tar.gz')).toBe(true)
  })
})
