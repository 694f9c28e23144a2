import { describe, expect, test } from 'vitest'
import {
  parseObjdumpAddresses,
  parseObjdumpCalls,
  parseSymvers,
  parseSystemMap,
  proveClones,
  type Proof,
} from './proof.ts'

/** What a good kernel shows: two clones under giulia, one under bpf, each called. */
const MAP = `ffffffff81000000 T read_it
ffffffff81000100 T page_out
ffffffff81000200 T page_out_giulia
ffffffff81000300 t out
ffffffff81000400 T out_giulia
ffffffff81000500 T out_bpf
`
const SYMVERS = ['page_out', 'page_out_giulia', 'out_giulia', 'out_bpf']
  .map((name) => `0x00000000\t${name}\tvmlinux\tEXPORT_SYMBOL\t\n`)
  .join('')
const GOOD: Proof = {
  systemMap: MAP,
  moduleSymvers: SYMVERS,
  calls: new Map([
    ['read_it', new Set(['page_out_giulia'])],
    ['page_out_giulia', new Set(['out_giulia', 'kmap'])],
  ]),
  clones: [
    { name: 'page_out_giulia', original: 'page_out' },
    { name: 'out_giulia', original: 'out' },
    { name: 'out_bpf', original: 'out' },
  ],
  edges: [
    { caller: 'read_it', callee: 'page_out_giulia', direct: true },
    { caller: 'page_out_giulia', callee: 'out_giulia', direct: true },
  ],
}
const facts = (changes: Partial<Proof>) =>
  proveClones({ ...GOOD, ...changes }).map(({ symbol, fact }) => `${symbol}: ${fact}`)

test('a kernel with everything has no problems', () => {
  expect(facts({})).toEqual([])
})

describe('a clone', () => {
  test('R-1901-2: that is not there is said once, not for each of its calls', () => {
    expect(facts({ systemMap: MAP.replace(/.*page_out_giulia\n/, '') })).toEqual([
      'page_out_giulia: it is not in System.map: the code around it is not built, or the compiler inlined every call',
    ])
  })

  test.each(['isra.0', 'part.3', 'constprop.0', 'cold'])('that is there only as .%s', (piece) => {
    expect(facts({ systemMap: MAP.replace('T out_giulia', `t out_giulia.${piece}`) })).toEqual([
      `out_giulia: it exists only as out_giulia.${piece}: the compiler changed its arguments or split it`,
    ])
  })

  test('that is not exported', () => {
    expect(facts({ moduleSymvers: SYMVERS.replace(/.*out_bpf.*\n/, '') })).toEqual([
      'out_bpf: it is not in Module.symvers, so it is not exported',
    ])
  })

  test('that is in a module is proven by Module.symvers', () => {
    expect(
      facts({
        systemMap: MAP.replace(/.*out_bpf\n/, ''),
        moduleSymvers: SYMVERS.replace('out_bpf\tvmlinux', 'out_bpf\tfs/a'),
      }),
    ).toEqual([])
  })

  test('that was folded into its twin: one address for two suffixes', () => {
    expect(facts({ systemMap: MAP.replace('ffffffff81000500', 'ffffffff81000400') })).toEqual([
      'out_giulia: it has the same address as out_bpf: the compiler folded equal functions into one',
    ])
  })

  test('that was folded into its original', () => {
    expect(facts({ systemMap: MAP.replace('ffffffff81000500', 'ffffffff81000300') })[0]).toContain('same address')
  })

  test('that jumps to its twin instead of doing the work', () => {
    expect(facts({ calls: new Map([...GOOD.calls, ['out_bpf', new Set(['out_giulia'])]]) })).toEqual([
      'out_bpf: it hands over to out_giulia, of which it should be a copy',
    ])
  })
})

