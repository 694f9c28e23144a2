import { describe, expect, test } from 'vitest'
import {
  definitionsIn,
  droppedRequests,
  evaluate,
  foreignArchitectures,
  foreignHead,
  fragmentText,
  mergeRequests,
  parseConfig,
  parseFragment,
  whyDropped,
  type Definition,
  type Request,
} from './kconfig.ts'

const V54 = { major: 5, minor: 4, patch: 0 }
const request = (symbol: string, value = 'y', from = 'options'): Request => ({ symbol, value, from })
const config = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values))

describe('parseFragment', () => {
  const parse = (text: string, version = V54) => parseFragment(text, 'f', version)

  test('reads values of every kind, with their places', () => {
    const text =
      '# why\n\nCONFIG_A=y\n  CONFIG_B=m\nCONFIG_C=0x10\nCONFIG_D="a b # c"\n# CONFIG_E is not set\nCONFIG_F=n\n'
    expect(parse(text)).toEqual({
      requests: [
        { symbol: 'A', value: 'y', from: 'f:3' },
        { symbol: 'B', value: 'm', from: 'f:4' },
        { symbol: 'C', value: '0x10', from: 'f:5' },
        { symbol: 'D', value: '"a b # c"', from: 'f:6' },
        { symbol: 'E', value: 'n', from: 'f:7' },
        { symbol: 'F', value: 'n', from: 'f:8' },
      ],
      bad: [],
    })
  })

  test.each([
    ['v5.3..', true],
    ['v5.4..', true],
    ['v5.5..', false],
    ['..v5.4', false],
    ['..v5.5', true],
    ['v4.19..v6.2', true],
    ['v4.19..v5.4', false],
  ])('a range %s counts for v5.4: %s', (range, counts) => {
    const { requests, bad } = parse(`CONFIG_A=y  # ${range}\n# CONFIG_B is not set # ${range}\n`)
    expect(requests.map(({ symbol }) => symbol)).toEqual(counts ? ['A', 'B'] : [])
    expect(bad).toEqual([])
  })

  test.each([
    'CONFIG_A = y',
    'A=y',
    'CONFIG_A=y # because',
    'CONFIG_A=y # v5.3',
    'CONFIG_A="open',
    'CONFIG_A=',
    '# CONFIG_A is not set # because',
  ])('%j is bad, with its line', (line) => {
    expect(parse(`# first\n${line}\n`)).toEqual({ requests: [], bad: [{ line: 2, text: line }] })
  })
})

test('the later request wins and keeps the place of the first', () => {
  const merged = mergeRequests([request('A'), request('B'), request('A', 'n', 'later')])
  expect(merged).toEqual([request('A', 'n', 'later'), request('B')])
  expect(fragmentText(merged)).toBe('# CONFIG_A is not set\nCONFIG_B=y\n')
})

test('dropped is what the resulting configuration does not say', () => {
  const result = parseConfig('# CONFIG_OFF is not set\nCONFIG_ON=y\nCONFIG_M=y\nCONFIG_S="a=b"\n')
  expect([...result]).toEqual([
    ['ON', 'y'],
    ['M', 'y'],
    ['S', '"a=b"'],
  ])
  const requests = [request('ON'), request('OFF', 'n'), request('GONE', 'n'), request('S', '"a=b"')]
  expect(droppedRequests(requests, result)).toEqual([])
  const dropped = [request('ON', 'n'), request('M', 'm'), request('OFF'), request('GONE', '1')]
  expect(droppedRequests(dropped, result)).toEqual(dropped)
})

describe('definitionsIn', () => {
  const KCONFIG = `# if NOT_A_BLOCK
menu "Devices"
	depends on HAS_IO
	visible if !EXPERT_ONLY

if NET
config FIRST
	bool "First"
	depends on A && \\
		B
	depends on C
	help
	  if unsure, say N.
	  source of all evil
	    menu of the day

	  config SECOND would be wrong here

config SECOND
	def_bool y
endif

choice
	prompt "Which one"
	depends on CHOSEN
	help
	  depends on your taste
config THIRD
	tristate "Third" if EXPERT # comment
	---help---
	  endmenu
endchoice
endmenu

menuconfig FOURTH
	int
	prompt "Fourth"
	default 3 if X
comment "nothing"
	depends on NOBODY
`
  const find = (symbol: string) => definitionsIn(KCONFIG, 'drivers/Kconfig', symbol)
  const of = (line: number, type: string, prompt: boolean, dependencies: string[]): Definition => ({
    file: 'drivers/Kconfig',
    line,
    type,
    prompt,
    dependencies,
  })

  test.each([
    ['FIRST', of(7, 'bool', true, ['HAS_IO', '!EXPERT_ONLY', 'NET', 'A && B', 'C'])],
    ['SECOND', of(19, 'bool', false, ['HAS_IO', '!EXPERT_ONLY', 'NET'])],
    ['THIRD', { ...of(28, 'tristate', true, ['HAS_IO', '!EXPERT_ONLY', 'CHOSEN', 'EXPERT']), choice: true }],
    ['FOURTH', of(35, 'int', true, [])],
  ])('%s, with everything that holds it back', (symbol, definition) => {
    const [found, ...more] = find(symbol)
    expect({
      ...found,
      dependencies: found?.dependencies.map((dependency) => dependency.replaceAll(/\s+/g, ' ')),
    }).toEqual(definition)
    expect(more).toEqual([])
  })

  test('a symbol may be defined twice, or not at all', () => {
    const twice = definitionsIn('config A\n\tbool\nconfig B\n\tbool\nconfig A\n\tbool "A"\n', 'f', 'A')
    expect(twice.map(({ line, prompt }) => [line, prompt])).toEqual([
      [1, false],
      [5, true],
    ])
    expect(find('FIR')).toEqual([])
  })
})

