import { mkdtempSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { EDITOR_LINE, refreshSchema, SCHEMA_FILE, schemaText } from './editor.ts'

function labFile(text: string): { file: string; schema: string } {
  const dir = mkdtempSync(join(tmpdir(), 'lab-editor-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'lab.yaml'), text)
  return { file: join(dir, 'lab.yaml'), schema: join(dir, SCHEMA_FILE) }
}

test('a lab file that names the schema gets it, and again after another version wrote it', () => {
  const { file, schema } = labFile(`${EDITOR_LINE}\nlab: x\n`)
  refreshSchema(file)
  expect(readFileSync(schema, 'utf8')).toBe(schemaText())
  writeFileSync(schema, '{}')
  refreshSchema(file)
  expect(readFileSync(schema, 'utf8')).toBe(schemaText())
})

test.each([['lab: x\n'], ['# yaml-language-server: $schema=mine.json\nlab: x\n'], ['']])(
  'a lab file that does not name it gets nothing: %j',
  (text) => {
    const { file, schema } = labFile(text)
    refreshSchema(file)
    expect(existsSync(schema)).toBe(false)
  },
)

test('a place that cannot be written is no failure, and its reason is returned', () => {
  const { file } = labFile(`${EDITOR_LINE}\n`)
  writeFileSync(join(file, '../.lab'), 'a file')
  expect(refreshSchema(file)).toMatch(/EEXIST|ENOTDIR/)
  expect(refreshSchema('/nonexistent/lab.yaml')).toBeUndefined()
})
