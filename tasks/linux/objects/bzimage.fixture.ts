/**
 * A boot image as arch/x86/boot/tools/build.c puts it together: one sector of setup code after the first, and the
 * compressed kernel.
 */
const SETUP_SECTORS = 1
const SECTOR = 512

/** @param payload the compressed kernel @param release what `uname -r` would say */
export function bzImage(payload: Buffer, release: string): Buffer {
  const setup = Buffer.alloc((SETUP_SECTORS + 1) * SECTOR)
  setup[0x1f1] = SETUP_SECTORS
  setup.write('HdrS', 0x202, 'latin1')
  setup.writeUInt16LE(0x20f, 0x206)
  setup.writeUInt16LE(0x300 - 0x200, 0x20e)
  setup.writeUInt32LE(16, 0x248)
  setup.writeUInt32LE(payload.length, 0x24c)
  setup.write(`${release} (somebody@host) #1 SMP\0`, 0x300, 'latin1')
  return Buffer.concat([setup, Buffer.alloc(16), payload])
}
