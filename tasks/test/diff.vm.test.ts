/** Two runs side by side, and one of them in Perfetto, on real VMs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PbfReader } from 'pbf'
import { afterAll, expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
afterAll(() => lab.remove())

interface Compared {
  readonly same: boolean
  readonly capture: { identical: string | null; provenance: { bootId: string; raw: string }[] }
  readonly inputs: { what: string; lines?: string[] }[]
  readonly messages: { messages: number[]; divergence?: { message: number; first: string[]; second: string[] } }
  readonly outcomes: unknown[]
}

test('R-1601-1, R-2601-2: the same question in two boots; then with another probe', async () => {
  const run = async () =>
    ((await lab.answer(['run', 'readiter', '--repeat', '1'])) as { dir: string; manifest: Manifest }[])[0]
  const first = await run()
  await run()
  const again = (await lab.answer(['diff', 'last~1', 'last'])) as Compared
  expect(again).toMatchObject({ same: true, inputs: [], outcomes: [], capture: { identical: null } })
  expect(again.messages.messages).toEqual([18, 18])
  const [a, b] = again.capture.provenance
  expect(a?.bootId).not.toBe(b?.bootId)
  expect(a?.raw).not.toBe(b?.raw)

  lab.edit('bpf/readiter.bpf.c', 'entering copyout', 'at copyout')
  lab.edit('lab.yaml', '- entering copyout', '- at copyout')
  await run()
  const other = (await lab.answer(['diff', 'last~1', 'last'])) as Compared
  expect(other.same).toBe(false)
  const probe = other.inputs.find(({ what }) => what === 'bpf/readiter.bpf.c')
  expect(probe?.lines?.some((line) => line.startsWith('+') && line.includes('at copyout'))).toBe(true)
  expect(other.inputs.map(({ what }) => what)).toEqual(expect.arrayContaining(['lab.yaml', 'build of readiter.bpf.o']))
  expect(other.messages.divergence).toMatchObject({ message: 5 })
  expect(other.messages.divergence?.first[0]).toBe('entering copyout')
  expect(other.messages.divergence?.second[0]).toBe('at copyout')
  expect((await lab.lab(['diff', 'last', '--exit-code'])).status).toBe(1)

  // The file of the first run, by the numbers of Perfetto's format: packets (1) with a track event (11) of type begin
  // (9 = 1) and a name.
  const file = join(lab.dir, 'read.pftrace')
  expect((await lab.lab(['trace', first?.manifest.run ?? '', '--perfetto', file])).status).toBe(0)
  let [begins, packets] = [0, 0]
  new PbfReader(readFileSync(file)).readFields((_, __, reader) => {
    packets++
    reader.readFields(
      (field, ___, of) => {
        if (field !== 11) return
        of.readFields(
          (tag, ____, inner) => void (tag === 9 && inner.readVarint() === 1 && begins++),
          undefined,
          of.readVarint() + of.pos,
        )
      },
      undefined,
      reader.readVarint() + reader.pos,
    )
  }, undefined)
  // Three reads, each with five steps to the next message.
  expect(begins).toBe(3 * 6)
  expect(packets).toBeGreaterThan(60)
})
