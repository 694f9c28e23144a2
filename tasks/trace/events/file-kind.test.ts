import { describe, expect, test } from 'vitest'
import { fileKind } from './file-kind.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const elf = (type: number, machine: number) => {
  const head = Buffer.alloc(64)
  head.write('\x7fELF', 0, 'latin1')
  head.set([2, 1, 1], 4)
  head.writeUInt16LE(type, 16)
  head.writeUInt16LE(machine, 18)
  return head
}

describe('fileKind', () => {
  test.each([
    [elf(2, 62), 'an ELF program for x86-64'],
    [elf(1, 247), 'an ELF object for BPF'],
    [latin1('\x7fELF'), 'an ELF file, cut short'],
    [latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'a PNG picture'],
    [latin1('\xff\xd8\xff\xe0\0\x10JFIF'), 'a JPEG picture'],
    [latin1('\x1f\x8b\x08\0'), 'compressed with gzip'],
    [latin1('PAR1\x15\0'), 'a Parquet table'],
    [latin1('PERFILE2\0\0'), 'a recording of perf'],
    [latin1('\xff\xfea\0'), 'text in UTF-16'],
    [latin1('\x17\x08Dtracing'), 'a trace.dat that is cut short or damaged'],
    [Buffer.alloc(0), 'empty'],
    [Buffer.alloc(100), 'binary data of an unknown kind'],
  ])('%#: %s', (head, what) => expect(fileKind(head)).toMatchObject({ form: 'other', what }))

  test('knows trace.dat with its version', () => {
    expect(fileKind(latin1('\x17\x08Dtracing6\0\0\x08'))).toEqual({ form: 'trace.dat', version: 6 })
    expect(fileKind(latin1('\x17\x08Dtracing7\0\0\x08'))).toEqual({ form: 'trace.dat', version: 7 })
  })

  test.each([
    ['BM is how this text begins'],
    ['a-1 [000] .... 1.0: 0: caf\xe9'],
    ['x\0y and more text, enough of it for one NUL to be rare'],
  ])('%j is text', (text) => expect(fileKind(latin1(text))).toEqual({ form: 'text' }))
})
