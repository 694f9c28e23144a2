import { expect, test } from 'vitest'
import { MAPS_OBJECT } from '../objects/bpf-object.fixture.ts'
import { emptyProbe, programsOf } from './empty-probe.ts'

test('the hooks of an object, and nothing in them', () => {
  const programs = programsOf(MAPS_OBJECT)
  expect(programs.length).toBeGreaterThan(0)
  const text = emptyProbe(MAPS_OBJECT)
  for (const { name, section } of programs)
    expect(text).toContain(`SEC("${section}") int ${name}(void *context)\n{\n\treturn 0;\n}`)
  expect(text.match(/SEC\(/g)?.length).toBe(programs.length + 1)
  expect(programs.every(({ section }) => !section.startsWith('.') && section !== 'license')).toBe(true)
})
