/** What a lab names is kept, wherever it is, and is found again where the lab looks for it. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { openLab } from '../config/open.ts'
import type { ImageArtefact } from '../build/image/image.ts'
import type { Manifest } from './manifest.ts'
import type { KernelArtefact } from '../build/kernel/kernel.ts'
import { Kept } from './report/kept.ts'
import { tempDir } from '../test/temp-dir.ts'
import { INPUTS_DIR, keepInputs, restoreLab } from './kept-inputs.ts'
import { ANY_HOST, readKeptLab } from './kept-lab.ts'

/** The shipped lab with one of its probes, and the kernel, elsewhere. */
function labWith(base: string, source: string, tree: string): string {
  const dir = join(base, 'labs/mine')
  mkdirSync(dir, { recursive: true })
  for (const name of ['bpf', 'kernel', 'vm-images']) cpSync(join(TOOL_ROOT, name), join(dir, name), { recursive: true })
  const text = readFileSync(join(TOOL_ROOT, 'lab.yaml'), 'utf8')
    .replace('source: bpf/readiter.bpf.c', `source: "${source}"`)
    .replace(/source:\n {6}package: linux-source-5\.10\n(?: {6}.*\n)*/, `source: { tree: ${tree} }\n`)
  writeFileSync(join(dir, 'lab.yaml'), text)
  return join(dir, 'lab.yaml')
}

async function kept(source: string) {
  const base = tempDir()
  mkdirSync(join(base, 'shared'))
  mkdirSync(join(base, 'linux'))
  writeFileSync(join(base, 'linux/Kbuild'), '')
  writeFileSync(join(base, 'shared/helper.h'), '')
  const lab = labWith(base, source, '../../linux')
  cpSync(join(TOOL_ROOT, 'bpf/readiter.bpf.c'), join(lab, '..', source))
  const opened = openLab({ file: lab, cwd: base, toolRoot: TOOL_ROOT, host: ANY_HOST }).lab
  const results = join(tempDir(), 'results')
  const built = { dir: tempDir() }
  for (const name of ['inputs.json', 'packages.txt']) writeFileSync(join(built.dir, name), '{}')
  const names = await keepInputs(results, opened, built as KernelArtefact, built as ImageArtefact, TOOL_ROOT)
  return { results, names, place: join(results, INPUTS_DIR, names.lab) }
}

test.each([
  ['outside of its directory', '../../shared/readiter.bpf.c', 'outside/2/shared/readiter.bpf.c'],
  ['of an odd name', 'bpf/readiter (copy).bpf.c', 'bpf/readiter (copy).bpf.c'],
])(
  'a probe %s: kept, the lab is read without it and without the tree, and has it where it is restored',
  async (_, source, name) => {
    const { results, names, place } = await kept(source)
    expect(readdirSync(place, { recursive: true })).toContain(name)
    // The first thing of a lab's first run: its sources are nobody else's business.
    for (const dir of [results, join(results, INPUTS_DIR), place]) expect(statSync(dir).mode & 0o777).toBe(0o700)
    const lab = readKeptLab(join(place, 'lab.yaml'), TOOL_ROOT)
    expect(lab.experiments['readiter']).toBeDefined()
    const restored = readKeptLab(join(await restoreLab(place, tempDir()), 'lab.yaml'), TOOL_ROOT)
    const probe = restored.probes['readiter']
    expect(probe !== undefined && 'source' in probe && existsSync(probe.source)).toBe(true)
    const run = { inputs: names, experiment: 'readiter', arm: { name: '', params: {} } } as unknown as Manifest
    const shown = new Kept(results, TOOL_ROOT).sources(run).probes
    expect(shown.map((file) => file.name)).toEqual([source])
    if (name.startsWith('outside')) expect(readdirSync(join(place, 'outside/2/shared'))).toContain('helper.h')
  },
)
