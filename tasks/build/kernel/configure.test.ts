import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { configure, requestsFor } from './configure.ts'

const VERSION = { major: 5, minor: 4, patch: 0 }

/** Stands for scripts/kconfig/conf, which ignores texts without quotes. */
const MAKEFILE = String.raw`allnoconfig:
	@sed -e '/^CONFIG_LOCALVERSION=[^"]/d' $(KCONFIG_ALLCONFIG) > $(KCONFIG_CONFIG)
`
const KCONFIG = 'config PHYSICAL_START\n\thex "where"\n\nconfig NR_CPUS\n\tint "how many"\n'

async function configured(options: Record<string, string | number>): Promise<string> {
  const tree = tempDir()
  writeFileSync(join(tree, 'Makefile'), MAKEFILE)
  writeFileSync(join(tree, 'Kconfig'), KCONFIG)
  const requests = await requestsFor({ fragments: [], options: { '64BIT': 'y', ...options } }, VERSION)
  const how = { signal: new AbortController().signal, log: join(tree, 'log') }
  await configure(tree, requests, VERSION, 'kernel test', {}, how)
  return readFileSync(join(tree, '.config'), 'utf8')
}

test.each([
  ['a text', { LOCALVERSION: '-mine' }, 'CONFIG_LOCALVERSION="-mine"'],
  ['one with quotes and backslashes', { CMDLINE: 'a="b\\c"' }, 'CONFIG_CMDLINE="a=\\"b\\\\c\\""'],
  ['one that is quoted already', { LOCALVERSION: '"-mine"' }, 'CONFIG_LOCALVERSION="-mine"'],
  ['an empty one', { LOCALVERSION: '' }, 'CONFIG_LOCALVERSION=""'],
  ['y, m, n', { EXT4_FS: 'm', SMP: 'n' }, 'CONFIG_EXT4_FS=m\n# CONFIG_SMP is not set'],
  ['a number', { NR_CPUS: 8 }, 'CONFIG_NR_CPUS=8'],
  ['a number of a hexadecimal symbol', { PHYSICAL_START: 0x1000000 }, 'CONFIG_PHYSICAL_START=0x1000000'],
  ['one that is written so', { PHYSICAL_START: '0x200000' }, 'CONFIG_PHYSICAL_START=0x200000'],
])('options: %s, as .config has it', async (_, options, line) => {
  expect(await configured(options)).toContain(`${line}\n`)
})

test('P9: what a dropped option lacks is followed to its end, through the files that are read under a condition', async () => {
  const tree = tempDir()
  mkdirSync(join(tree, 'fs'))
  writeFileSync(join(tree, 'Makefile'), 'allnoconfig:\n\t@echo CONFIG_64BIT=y > $(KCONFIG_CONFIG)\n')
  writeFileSync(
    join(tree, 'Kconfig'),
    'menuconfig REMOTE\n\tbool "remote"\nif REMOTE\nsource "fs/Kconfig"\nendif\nconfig WIRE\n\tbool "wire"\n\tdepends on NET\nconfig NET\n\tbool "net"\n',
  )
  writeFileSync(join(tree, 'fs/Kconfig'), 'config FAR_FS\n\tbool "far"\n\tdepends on WIRE\n')
  const requests = await requestsFor({ fragments: [], options: { FAR_FS: 'y' } }, VERSION)
  const how = { signal: new AbortController().signal, log: join(tree, 'log') }
  await expect(configure(tree, requests, VERSION, 'kernel test', {}, how)).rejects.toMatchObject({
    parts: {
      lines: [expect.stringContaining('it depends on REMOTE, WIRE'), '  request REMOTE=y, WIRE=y, NET=y too'],
    },
  })
})
