/**
 * Files of others, mutated: BPF objects with their BTF, verifier logs, formats, configurations. A value or a named
 * error, and never a hang.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../engine/error.ts'
import { mutated } from '../test/mutate.ts'
import { MAPS_OBJECT } from './objects/bpf-object.fixture.ts'
import { readBpfObject } from './objects/bpf-object.ts'
import { BtfError } from './objects/btf.ts'
import { decode, encode, fieldNames } from './objects/btf-value.ts'
import { ElfError } from './objects/elf.ts'
import { eventColumns, eventMessage, HEADER, readHead, recordsIn } from './objects/event-record.ts'
import { explainText } from './explain/index.ts'
import { parseConfig, parseFragment } from './kbuild/kconfig.ts'
import { splitStrace } from './ftrace/strace-split.ts'
import { parseFormats, structOf } from './ftrace/tracepoint.ts'
import { explainRejection } from './verifier/index.ts'

/** What may be thrown at a caller who knows what to do with it. */
const named = (error: unknown): boolean =>
  error instanceof ElfError || error instanceof BtfError || error instanceof Failure

function survives(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!named(error)) throw error
  }
}

const many = (count: number) => ({ numRuns: count })

test('BPF objects: maps, types and values of each', () => {
  fc.assert(
    fc.property(mutated(MAPS_OBJECT), fc.uint8Array({ maxLength: 80 }), (bytes, value) => {
      survives(() => {
        const { btf, maps, globals } = readBpfObject(bytes)
        for (const { key, value: type } of maps)
          for (const id of [key, type]) {
            if (id === undefined) continue
            survives(() => decode(btf, id, Buffer.from(value)))
            survives(() => encode(btf, id, '{ a: 1 }'))
            survives(() => fieldNames(btf, id))
            survives(() => eventMessage(eventColumns(btf, id), []))
          }
        for (const { name } of globals) survives(() => btf.named(name))
      })
    }),
    many(1500),
  )
})

test('records of typed events', () => {
  const record = Buffer.alloc(48)
  record.writeUInt32LE(48, 0)
  fc.assert(
    fc.property(mutated(Buffer.concat([record, record])), (bytes) => {
      survives(() => {
        let taken = 0
        for (const one of recordsIn(bytes)) {
          // As its reader does: a record that is too short is counted, and not read.
          if (one.length >= HEADER) survives(() => readHead(one))
          taken += one.length
        }
        expect(taken).toBeLessThanOrEqual(bytes.length)
      })
    }),
    many(1000),
  )
})

const VERIFIER = `0: (b7) r1 = 0
; struct wanted *value = bpf_map_lookup_elem(&my_map, &key); @ passfd.bpf.c:12
1: (85) call bpf_map_lookup_elem#1
8: (61) r1 = *(u32 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
libbpf: prog 'read_enter': failed to load: -13
`
const DMESG = `[    5.123456] trace_kprobe: Could not probe notrace function copyout_giulia
Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: start_secondary
 \\u001b[31mffffffff81000000 T copyout_giulia
read(3, "1 2 3", 16) = 5
`

test('logs of the verifier and of everybody else', () => {
  fc.assert(
    fc.property(mutated(Buffer.from(VERIFIER), Buffer.from(DMESG), Buffer.from(VERIFIER + DMESG)), (bytes) => {
      const text = bytes.toString('latin1')
      explainRejection(text)
      for (const finding of explainText(text)) expect(typeof finding).toBe('object')
      splitStrace(text, 7)
    }),
    many(1500),
  )
})

test.each([
  ['one long line', 'R0 invalid mem access '.repeat(20_000)],
  ['a line of brackets', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ['a line of digits and colons', '0: ('.repeat(50_000)],
  ['blanks', ' '.repeat(200_000)],
  ['quotes', '"\\'.repeat(80_000)],
])('%s does not hang those who read logs', (_what, text) => {
  explainRejection(text)
  explainText(text)
  splitStrace(text, 7)
})

const FORMAT = `name: sys_enter_read
ID: 660
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
\tfield:char * buf;\toffset:24;\tsize:8;\tsigned:0;

print fmt: "fd: 0x%08lx", ((unsigned long)(REC->fd))
`

test('formats of trace events', () => {
  fc.assert(
    fc.property(mutated(Buffer.from(FORMAT)), (bytes) => {
      survives(() => {
        for (const format of parseFormats(bytes.toString('utf8'))) survives(() => structOf(format, 'syscalls'))
      })
    }),
    many(1000),
  )
})

test('kernel configurations and fragments', () => {
  const config = Buffer.from(
    '# Linux/x86 5.4.0\nCONFIG_BPF=y\n# CONFIG_KVM is not set\nCONFIG_CMDLINE="a b"\nCONFIG_HZ=250\n',
  )
  fc.assert(
    fc.property(mutated(config), (bytes) => {
      const text = bytes.toString('utf8')
      survives(() => parseConfig(text))
      survives(() => parseFragment(text, 'a.config', { major: 5, minor: 4, patch: 0 }))
    }),
    many(1000),
  )
})
