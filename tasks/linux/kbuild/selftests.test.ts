import { expect, test } from 'vitest'
import { filesBeside, isMade, listsOf, missingOptions, programNamed, programsIn, runAll, testsIn } from './selftests.ts'

const OUTPUT = `make: Entering directory '/t/bpf'
lab-lists TEST_PROGS test_kmod.sh
lab-lists TEST_PROGS_EXTENDED with_addr.sh
lab-lists TEST_FILES test.d/ /etc/passwd ../lib.sh
lab-lists TEST_GEN_PROGS /t/bpf/test_maps /t/bpf/test_progs /t/bpf/test_maps
lab-lists TEST_CUSTOM_PROGS ./urandom_read
lab-lists TEST_GEN_PROGS_EXTENDED /t/bpf/bench
lab-lists TEST_GEN_FILES
make: Leaving directory '/t/bpf'
`

test('the lists of a Makefile: paths below its directory, and nothing outside', () => {
  const lists = listsOf(OUTPUT, '/t/bpf')
  expect(testsIn(lists)).toEqual(['test_maps', 'test_progs', 'urandom_read', 'test_kmod.sh'])
  expect(filesBeside(lists)).toEqual(['test_kmod.sh', 'with_addr.sh', 'test.d'])
  expect(programsIn(lists)).toContain('bench')
  expect(programNamed(lists, 'test_progs')).toBe('test_progs')
  expect(programNamed(lists, 'passwd')).toBeUndefined()
  expect([isMade(lists, 'bench'), isMade(lists, 'test_kmod.sh')]).toEqual([true, false])
})

test('options that a kernel lacks: a module is met by y, and asked for as y', () => {
  const wanted =
    'CONFIG_BPF=y\nCONFIG_NETDEVSIM=m\nCONFIG_VXLAN=m\n# CONFIG_X is not set\nCONFIG_HZ=1000\nCONFIG_OFF=n\n'
  const has = new Map([
    ['BPF', 'm'],
    ['VXLAN', 'y'],
    ['HZ', '250'],
  ])
  expect([...missingOptions(wanted, has)]).toEqual([
    ['BPF', 'y'],
    ['NETDEVSIM', 'y'],
    ['HZ', '1000'],
  ])
})

test('all tests of a directory run in it, by the runner beside it', () => {
  expect(runAll('drivers/dma-buf', ['udmabuf', 'two.sh'])).toMatch(
    /\. "\$BASE_DIR\/kselftest\/runner\.sh"\ncd "\$BASE_DIR\/drivers\/dma-buf" && run_many udmabuf two\.sh \| cat\n$/,
  )
})
