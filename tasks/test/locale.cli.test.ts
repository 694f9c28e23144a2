/**
 * A host whose language is not English: programs translate their messages there, and what lab decides by them, and
 * prints, must be the same. The tools that speak German are the real ones behind a script that translates; a real
 * German locale is tried where this host can make one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { which } from '../host/which.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
const bin = join(lab.dir, 'bin')
const repository = join(lab.dir, 'repository')
/** Everything that a user of a German desktop has set. */
const GERMAN = { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de_DE:de' }

const realGit = which('git') ?? ''
const git = (...words: string[]) =>
  execFileSync(realGit, ['-c', 'user.name=n', '-c', 'user.email=e@example.org', '-C', repository, ...words])

/** A program that prints English only where its locale is C and LANGUAGE is not set, as with gettext(3). */
function translated(name: string, body: string, translation: string): void {
  const script = `#!/bin/sh
exec 3>&1
{ ${body} 2>&1 >&3 3>&-; echo $? >&4; } 4>"$0.status" | {
  if [ "$LC_ALL" = C ] && [ -z "$LANGUAGE" ]; then cat; else sed '${translation}'; fi
} >&2
exit "$(cat "$0.status")"
`
  writeFileSync(join(bin, name), script)
  chmodSync(join(bin, name), 0o755)
}

beforeAll(() => {
  mkdirSync(bin)
  mkdirSync(repository)
  writeFileSync(join(repository, 'Makefile'), 'VERSION = 5\nPATCHLEVEL = 4\nSUBLEVEL = 0\n%:\n\tgcc -c bad.c -o $@\n')
  writeFileSync(join(repository, 'Kconfig'), 'mainmenu "none"\n')
  writeFileSync(join(repository, 'bad.c'), 'int main(void) { return missing; }\n')
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '-m', 'one')
  git('tag', 'v5.4')
  const kernel = (name: string, ref: string) => `  ${name}: { source: { git: file://${repository}, ref: ${ref} } }`
  lab.write(
    'lab.yaml',
    `lab: language
kernels:
${kernel('here', 'v5.4')}
${kernel('gone', 'v5.5')}
images: { minimal: { recipe: vm-images/minimal } }
vms: { default: { kernel: here, image: minimal } }
experiments: {}
`,
  )
})
afterAll(() => lab.remove())

/**
 * Status and failure of a build in a language; the cache is new each time, so that nothing is left of the run before.
 */
async function build(kernel: string, cache: string, env: Readonly<Record<string, string>>) {
  const { status, stderr } = await lab.lab(['build', 'kernel', kernel], { LAB_CACHE_DIR: join(lab.dir, cache), ...env })
  const failure = stderr.split('\n').filter((line) => !line.startsWith('[') && !line.includes('log of this command'))
  return { status, failure: failure.join('\n').replaceAll(cache, 'CACHE') }
}

async function inBoth(kernel: string, german: Readonly<Record<string, string>>) {
  const { LOCPATH: _, ...rest } = german
  const english = { ...rest, LANG: 'C', LC_ALL: 'C', LANGUAGE: '' }
  return [await build(kernel, `${kernel}-de`, german), await build(kernel, `${kernel}-en`, english)] as const
}

const onPath = () => ({ ...GERMAN, PATH: `${bin}:${process.env['PATH'] ?? ''}` })

test('a full disk is a full disk, whatever tar calls it', async () => {
  const body = `{ echo 'tar: Makefile: Cannot write: No space left on device' >&2; false; }`
  translated('tar', body, 's/No space left on device/Auf dem Gerät ist kein Speicherplatz mehr verfügbar/')
  const [german, english] = await inBoth('here', onPath())
  expect(german.failure).toMatch(/the disk is full\n/)
  expect(german.failure).toContain('No space left on device')
  expect(german).toEqual(english)
  expect(german.status).toBe(69)
  writeFileSync(join(bin, 'tar'), `#!/bin/sh\nexec ${which('tar') ?? ''} "$@"\n`)
})

test('a ref that a repository does not have is the mistake of the lab file', async () => {
  translated('git', `${realGit} "$@"`, 's/couldn.t find remote ref/Konnte Remote-Referenz nicht finden:/')
  const [german, english] = await inBoth('gone', onPath())
  expect(german.failure).toContain(`file://${repository} has no ref v5.5`)
  expect(german).toEqual(english)
  expect(german.status).toBe(2)
})

test('a real German locale changes no message', async ({ skip, task }) => {
  const locales = join(lab.dir, 'locales')
  mkdirSync(locales)
  const made = spawnSync('localedef', ['-i', 'de_DE', '-f', 'UTF-8', join(locales, 'de_DE.UTF-8')])
  if (made.status !== 0) {
    Object.assign(task.meta, { reason: 'this host cannot make the locale de_DE.UTF-8 (package locales)' })
    skip()
  }
  const real = { ...GERMAN, LOCPATH: locales }
  const [noRef, sameNoRef] = await inBoth('gone', real)
  expect(noRef.status).toBe(2)
  expect(noRef).toEqual(sameNoRef)
  const [broken, sameBroken] = await inBoth('here', real)
  expect(broken.failure).toContain("bad.c:1:25: error: 'missing' undeclared")
  expect(broken).toEqual(sameBroken)
})
