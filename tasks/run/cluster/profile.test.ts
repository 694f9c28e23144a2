import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { minutesOf, needMemory, needPartition, needTime, profileOf, profileOptions, readProfile } from './profile.ts'

const of = (text: string) => profileOf('slurm/uni.yaml', Buffer.from(text))
const refusal = (work: () => unknown): { fact?: string; lines?: readonly string[]; wayOut?: string } => {
  try {
    work()
  } catch (error) {
    return (error as { parts: { fact: string } }).parts
  }
  return {}
}

describe('a profile', () => {
  test('becomes options of sbatch', () => {
    const profile = of(
      'partition: main\nconstraint: "zen4&kvm"\ntime: 4h\nmemory: 3G\ntasks: 8\nprologue: [module load qemu]\n',
    )
    expect(profileOptions(profile)).toEqual(['--partition=main', '--constraint=zen4&kvm', '--mem=3G', '--time=240'])
    expect(minutesOf('2d')).toBe(2880)
  })

  test.each([
    ['partition: main --wrap=x', 'partition'],
    ['time: 90', 'time'],
    ['partitoin: main', 'partitoin'],
    ['tasks: 0', 'tasks'],
    ['scratch: "/tmp; rm -rf /"', 'scratch'],
  ])('is refused with the place: %s', (text, key) => {
    const { fact, lines = [] } = refusal(() => of(`${text}\n`))
    expect(fact).toBe('1 problem in slurm/uni.yaml')
    expect(lines.join('\n')).toContain('slurm/uni.yaml:1:')
    expect(lines.join('\n')).toContain(key)
  })

  test('is looked for beside the lab file, then in the configuration of the user', async () => {
    const dir = tempDir()
    const env = { XDG_CONFIG_HOME: join(dir, 'config') }
    mkdirSync(join(dir, 'config/lab/slurm'), { recursive: true })
    writeFileSync(join(dir, 'config/lab/slurm/uni.yaml'), 'partition: mine\n')
    expect(await readProfile(dir, 'uni', env)).toEqual({ partition: 'mine' })
    mkdirSync(join(dir, 'slurm'))
    writeFileSync(join(dir, 'slurm/uni.yaml'), 'partition: ours\n')
    expect(await readProfile(dir, 'uni', env)).toEqual({ partition: 'ours' })
    expect(await readProfile(dir, undefined, env)).toEqual({})
    await expect(readProfile(dir, 'other', env)).rejects.toThrow('there is no such profile')
  })

  test('names a partition that is there', () => {
    const main = { name: 'main', isDefault: true, state: 'UP', nodes: 1, longest: 60 }
    expect(needPartition({}, [main])).toBe(main)
    expect(needPartition({ partition: 'main' }, [main])).toBe(main)
    expect(needPartition({ partition: 'main,other' }, [main])).toBeUndefined()
    expect(refusal(() => void needPartition({ partition: 'mian' }, [main])).wayOut).toContain('main')
  })

  test('has memory for a guest, and for what QEMU and lab need beside it', () => {
    const vm = { name: 'default', memory: 2 ** 30 }
    expect(refusal(() => needMemory({ memory: '1G' }, vm))).toMatchObject({
      place: 'memory: 1G',
      wayOut: expect.stringContaining('`memory: 1792M`'),
    })
    for (const memory of ['1792M', '2G', undefined])
      expect(
        refusal(() => needMemory({ memory }, vm)),
        memory,
      ).toEqual({})
  })

  test('has time for a run', () => {
    const experiment = { name: 'cost', timeout: 90_000 }
    const short = { name: 'short', isDefault: true, state: 'UP', nodes: 1, longest: 2 }
    const usual = { ...short, longest: 600, usual: 1 }
    expect(refusal(() => needTime({ time: '2m' }, experiment, undefined)).wayOut).toContain('time: 3m')
    expect(refusal(() => needTime({ time: '3m' }, experiment, undefined))).toEqual({})
    expect(refusal(() => needTime({}, experiment, undefined))).toEqual({})
    expect(refusal(() => needTime({}, experiment, short)).fact).toContain('2 min at most')
    expect(refusal(() => needTime({}, experiment, usual)).wayOut).toContain('time: 3m')
    expect(refusal(() => needTime({ time: '3m' }, experiment, usual))).toEqual({})
    // Slurm would take the job and never start it.
    expect(refusal(() => needTime({ time: '11h' }, experiment, usual)).wayOut).toContain('time: 600m')
  })
})
