import { expect, test } from 'vitest'
import { cutChangelog } from './release.ts'

const TEXT = '# Changelog\n\n## Unreleased\n\n### Fixed\n- a\n\n## 0.1.0 - 2026-01-01\n- b\n'

test('what was unreleased goes under the version and the day, and a new heading stands above it', () => {
  expect(cutChangelog(TEXT, '0.2.0', '2026-11-30')).toBe(
    '# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-11-30\n\n### Fixed\n- a\n\n## 0.1.0 - 2026-01-01\n- b\n',
  )
})

test.each([
  ['0.2', TEXT, 'is not a version'],
  ['0.1.0', TEXT, 'has 0.1.0 already'],
  ['0.2.0', '# Changelog\n', 'has no "## Unreleased"'],
  ['0.2.0', '# Changelog\n\n## Unreleased\n\n## 0.1.0 - 2026-01-01\n- b\n', 'nothing is unreleased'],
])('%s is refused', (version, text, why) => {
  expect(() => cutChangelog(text, version, '2026-11-30')).toThrow(why)
})
