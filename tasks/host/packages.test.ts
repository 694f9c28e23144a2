import { expect, test } from 'vitest'
import { missingRequirements, packagesOf, requirementsFor } from './packages.ts'

const needs = (uid: number) => requirementsFor(uid).map((requirement) => requirement.needs)

test('an ordinary user needs newuidmap besides what root needs', () => {
  expect(needs(1000)).toEqual([...needs(0), 'newuidmap'])
})

test('where it is missing, its package is among those that are installed', () => {
  const before = process.env['PATH']
  process.env['PATH'] = '/nowhere'
  try {
    expect(packagesOf(missingRequirements([], requirementsFor(1000)))).toContain('uidmap')
    expect(packagesOf(missingRequirements([], requirementsFor(0)))).not.toContain('uidmap')
  } finally {
    process.env['PATH'] = before
  }
})