describe('a call', () => {
  test('R-1901-3: of the original instead of the clone', () => {
    expect(facts({ calls: new Map([...GOOD.calls, ['read_it', new Set(['page_out'])]]) })).toEqual([
      'read_it: it calls page_out instead of page_out_giulia',
    ])
  })

  test('that is gone', () => {
    expect(facts({ calls: new Map([...GOOD.calls, ['page_out_giulia', new Set()]]) })).toEqual([
      'page_out_giulia: it does not call out_giulia: the call was inlined, or the compiler dropped it as dead code',
    ])
  })

  test('in a piece of the caller counts', () => {
    const calls = new Map([
      ['read_it', new Set<string>()],
      ['read_it.part.0', new Set(['page_out_giulia'])],
      ['page_out_giulia', new Set(['out_giulia'])],
    ])
    expect(facts({ calls })).toEqual([])
  })

  test('of itself may have become a loop', () => {
    expect(facts({ edges: [...GOOD.edges, { caller: 'out_giulia', callee: 'out_giulia', direct: true }] })).toEqual([])
  })

  test('through a value: the address in the code is enough, and nothing is not', () => {
    const edges = [{ caller: 'read_it', callee: 'out_bpf', direct: false }]
    expect(facts({ edges, addresses: new Map([['read_it', new Set([0xffffffff81000500n])]]) })).toEqual([])
    expect(facts({ edges })[0]).toContain('it does not use out_bpf')
  })
})

describe('an exposed function', () => {
  const all = ['noinline', 'exported', 'error-injectable'] as const
  test('with all that was declared', () => {
    const systemMap = `${MAP}ffffffff82000000 d _eil_addr_page_out\n`
    expect(facts({ systemMap, exposed: [{ name: 'page_out', as: all }] })).toEqual([])
  })

  test('that is inlined, not exported, not injectable', () => {
    expect(facts({ exposed: [{ name: 'gone', as: all }] })[0]).toContain('gone: it is not in System.map')
    expect(facts({ exposed: [{ name: 'out', as: all }] })).toEqual([
      'out: it is not in Module.symvers, so it is not exported',
      'out: it is not in the list of error-injectable functions',
    ])
  })
})

describe('what tools print', () => {
  test('System.map', () => {
    const symbols = parseSystemMap('ffffffff81000000 T f\nffffffff81000010 t g\nffffffff81000020 t g\nno line\n')
    expect(symbols.get('f')).toEqual([{ address: 0xffffffff81000000n, type: 'T' }])
    expect(symbols.get('g')).toHaveLength(2)
    expect(symbols.size).toBe(2)
  })

  test('Module.symvers', () => {
    expect(parseSymvers('0x1\tf\tvmlinux\tEXPORT_SYMBOL\t\n0x2\tg\tfs/a/a\tEXPORT_SYMBOL_GPL\t\n')).toEqual(
      new Map([
        ['f', 'vmlinux'],
        ['g', 'fs/a/a'],
      ]),
    )
  })

  /** objdump 2.40, 5.10.223, gcc 12.2; shortened. */
  const OBJDUMP = `
vmlinux:     file format elf64-x86-64

Disassembly of section .text:

ffffffff814a2f10 <page_out_giulia>:
ffffffff814a2f10:	call   ffffffff81054e30 <__fentry__>
ffffffff814a2f15:	push   %rbp
ffffffff814a2f1c:	je     ffffffff814a2f40 <page_out_giulia+0x30>
ffffffff814a2f20:	mov    $0xffffffff814a1c20,%rsi
ffffffff814a2f27:	lea    0x1234(%rip),%rdx        # ffffffff814a4162 <out_bpf>
ffffffff814a2f2e:	jmp    ffffffff814a2f15 <page_out_giulia+0x5>
ffffffff814a2f33:	jmp    ffffffff814a1c00 <out_giulia>
`
  test('calls, and jumps to other functions', () => {
    expect(parseObjdumpCalls(OBJDUMP)).toEqual(new Map([['page_out_giulia', new Set(['__fentry__', 'out_giulia'])]]))
  })

  test('addresses that are held as values', () => {
    expect(parseObjdumpAddresses(OBJDUMP)).toEqual(
      new Map([['page_out_giulia', new Set([0xffffffff814a1c20n, 0xffffffff814a4162n])]]),
    )
  })
})
