/** The functions of a program or library by where their code is in its file, which is what a process maps. */
import { segmentsOf, type Segment } from '../objects/segments.ts'
import { CodeIndex, functionRanges } from './code-ranges.ts'

export class MappedFile {
  readonly #segments: readonly Segment[]
  readonly #functions: CodeIndex

  /** @throws ElfError */
  constructor(file: Buffer, name: string) {
    this.#segments = segmentsOf(file)
    this.#functions = new CodeIndex(functionRanges(file, name))
  }

  /** Where a byte of the file was linked; undefined where it is in no segment. */
  addressOf(offset: bigint): bigint | undefined {
    const segment = this.#segments.find((part) => part.offset <= offset && offset < part.offset + part.size)
    return segment && offset - segment.offset + segment.address
  }

  /** The function at the address where it was linked. */
  nameAt(address: bigint): string | undefined {
    return this.#functions.at(address)?.name
  }
}
