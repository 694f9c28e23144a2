/**
 * Step: types. The types of one kernel as BTF, for libbpf in a guest whose kernel has none, and as C (vmlinux.h), for
 * the probes. A kernel with `debug: btf` or `dwarf` has all of them. One without debug information would have to be
 * compiled again for that, which costs minutes; so some sources that see most of the kernel's headers are compiled for
 * their types alone, in its own tree, with its configuration and compiler: the same declarations make the same layout.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownCode } from './own-code.ts'
import type { ResolvedKernel } from '../config/resolved.ts'
import { isPrebuilt } from '../config/prebuilt.ts'
import { step, type Context, type StepHandle } from '../engine/context.ts'
import { labError } from '../engine/error.ts'
import { fingerprintOf, hashFile, type Fingerprint, type Inputs } from '../engine/fingerprint.ts'
import { compileProgram } from '../host/compile.ts'
import { make } from '../host/kbuild.ts'
import { encodeBtf, paholeVersion } from '../host/pahole.ts'
import { run } from '../host/sh.ts'
import { inTree, type TreeInUse } from './kernel/kernel.ts'
import { kernelStep } from './kernel/step.ts'
import { kernelFingerprint } from './kernel/identity.ts'
import { ElfError, sectionsOf } from '../linux/objects/elf.ts'
import { recordedCommand, withTypes } from '../linux/kbuild/recorded-command.ts'
import { libbpfHashes } from './probe/libbpf.ts'

/**
 * Sources whose headers together declare what probes look at: files and directories, memory, processes, block and
 * network layers, tracing. One that a kernel does not build is left out.
 */
const SOURCES = [
  'fs/ext4/file',
  'fs/namespace',
  'kernel/bpf/syscall',
  'kernel/fork',
  'kernel/trace/trace',
  'lib/iov_iter',
  'mm/filemap',
  'mm/page_alloc',
  'block/blk-mq',
  'net/socket',
  'net/ipv4/tcp',
] as const

export interface KernelTypes {
  /** Name of the kernel. */
  readonly kernel: string
  /** Its release: "5.10.223". */
  readonly release: string
  readonly fingerprint: Fingerprint
  /** Directory of vmlinux.h. */
  readonly include: string
  readonly btf: string
}

const [BTF, HEADER, RELEASE] = ['kernel.btf', 'vmlinux.h', 'release'] as const

/** BTF out of the sources of `SOURCES`, compiled in the kernel's tree; says which. */
async function fromSources(tree: TreeInUse, to: string, context: Context, handle: StepHandle): Promise<string[]> {
  const { signal, jobs } = context
  const place = 'types'
  handle.progress('compile sources for their types')
  const objects = SOURCES.map((name) => `${name}.o`)
  // Makes what is not there yet, generated headers included; a source that this kernel has not, or does not build, is
  // no failure (-k).
  await make(
    { tree: tree.dir, targets: ['-k', ...objects], assignments: tree.assignments, jobs },
    { signal, log: tree.log, place, accept: [0, 2] },
  )
  const dir = join(to, 'objects')
  await mkdir(dir)
  const compiled: { name: string; object: string }[] = []
  const waiting: { name: string; argv: string[]; object: string }[] = []
  for (const [index, name] of SOURCES.entries()) {
    const record = join(tree.dir, name.replace(/[^/]+$/, '.$&.o.cmd'))
    const argv = existsSync(join(tree.dir, `${name}.o`))
      ? recordedCommand(await readFile(record, 'utf8').catch(() => ''))
      : undefined
    if (argv) waiting.push({ name, argv, object: join(dir, `${index}.o`) })
  }
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      handle.progress('compile for their types', compiled.length, SOURCES.length)
      await run(withTypes(next.argv, next.object), { cwd: tree.dir, signal, log: tree.log, place })
      compiled.push(next)
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker))
  if (compiled.length === 0)
    throw labError({
      place: tree.place,
      fact: 'none of the sources that types are taken from can be compiled',
      wayOut: 'set `debug: btf` or `debug: dwarf` for this kernel, which then has all types itself',
      log: tree.log,
    })
  // In a fixed order: the same inputs give the same BTF.
  const sorted = compiled.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const all = join(dir, 'all.o')
  await run(['ld', '-r', '-o', all, ...sorted.map(({ object }) => object)], { signal, place })
  await encodeBtf(all, join(to, BTF), place, signal)
  await rm(dir, { recursive: true })
  await writeFile(join(to, RELEASE), await readFile(join(tree.dir, 'include/config/kernel.release'), 'utf8'))
  return sorted.map(({ name }) => `${name}.c`)
}

