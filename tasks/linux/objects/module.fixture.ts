/** A kernel module as far as its .modinfo goes. */
export function moduleFile(wanted: {
  readonly name: string
  readonly release: string
  readonly depends?: readonly string[]
  readonly softdep?: string
  readonly aliases?: readonly string[]
}): Buffer {
  const { name, release, depends = [], softdep, aliases = [] } = wanted
  const lines = [
    `name=${name}`,
    `vermagic=${release} SMP mod_unload modversions `,
    `depends=${depends.join(',')}`,
    ...(softdep === undefined ? [] : [`softdep=${softdep}`]),
    ...aliases.map((alias) => `alias=${alias}`),
  ]
  const info = Buffer.from(lines.map((line) => `${line}\0`).join(''))
  const names = Buffer.from('\0.modinfo\0.shstrtab\0')
  const header = (at: number, type: number, offset: number, size: number) => {
    const bytes = Buffer.alloc(64)
    bytes.writeUInt32LE(at, 0)
    bytes.writeUInt32LE(type, 4)
    bytes.writeBigUInt64LE(BigInt(offset), 24)
    bytes.writeBigUInt64LE(BigInt(size), 32)
    return bytes
  }
  const head = Buffer.alloc(64)
  head.write('\x7fELF\x02\x01', 'latin1')
  head.writeBigUInt64LE(BigInt(64 + info.length + names.length), 40)
  head.writeUInt16LE(3, 60)
  head.writeUInt16LE(2, 62)
  return Buffer.concat([
    head,
    info,
    names,
    Buffer.alloc(64),
    header(1, 1, 64, info.length),
    header(10, 3, 64 + info.length, names.length),
  ])
}