describe('evaluate', () => {
  const CONFIG = config({ Y: 'y', M: 'm', NUM: '120200', TEXT: '"abc"' })

  test.each<[string, number, string[]]>([
    ['Y', 2, []],
    ['M', 1, []],
    ['N', 0, ['N']],
    ['y', 2, []],
    ['n', 0, ['n']],
    ['!Y', 0, ['!Y']],
    ['!M', 1, []],
    ['!N', 2, []],
    ['!!N', 0, ['N']],
    ['Y && M', 1, []],
    ['Y && N && N2', 0, ['N', 'N2']],
    ['Y || N', 2, []],
    ['M || N', 1, []],
    ['N || N2', 0, ['N', 'N2']],
    ['N || Y && N2', 0, ['N', 'N2']],
    ['(N || Y) && N2', 0, ['N2']],
    ['((N || Y) && (Y))', 2, []],
    ['!(Y && N)', 2, []],
    ['!(Y && Y2) && N', 0, ['N']],
    ['!(Y || N)', 0, ['!Y']],
    ['!(N||N2)', 2, []],
    ['!(Y && Y)', 0, ['!Y']],
    ['Y=y', 2, []],
    ['M!=n', 2, []],
    ['N = n', 2, []],
    ['Y=n || N', 0, ['Y=n', 'N']],
    ['!(Y=y)', 0, ['Y=y']],
    ['TEXT="abc"', 2, []],
    ["TEXT!='abc'", 0, ["TEXT!='abc'"]],
    ['NUM = 120200', 2, []],
    ['NUM >= 90000 && NUM < 0x20000', 2, []],
    ['NUM < 100000', 0, ['NUM<100000']],
    ['NUM > 120200', 0, ['NUM>120200']],
    ['NUM <= 120200', 2, []],
    ['$(cc-option,-mfoo)', 2, []],
    ['$(success,test $(gcc-major) -ge 5) && N', 0, ['N']],
  ])('%s is %i for want of %j', (expression, value, unmet) => {
    expect(evaluate(expression, CONFIG)).toEqual({ value, unmet })
  })
})

describe('whyDropped', () => {
  const definition = (dependencies: string[], prompt = true): Definition => ({
    file: 'net/Kconfig',
    line: 7,
    type: 'bool',
    dependencies,
    prompt,
  })

  test('no such option, with a suggestion where there is one', () => {
    const none = whyDropped(request('BPF_JITT'), config({}), [], [])
    expect(none.reason).toBe('this tree has no such option')
    expect(none.wayOut).toMatch(/^remove the line/)
    expect(whyDropped(request('BPF_JITT'), config({}), [], ['BPF_JIT']).wayOut).toMatch(/^did you mean BPF_JIT\?/)
  })

  test('unmet dependencies, each with what to request', () => {
    const why = whyDropped(request('A'), config({ Z: 'y' }), [definition(['X && !Z', 'LEVEL=5'])], [])
    expect(why.reason).toBe('it depends on X, !Z, LEVEL=5, which are not met')
    expect(why.wayOut).toBe('request X=y, Z=n, LEVEL=5 too')
    expect(whyDropped(request('A'), config({}), [definition(['X'])], []).reason).toBe(
      'it depends on X, which is not met',
    )
  })

  test('of two definitions, the one that lacks least', () => {
    const why = whyDropped(request('A'), config({}), [definition(['ARM', 'OLD']), definition(['X'])], [])
    expect(why.reason).toBe('it depends on X, which is not met')
  })

  test('selected although it was to be off', () => {
    expect(whyDropped(request('A', 'n'), config({ A: 'y' }), [definition([])], []).reason).toMatch(/^it is y: another/)
  })

  test('without a prompt', () => {
    expect(whyDropped(request('A'), config({}), [definition([], false)], []).reason).toMatch(/^it has no prompt/)
  })

  test('one of a choice, of which another is taken', () => {
    const why = whyDropped(request('DEBUG_INFO_DWARF5'), config({}), [{ ...definition([]), choice: true }], [])
    expect(why.reason).toMatch(/^only one option of its choice can be y/)
  })

  test('changed by the tree, with the place to look at', () => {
    expect(whyDropped(request('A', 'm'), config({ A: 'y' }), [definition([])], [])).toEqual({
      reason: 'the tree made it y',
      wayOut: 'look at net/Kconfig:7',
    })
    expect(whyDropped(request('A'), config({}), [definition([])], []).reason).toMatch(/switched off$/)
  })
})

describe('a fragment for another architecture', () => {
  test('is known by its head', () => {
    expect(foreignHead('#\n# Linux/arm64 5.4.0 Kernel Configuration\n')).toEqual({ line: 2, architecture: 'arm64' })
    expect(foreignHead('#\n# Linux/x86 5.10.223 Kernel Configuration\n')).toBeUndefined()
    expect(foreignHead('# Linux/arm64 is fun\nCONFIG_X=y\n')).toBeUndefined()
  })

  test('is known by where its options are defined', () => {
    expect(foreignArchitectures(['./arch/arm64/Kconfig', 'arch/arm/mm/Kconfig', 'arch/arm64/kvm/Kconfig'])).toEqual([
      'arm64',
      'arm',
    ])
    expect(foreignArchitectures(['arch/x86/Kconfig', 'arch/um/Kconfig', 'lib/Kconfig'])).toEqual([])
    const request = { symbol: 'ARM64_VHE', value: 'y', from: 'a.config:3' }
    expect(whyDropped(request, new Map(), [], [], ['arm64'])).toEqual({
      reason: 'it is an option of arm64, and the lab builds for x86-64: the fragment is for another architecture',
      wayOut: 'remove the line, or take a fragment for x86',
    })
  })
})
