import { expect, test } from 'vitest'
import { conditionsOfSource } from './kconfig-sources.ts'

const TEXT = `menu "File systems"
config CACHE
	bool "cache"
	depends on ELSE
	help
	  if you want a cache
menuconfig REMOTE
	bool "remote"
if REMOTE
source "fs/far/Kconfig"
endif
source "arch/$(SRCARCH)/Kconfig"
endmenu
menu "Drivers"
	depends on IO
source "drivers/Kconfig"
endmenu
`

test.each([
  ['in an if block', 'fs/far/Kconfig', ['REMOTE']],
  ['behind one', 'arch/x86/Kconfig', []],
  ['in a menu with a condition', 'drivers/Kconfig', ['IO']],
  ['nowhere', 'net/Kconfig', undefined],
])('a file that is read %s', (_, path, conditions) => {
  expect(conditionsOfSource(TEXT, path)).toEqual(conditions)
})
