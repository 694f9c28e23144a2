/** Files that go to the guest as they are: `program:` and `files:` of a workload. */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { userError } from '../../engine/error.ts'
import { hashFile } from '../../engine/fingerprint.ts'
import { printable } from '../../engine/printable.ts'

export async function readyFile(file: string): Promise<{ name: string; file: string; fingerprint: string }> {
  return { name: basename(file), file, fingerprint: await hashFile(file) }
}

/** EM_X86_64 and EM_386 of elf(5): the kernels of guests are x86-64, and may be told to run the latter, too. */
const MACHINES: ReadonlySet<number> = new Set([62, 3])
const ELF_MAGIC = 0x7f454c46
/** The beginning of the ELF header, up to e_machine. */
const ELF_HEAD = 20
const ELF_BIG_ENDIAN = 2
/** All that the kernel reads of a first line (BINPRM_BUF_SIZE of include/uapi/linux/binfmts.h). */
const HEAD = 256

async function headOf(file: string): Promise<Buffer> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
  return buffer.subarray(0, bytesRead)
}

/** The machine that an ELF file is for (e_machine); undefined for any other file. */
function machineOf(head: Buffer): number | undefined {
  if (head.length < ELF_HEAD || head.readUInt32BE(0) !== ELF_MAGIC) return undefined
  return head[5] === ELF_BIG_ENDIAN ? head.readUInt16BE(18) : head.readUInt16LE(18)
}

/** `program:` of a workload. @throws a user's Failure for one that no guest can start */
export async function readyProgram(file: string): ReturnType<typeof readyFile> {
  const head = await headOf(file)
  const name = printable(basename(file), 80)
  const machine = machineOf(head)
  if (machine !== undefined && !MACHINES.has(machine))
    throw userError({
      place: `workload ${name}`,
      fact: `it is a program for another machine (ELF machine ${machine}), and guests are x86-64`,
      wayOut: 'build it for x86-64; `readelf -h` names the machine that it is for',
    })
  if (/^#![^\n]*\r\n/.test(head.toString('latin1')))
    throw userError({
      place: `workload ${name}`,
      fact: 'its first line ends with a carriage return (CRLF), which would be part of the name of its interpreter',
      wayOut: `\`sed -i 's/\\r$//' ${name}\` takes the carriage returns out`,
    })
  return await readyFile(file)
}