/** The section that pahole put into a vmlinux. */
async function sectionOfVmlinux(vmlinux: string, place: string): Promise<Buffer> {
  try {
    const found = sectionsOf(await readFile(vmlinux)).find(({ name }) => name === '.BTF')
    if (found) return found.bytes
  } catch (error) {
    if (!(error instanceof ElfError)) throw error
  }
  throw labError({
    place,
    fact: 'its vmlinux has no BTF',
    wayOut: 'take a kernel with CONFIG_DEBUG_INFO_BTF; a kernel that lab builds gets it with `debug: btf`',
  })
}

/** The program that writes BTF as C. */
async function headerProgram(context: Context): Promise<{ file: string; inputs: Inputs }> {
  const source = join(context.toolRoot, 'bpf/tools/vmlinux-h.c')
  const inputs: Inputs = {
    lab: ownCode('types', context.toolRoot),
    source: await hashFile(source),
    libbpf: await libbpfHashes(),
  }
  const fingerprint = fingerprintOf(inputs)
  const { dir } =
    (await context.store.get('vmlinux-h', fingerprint)) ??
    (await context.store.put('vmlinux-h', fingerprint, inputs, (to) =>
      compileProgram({
        sources: [source],
        program: join(to, 'vmlinux-h'),
        flags: [],
        libraries: ['-lbpf', '-lelf', '-lz'],
        place: 'vmlinux-h',
        signal: context.signal,
      }),
    ))
  return { file: join(dir, 'vmlinux-h'), inputs }
}

/** Fills `to` with BTF and release; says where the types are from. */
async function takeTypes(
  declared: ResolvedKernel,
  override: string | undefined,
  to: string,
  context: Context,
  handle: StepHandle,
): Promise<string> {
  const { debug, name } = declared
  if (debug === 'none') {
    const from = await inTree(
      ...([declared, context, handle, override, 'types from its sources'] as const),
      () => Promise.resolve(undefined),
      (tree) => fromSources(tree, to, context, handle),
    )
    return `the types that ${from.join(', ')} see; with \`debug: btf\` or \`dwarf\` it has all of the kernel`
  }
  const kernel = await kernelStep(declared, context, { override })
  if (!kernel) throw new Error(`kernel ${name} was skipped without a fallback`)
  const vmlinux = join(kernel.dir, 'vmlinux')
  handle.progress(`extract the types from vmlinux`)
  if (debug === 'btf') await writeFile(join(to, BTF), await sectionOfVmlinux(vmlinux, `kernel ${name}`))
  else await encodeBtf(vmlinux, join(to, BTF), `kernel ${name}`, context.signal)
  await writeFile(join(to, RELEASE), kernel.release)
  return `all types of the kernel, from its ${debug === 'btf' ? 'BTF' : 'DWARF'}`
}

/** What the types of a kernel are made from, and by which program the header. */
async function identityOf(declared: ResolvedKernel, context: Context, override: string | undefined) {
  const { fingerprint: kernel } = await kernelFingerprint(declared, context, override)
  const program = await headerProgram(context)
  const inputs: Inputs = {
    lab: ownCode('types', context.toolRoot),
    kernel,
    sources: declared.debug === 'none' ? [...SOURCES] : [],
    ...(isPrebuilt(declared.source) ? {} : { pahole: await paholeVersion(context.cache, context.signal) }),
    header: program.inputs,
  }
  return { inputs, fingerprint: fingerprintOf(inputs), program: program.file }
}

async function typesIn(dir: string, kernel: string, fingerprint: Fingerprint): Promise<KernelTypes> {
  const release = (await readFile(join(dir, RELEASE), 'utf8')).trim()
  return { kernel, release, fingerprint, include: dir, btf: join(dir, BTF) }
}

/** The types of a kernel if they were made before. */
export async function storedTypes(
  declared: ResolvedKernel,
  context: Context,
  override?: string,
): Promise<KernelTypes | undefined> {
  const { fingerprint } = await identityOf(declared, context, override)
  const stored = await context.store.get('types', fingerprint)
  return stored && (await typesIn(stored.dir, declared.name, fingerprint))
}

/** Restores or makes the types of a kernel. `override` is a local tree to take its source from instead. */
export async function typesStep(declared: ResolvedKernel, context: Context, override?: string): Promise<KernelTypes> {
  const name = `types of ${declared.name}`
  const { inputs, fingerprint, program } = await identityOf(declared, context, override)
  return await step(context, name, name, async (handle) => {
    const stored = await context.store.get('types', fingerprint)
    const { dir } =
      stored ??
      (await context.store.put('types', fingerprint, inputs, async (to) => {
        const from = await takeTypes(declared, override, to, context, handle)
        const { stdout } = await run([program, join(to, BTF)], { signal: context.signal, place: name })
        const { release } = await typesIn(to, declared.name, fingerprint)
        await writeFile(join(to, HEADER), `/* Linux ${release}: ${from}. */\n${stdout}`)
      }))
    const value = await typesIn(dir, declared.name, fingerprint)
    return { outcome: stored ? 'restored' : 'built', detail: `vmlinux.h of ${value.release}`, value }
  })
}
