/**
 * `./test`: host packages, format, lint, types, then vitest; one line counts it all. Whoever calls it as root or in CI
 * has asked for everything that tests need; others are asked, as by `lab`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { openCommandLog } from '../commands/shared/logged.ts'
import { openSession, viewFor } from '../commands/shared/session.ts'
import { TESTS } from '../host/packages.ts'
import { hostStep } from '../build/host-tools.ts'
import { exitCodeOf } from '../ui/failures.ts'

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly meta?: { readonly reason?: string }
    }[]
  }[]
}

const say = (text: string) => process.stdout.write(`${text}\n`)
const withVms = !process.argv.includes('--no-vm')
const bin = (name: string) => join(TOOL_ROOT, 'node_modules/.bin', name)
const count = { passed: 0, failed: 0, skipped: 0 }

async function prepare(): Promise<boolean> {
  const yes = process.argv.includes('--yes') || process.env['CI'] !== undefined || process.getuid?.() === 0
  const view = viewFor({ yes }, openCommandLog('test', process.argv.slice(2), undefined))
  const session = openSession({ yes }, new AbortController().signal, view)
  try {
    await hostStep(session.context, TESTS)
    return true
  } catch (error) {
    session.view.failure(error)
    process.exitCode = exitCodeOf(error)
    return false
  } finally {
    await session.view.close()
  }
}

/** Runs a check beside the others; what it prints comes in one piece, when it has ended. */
async function check(name: string, argv: readonly string[]): Promise<void> {
  const child = spawn(argv[0] ?? '', argv.slice(1), { cwd: TOOL_ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => printed.push(bytes))
  const ok = await new Promise<boolean>((resolve) => {
    child.on('error', (error) => {
      printed.push(Buffer.from(`${error.message}\n`))
      resolve(false)
    })
    child.on('close', (status) => resolve(status === 0))
  })
  process.stdout.write(Buffer.concat(printed))
  count[ok ? 'passed' : 'failed']++
  say(`${ok ? 'ok' : 'FAILED'}: ${name}`)
}

function vitest(projects: readonly string[]): void {
  const dir = mkdtempSync(join(tmpdir(), 'lab-test-'))
  const file = join(dir, 'report.json')
  spawnSync(
    bin('vitest'),
    [
      'run',
      ...projects.map((name) => `--project=${name}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { cwd: TOOL_ROOT, stdio: 'inherit' },
  )
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport
    for (const { name, status, message, assertionResults } of report.testResults) {
      // A file that cannot be loaded has no tests to count, and must not pass for that.
      if (assertionResults.length === 0 && status !== 'passed') {
        count.failed++
        say(`FAILED: ${name}: ${message}`)
      }
      for (const result of assertionResults) {
        if (result.status === 'passed') count.passed++
        else if (result.status === 'failed') count.failed++
        else {
          count.skipped++
          say(`skipped: ${result.fullName}: ${result.meta?.reason ?? 'no reason given'}`)
        }
      }
    }
  } catch (error) {
    count.failed++
    say(`FAILED: vitest left no report: ${String(error)}`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (await prepare()) {
  await Promise.all([
    check('format', [bin('prettier'), '--check', '--log-level=warn', '.']),
    check('lint', [bin('oxlint'), '--type-aware', '--deny-warnings', 'tasks']),
    check('types', [bin('tsc')]),
    check('dead exports', [bin('knip'), '--no-gitignore']),
  ])
  vitest(withVms ? ['unit', 'cli', 'vm'] : ['unit', 'cli'])
  if (!withVms) say('not run: tests that boot VMs (--no-vm)')
  say(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
  process.exitCode = count.failed === 0 ? 0 : 1
}
