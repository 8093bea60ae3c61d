import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

const allowed = [
  'MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'ISC',
  'MPL-2.0',
  'CC0-1.0',
  '0BSD',
  'Python-2.0',
]

test('what the page is made of and with asks for attribution at most', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { license?: string }>
  }
  const all = Object.entries(lock.packages).filter(([path]) => path !== '')
  expect(all.length).toBeGreaterThan(20)
  for (const [path, { license }] of all) expect(allowed, `${path} is under ${license}`).toContain(license)
})

test('the page that is built carries the notice of what is in it', () => {
  expect(readFileSync('dist/app.js', 'utf8').slice(0, 1500)).toContain('Leon Sorokin')
})
