import { expect, test } from 'vitest'

import { positionWords, valueWords } from '../../src/axis'
import { Link } from '../../src/link'
import * as say from '../../src/format'

test.each([
  [say.millis(0.98), '980 µs'],
  [say.millis(5.39), '5.39 ms'],
  [say.millis(240), '240 ms'],
  [say.millis(2400), '2.40 s'],
  [say.millis(-1), say.unknown],
  [say.millis(NaN), say.unknown],
  [say.seconds(0), '0 s'],
  [say.seconds(4), '4.0 s'],
  [say.seconds(3599.6), '1h 00m'],
  [say.seconds(604800), '7d 00h'],
  [say.seconds(-5), say.unknown],
  [say.seconds(1e300), say.unknown],
  [say.bytes(1536 * 1024), '1.50 MiB'],
  [say.bytes(0), '0 B'],
  [say.count(2447823), '2,447,823'],
  [say.number(0.00001234), '1.23e-5'],
  [say.number(1.74249), '1.742'],
  [say.number(Infinity), say.unknown],
  [say.scaled(531e3), '531 k'],
  [say.energy(5e6), '1.39 kWh'],
  [say.percent(95.4), '95 %'],
  [say.moment(93600, 3600), '1d 2h'],
  [say.moment(6500, 10), '1:48:20'],
  [say.moment(93610, 10), '1d 2:00:10'],
  [say.moment(0.5, 0.5), '0.5 s'],
  [say.commandLine(['a', 'b c', "d'e", '--x=1']), `a 'b c' 'd'\\''e' --x=1`],
  [say.ago(Date.parse('2026-01-02T00:00:00Z'), '2026-01-01T22:00:00Z'), '2h ago'],
  [say.ago(0, 'no time'), ''],
  [say.clock('no time'), ''],
])('%s', (got, want) => {
  expect(got).toBe(want)
})

test('axes have one unit', () => {
  expect(valueWords('ms', [0, 500, 1000])).toEqual(['0', '0.5 s', '1.0 s'].map((s) => s))
  expect(valueWords('bytes', [0, 2 ** 36, 2 ** 37])).toEqual(['0', '64 GiB', '128 GiB'])
  expect(valueWords('percent', [0, 50, 100])).toEqual(['0 %', '50 %', '100 %'])
  expect(valueWords('number', [0, 0.0001, 0.0002])).toEqual(['0', '1e-4', '2e-4'])
  expect(positionWords('time', [0, 43200, 86400])).toEqual(['0', '12h', '1d'])
  expect(positionWords('step', [0, 500000, 1000000])).toEqual(['0', '500 k', '1 M'])
})

test('what is shown stays within the run', () => {
  const link = new Link()
  link.full = [0, 100]
  link.zoom([-50, 20])
  expect(link.range).toEqual([0, 70])
  link.zoom([10, 20])
  link.pan(-5)
  expect(link.range).toEqual([0, 10])
  link.scale(1e9)
  expect(link.isZoomed).toBe(false)
  link.zoom([50, 50])
  expect(link.range[1] - link.range[0]).toBeCloseTo(0.01)
})

test('who looks at the end of a live run goes on with it', () => {
  const link = new Link()
  link.full = [0, 100]
  link.zoom([90, 100])
  link.extend([0, 110], true)
  expect(link.range).toEqual([100, 110])
  link.zoom([20, 30])
  link.extend([0, 120], true)
  expect(link.range).toEqual([20, 30])
})
