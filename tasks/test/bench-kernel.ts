/**
 * What kernels cost, as ratios taken in one run on one machine: `npm run bench:kernel` (a small configuration, some
 * minutes) or `npm run bench:kernel -- --full` (the shipped one, ten minutes). In a cache of its own, with the sources
 * that were fetched already. CPU seconds where both sides compute (another load does not count then), elapsed seconds
 * where somebody waits.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOOL_ROOT } from '../commands/shared/app.ts'
import { cacheDir } from '../engine/context.ts'
import { byHand, say, spent } from './bench-kit.ts'
import { Rig } from './rig.ts'

const full = process.argv.includes('--full')

/**
 * Reproducible, bootable and small: for ratios of one build to another it does as well as the shipped configuration.
 */
const SMALL = `    config: []
    options: { 64BIT: y, PRINTK: y, MODULES: y, BLOCK: y, NET: y, INET: y, BPF_SYSCALL: y, PROC_FS: y, EXT4_FS: y, KALLSYMS: y, KPROBE_EVENTS_ON_NOTRACE: n`

const lab = (...args: string[]) =>
  spent([join(TOOL_ROOT, 'lab'), ...args], { cwd: rig.dir, env: { LAB_CACHE_DIR: cache } })

/** Objects that the last build of this tree compiled. */
const compiled = (dir: string) => readFileSync(join(dir, 'build.log'), 'utf8').match(/^ {2}(CC|AS) /gm)?.length ?? 0

const line = (what: string, value: string, target = '') =>
  say(`${what.padEnd(46)} ${value}${target && `   (${target})`}`)
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`

const top = mkdtempSync(join(tmpdir(), 'lab-bench-kernel-'))
const cache = join(top, 'cache')
const rig = new Rig()

/** Sets what is behind the parallel path of v5.10 in the lab file. */
const declare = (options: string, rest = '') => {
  const base = readFileSync(join(TOOL_ROOT, 'lab.yaml'), 'utf8')
  const config = full ? `    options: { KPROBE_EVENTS_ON_NOTRACE: y` : SMALL
  rig.write(
    'lab.yaml',
    base.replace('\nimages:\n', `\n  bench:\n    extends: v5.10\n${config}${options} }\n${rest}images:\n`),
  )
}

try {
  mkdirSync(cache)
  symlinkSync(join(cacheDir(process.env), 'sources'), join(cache, 'sources'))
  declare('')
  const first = lab('build', 'kernel', 'bench')
  const [name = ''] = readdirSync(join(cache, 'build'))
  const build = join(cache, 'build', name)
  const tree = join(build, 'src')
  const objects = compiled(build)
  const restored = lab('build', 'kernel', 'bench')

  declare(', CRC7: y')
  const option = lab('build', 'kernel', 'bench')
  const ofOption = compiled(build)
  declare('', '    expose: [{ function: vfs_read, as: [noinline, exported] }]\n')
  const one = lab('build', 'kernel', 'bench')
  const ofOne = compiled(build)
  declare('')
  const back = lab('build', 'kernel', 'bench')

  const debug = (['btf', 'dwarf'] as const).map((kind) => {
    if (full) return undefined
    declare('', `    debug: ${kind}\n`)
    const cost = lab('build', 'kernel', 'bench')
    rmSync(join(cache, 'build', `${name}-${kind}`), { recursive: true, force: true })
    return cost
  })
  declare('')
  const types = lab('build', 'probe', 'corefile', '--kernel', 'v5.10').real

  const { unpack, make } = byHand(cache, tree)
  say(`5.10, ${full ? 'shipped' : 'small'} configuration: ${objects} objects, ${availableParallelism()} CPUs`)
  line(
    'lab build kernel : unpack and plain make, CPU',
    `${first.cpu.toFixed(0)} s : ${(unpack.cpu + make.cpu).toFixed(0)} s, ${percent(first.cpu - unpack.cpu - make.cpu, unpack.cpu + make.cpu)} more`,
    '<= 5 %, shipped configuration',
  )
  line(
    'lab build kernel, nothing changed',
    `${restored.real.toFixed(2)} s, of a former state ${back.real.toFixed(2)} s`,
    '<= 1 s',
  )
  line('one option more : full build, CPU', `${percent(option.cpu, first.cpu)}, ${ofOption} objects`, '<= 10 %')
  line('one function more : full build, CPU', `${percent(one.cpu, first.cpu)}, ${ofOne} objects`, '<= 10 %')
  for (const [index, kind] of (['btf', 'dwarf'] as const).entries()) {
    const cost = debug[index]
    if (cost) line(`debug: ${kind} : none, CPU`, `${(cost.cpu / first.cpu).toFixed(2)}`)
  }
  line('vmlinux.h of a kernel without either', `${types.toFixed(0)} s, configuration of its tree included`)
} finally {
  rig.remove()
  rmSync(top, { recursive: true, force: true })
}
