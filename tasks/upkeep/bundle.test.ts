import { createReadStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { afterEach, expect, test, vi } from 'vitest'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { writeBundle } from './bundle.ts'

afterEach(() => vi.unstubAllEnvs())

async function unpacked(file: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const archive = createReadStream(file).pipe(createGunzip()).pipe(extract())
  for await (const entry of archive) files.set(entry.header.name, await text(entry))
  return files
}

test('nothing of the person, their home, tokens or keys gets into the bundle; what helps does', async () => {
  const dir = tempDir()
  const home = join(dir, 'home', 'annalisa')
  const lab = join(home, 'thesis-lab')
  const logs = join(lab, '.lab', 'logs')
  mkdirSync(logs, { recursive: true })
  vi.stubEnv('HOME', home)
  vi.stubEnv('USER', 'annalisa')
  vi.stubEnv('GITLAB_TOKEN', 'very-secret-value-42')
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleS1ieXRlcw\n-----END OPENSSH PRIVATE KEY-----\n'
  writeFileSync(
    join(lab, 'lab.yaml'),
    `# by annalisa <annalisa@uni.example>\nkernels: {}\n# ${key.replaceAll('\n', '\n# ')}`,
  )
  const log = join(logs, '2026-11-30T010203Z-run-1234.ndjson')
  const entries = [
    {
      type: 'program-start',
      argv: ['git', 'clone', 'https://annalisa:very-secret-value-42@git.example/linux.git', home],
    },
    {
      type: 'error',
      place: join(lab, 'lab.yaml'),
      fact: 'make ended with status 2',
      lines: [key, 'password=hunter22'],
    },
  ]
  writeFileSync(log, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  writeFileSync(join(logs, 'other.txt'), 'not a log of a command')
  const file = join(dir, 'bundle.tar.gz')
  const names = await writeBundle(
    file,
    {
      findings: [{ name: 'KVM', status: 'warning', fact: `${home}/kvm is not a device` }],
      logs: { logs, 'cache-logs': join(dir, 'nothing') },
      labFile: join(lab, 'lab.yaml'),
      places: { lab, cache: join(home, '.cache', 'lab') },
    },
    testContext(join(dir, 'cache')),
  )
  const files = await unpacked(file)
  expect([...files.keys()]).toEqual(names)
  expect(names).toEqual([
    'README.txt',
    'doctor.json',
    'versions.json',
    'lab.yaml',
    'logs/2026-11-30T010203Z-run-1234.ndjson',
  ])
  const all = [...files.values()].join('\n')
  for (const secret of ['annalisa', home, 'very-secret-value-42', 'c2VjcmV0LWtleS1ieXRlcw', 'hunter22', 'uni.example'])
    expect(all).not.toContain(secret)
  expect(files.get('logs/2026-11-30T010203Z-run-1234.ndjson')).toContain('make ended with status 2')
  expect(files.get('logs/2026-11-30T010203Z-run-1234.ndjson')).toContain('<lab>/lab.yaml')
  expect(files.get('doctor.json')).toContain('~/kvm is not a device')
  expect(files.get('lab.yaml')).toContain('kernels: {}')
  expect(JSON.parse(files.get('versions.json') ?? '')).toMatchObject({ node: process.version, lab: expect.any(String) })
  // Where it was taken out of, it still is.
  expect(readFileSync(log, 'utf8')).toContain('very-secret-value-42')
})

test('a bundle is written where there is no lab and no log, too', async () => {
  const dir = tempDir()
  const parts = { findings: [], logs: { logs: join(dir, 'none') }, labFile: undefined, places: {} }
  const file = join(dir, 'b.tar.gz')
  await writeBundle(file, parts, testContext(join(dir, 'cache')))
  expect([...(await unpacked(file)).keys()]).toEqual(['README.txt', 'doctor.json', 'versions.json'])
})
