/** The package that npm packs, installed as by npm install -g, and run as its user would. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { Rig } from './rig.ts'

const packed = new Rig(false)
const modules = join(packed.dir, 'lib/node_modules')
const sh = (argv: readonly [string, ...string[]], cwd: string) =>
  execFileSync(argv[0], argv.slice(1), { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

afterAll(() => packed.remove(), 60_000)

/** What `npm install -g` leaves: the packed files below node_modules, and a link to the program. */
beforeAll(() => {
  mkdirSync(join(modules, 'lab'), { recursive: true })
  const name = sh(['npm', 'pack', '--silent', '--pack-destination', packed.dir], TOOL_ROOT).trim().split('\n').at(-1)
  sh(['tar', '-xzf', join(packed.dir, name ?? ''), '--strip-components=1', '-C', join(modules, 'lab')], packed.dir)
  symlinkSync(join(modules, 'lab/lab'), join(packed.dir, 'program'))
  // Only what the shrinkwrap names: a package that is missing from it is missing here.
  const { packages } = JSON.parse(readFileSync(join(modules, 'lab/npm-shrinkwrap.json'), 'utf8')) as {
    packages: Record<string, unknown>
  }
  for (const path of Object.keys(packages).filter((key) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(key))) {
    if (!existsSync(join(TOOL_ROOT, path))) continue
    mkdirSync(join(modules, 'lab', path, '..'), { recursive: true })
    symlinkSync(join(TOOL_ROOT, path), join(modules, 'lab', path))
  }
  // It compiles everything: half a minute on a machine that is busy.
})

test('it is compiled JavaScript, without sources, tests and what packing made', () => {
  const files = sh(['find', 'lab', '-type', 'f', '-not', '-path', '*/node_modules/*'], modules).trim().split('\n')
  expect(files).toEqual(
    expect.arrayContaining(['lab/dist/cli.js', 'lab/dist/init/lab.yaml', 'lab/npm-shrinkwrap.json']),
  )
  expect(files.filter((name) => /\.ts$|\/test\/|\.test\./.test(name))).toEqual([])
  for (const name of ['dist', 'npm-shrinkwrap.json']) expect(existsSync(join(TOOL_ROOT, name))).toBe(false)
})

test('it runs, and makes a lab that is right', () => {
  const cwd = join(packed.dir, 'elsewhere')
  mkdirSync(cwd)
  const env = { ...process.env, LAB_CACHE_DIR: join(packed.dir, 'cache'), CI: 'true' }
  const lab = (...args: string[]) => execFileSync(join(packed.dir, 'program'), args, { cwd, env, encoding: 'utf8' })
  const { version } = JSON.parse(readFileSync(join(TOOL_ROOT, 'package.json'), 'utf8')) as { version: string }
  expect(lab('--version')).toBe(`${version}\n`)
  expect(lab('init', '.')).toContain('made the lab elsewhere')
  expect(lab('check')).toContain('is right')
  // The parser of C is among what was packed.
  expect(lab('check', '--probes')).toContain('0 to correct')
  expect(lab('plan', 'hello')).toContain('experiment hello')
  expect(lab('--help')).toContain('lab run readiter')
  expect(lab('init', '--from', 'fsync', 'copy')).toContain('lab run fsync')
  expect(lab('-f', 'copy', 'check')).toContain('is right')
})

test('what it builds has the names of what a checkout builds', () => {
  const ask = (file: string) =>
    JSON.parse(
      execFileSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { ownCode } from ${JSON.stringify(file)}; console.log(JSON.stringify(['kernel', 'probe', 'image'].map((maker) => ownCode(maker, ${JSON.stringify(TOOL_ROOT)}))))`,
        ],
        { encoding: 'utf8' },
      ),
    ) as unknown
  expect(ask(join(modules, 'lab/dist/build/own-code.js'))).toEqual(ask(join(TOOL_ROOT, 'tasks/build/own-code.ts')))
})
