import { expect, test } from 'vitest'
import { testContext } from '../../test/context.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { ownSampleStep } from './own-sample.ts'

test('a pair whose name make would read as a command is refused before anything is built', async () => {
  const sources = ['user', 'kern'].map((side) => `/lab/$(shell id)_${side}.c`)
  const [workload, kernel, declared] = [{ sources }, {}, {}] as unknown as Parameters<typeof ownSampleStep>
  await expect(ownSampleStep(workload, kernel, declared, undefined, testContext(tempDir()))).rejects.toMatchObject({
    parts: { place: 'workload $(shell id)', fact: expect.stringContaining('make cannot read the name "$(shell id)"') },
  })
})
